"""An apply as it goes: what each host is at, and what has been proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from meshtui.errors import MeshError
from meshtui.fleet.events import (
    ApplyResult,
    Armed,
    DirectionVerified,
    Phase,
    Progress,
    Verdict,
)
from meshtui.inert import inert
from meshtui.mesh.proof import to_prove
from meshtui.plan.model import Plan
from meshtui.tui.plan_lines import split_hint
from meshtui.tui.row import ERROR_LIMIT
from meshtui.tui.words import counted

#: Every change owes these.
_OWED: tuple[Phase, ...] = ("key", "stage", "change", "verify")


@dataclass(slots=True)
class HostRun:
    """One host of a running apply."""

    name: str
    phases: dict[Phase, str] = field(default_factory=dict)
    """Phase -> `running`, `done` or `failed`; missing: not begun, or not needed."""
    detail: str = ""
    started: float | None = None
    ended: float | None = None
    """When it ended, failed, or last ended a phase."""
    problem: str | None = None
    """Why it failed, or is owed its change."""
    verified: dict[str, DirectionVerified] = field(default_factory=dict)
    """To whom -> what is known of the way there; `verify` keeps it."""
    broken: int = 0
    """How many of those ways do not work."""

    def verify(self, direction: DirectionVerified) -> None:
        """Take in what is known of one way."""
        before = self.verified.get(direction.to)
        self.broken += (not direction.ok) - (before is not None and not before.ok)
        self.verified[direction.to] = direction

    @property
    def good(self) -> int:
        """How many of its ways are known to work."""
        return len(self.verified) - self.broken

    @property
    def failed(self) -> bool:
        """Whether it is not as planned, or does not reach all others."""
        return self.problem is not None or "failed" in self.phases.values() or self.broken > 0


class ApplyRun:
    """Takes the events of one apply in, or those of a recovery."""

    def __init__(
        self, plan: Plan, clock: Callable[[], float], *, recovers: str | None = None
    ) -> None:
        """`recovers`: which change, in a few words; None: this is an apply."""
        self.clock = clock
        self.recovers = recovers
        self.started = clock()
        self.hosts = {
            host.host: HostRun(host.host, problem=host.problem)
            for host in plan.hosts
            if host.steps or host.problem
        }
        self.result: ApplyResult | None = None
        self.error: str | None = None
        self.refused = False
        """Whether it ended before any host was touched."""
        self.verdict: Verdict | None = None
        """What was proved, where a person was asked whether to keep it."""
        self.asking = False
        """Whether that person has not answered yet."""
        self.reverting = False
        """Whether a person takes it back."""
        self.version = 0
        self._until: float | None = None
        self._phases: set[Phase] = set()
        self._plan = plan
        self._ways: dict[str, list[str]] = {}
        self._lost: set[str] | None = None
        """Who was left out of `_ways`: it failed before it could be reached."""

    @property
    def running(self) -> bool:
        """Whether neither a result nor an error has ended it."""
        return self.result is None and self.error is None

    def take(self, event: Progress | Armed | DirectionVerified | ApplyResult) -> None:
        """Take one event in."""
        self.version += 1
        if isinstance(event, ApplyResult):
            self.result = event
            for direction in event.directions:
                self._host(direction.from_).verify(direction)
            for name, why in event.failed.items():
                self._host(name).problem = why
        elif isinstance(event, DirectionVerified):
            self._host(event.from_).verify(event)
        elif isinstance(event, Armed):
            self._until = event.until
        elif isinstance(event, Progress):
            self._progress(event)

    def ask(self, verdict: Verdict) -> None:
        """It waits for a person's answer."""
        self.version += 1
        self.verdict, self.asking, self._until = verdict, True, verdict.until
        for direction in verdict.directions:
            self._host(direction.from_).verify(direction)

    def answered(self, *, keep: bool) -> None:
        """It waits no more."""
        self.version += 1
        self.asking, self.reverting = False, not keep

    def revert(self) -> None:
        """It is being taken back, and says no more of its own."""
        self.version += 1
        self.reverting = True

    def taken_back(self, why: str) -> None:
        """It was taken back, and let go of."""
        self.take(ApplyResult({}, (), self.elapsed(), reverted=why))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Those that every host goes through, and those that a change does where it must."""
        if self.recovers:
            return tuple(p for p in ("arm", *_OWED, "confirm", "revert") if p in self._phases)
        armed = self._until is not None or "arm" in self._phases
        first: tuple[Phase, ...] = ("arm",) if armed else ()
        back = "revert" in self._phases
        ends = (armed and not back) or "confirm" in self._phases
        last: tuple[Phase, ...] = ("confirm",) if ends else ()
        return (*first, *_OWED, *last, *(("revert",) if back else ()))

    @property
    def confirming(self) -> bool:
        """Whether hosts were told to keep it: from then on it is kept."""
        return "confirm" in self._phases

    @property
    def left(self) -> int | None:
        """Seconds until the hosts go back by themselves; None: they do not."""
        if self._until is None or self.confirming or self.result is not None:
            return None
        return max(0, ceil(self._until - self.clock()))

    def fail(self, why: str) -> None:
        """The apply itself broke: what the hosts are at is not known."""
        self.version += 1
        self.error = why

    def end(self, error: MeshError) -> None:
        """The fleet ended it. One that is only armed is let go of: its hosts are as they were."""
        self.fail(str(error))
        self.refused = not self.recovers and not self._phases - {"arm"}

    def ways(self) -> dict[str, list[str]]:
        """Whom each host is to reach: all that are still worked on, in the file's order."""
        hosts = self.hosts.values()
        lost = {host.name for host in hosts if host.problem and not host.verified}
        if lost != self._lost:
            self._lost = lost
            self._ways = {
                one: [other for other in others if other not in lost]
                for one, others in self._joined().items()
            }
        return self._ways

    def _joined(self) -> dict[str, list[str]]:
        if self._plan.inputs is None:
            names = [host.host for host in self._plan.hosts]
            return {one: [other for other in names if other != one] for one in names}
        mesh = self._plan.inputs.mesh
        return {one: list(ways) for one, ways in to_prove(mesh, mesh.hosts.keys()).items() if ways}

    def busy(self) -> str:
        """What the status line says of it."""
        ended = sum(1 for host in self.hosts.values() if host.phases.get("change") == "done")
        if self.recovers:
            return "recovering"
        return f"applying: {ended}/{len(self.hosts)} changed"

    def elapsed(self) -> float:
        """Seconds since it began; when it is over, how long it took."""
        return self.result.seconds if self.result is not None else self.clock() - self.started

    def summary(self) -> tuple[str, str]:
        """One line on the whole, and its style."""
        what = "recovery" if self.recovers else "apply"
        if self.refused:
            return f"× not applied: {inert(split_hint(self.error or '')[0], ERROR_LIMIT)}", "bad"
        if self.error is not None:
            goes = "" if self.left is None else "; hosts that were changed go back by themselves"
            return f"× the {what} broke off: {inert(self.error, ERROR_LIMIT)}{goes}", "bad"
        good, known = self.proved
        if self.result is None:
            if self.reverting:
                return f"» taking it back, {int(self.elapsed())} s", "strong"
            if self.asking:
                return "» it runs, and waits for your answer: is it to stay?", "strong"
            at = Counter(self._at(host) for host in self.hosts.values())
            failed = sum(1 for host in self.hosts.values() if host.failed)
            told = [f"{phase} {at[phase]}" for phase in self.phases if at[phase]]
            told += [f"verified {good}/{known}"] if known else []
            told += [f"failed {failed}"] if failed else []
            doing = "recovering" if self.recovers else "applying"
            return "   ".join([f"» {doing}, {int(self.elapsed())} s", *told]), "strong"
        took = f"in {self.elapsed():.1f} s"
        back, few = self.result.reverted, counted(len(self.result.failed), "host")
        if back is not None and not self.recovers:
            more = f"; {few} not as before" if self.result.failed else ""
            return f"× taken back: {inert(back, ERROR_LIMIT)}{more}", "bad"
        text = f"{good} of {counted(known, 'direction')} up {took}"
        if self.recovers:
            end = "every host has it" if back is None else f"taken back, {inert(back, ERROR_LIMIT)}"
            text = f"{self.recovers} recovered {took}: {end}"
        if self.result.failed:
            text += f", {few} not as planned"
        if (proof := self.result.receipt) is not None and proof.there:
            text += f"; {proof}"
        return (f"✓ {text}", "good") if self.well else (f"× {text}", "bad")

    @property
    def well(self) -> bool:
        """Whether it ended as it was meant to."""
        if self.result is None:
            return False
        return self.result.ok or bool(self.recovers and not self.result.failed)

    @property
    def proved(self) -> tuple[int, int]:
        """How many directions are known to work, and how many were tried."""
        hosts = self.hosts.values()
        return sum(host.good for host in hosts), sum(len(host.verified) for host in hosts)

    def _at(self, host: HostRun) -> Phase | None:
        return next((phase for phase, at in host.phases.items() if at == "running"), None)

    def _progress(self, event: Progress) -> None:
        host, now = self._host(event.host), self.clock()
        host.started = now if host.started is None else host.started
        host.phases[event.phase] = event.state
        self._phases.add(event.phase)
        host.detail = event.detail
        if event.state != "running":
            host.ended = now
        # That a host failed to verify is told by its directions.
        if event.state == "failed" and event.detail:
            host.problem = event.detail
            host.detail = ""

    def _host(self, name: str) -> HostRun:
        return self.hosts.setdefault(name, HostRun(name))
