"""Carrying a plan out, so that every host goes back by itself unless the change is confirmed.

Each phase ends on all hosts before the next begins. Nothing that runs is touched before
every host is armed (see arm.sh) and every file is written beside the old one, so a full
disk shows while it still harms nothing. A host that fails till then drops out, and the plan
is made again for the others without it. What fails afterwards, and harms what worked, takes
all of it back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace

from meshtui.errors import Held, HostError, MeshError
from meshtui.fleet.events import (
    ApplyResult,
    Armed,
    DirectionVerified,
    Keep,
    Progress,
    Receipt,
    Verdict,
)
from meshtui.fleet.families import ByEither, Pair
from meshtui.fleet.look import Look, looks
from meshtui.fleet.made import Made, known_keys, made_there
from meshtui.fleet.outside import Outside, ask_outside
from meshtui.fleet.receipt import receipt, worse
from meshtui.fleet.session import Session
from meshtui.fleet.side_by_side import SideBySide, waves
from meshtui.fleet.verify import reached_through, too_soon
from meshtui.fleet.wayback import WayBack, refused
from meshtui.mesh.proof import to_prove
from meshtui.mesh.wanted import joined
from meshtui.plan.model import HostPlan, Plan
from meshtui.plan.planner import again
from meshtui.plan.render import summary, told_steps
from meshtui.plan.seen import Seen
from meshtui.store.changes import told_nat

_KEY_SECONDS = 20.0
_STAGE_SECONDS = 30.0
_CHANGE_SECONDS = 30.0
#: wg-quick resolves names, and systemd may wait for the network.
_BRING_UP_SECONDS = 90.0

Applied = Progress | Armed | DirectionVerified | ApplyResult

_TOUCHES = ("handshake", "route", "down")


class Apply:
    """One apply."""

    def __init__(
        self,
        plan: Plan,
        sessions: dict[str, Session],
        note: Callable[..., None],
        back: WayBack,
        made: Made,
        keep: Keep | None = None,
    ) -> None:
        """`note`: the journal's; `made`: keeps the keys that are made here."""
        self.plan = plan
        self._sessions = sessions
        self._note = note
        self._back = back
        self._keep = keep
        self._failed: dict[str, str] = {h.host: h.problem for h in plan.hosts if h.problem}
        self._keys = dict(plan.public_keys)
        self._made = made
        self._staged: dict[str, bytes] = {}
        self._before, self._after = dict[str, Look](), dict[str, Look]()
        self._reached: frozenset[tuple[str, str]] = frozenset()
        self._directions: list[DirectionVerified] = []
        self.kept = False
        """Whether it stays, as far as it could be done."""
        self.by_other: dict[Pair, int] = {}  # see ByEither
        self._outside = Outside({}, {})
        self._verified = False
        self._worse: list[str] = []
        """Why it is to be taken back."""
        self._at = SideBySide(note)

    def begin(self, about: dict[str, str]) -> None:
        """Say in the journal what is about to be done; `about`: what else, as by whom."""
        told = {"id": self._back.change, **about}
        nat = told_nat(self.plan.inputs.mesh.found) if self.plan.inputs else {}
        steps = told_steps(self.plan)
        self._note("apply", plan=summary(self.plan), steps=steps, nat=nat, **told)

    async def run(self) -> AsyncGenerator[Applied, None]:
        """Do it all. The last event is the ApplyResult.

        Cancelled, or closed, it takes back what is not confirmed.
        """
        start, ended, why = time.monotonic(), False, "it was broken off"
        proof: Receipt | None = None
        reverted: str | None = None
        try:
            async with self._back.renewed(self._armed_until):
                for phase in (self._arm_all, self._make_keys, self._stage_all, self._change_all):
                    if not self._worse:
                        async for event in self._at.during(phase()):
                            yield event
                if self.plan.changes and not self._worse:
                    self._note("verify")
                    async for proved in self._verify():
                        yield proved
                    self._verified = True
                    assert self.plan.inputs
                    untouched = set(joined(self.plan.inputs.mesh)) - self.plan.touched
                    proof = receipt(self._before, self._after, self._keys, untouched)
            if self._back.armed:
                yield Armed(self._back.until)
                reverted = await self._decide()
                if reverted is None:
                    self._note("confirm", hosts=sorted(self._back.armed))
                self.kept, ended = reverted is None, True
                ending = self._confirm_all() if self.kept else self._revert_all(reverted or "")
                async for event in self._at.during(ending, whole=True):
                    yield event
            self.kept, ended = reverted is None, True
        except MeshError as error:
            why = str(error)
            raise
        finally:
            if not ended:
                await self._revert_all(why)
                if not self._back.armed:
                    self._done(start, None, why)
            await self._back.close()
        yield self._done(start, proof, reverted)

    def _done(self, start: float, proof: Receipt | None, reverted: str | None) -> ApplyResult:
        """The end, for the journal as well."""
        seconds = time.monotonic() - start
        found = self._outside if reverted is None else Outside({}, {})
        ways = tuple(self._directions)
        result = ApplyResult(self._failed, ways, seconds, proof, reverted, *found)
        diverged = sorted(self._back.armed) if reverted is None else []
        self._note("done", **result.told(), diverged=diverged)
        return result

    # -- phases ----------------------------------------------------------------

    async def _arm_all(self) -> None:
        able = [host for host in self._able() if host.work]
        if not able:
            return
        self._note("arm", hosts=[host.host for host in able])
        failed = await self._at.each("arm", able, self._back.arm)
        held = [error for error in failed.values() if isinstance(error, Held)]
        if held:
            raise refused(held[0])
        self._armed_until(self._back.until)
        self._again(failed)

    async def _make_keys(self) -> None:
        makers = [h for h in self._able() if h.work and h.work.make_key]
        if not makers:
            return
        self._note("key", hosts=[host.host for host in makers])
        made: dict[str, Seen | HostError] = {}
        taken = known_keys(self.plan)

        async def one(host: HostPlan) -> None:
            assert host.work
            if host.work.make_key == "operator":
                public = self._made.pair(host.host)
            else:
                reply = await self._ask(host.host, "make_key", deadline=_KEY_SECONDS)
                public = made_there(host.host, reply, taken)
            made[host.host] = replace(self._seen(host.host), made_key=public)

        self._again(made | await self._at.each("key", makers, one))

    async def _stage_all(self) -> None:
        """Again until it holds for all who are left: whose failure changes others' files."""
        while True:
            todo = []
            for host in self._able():
                if host.work and host.work.template is not None:
                    text = self._filled(host.host, host.work.template)
                    if self._staged.get(host.host) != text:
                        todo.append((host, text))
            if not todo:
                return
            self._note("stage", hosts=[host.host for host, _ in todo])
            texts = {host.host: text for host, text in todo}

            async def one(host: HostPlan, texts: dict[str, bytes] = texts) -> None:
                text = texts[host.host]
                await self._work("stage", host, data=text, deadline=_STAGE_SECONDS)
                self._staged[host.host] = text

            failed = await self._at.each("stage", [host for host, _ in todo], one)
            if not failed:
                return
            self._again(failed)

    async def _change_all(self) -> None:
        able = [host for host in self._able() if host.work]
        # Whoever dropped out, or has nothing left to do, goes back to what it is.
        self._back.free(set(self._back.armed) - {host.host for host in able})
        if not able:
            return
        self._before = await self._looks()
        assert self.plan.inputs
        running = {name for name, one in self._before.items() if one.live}
        self._reached = await reached_through(self.plan.inputs.mesh, self._sessions, running)
        if too_soon(self._before, self.plan.public_keys, self.plan.touched):
            await asyncio.sleep(1)
        self._note("change", hosts=[host.host for host in able])
        if not (await self._send_each(able, "first") and await self._send_each(able, "calls")):
            return
        for wave in waves(able, self.plan.inputs.mesh):
            failed = await self._at.each("change", wave, self._change)
            for name, error in failed.items():
                self._failed[name] = error.why
                if self._seen(name).live:
                    self._worse.append(f"{name} could not be changed: {error.why}")
                else:
                    # Nothing ran there: the others are none the worse for it.
                    self._back.free([name])
            if self._worse:
                return
        if await self._switch(able):
            await self._send_each(able, "after")

    async def _switch(self, able: list[HostPlan]) -> bool:
        """What hosts do all at once: a key that is switched cuts its links until all have."""
        at_once = [host for host in able if host.work and host.work.switch]
        if at_once:
            self._note("switch", hosts=[host.host for host in at_once])
        # Whoever waits for the new key is asked first.
        at_once.sort(key=lambda host: host.work is not None and host.work.switch == "switch_key")
        return self._none(await self._at.each("change", at_once, self._switch_one))

    async def _switch_one(self, host: HostPlan) -> None:
        if host.work and host.work.switch:
            await self._send(host.work.switch, host, host.work.switch_data)

    async def _send_each(self, able: list[HostPlan], part: str) -> bool:
        """Have all do the lines of that part of their work; whether all did."""

        async def one(host: HostPlan) -> None:
            await self._send("change", host, getattr(host.work, part))

        hosts = [host for host in able if getattr(host.work, part)]
        return self._none(await self._at.each("change", hosts, one))

    def _none(self, failed: Mapping[str, HostError]) -> bool:
        """Keep who failed what harms others; whether nobody did."""
        self._failed |= {name: error.why for name, error in failed.items()}
        self._worse += [f"{name} could not be changed: {e.why}" for name, e in failed.items()]
        return not failed

    async def _change(self, host: HostPlan) -> None:
        work = host.work
        assert work
        if work.changes:
            await self._send("change", host, work.changes)
        if work.bring_up:
            if work.template is not None:
                await self._work("place", host, deadline=_STAGE_SECONDS)
            await self._work("bring_up", host, deadline=_BRING_UP_SECONDS)

    async def _send(self, verb: str, host: HostPlan, lines: Iterable[str]) -> None:
        data = self._filled(host.host, "".join(f"{line}\n" for line in lines))
        await self._work(verb, host, data=data, deadline=_CHANGE_SECONDS)

    async def _verify(self) -> AsyncIterator[DirectionVerified | Progress]:
        """Each direction between hosts that are as wanted."""
        assert self.plan.inputs
        mesh = self.plan.inputs.mesh
        able = {h.host for h in self.plan.hosts if h.host not in self._failed}
        left = {name: len(others) for name, others in to_prove(mesh, able).items() if others}
        bad: set[str] = set()
        for name in left:
            yield Progress(name, "verify", "running")
        self._outside = await ask_outside(self.plan, able, self._sessions, self._before)
        ways = to_prove(mesh, able, self._outside.hidden.keys())
        for name in left:
            left[name] = len(ways[name])
            if not left[name]:
                yield Progress(name, "verify", "done")
        reached = asyncio.create_task(self._back.connect_anew(), name="connect anew")
        either = ByEither(self.plan, self._sessions, self._before, self._looks, self._tell)
        async for result in either.verify(ways, self._back.armed):
            self._directions.append(result)
            yield result
            name = result.from_
            left[name] -= 1
            if not result.ok:
                bad.add(name)
            if not left[name]:
                yield Progress(name, "verify", "failed" if name in bad else "done")
        self.by_other = either.by_other
        for name, error in (await reached).items():
            self._worse.append(f"{name} cannot be reached by a new connection: {error.why}")
        self._after, wrong = await either.settled()
        self._worse += worse(self._before, self._keys, self._directions, self._reached) + wrong

    async def _decide(self) -> str | None:
        """None: the change stays. Otherwise why it is taken back."""
        if not self._verified:
            return self._worse[0]
        touches = any(s.impact in _TOUCHES for h in self._able() if h.work for s in h.steps)
        verdict = Verdict(tuple(self._worse), tuple(self._directions), touches, self._back.until)
        if self._keep is None:
            kept = not self._worse
        else:
            try:
                async with asyncio.timeout_at(self._back.until):
                    kept = await self._keep(verdict)
            except TimeoutError:
                return "nobody confirmed it in time"
        if not kept:
            return self._worse[0] if self._worse else "it was not confirmed"
        for name, error in (await self._back.ready()).items():
            return f"{name} cannot be confirmed: {error.why}"
        return None

    async def _confirm_all(self) -> None:
        able = [host for host in self._able() if host.host in self._back.armed]
        assert self.plan.inputs
        for wave in waves(able, self.plan.inputs.mesh):
            await self._at.each("confirm", wave, self._confirm)

    async def _confirm(self, host: HostPlan) -> None:
        if error := await self._back.confirm(host.host):
            where = "confirmed elsewhere, and not here: " if host.host in self._back.armed else ""
            then = "; `meshtui recover` ends that" if where else ""
            self._failed[host.host] = f"{where}{error.why}{then}"
            raise error

    async def _revert_all(self, why: str) -> None:
        if not (able := [host for host in self.plan.hosts if host.host in self._back.armed]):
            return
        try:
            self._note("revert", hosts=[host.host for host in able], why=why)
        finally:
            await self._at.each("revert", able, self._revert)

    async def _revert(self, host: HostPlan) -> None:
        until = self._back.armed[host.host]
        if error := await self._back.revert(host.host):
            left = max(0, round(until - time.monotonic()))
            then = f"goes back by itself in {left} s" if self._back.within else "stays as it is"
            self._failed[host.host] = f"{error.why}; it {then}"
            raise error

    # -- means -----------------------------------------------------------------

    async def _looks(self) -> dict[str, Look]:
        able = [host.host for host in self._able()]
        return await looks(self._sessions, self.plan.interface, able)

    async def _tell(self, name: str, lines: list[str]) -> None:
        await self._send("change", next(h for h in self.plan.hosts if h.host == name), lines)

    def _able(self) -> list[HostPlan]:
        return [host for host in self.plan.hosts if not host.problem]

    def _seen(self, name: str) -> Seen:
        assert self.plan.inputs
        seen = self.plan.inputs.seen[name]
        assert isinstance(seen, Seen)
        return seen

    async def _ask(
        self, host: str, verb: str, *args: str, data: bytes = b"", deadline: float
    ) -> bytes:
        return await self._sessions[host].ask(
            verb, self.plan.interface, *args, data=data, deadline=deadline
        )

    async def _work(self, verb: str, host: HostPlan, *, data: bytes = b"", deadline: float) -> None:
        """Part of the change; it also puts off the host's going back."""
        start, left = time.monotonic(), str(self._back.seconds(host))
        await self._ask(host.host, verb, self._back.change, left, data=data, deadline=deadline)
        self._back.put_off(host, start)

    def _armed_until(self, until: float) -> None:
        self._at.tell(Armed(until))

    def _filled(self, host: str, text: str) -> bytes:
        assert self.plan.inputs
        return self._made.filled(self.plan.inputs.mesh, host, text)

    def _again(self, now: Mapping[str, Seen | HostError]) -> None:
        """Plan again with what is now known of some hosts."""
        if now:
            self.plan = again(self.plan, now)
            self._failed |= {h.host: h.problem for h in self.plan.hosts if h.problem}
