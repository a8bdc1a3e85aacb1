"""How an apply reads on the screen: a line a host, filling in; under it, why and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from meshtui.fleet.events import DirectionVerified
from meshtui.inert import inert
from meshtui.tui.apply_run import ApplyRun, HostRun
from meshtui.tui.plan_lines import reason, split_hint
from meshtui.tui.row import ERROR_LIMIT, NAME_LIMIT
from meshtui.tui.widgets.lines import Line, width_of
from meshtui.tui.widgets.tree import INDENT, Branch, Item
from meshtui.tui.words import counted, fit, pad

_GLYPHS = {
    "waiting": "·",
    "running": "»",
    "done": "✓",
    "failed": "×",
    "skipped": "–",
    "back": "↶",
}
_STYLES = {
    "waiting": "dim",
    "running": "strong",
    "done": "good",
    "failed": "bad",
    "skipped": "dim",
    "back": "warn",
}
_NAME_MOST = 24
#: As many that failed are open from the start.
OPENED = 3
#: A bar of more ways than these says less than their number.
BAR_MOST = 32
#: Cells for how long a host took, and for how many of its ways work.
_FIGURES = 6 + 2 + 6


def apply_tree(run: ApplyRun, width: int) -> list[Item]:
    """What is worse than before, then all hosts, those that failed first; about `width` wide."""
    hosts = list(run.hosts.values())
    failed = [host for host in hosts if host.failed]
    names = min(max((cell_len(_name(host)) for host in hosts), default=0), _NAME_MOST)
    opened = len(failed) <= OPENED
    words = sum(len(phase) + 4 for phase in run.phases)
    wide = 2 * INDENT + names + 2 + words + _FIGURES <= width
    roots: list[Item] = []
    if run.verdict is not None and run.verdict.worse:
        roots.append(_worse(run.verdict.worse, width))
    for host in (*failed, *(host for host in hosts if not host.failed)):
        head = _head(run, host, names, width, wide=wide)
        tail = _tail(host, width - INDENT - width_of(head))
        body = partial(_body, run, host, width)
        roots.append(Branch(host.name, head, body, opened and host.failed, tail))
    return roots


def _worse(said: Sequence[str], width: int) -> Branch:
    """What worked before and does not now: open, for it decides."""
    head = f"× {counted(len(said), 'thing')} worked before and {_do(len(said))} not now"
    body = [line for one in said for line in reason(one, width)]
    return Branch(("worse",), ((head, "bad"),), lambda: body, open=True)


def _do(count: int) -> str:
    return "does" if count == 1 else "do"


def _head(run: ApplyRun, host: HostRun, names: int, width: int, *, wide: bool) -> Line:
    states = _phases(run, host)
    state = _overall(run, host, states)
    line: Line = (
        (f"{_GLYPHS[state]} ", _STYLES[state]),
        (f"{pad(_name(host), names)}  ", "strong"),
    )
    if not host.phases:
        waits = host.problem is None and not run.refused
        return (*line, ("waiting" if waits else "not changed", "dim"), ("  ", ""))
    for phase, at in zip(run.phases, states, strict=True):
        style = "added" if at == "done" else _STYLES[at]
        line = (*line, (f"{_GLYPHS[at]} {phase}  " if wide else f"{_GLYPHS[at]} ", style))
    if not wide:
        longest = max(map(len, run.phases))
        line = (*line, (f" {next(reversed(host.phases)):<{longest}}  ", ""))
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


def _phases(run: ApplyRun, host: HostRun) -> list[str]:
    last = max((at for at, phase in enumerate(run.phases) if phase in host.phases), default=-1)
    return [
        host.phases.get(phase, "skipped" if at < last else "waiting")
        for at, phase in enumerate(run.phases)
    ]


def _overall(run: ApplyRun, host: HostRun, states: list[str]) -> str:
    if host.failed:
        return "failed"
    if run.refused:
        return "skipped"
    reverted = run.result is not None and run.result.reverted is not None
    if host.phases.get("revert") == "done" or (reverted and host.phases and not run.recovers):
        return "back"
    if states[-1] == "done" or (run.result is not None and host.phases):
        return "done"
    return "waiting" if not host.phases else "running"


def _elapsed(run: ApplyRun, host: HostRun, state: str) -> str:
    if host.started is None:
        return ""
    if state == "running" and run.running:
        return f"{int(run.clock() - host.started)} s"
    return f"{(host.ended or host.started) - host.started:.1f} s"


def question(run: ApplyRun, keep: str, revert: str) -> Text:
    """What is to be said above the hosts: what to do, while they may go back; empty: nothing.

    `keep` and `revert` are the keys that answer.
    """
    text = Text(overflow="fold")
    if run.refused and (do := split_hint(run.error or "")[1]):
        text.append(f"→ {inert(do, ERROR_LIMIT)}")
        return text
    if run.left is None or not run.running:
        return text
    goes = f"goes back by itself in {run.left} s"
    if run.asking:
        worse = len(run.verdict.worse) if run.verdict else 0
        good, known = run.proved
        text.append(f"{good} of {counted(known, 'direction')} work; ")
        if worse:
            things = f"{counted(worse, 'thing')} that worked before {_do(worse)} not, see below"
            text.append(things, "bold")
        else:
            text.append("nothing is worse than before")
        text.append(f". Without an answer it {goes}.\n")
        text.append(f" {keep} ", "bold reverse")
        text.append(" keep it; what is listed stays broken\n" if worse else " keep it\n")
        text.append(f" {revert} ", "bold reverse")
        text.append(" take it back; all is as it was")
    elif run.reverting:
        text.append("Hosts that do not answer to that go back by themselves ")
        text.append(f"in {run.left} s", "bold")
    else:
        text.append(f"It {goes}", "bold")
        text.append(", unless proved and kept   ")
        text.append(f" {revert} ", "bold reverse")
        text.append(" take it back")
    return text


def _name(host: HostRun) -> str:
    return inert(host.name, NAME_LIMIT)
