"""Which hosts the grid shows, and in what order."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from meshtui.tui.view import MeshView
from meshtui.wg.health import HEALTHY, LinkState

Sort = Literal["file", "name", "worst", "rate"]
SORTS: tuple[Sort, ...] = ("file", "name", "worst", "rate")

#: Seconds that a handshake may be old where all is well.
USUAL = 150
#: Worst first.
_SEVERITY: dict[LinkState | None, int] = {
    "never": 0,
    "missing": 1,
    "stale": 2,
    "unknown": 3,
    "idle": 4,
    "up": 5,
    None: 6,
}


class Order(NamedTuple):
    """Hosts by index, as they follow one another."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]


def arrange(view: MeshView, sort: Sort, text: str = "", *, problems: bool = False) -> Order:
    """Sort, filter by `text`, and leave the healthy ones out where only `problems` count.

    `web` keeps the hosts whose name or address has it, `!web` the others; `web > db` keeps
    the rows with one and the columns with the other, and either may be left out.
    """
    left, arrow, right = text.partition(">")
    ranked = _ranked(view, sort)
    rows = [i for i in ranked if matches(view, i, left)]
    columns = [i for i in ranked if matches(view, i, right if arrow else left)]
    if problems:
        troubled, behind = trouble(view)
        rows = [i for i in rows if i in troubled]
        columns = [i for i in columns if i in behind]
    return Order(tuple(rows), tuple(columns))


def matches(view: MeshView, index: int, text: str) -> bool:
    """Whether a host's name or one of its addresses has `text` in it, or with `!` has not."""
    text = text.strip().lower()
    inverted = text.startswith("!")
    wanted = text.removeprefix("!").strip()
    if not wanted:
        return True
    row = view.rows[index]
    found = any(wanted in word.lower() for word in (row.name, *row.addresses))
    return found is not inverted


def trouble(view: MeshView) -> tuple[set[int], set[int]]:
    """The hosts with something wrong, and the hosts that something is wrong towards."""
    rows = {i for i in range(len(view.rows)) if view.troubled(i)}
    # What a silent host last said is no news: that it is silent is.
    columns = {i for i in rows if view.rows[i].state != "up"}
    for i in rows - columns:
        columns.update(
            column
            for column, state in enumerate(view.rows[i].states)
            if state is not None and state not in HEALTHY
        )
    return rows, columns


def _ranked(view: MeshView, sort: Sort) -> list[int]:
    hosts = list(range(len(view.rows)))
    if sort == "name":
        hosts.sort(key=lambda i: _counted(view.rows[i].name))
    elif sort == "worst":
        hosts.sort(key=lambda i: _badness(view, i))
    elif sort == "rate":
        hosts.sort(key=lambda i: -sum(view.rows[i].rate or (0.0,)))
    # Devices stay below the hosts: sorting keeps the order of what is alike.
    hosts.sort(key=view.is_device)
    return hosts


def _counted(name: str) -> list[tuple[bool, int, str]]:
    """As a person sorts names: `node-9` before `node-10`."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name.lower())
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _badness(view: MeshView, index: int) -> tuple[bool, int, int, int]:
    """The least is the worst: the host's own state, its worst link, how many, the oldest."""
    row = view.rows[index]
    worst = min((_SEVERITY[state] for state in set(row.states)), default=6)
    ill = sum([state is not None and state not in HEALTHY for state in row.states])
    ages = [link.latest_handshake_age or 0 for link in row.links if link]
    oldest = max(ages, default=0)
    # Below this every age is as good as another: hosts that are well change no places.
    steps = oldest // 30 if oldest > USUAL else 0
    return row.state in ("up", "connecting"), worst, -ill, -steps
