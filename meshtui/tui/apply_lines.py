"""How an apply reads on the screen: a line a host, filling in; under it, why and what to do."""

from __future__ import annotations

from functools import partial
from textwrap import wrap

from rich.cells import cell_len

from meshtui.fleet.events import DirectionVerified
from meshtui.inert import inert
from meshtui.tui.apply_run import PHASES, ApplyRun, HostRun
from meshtui.tui.plan_lines import reason, split_hint
from meshtui.tui.view import ERROR_LIMIT, NAME_LIMIT
from meshtui.tui.widgets.lines import Line, width_of
from meshtui.tui.widgets.tree import INDENT, Branch, Item
from meshtui.tui.words import counted, fit, pad

_GLYPHS = {"waiting": "·", "running": "»", "done": "✓", "failed": "×", "skipped": "–"}
_STYLES = {"waiting": "dim", "running": "strong", "done": "good", "failed": "bad", "skipped": "dim"}
_NAME_MOST = 24
#: As many that failed are open from the start.
OPENED = 3
#: A bar of more ways than these says less than their number.
BAR_MOST = 32


def apply_tree(run: ApplyRun, width: int) -> list[Item]:
    """All hosts, those that failed first, in lines of about `width`."""
    hosts = list(run.hosts.values())
    failed = [host for host in hosts if host.failed]
    names = min(max((cell_len(_name(host)) for host in hosts), default=0), _NAME_MOST)
    opened = len(failed) <= OPENED
    roots: list[Item] = []
    for host in (*failed, *(host for host in hosts if not host.failed)):
        head = _head(run, host, names, width)
        tail = _tail(host, width - INDENT - width_of(head))
        body = partial(_body, run, host, width)
        roots.append(Branch(host.name, head, body, opened and host.failed, tail))
    return roots


def _head(run: ApplyRun, host: HostRun, names: int, width: int) -> Line:
    states = _phases(host)
    state = _overall(run, host, states)
    line: Line = (
        (f"{_GLYPHS[state]} ", _STYLES[state]),
        (f"{pad(_name(host), names)}  ", "strong"),
    )
    if not host.phases:
        return (*line, ("waiting" if host.problem is None else "not changed", "dim"), ("  ", ""))
    for phase, at in zip(PHASES, states, strict=True):
        style = "added" if at == "done" else _STYLES[at]
        line = (*line, (f"{_GLYPHS[at]} {phase}  ", style))
    line = (*line, (f"{_elapsed(run, host, state):>6}  ", "dim"))
    ways = run.ways().get(host.name, [])
    if ways and "verify" in host.phases:
        line = (*line, (f"{host.good}/{len(ways)} ", "bad" if host.broken else "strong"))
        if len(ways) <= min(BAR_MOST, width - INDENT - width_of(line) - 2):
            line = (*line, *_bar(host, ways), ("  ", ""))
    return line


def _tail(host: HostRun, width: int) -> Line:
    if host.problem:
        return ((fit(inert(split_hint(host.problem)[0], ERROR_LIMIT), width), "bad"),)
    return ((fit(inert(host.detail, ERROR_LIMIT), width), "dim"),)


def _bar(host: HostRun, ways: list[str]) -> Line:
    """A glyph a direction; neighbours of one kind are one piece."""
    pieces: list[tuple[str, str]] = []
    for other in ways:
        direction = host.verified.get(other)
        glyph, style = ("·", "dim") if direction is None else _mark(direction)
        if pieces and pieces[-1][1] == style:
            pieces[-1] = (pieces[-1][0] + glyph, style)
        else:
            pieces.append((glyph, style))
    return tuple(pieces)


def _mark(direction: DirectionVerified) -> tuple[str, str]:
    return ("●", "added") if direction.ok else ("×", "bad")


def _body(run: ApplyRun, host: HostRun, width: int) -> list[Item]:
    items: list[Item] = []
    if host.problem:
        items += reason(host.problem, width)
    elif host.broken:
        ways = run.ways().get(host.name, [])
        text = f"it does not reach {host.broken} of {counted(len(ways), 'host')}"
        items.append(((text, "bad"),))
    elif host.detail:
        items.append(((inert(host.detail, ERROR_LIMIT), "dim"),))
    known = sorted(host.verified.values(), key=lambda direction: direction.ok)
    names = min(max((cell_len(inert(way.to, NAME_LIMIT)) for way in known), default=0), _NAME_MOST)
    for direction in known:
        mark, style = _mark(direction)
        lead = f"{mark} → {pad(inert(direction.to, NAME_LIMIT), names)}  "
        room = max(20, width - 2 * INDENT - cell_len(lead))
        parts = wrap(inert(direction.detail, ERROR_LIMIT), room) or [""]
        items.append(((lead, style), (parts[0], "")))
        items += [((" " * cell_len(lead) + part, ""),) for part in parts[1:]]
    if not items:
        items.append((("nothing to tell yet", "dim"),))
    return items


def _phases(host: HostRun) -> list[str]:
    begun = [phase for phase in PHASES if phase in host.phases]
    last = PHASES.index(begun[-1]) if begun else -1
    return [
        host.phases.get(phase, "skipped" if at < last else "waiting")
        for at, phase in enumerate(PHASES)
    ]


def _overall(run: ApplyRun, host: HostRun, states: list[str]) -> str:
    if host.failed:
        return "failed"
    if states[-1] == "done" or (run.result is not None and host.phases):
        return "done"
    return "waiting" if not host.phases else "running"


def _elapsed(run: ApplyRun, host: HostRun, state: str) -> str:
    if host.started is None:
        return ""
    if state == "running" and run.running:
        return f"{int(run.clock() - host.started)} s"
    return f"{(host.ended or host.started) - host.started:.1f} s"


def _name(host: HostRun) -> str:
    return inert(host.name, NAME_LIMIT)
