"""How a plan reads: one list of lines for the terminal, the TUI and a pager alike."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

from meshtui.inert import inert
from meshtui.plan.impact import impact
from meshtui.plan.impact_text import impact_json, impact_lines
from meshtui.plan.model import HostPlan, Plan

Kind = Literal["host", "step", "note", "problem", "added", "removed", "context", "impact", "sum"]

#: Steps that the journal keeps of one plan.
MOST_TOLD = 2000

#: A line of a wg-quick file that is longer is none that a person reads.
LINE_LIMIT = 300

IMPACT = {
    "none": "touches nothing that runs",
    "handshake": "the session starts anew",
    "route": "moves an address or route",
    "new": "new",
    "down": "its tunnels end",
}


class Line(NamedTuple):
    """One line and what it is, so that each front end picks its colours."""

    kind: Kind
    text: str


def lines(plan: Plan) -> Iterator[Line]:
    """The whole plan: each host with its steps, notes, problem and the file's diff; its impact."""
    for host in plan.hosts:
        if host.steps or host.notes or host.problem:
            yield from host_lines(host)
    for one in impact_lines(plan, impact(plan)):
        yield Line("impact", f"{one.label:<12} {one.text}")
    for broken in plan.breaks.values():
        yield Line("problem", f"! {inert(broken, LINE_LIMIT)}: it will not be applied so")
    yield Line("sum", summary(plan))


def host_lines(host: HostPlan) -> Iterator[Line]:
    """One host of a plan."""
    yield Line("host", host.host)
    if host.problem:
        yield Line("problem", f"  ! left as it is: {inert(host.problem, 2 * LINE_LIMIT)}")
    for step in host.steps:
        detail = inert(step.detail, LINE_LIMIT)
        yield Line("step", f"  {step.action:<14} {detail}  [{IMPACT[step.impact]}]")
    for note in host.notes:
        yield Line("note", f"  · {inert(note, LINE_LIMIT)}")
    for line in diff(host):
        kind: Kind = "context"
        if line.startswith("+"):
            kind = "added"
        elif line.startswith("-"):
            kind = "removed"
        yield Line(kind, f"    {line}")


def diff(host: HostPlan) -> list[str]:
    """The file's change as a unified diff without its headings.

    Secrets stay hidden, and what a file holds is harmless to show.
    """
    if host.after is None:
        return []
    # A file from Windows has one more byte a line, which is no news in any of them.
    before = show_marks(host.before or "").replace("\r\n", "\n").split("\n")
    after = show_marks(host.after).replace("\r\n", "\n").split("\n")
    found = difflib.unified_diff(before[:-1], after[:-1], lineterm="", n=2)
    # The first two lines are headings; a changed line may begin like one.
    return [inert(line, LINE_LIMIT) for line in islice(found, 2, None)]


def show_marks(text: str) -> str:
    """Marks (see `Work`) as what they mean to a person."""
    text = re.sub(r"@secret:[0-9]+@", "(hidden)", text)
    text = re.sub(r"@live-psk:[A-Za-z0-9+/=]+@|@live@", "(as it runs, hidden)", text)
    text = text.replace("@made@", "(made on the host)")
    text = text.replace("@operator@", "(made here, sent once)")
    text = re.sub(r"@public:([^@]+)@", r"(of the key that \1 will make)", text)
    return re.sub(r"@psk:[^@]+@", "(new, hidden)", text)


def summary(plan: Plan) -> str:
    """One line: how much would change, and who is owed."""
    changed = sum(bool(host.steps) for host in plan.hosts)
    owed = len(plan.problems)
    if owed and owed == len(plan.hosts):
        # "nothing to do" would be a guess.
        return f"{owed} of {owed} hosts can't be changed now"
    if not plan.changes:
        text = "nothing to do"
    else:
        steps = "1 change" if plan.changes == 1 else f"{plan.changes} changes"
        text = f"{steps} on {changed} of {len(plan.hosts)} hosts"
        if plan.touched:
            text += f"; {len(plan.touched)} directions get a new session"
    if owed:
        text += f"; {owed} of {len(plan.hosts)} hosts can't be changed now"
    return text


def told_steps(plan: Plan) -> dict[str, list[str]]:
    """The steps by host, for the journal; of a very large plan their number must do."""
    if plan.changes > MOST_TOLD:
        return {h.host: [f"{len(h.steps)} steps"] for h in plan.hosts if h.steps}
    return {
        h.host: [f"{step.action} {step.detail}" for step in h.steps] for h in plan.hosts if h.steps
    }


def as_json(plan: Plan) -> dict[str, Any]:
    """What `meshtui plan --json` prints."""
    return {
        "changes": plan.changes,
        "hosts": {
            host.host: [
                {
                    "action": step.action,
                    "detail": inert(step.detail, LINE_LIMIT),
                    "impact": step.impact,
                }
                for step in host.steps
            ]
            for host in plan.hosts
        },
        "notes": {
            host.host: [inert(note, LINE_LIMIT) for note in host.notes]
            for host in plan.hosts
            if host.notes
        },
        "problems": {host.host: host.problem for host in plan.hosts if host.problem},
        "breaks": {name: inert(what, LINE_LIMIT) for name, what in plan.breaks.items()},
        "impact": impact_json(impact(plan)),
    }
