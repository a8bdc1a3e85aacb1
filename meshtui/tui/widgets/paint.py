"""One line of the grid as segments: the heading, a host's row, or two hosts' row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from rich.segment import Segment

from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import Face, Mode
from meshtui.tui.widgets.hosts import StyleOf, host_heading
from meshtui.tui.widgets.layout import Layout
from meshtui.tui.words import pad

#: Names of the styles that lines are painted with: ground, then what stands on it.
STYLES = (
    *("heading", "heading-marked", "cell", "marked", "cursor"),
    *("rule", "name", "strong", "quiet", "dim", "kept", "error"),
    *("up", "idle", "stale", "never", "missing", "unknown"),
)


#: Behind the last face: no style is called so.
_END = (("", "end"),)
#: Texts that a brush remembers, painted, for each ground.
_MOST_PAINTED = 4096


class Scene(NamedTuple):
    """What every line depends on; two equal scenes place everything alike."""

    layout: Layout
    mode: Mode
    columns: tuple[int, ...]
    """The hosts over the columns in view."""
    cursor: int | None
    """Which of these columns the cursor is in, by place; None: it is out of view."""
    width: int
    """Of the whole line."""


class Brush:
    """What lines are made of, each made once: styles, and cells of several characters."""

    def __init__(self, style_of: StyleOf) -> None:
        self.style_of = style_of
        self._cells: dict[tuple[object, ...], list[Segment]] = {}
        self._painted: dict[tuple[str, ...], dict[tuple[str, str], Segment]] = {}
        """By ground: texts and the names of their styles, painted."""

    def clear(self) -> None:
        """Colours are others now."""
        self._cells.clear()
        self._painted.clear()

    def cells(self, faces: Sequence[Face], *ground: str) -> list[Segment]:
        """Cells side by side on the same ground."""
        if faces and len(faces[0]) == 1:
            return self._joined(faces, *ground)
        segments: list[Segment] = []
        for face in faces:
            cell = self._cells.get((face, ground))
            if cell is None:
                cell = self._cells[face, ground] = self._joined([face], *ground)
            segments += cell
        return segments

    def _joined(self, faces: Iterable[Face], *ground: str) -> list[Segment]:
        """Neighbours of one style are one segment. A heat map is made of thousands of these."""
        painted = self._painted.setdefault(ground, {})
        segments: list[Segment] = []
        run, style = "", ""
        for text, name in chain(chain.from_iterable(faces), _END):
            if name == style:
                run += text
                continue
            if run:
                segment = painted.get((run, style))
                if segment is None:
                    if len(painted) > _MOST_PAINTED:
                        painted.clear()
                    base, *more = ground
                    segment = Segment(run, self.style_of(base, style, *more))
                    painted[run, style] = segment
                segments.append(segment)
            run, style = text, name
        return segments


def heading(scene: Scene, view: MeshView, line: int, style_of: StyleOf) -> list[Segment]:
    """Line `line` of the heading: the hosts' names, or their numbers, upright where it is tight."""
    layout, plain, cursor = scene.layout, style_of("heading"), style_of("heading-marked")
    if line == layout.heading - 1:
        segments = host_heading(layout, style_of)
    else:
        rule = Segment("│ ", style_of("heading", "rule"))
        segments = [Segment(" " * (layout.left - 2), plain), rule]
    if layout.cell == 1:
        digits = [f"{index + 1:>{layout.number}}"[line] for index in scene.columns]
        segments += _upright("".join(digits), scene, style_of)
        return segments
    for place, index in enumerate(scene.columns):
        name = str(index + 1) if layout.number else view.rows[index].name
        marked = cursor if place == scene.cursor else plain
        segments.append(Segment(pad(name, layout.cell - 1), marked))
        segments.append(Segment(" ", plain))
    return segments


def _upright(digits: str, scene: Scene, style_of: StyleOf) -> list[Segment]:
    plain, at = style_of("heading"), scene.cursor
    if at is None:
        return [Segment(digits, plain)]
    marked = style_of("heading-marked")
    parts = ((digits[:at], plain), (digits[at], marked), (digits[at + 1 :], plain))
    return [Segment(text, style) for text, style in parts if text]


def cells(faces: Sequence[Face], scene: Scene, brush: Brush, *, cursor: bool) -> list[Segment]:
    """A row of cells. `cursor`: it is the cursor's row."""
    base, at = "marked" if cursor else "cell", scene.cursor
    if at is None or at >= len(faces):
        return brush.cells(faces, base)
    crossed, gap = faces[at], []
    if scene.layout.cell > 1:
        # The gap to the next cell is not the cell's.
        *texts, (last, style) = crossed
        crossed, gap = (*texts, (last[:-1], style)), [Segment(" ", brush.style_of(base))]
    more = ("cursor",) if cursor else ()
    return [
        *brush.cells(faces[:at], base),
        *brush.cells([crossed], "marked", *more),
        *gap,
        *brush.cells(faces[at + 1 :], base),
    ]


def reason(error: str, scene: Scene, style_of: StyleOf, *, cursor: bool) -> list[Segment]:
    """Why a host says nothing, in the place of cells that would all be `?`."""
    layout = scene.layout
    room = max(0, scene.width - layout.left)
    text = pad(error.split("\n")[0], room)
    style = style_of("marked" if cursor else "cell", "error")
    if not cursor or scene.cursor is None:
        return [Segment(text, style)]
    start = min(scene.cursor * layout.cell, room)
    end = min(start + max(1, layout.cell - 1), room)
    marked = style + style_of("cursor")
    before, here, after = Segment.divide([Segment(text, style)], [start, end, room])
    return [*before, *(Segment(each.text, marked) for each in here), *after]
