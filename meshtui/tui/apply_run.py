"""An apply as it goes: what each host is at, and what has been proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from rich.cells import cell_len

from meshtui.fleet.events import ApplyResult, DirectionVerified, Phase, Progress
from meshtui.inert import inert
from meshtui.plan.model import Plan
from meshtui.tui.plan_lines import reason
from meshtui.tui.view import ERROR_LIMIT, NAME_LIMIT
from meshtui.tui.widgets.lines import Line
from meshtui.tui.words import counted, fit, pad

PHASES: tuple[Phase, ...] = get_args(Phase)
_GLYPHS = {"waiting": "·", "running": "▸", "done": "✓", "failed": "×"}
_STYLES = {"waiting": "dim", "running": "strong", "done": "good", "failed": "bad"}


@dataclass(slots=True)
class HostRun:
    """One host of a running apply."""

    name: str
    phases: dict[Phase, str] = field(default_factory=dict)
    """Phase -> `running`, `done` or `failed`; missing: not begun."""
    detail: str = ""
    started: float | None = None
    ended: float | None = None
    """When it ended, failed, or last ended a phase."""
    problem: str | None = None
    """Why it failed, or is owed its change."""


class ApplyRun:
    """Takes the events of one apply in; `lines` says how it stands."""

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.started = clock()
        self.hosts = {
            host.host: HostRun(host.host, problem=host.problem)
            for host in plan.hosts
            if host.steps or host.problem
        }
        self.directions: list[DirectionVerified] = []
        self.result: ApplyResult | None = None
        self.error: str | None = None
        self.version = 0

    @property
    def running(self) -> bool:
        """Whether neither a result nor an error has ended it."""
        return self.result is None and self.error is None

    def take(self, event: Progress | DirectionVerified | ApplyResult) -> None:
        """Take one event in."""
        self.version += 1
        if isinstance(event, ApplyResult):
            self.result = event
            self.directions = list(event.directions)
            for name, why in event.failed.items():
                self._host(name).problem = why
        elif isinstance(event, DirectionVerified):
            self.directions.append(event)
        else:
            self._progress(event)

    def fail(self, why: str) -> None:
        """The apply itself broke: what the hosts are at is not known."""
        self.version += 1
        self.error = why

    def busy(self) -> str:
        """What the status line says of it."""
        ended = sum(1 for host in self.hosts.values() if host.phases.get("change") == "done")
        return f"applying: {ended}/{len(self.hosts)} changed"

    def summary(self) -> tuple[str, str]:
        """One line on the whole, and its style."""
        if self.error is not None:
            return f"× the apply broke off: {inert(self.error, ERROR_LIMIT)}", "bad"
        good = sum(1 for direction in self.directions if direction.ok)
        if self.result is None:
            seconds = int(self._clock() - self.started)
            return f"▸ applying, {seconds} s   {counted(good, 'direction')} verified", "strong"
        failed = len(self.result.failed)
        text = (
            f"{good} of {counted(len(self.directions), 'direction')} up"
            f" in {self.result.seconds:.1f} s"
        )
        if failed:
            text += f", {counted(failed, 'host')} not as planned"
        return (f"✓ {text}", "good") if self.result.ok else (f"× {text}", "bad")

    def lines(self, width: int) -> list[Line]:
        """A line a host, its reason where it failed, and the directions that do not work."""
        name_width = max((len(inert(name, NAME_LIMIT)) for name in self.hosts), default=0)
        lines: list[Line] = []
        for host in self.hosts.values():
            lines.append(self._line(host, min(name_width, 24), width))
            if host.problem:
                lines += [((part, "bad"),) for part in reason(host.problem, width)]
        broken = [direction for direction in self.directions if not direction.ok]
        if broken:
            lines += [(), (("Directions that do not work", "strong"),)]
            lines += [
                (
                    (f"  × {inert(d.from_, NAME_LIMIT)} → {inert(d.to, NAME_LIMIT)}  ", "bad"),
                    (inert(d.detail, ERROR_LIMIT), ""),
                )
                for d in broken
            ]
        return lines

    def _line(self, host: HostRun, name_width: int, width: int) -> Line:
        owed = host.problem is not None and not host.phases
        states = [host.phases.get(phase, "waiting") for phase in PHASES]
        state = _overall(states, problem=host.problem is not None)
        pieces = [
            (f"{_GLYPHS[state]} ", _STYLES[state]),
            (f"{pad(inert(host.name, NAME_LIMIT), name_width)}  ", "strong"),
        ]
        if owed:
            return (*pieces, ("owed: not changed now", "warn"))
        for phase, at in zip(PHASES, states, strict=True):
            pieces.append((f"{_GLYPHS[at]} {phase}  ", _STYLES[at] if at != "done" else "added"))
        pieces.append((f"{self._elapsed(host, state):>7}  ", "dim"))
        verified = [d for d in self.directions if d.from_ == host.name]
        if verified:
            good = sum(1 for direction in verified if direction.ok)
            pieces.append((f"{good}/{len(verified)} verified  ", "dim"))
        used = sum(cell_len(text) for text, _ in pieces)
        pieces.append((fit(inert(host.detail, 120), width - used), "dim"))
        return tuple(pieces)

    def _elapsed(self, host: HostRun, state: str) -> str:
        if host.started is None:
            return ""
        if state == "running" and self.running:
            return f"{int(self._clock() - host.started)} s"
        return f"{(host.ended or host.started) - host.started:.1f} s"

    def _progress(self, event: Progress) -> None:
        host, now = self._host(event.host), self._clock()
        host.started = now if host.started is None else host.started
        host.phases[event.phase] = event.state
        host.detail = event.detail
        if event.state != "running":
            host.ended = now
        if event.state == "failed":
            host.problem = event.detail
            host.detail = ""

    def _host(self, name: str) -> HostRun:
        return self.hosts.setdefault(name, HostRun(name))


def _overall(states: list[str], *, problem: bool) -> str:
    if problem or "failed" in states:
        return "failed"
    if all(state == "done" for state in states):
        return "done"
    return "waiting" if all(state == "waiting" for state in states) else "running"
