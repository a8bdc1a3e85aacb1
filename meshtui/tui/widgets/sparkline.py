"""A series in one line of block characters, and a strip of states. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshtui.tui.theme import LINK_GLYPHS
from meshtui.wg.health import LinkState

BLOCKS = "▁▂▃▄▅▆▇█"
#: Where nothing was recorded.
GAP = " "

#: Of several states in the same place the worst is shown.
_WORST: tuple[LinkState, ...] = ("never", "missing", "stale", "unknown", "idle", "up")


def buckets(
    points: Iterable[tuple[float, float | None]], since: float, until: float, count: int
) -> list[float | None]:
    """The mean of each of `count` equal spans of time; None: nothing was recorded in it.

    A point (end of its step, value) belongs to the span that ends at it or holds it.
    """
    sums, seen = [0.0] * count, [0] * count
    for at, value in points:
        place = _place(at, since, until, count)
        if value is not None and place is not None:
            sums[place] += value
            seen[place] += 1
    return [total / n if n else None for total, n in zip(sums, seen, strict=True)]


def sparkline(values: Sequence[float | None], top: float | None = None) -> str:
    """One character a value, from 0 to `top` (the highest of them); what is not 0 stands out."""
    top = top or max((value for value in values if value is not None), default=0.0)
    return "".join(GAP if value is None else _block(value, top) for value in values)


def strip(
    samples: Iterable[tuple[float, LinkState]], since: float, until: float, count: int
) -> list[tuple[str, str]]:
    """The states of `count` equal spans of time as pieces of text, each with its state's name.

    Where nothing was recorded there is a blank of no state.
    """
    shown: list[LinkState | None] = [None] * count
    for at, state in samples:
        place = _place(at, since, until, count)
        if place is None:
            continue
        before = shown[place]
        if before is None or _WORST.index(state) < _WORST.index(before):
            shown[place] = state
    pieces: list[tuple[str, str]] = []
    for one in shown:
        glyph, style = (GAP, "") if one is None else (LINK_GLYPHS[one], one)
        if pieces and pieces[-1][1] == style:
            pieces[-1] = (pieces[-1][0] + glyph, style)
        else:
            pieces.append((glyph, style))
    return pieces


def _place(at: float, since: float, until: float, count: int) -> int | None:
    if not since < at <= until or count < 1:
        return None
    # The end of a span belongs to it: a step that ends there was all inside.
    return min(count - 1, max(0, -int(-(at - since) * count // (until - since)) - 1))


def _block(value: float, top: float) -> str:
    if value <= 0 or top <= 0:
        return BLOCKS[0]
    return BLOCKS[max(1, min(7, round(value / top * 7)))]
