"""Series over time, with axes, as lines of text. Pure: it knows no clock and no widget.

Each series has a panel and a scale of its own above one time axis, and is drawn
solid or shaded, so that they are told apart without colour. What was not recorded
is a gap, in the picture and in the axis below it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rich.cells import cell_len

from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.sparkline import BLOCKS, buckets
from meshtui.tui.words import age_mid, bytes_short

#: Steps between two labels of the time axis, in seconds.
TICKS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400)
#: Cells that a label of the time axis needs: `12:00` and some air.
_LABEL_ROOM = 9
#: What the axis of ages may end at, in seconds; each is a plain number of units when quartered.
_AGE_TOPS = (120, 240, 480, 1200, 3600, 14400, 43200, 86400, 4 * 86400, 40 * 86400, 400 * 86400)
#: Of a cell that is full: shades are in every font, unlike braille.
FILLS = {"solid": "█", "shaded": "▒"}
_LEAST_ROWS, _LEAST_COLUMNS = 2, 12


@dataclass(frozen=True, slots=True)
class Series:
    """Values over time, 0 or more, in a panel of their own."""

    name: str
    """Stands beside the panel, and is the style of `Line` that it is drawn in."""
    fill: Literal["solid", "shaded"]
    points: Sequence[tuple[float, float | None]]
    """The end of each step in epoch seconds, and its value; None: not recorded."""
    top: float
    """The value at the panel's upper edge."""
    label: Callable[[float], str]
    """How a value is written."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time in the picture, in epoch seconds."""

    since: float
    until: float
    offset: int = 0
    """Seconds that the clock on the wall is ahead of UTC."""


def plot(series: Sequence[Series], span: Span, width: int, height: int) -> list[Line]:
    """At most `height` lines of `width` cells; the last two are the time axis.

    Empty: there is no room for it.
    """
    rows = (height - 2) // len(series)
    marks = [_marks(one, rows) for one in series]
    margin = max(cell_len(text) for found in marks for text, _ in found.values()) + 1
    columns = width - margin - 1
    if rows < _LEAST_ROWS or columns < _LEAST_COLUMNS:
        return []
    lines: list[Line] = []
    recorded = [False] * columns
    for one, found in zip(series, marks, strict=True):
        values = _stretched(one.points, span, columns)
        recorded = [was or value is not None for was, value in zip(recorded, values, strict=True)]
        for y, row in enumerate(_blocks(values, one.top, rows, FILLS[one.fill])):
            text, edge = found.get(y, ("", "│"))
            style = one.name if text == one.name else "axis"
            lines.append(((f"{text:>{margin - 1}} ", style), (edge, "axis"), (row, one.name)))
    return [*lines, *_time_axis(span, margin, recorded)]


def byte_top(most: float) -> float:
    """Where an axis of bytes ends: the next power of two, so that its quarters are plain."""
    top = 1024.0
    while top < most:
        top *= 2
    return top


def byte_label(value: float) -> str:
    """`512/s`, `4K/s`, `1.5M/s`."""
    return bytes_short(round(value)).replace(".0", "") + "/s"


def age_top(most: float) -> float:
    """Where an axis of ages ends."""
    return next((top for top in _AGE_TOPS if top >= most), most)


def age_label(value: float) -> str:
    """`30s`, `2m`, `1m30s`, `3h`."""
    text = age_mid(round(value))
    return re.sub(r"(?<=[a-z])0[a-z]$", "", text)


def _marks(one: Series, rows: int) -> dict[int, tuple[str, str]]:
    """What stands at the left edge of a panel, by row: a text, and the piece of the axis."""
    divisions = 4 if rows >= 9 else 2 if rows >= 5 else 1
    marks = {
        round((rows - 1) * i / divisions): (one.label(one.top * (divisions - i) / divisions), "┤")
        for i in range(divisions + 1)
    }
    free = next((y for y in range(rows) if y not in marks), None)
    if free is not None:
        marks[free] = (one.name, "│")
    return marks


def _stretched(
    points: Sequence[tuple[float, float | None]], span: Span, count: int
) -> list[float | None]:
    """The points in `count` places; where they are sparser, each fills all of its step."""
    values = buckets(points, span.since, span.until, count)
    times = [at for at, _ in points]
    step = min((b - a for a, b in pairwise(times)), default=0.0)
    for i, value in enumerate(values):
        middle = span.since + (i + 0.5) * (span.until - span.since) / count
        # A point is the end of its step: it stands for the time before it.
        k = bisect_left(times, middle)
        if value is None and k < len(times) and times[k] - step < middle:
            values[i] = points[k][1]
    return values


def _blocks(values: Sequence[float | None], top: float, rows: int, full: str) -> list[str]:
    """Columns of blocks, an eighth of a cell the step; what is not 0 stands out."""
    levels = [
        0 if not value or value < 0 else max(1, round(min(1.0, value / top) * rows * 8))
        for value in values
    ]
    glyphs = " " + BLOCKS[:7] + full
    return [
        "".join(glyphs[max(0, min(8, level - floor))] for level in levels)
        for floor in range((rows - 1) * 8, -1, -8)
    ]


def _time_axis(span: Span, margin: int, recorded: Sequence[bool]) -> list[Line]:
    columns, seconds = len(recorded), span.until - span.since
    step = next((t for t in TICKS if t * columns / seconds >= _LABEL_ROOM), TICKS[-1])
    rule = ["─" if one else " " for one in recorded]
    text = [" "] * (margin + 1 + columns)
    at = (span.since + span.offset) // step * step + step
    while at <= span.until + span.offset:
        x = min(columns - 1, int((at - span.offset - span.since) * columns / seconds))
        rule[x] = "┬" if recorded[x] else "╷"
        label = f"{int(at) % 86400 // 3600:02}:{int(at) % 3600 // 60:02}"
        start = min(margin + 1 + x - 2, len(text) - len(label))
        text[start : start + len(label)] = label
        at += step
    return [((" " * margin + "└" + "".join(rule), "axis"),), (("".join(text), "axis"),)]
