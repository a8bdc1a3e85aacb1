"""How a plan reads on the screen: a tree of hosts, their steps, what they touch, and the diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from meshtui.inert import inert
from meshtui.plan.impact_text import ImpactLine
from meshtui.plan.model import HostPlan, Impact, Plan
from meshtui.plan.render import LINE_LIMIT, diff, show_marks
from meshtui.tui.row import ERROR_LIMIT, NAME_LIMIT
from meshtui.tui.widgets.lines import Line, width_of
from meshtui.tui.widgets.tree import INDENT, Branch, Item
from meshtui.tui.words import counted, fit, pad


@dataclass(frozen=True, slots=True)
class Badge:
    """How an impact is written."""

    glyph: str
    word: str
    style: str
    meaning: str


#: From the least to the worst.
IMPACTS: dict[Impact, Badge] = {
    "none": Badge("·", "none", "dim", "touches nothing"),
    "new": Badge("+", "new", "added", "new interface or peer"),
    "handshake": Badge("↻", "handshake", "warn", "session starts anew"),
    "route": Badge("!", "route", "bad", "address or route changes"),
    "down": Badge("!", "down", "bad", "a host's tunnels end"),
}

#: Plans of at most so many lines start open.
SMALL = 60
_NAME_MOST = 24
_LABEL_WIDTH = len("interrupted") + 2
_STEPS_WIDTH = len("999 steps")
_IMPACT_WIDTH = len("↻ handshake")
_ACTION_WIDTH = len("remove-address")
_BADGES = {
    impact: (f"{f'{badge.glyph} {badge.word}':<{_IMPACT_WIDTH}}  ", badge.style)
    for impact, badge in IMPACTS.items()
}
_REST = " " * (_ACTION_WIDTH + 1 + _IMPACT_WIDTH + 2)
_HEAD_WIDTH = 2 * INDENT + _STEPS_WIDTH + 2 + _IMPACT_WIDTH + 2


def summary(plan: Plan) -> str:
    """`12 steps on 3 hosts, 1 host owed its change`."""
    changed = sum(1 for host in plan.hosts if host.steps)
    owed = len(plan.problems)
    text = (
        f"{counted(plan.changes, 'step')} on {counted(changed, 'host')}"
        if plan.changes
        else "nothing to change on hosts that answer"
        if owed
        else "nothing to change: all is as mesh.toml says"
    )
    return f"{text}, {counted(owed, 'host')} owed" if owed else text


def worst(hosts: Sequence[HostPlan]) -> Impact | None:
    """The worst impact of all their steps; None: they have none."""
    impacts = {step.impact for host in hosts for step in host.steps}
    return next((impact for impact in reversed(IMPACTS) if impact in impacts), None)


def legend(plan: Plan) -> list[Badge]:
    """The impacts that occur, the worst first."""
    seen = {step.impact for host in plan.hosts for step in host.steps}
    return [badge for impact, badge in reversed(IMPACTS.items()) if impact in seen]


def impact_text(lines: Sequence[ImpactLine], width: int) -> Text:
    """What the whole plan touches, above its hosts: two rows at most for each kind."""
    shown = Text()
    for line in lines:
        room = max(20, width - _LABEL_WIDTH)
        parts = wrap(line.text, room, max_lines=2, placeholder=" …")
        for number, part in enumerate(parts):
            label = "" if number else line.label
            shown.append("\n" if shown else "")
            shown.append(f"{label:<{_LABEL_WIDTH}}", "dim")
            shown.append(part, "bold $state-never" if line.bad else "")
    return shown


@dataclass
class PlanTree:
    """A plan's tree, in lines of about a width. Diffs are worked out once, when they are seen."""

    plan: Plan
    _diffs: dict[str, list[Line]] = field(default_factory=dict)

    def roots(self, width: int) -> list[Item]:
        """What can't be done first, then host by host, then those with nothing to do."""
        busy = [host for host in self.plan.hosts if not host.problem and _says(host)]
        quiet = [_name(host) for host in self.plan.hosts if not host.problem and not _says(host)]
        names = max((cell_len(_name(host)) for host in (*busy, *self.plan.problems)), default=0)
        names = min(names, _NAME_MOST)
        opened = self._small
        diffs_too = opened and self._size + sum(len(self._diff(host)) for host in busy) <= SMALL
        roots: list[Item] = [
            self._owed(host, names, width, len(self.plan.problems) <= 5)
            for host in self.plan.problems
        ]
        roots += [
            Branch(
                host.host,
                _head(host, names),
                partial(self._body, host, width, diffs_too),
                opened,
                _tail(host, width - names - _HEAD_WIDTH),
            )
            for host in busy
        ]
        if quiet:
            roots.append(_quiet(quiet, width))
        return roots

    @property
    def _size(self) -> int:
        hosts = (host for host in self.plan.hosts if _says(host) and not host.problem)
        return sum(1 + len(host.steps) + len(host.notes) for host in hosts)

    @property
    def _small(self) -> bool:
        return self._size <= SMALL

    def _owed(self, host: HostPlan, names: int, width: int, opened: bool) -> Branch:
        head = ((f"× {pad(_name(host), names)}", "bad"), ("  can't be changed now", ""))
        notes = [line for note in host.notes for line in _note(note, width)]
        return Branch(host.host, head, lambda: [*reason(host.problem or "", width), *notes], opened)

    def _body(self, host: HostPlan, width: int, opened: bool) -> list[Item]:
        items: list[Item] = []
        for step in host.steps:
            first, *rest = _wrap(step.detail, width - 2 * INDENT - len(_REST))
            items.append(
                ((f"{step.action:<{_ACTION_WIDTH}} ", ""), _BADGES[step.impact], (first, ""))
            )
            items += [((_REST, ""), (part, "")) for part in rest]
        for note in host.notes:
            items += _note(note, width)
        if host.after is not None and host.after != host.before:
            added, removed = _counts(host)
            head: Line = (
                (f"/etc/wireguard/{self.plan.interface}.conf", "strong"),
                ("  new file" if host.before is None else "", ""),
                (f"  +{added}", "added"),
                (f" −{removed}", "removed" if removed else "dim"),
            )
            diff_of = partial(self._diff, host)
            items.append(Branch((host.host, "diff"), head, diff_of, opened, alone=not self._small))
        return items

    def _diff(self, host: HostPlan) -> list[Line]:
        # A third of a second for a host with 199 peers that all change.
        if host.host not in self._diffs:
            self._diffs[host.host] = list(_diff(host))
        return self._diffs[host.host]


