"""An apply as it goes: what each host is at, and what has been proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from meshtui.fleet.events import ApplyResult, Armed, DirectionVerified, Phase, Progress
from meshtui.inert import inert
from meshtui.mesh.wanted import joined
from meshtui.plan.model import Plan
from meshtui.tui.view import ERROR_LIMIT
from meshtui.tui.words import counted

PHASES: tuple[Phase, ...] = get_args(Phase)


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
    """Takes the events of one apply in."""

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.started = clock()
        self.hosts = {
            host.host: HostRun(host.host, problem=host.problem)
            for host in plan.hosts
            if host.steps or host.problem
        }
        self.result: ApplyResult | None = None
        self.error: str | None = None
        self.version = 0
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
        elif isinstance(event, Progress):
            self._progress(event)

    def fail(self, why: str) -> None:
        """The apply itself broke: what the hosts are at is not known."""
        self.version += 1
        self.error = why

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
        ways: dict[str, list[str]] = {}
        for one, other in joined(self._plan.inputs.mesh):
            ways.setdefault(one, []).append(other)
        return ways

    def busy(self) -> str:
        """What the status line says of it."""
        ended = sum(1 for host in self.hosts.values() if host.phases.get("change") == "done")
        return f"applying: {ended}/{len(self.hosts)} changed"

    def elapsed(self) -> float:
        """Seconds since it began; when it is over, how long it took."""
        return self.result.seconds if self.result is not None else self.clock() - self.started

    def summary(self) -> tuple[str, str]:
        """One line on the whole, and its style."""
        if self.error is not None:
            return f"× the apply broke off: {inert(self.error, ERROR_LIMIT)}", "bad"
        known = sum(len(host.verified) for host in self.hosts.values())
        good = sum(host.good for host in self.hosts.values())
        if self.result is None:
            at = Counter(self._at(host) for host in self.hosts.values())
            failed = sum(1 for host in self.hosts.values() if host.failed)
            told = [f"{phase} {at[phase]}" for phase in PHASES if at[phase]]
            told += [f"verified {good}/{known}"] if known else []
            told += [f"failed {failed}"] if failed else []
            return "   ".join([f"» applying, {int(self.elapsed())} s", *told]), "strong"
        text = f"{good} of {counted(known, 'direction')} up in {self.elapsed():.1f} s"
        if self.result.failed:
            text += f", {counted(len(self.result.failed), 'host')} not as planned"
        if (proof := self.result.receipt) is not None and proof.there:
            text += f"; {proof}"
        return (f"✓ {text}", "good") if self.result.ok else (f"× {text}", "bad")

    def _at(self, host: HostRun) -> Phase | None:
        return next((phase for phase, at in host.phases.items() if at == "running"), None)

    def _progress(self, event: Progress) -> None:
        host, now = self._host(event.host), self.clock()
        host.started = now if host.started is None else host.started
        host.phases[event.phase] = event.state
        host.detail = event.detail
        if event.state != "running":
            host.ended = now
        # That a host failed to verify is told by its directions.
        if event.state == "failed" and event.detail:
            host.problem = event.detail
            host.detail = ""

    def _host(self, name: str) -> HostRun:
        return self.hosts.setdefault(name, HostRun(name))
