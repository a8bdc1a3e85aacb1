"""How the changes of the journal read, and how an edit of mesh.toml does."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from textwrap import wrap

from meshtui.inert import inert
from meshtui.plan.render import LINE_LIMIT
from meshtui.store.changes import Change
from meshtui.store.edit import Draft
from meshtui.tui.row import ERROR_LIMIT, NAME_LIMIT
from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.tree import INDENT, Branch, Item


def change_tree(changes: Sequence[Change], width: int) -> list[Item]:
    """The latest first; how it ended, failures, proof and steps under each, about `width` wide."""
    return [
        Branch(change.number, _head(change), partial(_body, change, width))
        for change in reversed(changes)
    ]


def _head(change: Change) -> Line:
    glyph, style = ("✓", "good") if change.ok else ("×", "bad") if change.ended else ("»", "warn")
    return (
        (f"{glyph} ", style),
        (f"{change.number:>3}  ", "strong"),
        (f"{_when(change.at)}  ", ""),
        (f"{inert(change.by, NAME_LIMIT)}  ", "dim"),
        (inert(change.plan, LINE_LIMIT), ""),
    )


def _body(change: Change, width: int) -> list[Item]:
    items: list[Item] = [*_wrapped(change.told, "good" if change.ok else "warn", width)]
    items += _wrapped(change.receipt, "", width)
    for host, why in change.failed.items():
        items += _wrapped(f"× {inert(host, NAME_LIMIT)}: {why}", "bad", width)
    if change.kind == "run" or not change.ended:
        items += _wrapped(f"on {', '.join(change.hosts)}", "dim", width)
    for host, steps in change.steps.items():
        items.append(((inert(host, NAME_LIMIT), "strong"),))
        items += [((f"  {inert(step, LINE_LIMIT)}", ""),) for step in steps]
    return items


def _wrapped(text: str, style: str, width: int) -> list[Line]:
    parts = wrap(inert(text, ERROR_LIMIT), max(20, width - 2 * INDENT))
    return [((part, style),) for part in parts]


def draft_branch(draft: Draft) -> Item:
    """What an edit makes of mesh.toml, as a diff; open."""
    if draft.before == draft.after:
        return (("mesh.toml says so already", "dim"),)
    lines: list[Line] = []
    before, after = draft.before.splitlines(), draft.after.splitlines()
    for line in islice(difflib.unified_diff(before, after, lineterm="", n=1), 2, None):
        if not line.startswith("@"):
            style = {"+": "added", "-": "removed"}.get(line[:1], "dim")
            lines.append((("│ ", "dim"), (inert(line, LINE_LIMIT), style)))
    noted: list[Line] = [((f"· {draft.note}", "warn"),)] if draft.note else []
    added = sum(1 for line in lines if line[1][0].startswith("+"))
    removed = sum(1 for line in lines if line[1][0].startswith("-"))
    head: Line = (
        ("mesh.toml", "strong"),
        (f"  +{added}", "added" if added else "dim"),
        (f" −{removed}", "removed" if removed else "dim"),
    )
    return Branch(("mesh.toml",), head, lambda: [*lines, *noted], open=True)


def _when(at: str) -> str:
    """In this machine's time zone."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return inert(at, NAME_LIMIT)
