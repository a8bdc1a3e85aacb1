"""Carrying a plan out: keys, files beside the old ones, live changes, and the proof.

Each phase ends on all hosts before the next begins. Nothing that runs is touched
before every file is written, so a full disk shows while it still harms nothing. A
host that fails drops out, and the plan is made again for the others without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from meshtui.errors import CommandFailed, HostError
from meshtui.fleet.events import ApplyResult, Armed, DirectionVerified, Phase, Progress, Receipt
from meshtui.fleet.look import Look, look
from meshtui.fleet.receipt import receipt
from meshtui.fleet.session import Session
from meshtui.fleet.verify import verify
from meshtui.mesh.wanted import joined
from meshtui.plan.model import HostPlan, Plan, Work
from meshtui.plan.planner import again
from meshtui.plan.render import summary
from meshtui.plan.seen import Seen
from meshtui.wg.keys import Secret, is_key, keypair, preshared

_KEY_SECONDS = 20.0
_STAGE_SECONDS = 30.0
_DISCARD_SECONDS = 5.0
_CHANGE_SECONDS = 30.0
#: wg-quick resolves names, and systemd may wait for the network.
_BRING_UP_SECONDS = 90.0

#: Steps that the journal keeps of one plan.
_MOST_TOLD = 2000

Applied = Progress | Armed | DirectionVerified | ApplyResult


class Apply:
    """One apply. Its keys live as long as it does, and nowhere else here."""

    def __init__(
        self,
        plan: Plan,
        sessions: dict[str, Session],
        note: Callable[..., None],
        about: dict[str, str],
    ) -> None:
        """`note`: the journal's. `about`: what else it is to know, as who applies this."""
        self.plan = plan
        self._about = about
        self._sessions = sessions
        self._note = note
        self._failed: dict[str, str] = {h.host: h.problem for h in plan.hosts if h.problem}
        self._private: dict[str, Secret] = {}
        self._preshared: dict[frozenset[str], Secret] = {}
        self._staged: dict[str, bytes] = {}
        self._sums: dict[str, str] = {}
        """SHA-256 of the staged files, as their hosts say."""
        self._staging: dict[str, asyncio.Future[bytes]] = {}
        """Hosts on which a file was begun and has not taken its place: the latest asking."""
        self._before: dict[str, Look] = {}
        self._events: asyncio.Queue[Progress] = asyncio.Queue()

    async def run(self) -> AsyncIterator[Applied]:
        """Do it all. The last event is the ApplyResult."""
        start = time.monotonic()
        self._note("apply", plan=summary(self.plan), steps=_told(self.plan), **self._about)
        directions: list[DirectionVerified] = []
        proof: Receipt | None = None
        try:
            for phase in (self._make_keys, self._stage_all, self._change_all):
                async for event in self._while(phase()):
                    yield event
        finally:
            # Whatever ended it early, no file with a key in it stays beside the real one.
            await self._discard()
        if self.plan.changes:
            self._note("verify")
            async for told in self._verify():
                if isinstance(told, DirectionVerified):
                    directions.append(told)
                yield told
            after = await self._looks(list(self._before))
            assert self.plan.inputs
            untouched = set(joined(self.plan.inputs.mesh)) - self.plan.touched
            proof = receipt(self._before, after, self.plan.public_keys, untouched)
        seconds = time.monotonic() - start
        result = ApplyResult(self._failed, tuple(directions), seconds, proof)
        self._note(
            "done",
            failed=result.failed,
            up=sum(direction.ok for direction in directions),
            directions=len(directions),
            seconds=round(result.seconds, 2),
            receipt="" if proof is None else str(proof),
        )
        yield result

    # -- phases ----------------------------------------------------------------

    async def _make_keys(self) -> None:
        makers = [h for h in self._able() if h.work and h.work.make_key]
        if not makers:
            return
        self._note("key", hosts=[host.host for host in makers])
        made: dict[str, Seen | HostError] = {}
        taken = self._known_keys()

        async def one(host: HostPlan) -> None:
            assert host.work
            if host.work.make_key == "operator":
                self._private[host.host], public = keypair(secrets.token_bytes(32))
            else:
                reply = await self._ask(host.host, "make_key", deadline=_KEY_SECONDS)
                public = reply.decode("ascii", "replace").strip()
                if not is_key(public):
                    raise CommandFailed("the key that it made is not one", host=host.host)
                if public in taken:
                    # Its peer entries elsewhere would become this host's, which nobody was shown.
                    raise CommandFailed("the key that it made is another's", host=host.host)
            made[host.host] = replace(self._seen(host.host), made_key=public)

        self._again(made | await self._each("key", makers, one))

    async def _stage_all(self) -> None:
        """Again until it holds for all who are left: whose failure changes others' files."""
        while True:
            todo = []
            for host in self._able():
                work = host.work
                if work and work.template is not None:
                    text = self._filled(host.host, work.template)
                    if self._staged.get(host.host) != text:
                        todo.append((host, work, text))
            if not todo:
                return
            self._note("stage", hosts=[host.host for host, _, _ in todo])
            texts = {host.host: (work, text) for host, work, text in todo}

            async def one(host: HostPlan, texts: dict[str, tuple[Work, bytes]] = texts) -> None:
                work, text = texts[host.host]
                asking = asyncio.ensure_future(
                    self._ask(host.host, "stage", work.base, data=text, deadline=_STAGE_SECONDS)
                )
                self._staging[host.host] = asking
                # Broken off, it would go on there all the same, and leave its file behind.
                self._sums[host.host] = _sum(host.host, await asyncio.shield(asking))
                self._staged[host.host] = text

            failed = await self._each("stage", [host for host, _, _ in todo], one)
            if not failed:
                return
            self._again(failed)

    async def _change_all(self) -> None:
        able = self._able()
        if not any(host.work for host in able):
            return
        self._before = await self._looks([host.host for host in able])
        self._note("change", hosts=[host.host for host in able if host.work])
        failed = await self._each("change", [h for h in able if h.work], self._change)
        self._failed |= {name: _why(error) for name, error in failed.items()}

    async def _change(self, host: HostPlan) -> None:
        name, work = host.host, host.work
        assert work
        if work.changes:
            lines = self._filled(name, "".join(f"{line}\n" for line in work.changes))
            await self._ask(name, "change", data=lines, deadline=_CHANGE_SECONDS)
        if work.template is not None:
            await self._ask(name, "commit", work.base, self._sums[name], deadline=_STAGE_SECONDS)
            del self._staged[name], self._staging[name]
        if work.bring_up:
            try:
                await self._ask(name, "bring_up", deadline=_BRING_UP_SECONDS)
            except CommandFailed:
                if work.base == "none":
                    await self._ask(name, "discard", "new", deadline=_STAGE_SECONDS)
                raise
        if work.enable:
            await self._ask(name, "enable", deadline=_CHANGE_SECONDS)
        if self._seen(name).made_key:
            await self._ask(name, "drop_key", deadline=_KEY_SECONDS)

    async def _verify(self) -> AsyncIterator[DirectionVerified | Progress]:
        """Each direction between hosts that are as wanted."""
        assert self.plan.inputs
        mesh = self.plan.inputs.mesh
        able = [h.host for h in self.plan.hosts if h.host not in self._failed]
        left = Counter(a for a, b in joined(mesh) if a in able and b in able)
        bad: set[str] = set()
        for name in left:
            yield Progress(name, "verify", "running")
        async for result in verify(
            mesh,
            self.plan.public_keys,
            self._sessions,
            able,
            self._before,
            self.plan.touched,
        ):
            yield result
            name = result.from_
            left[name] -= 1
            if not result.ok:
                bad.add(name)
            if not left[name]:
                yield Progress(name, "verify", "failed" if name in bad else "done")

    # -- means -----------------------------------------------------------------

    async def _looks(self, hosts: list[str]) -> dict[str, Look]:
        """How these hosts are now; without those that do not answer."""

        async def one(host: str) -> tuple[str, Look] | None:
            try:
                return host, await look(self._sessions[host], self.plan.interface)
            except HostError:
                return None  # what is asked of it next says why

        return dict(filter(None, await asyncio.gather(*map(one, hosts))))

    def _able(self) -> list[HostPlan]:
        return [host for host in self.plan.hosts if not host.problem]

    def _known_keys(self) -> set[str]:
        """Every key that some host has, or has a peer for: a new one is none of them."""
        assert self.plan.inputs
        keys = set(self.plan.public_keys.values())
        for seen in self.plan.inputs.seen.values():
            if isinstance(seen, Seen):
                keys |= set(seen.live.peers if seen.live else ())
                keys |= set(re.findall(r"[A-Za-z0-9+/]{43}=", seen.file or ""))
        return keys

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

    def _again(self, now: dict[str, Seen | HostError]) -> None:
        """Plan again with what is now known of some hosts."""
        if now:
            self.plan = again(self.plan, now)
            self._failed |= {h.host: h.problem for h in self.plan.hosts if h.problem}

    def _filled(self, name: str, text: str) -> bytes:
        """The text with the secrets that are made here."""
        if secret := self._private.get(name):
            text = text.replace("@operator@", secret.reveal())
        assert self.plan.inputs
        for other in self.plan.inputs.mesh.hosts:
            mark = f"@psk:{other}@"
            if mark in text:
                link = frozenset((name, other))
                if link not in self._preshared:
                    self._preshared[link] = preshared(secrets.token_bytes(32))
                text = text.replace(mark, self._preshared[link].reveal())
        return text.encode("utf-8", "surrogateescape")

    async def _discard(self) -> None:
        """Remove files that did not take their place, where that can still be asked for."""

        async def one(name: str, asking: asyncio.Future[bytes]) -> None:
            await asyncio.wait({asking}, timeout=_DISCARD_SECONDS)
            asking.cancel()
            with contextlib.suppress(HostError):
                await self._ask(name, "discard", deadline=_DISCARD_SECONDS)

        await asyncio.gather(*(one(*begun) for begun in self._staging.items()))
        self._staged.clear()
        self._staging.clear()

    async def _each(
        self, phase: Phase, hosts: list[HostPlan], do: Callable[[HostPlan], Awaitable[None]]
    ) -> dict[str, Seen | HostError]:
        """`do` on all hosts side by side; those that failed, with the reason."""
        failed: dict[str, Seen | HostError] = {}

        async def one(host: HostPlan) -> None:
            await self._events.put(Progress(host.host, phase, "running"))
            try:
                await do(host)
            except HostError as error:
                failed[host.host] = error
                self._note("failed", host=host.host, phase=phase, why=_why(error))
                await self._events.put(Progress(host.host, phase, "failed", _why(error)))
            else:
                await self._events.put(Progress(host.host, phase, "done"))

        # A fault of ours in one must not cut the others off in the middle of a change.
        for done in await asyncio.gather(*(one(host) for host in hosts), return_exceptions=True):
            if isinstance(done, BaseException):
                raise done
        return failed

    async def _while(self, work: Awaitable[None]) -> AsyncIterator[Progress]:
        """The events that come while `work` is done."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done() or not self._events.empty():
                getter = asyncio.ensure_future(self._events.get())
                await asyncio.wait({task, getter}, return_when=asyncio.FIRST_COMPLETED)
                if getter.done():
                    yield getter.result()
                else:
                    getter.cancel()
            await task
        finally:
            task.cancel()
            # What is under way on the hosts is let go of before anything else is asked.
            await asyncio.wait({task})


def _told(plan: Plan) -> dict[str, list[str]]:
    """The steps by host, for the journal; of a very large plan their number must do."""
    if plan.changes > _MOST_TOLD:
        return {h.host: [f"{len(h.steps)} steps"] for h in plan.hosts if h.steps}
    return {
        h.host: [f"{step.action} {step.detail}" for step in h.steps] for h in plan.hosts if h.steps
    }


def _sum(host: str, reply: bytes) -> str:
    if re.fullmatch(rb"[0-9a-f]{64}\n?", reply) is None:
        raise CommandFailed("it did not say what it wrote", host=host)
    return reply.decode("ascii").strip()


def _why(error: Seen | HostError) -> str:
    assert isinstance(error, HostError)
    return error.why
