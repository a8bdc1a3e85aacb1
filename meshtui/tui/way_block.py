"""How two read on the link's screen that are not both ends of a tunnel. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from meshtui.tui.link_lines import Asked, Field, asked_lines
from meshtui.tui.shape_lines import device_lines, hops_line, way_lines, way_verdict
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.lines import Line
from meshtui.wg.health import LinkState

Block = tuple[list[Line], list[Field]]


def is_apart(view: MeshView, here: int, there: int) -> bool:
    """Whether their screen is not about a tunnel that both ends tell of."""
    return view.is_device(there) or (view.link(here, there) is None and view.way(here, there))


def apart_verdict(view: MeshView, here: int, there: int) -> tuple[str, LinkState]:
    """One sentence on the two, and the state that colours it."""
    if view.way(here, there):
        return way_verdict(view, here, there)
    state, name = view.rows[here].states[there], view.rows[there].name
    told = {
        "up": f"{name} is there",
        "missing": f"{view.rows[here].name} has no peer entry for {name}: apply makes it",
        "unknown": f"{view.rows[here].name} cannot be asked now",
    }
    if state is None:
        return "nothing heard yet", "unknown"
    return told.get(state, f"{name} is away, or has not called {view.rows[here].name}"), state


def apart_lines(
    view: MeshView,
    here: int,
    there: int,
    end: Block | None,
    asked: Sequence[Asked],
    cursor: tuple[int, int],
    width: int,
) -> tuple[list[Line], tuple[list[Field], list[Field]], tuple[int, int]]:
    """All lines, the fields of both ends, and where each end's begin.

    `end`: how the host reads that a device has a tunnel with; None: it is a way through others.
    """
    if end is not None:
        lines, fields = end
        more = [(), ((f"{view.rows[there].name}, by mesh.toml and the hosts", "strong"),)]
        return [*lines, *more, *device_lines(view, there, width)], (fields, []), (0, len(lines))
    lines = [((" way         ", "label"), *hops_line(view, here, there)), ()]
    lines += [((" ", ""), *line) for line in way_lines(view, here, there)]
    lines.append(())
    starts: list[int] = []
    blocks: list[list[Field]] = []
    for side, (one, other) in enumerate(((here, there), (there, here))):
        starts.append(len(lines))
        if view.is_device(one):
            blocks.append([])
            continue
        title = f"{view.rows[one].name} → {view.rows[other].name}"
        marked = cursor[1] if cursor[0] == side else None
        block, fields = asked_lines(title, asked[side], width, marked)
        lines += [*block, ()]
        blocks.append(fields)
    return lines, (blocks[0], blocks[1]), (starts[0], starts[1])