def reason(text: str, width: int) -> list[Line]:
    """Why something can't be done, then what to do about it, wrapped.

    Errors are told as `what happened (what to do)`, or have a line for each.
    """
    lines = [line.strip() for line in text[:ERROR_LIMIT].splitlines() if line.strip()]
    what, do = lines[:1], lines[1:]
    if not do and what:
        head, hint = split_hint(what[0])
        what, do = [head], [hint] if hint else []
    room = max(20, width - 2 * INDENT - 2)
    shown: list[Line] = []
    for line in what:
        shown += [((part, "bad"),) for part in wrap(inert(line, ERROR_LIMIT), room)]
    for line in do:
        parts = wrap(inert(line.strip("()"), ERROR_LIMIT), room)
        shown += [
            (("→ " if i == 0 else "  ", "strong"), (part, "")) for i, part in enumerate(parts)
        ]
    return shown


def split_hint(text: str) -> tuple[str, str]:
    """`what (what to do)` -> both; the second is empty where there is none."""
    if not text.endswith(")"):
        return text, ""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[at], 0)
        if depth == 0:
            return (text[:at].rstrip(), text[at + 1 : -1]) if at else (text, "")
    return text, ""


def _wrap(text: str, width: int) -> list[str]:
    """`text` from a host in lines; a plan has 40,000, and few of them need more than one."""
    text = inert(text, LINE_LIMIT)
    if len(text) <= width and text.isascii():
        return [text]
    return wrap(text, max(20, width)) or [""]


def _counts(host: HostPlan) -> tuple[int, int]:
    """How many lines are new and how many go, without the work of finding where."""
    before, after = (
        Counter(show_marks(text or "").splitlines()) for text in (host.before, host.after)
    )
    return (after - before).total(), (before - after).total()


def _says(host: HostPlan) -> bool:
    return bool(host.steps or host.notes or host.after is not None)


def _name(host: HostPlan) -> str:
    return inert(host.host, NAME_LIMIT)


def _head(host: HostPlan, names: int) -> Line:
    impact = worst([host])
    return (
        (pad(_name(host), names), "strong"),
        ("  " + pad(counted(len(host.steps), "step"), _STEPS_WIDTH) + "  ", "dim"),
        _BADGES[impact] if impact else (" " * (_IMPACT_WIDTH + 2), ""),
    )


def _tail(host: HostPlan, width: int) -> Line:
    """What is done there, in a word each, and whether there is a note."""
    actions = Counter(step.action for step in host.steps)
    told = [f"{count} {action}" if count > 1 else action for action, count in actions.items()]
    notes = "  " + counted(len(host.notes), "note") if host.notes else ""
    text = ", ".join(told) or "nothing to change"
    return ((fit(text, width - len(notes)), "dim"), (notes, "warn"))


def _note(note: str, width: int) -> list[Line]:
    parts = wrap(inert(note, ERROR_LIMIT), max(20, width - 2 * INDENT - 6))
    return [((("note  " if i == 0 else "      ") + part, "warn"),) for i, part in enumerate(parts)]


def _quiet(names: list[str], width: int) -> Item:
    text = f"nothing to change on {counted(len(names), 'host')}"
    line: Line = ((f"{text}: {', '.join(names)}", "dim"),)
    if width_of(line) + INDENT <= width:
        return line
    parts = wrap(", ".join(names), max(20, width - 2 * INDENT))
    return Branch(None, ((text, "dim"),), lambda: [((part, "dim"),) for part in parts])


def _diff(host: HostPlan) -> list[Line]:
    if host.after is None or host.after == host.before:
        return []
    lines: list[Line] = []
    for line in diff(host):
        style = {"+": "added", "-": "removed", "@": "hunk"}.get(line[:1], "dim")
        # Of a new file, there is nothing that a place in it could be compared with.
        if not (style == "hunk" and host.before is None):
            lines.append((("│ ", "dim"), (line, style)))
    return lines
