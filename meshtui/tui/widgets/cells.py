"""What the cells of the grid say: both ends of a link, from far away or near."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, TypeVar

from rich.cells import cell_len

from meshtui.tui.row import States
from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS, LINK_GLYPHS, MET, NO_WAY, WAY
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.layout import CELL, Layout
from meshtui.tui.words import NONE, age_short, bytes_short, pad
from meshtui.wg.health import HEALTHY, LinkState

if TYPE_CHECKING:
    from meshtui.fleet.events import LinkStatus

T = TypeVar("T")
Mode = Literal["age", "rx", "tx", "rate", "rtt", "problems"]
MODES: tuple[Mode, ...] = ("age", "rx", "tx", "rate", "rtt", "problems")
MODE_NAMES: dict[Mode, str] = {
    "age": "handshake age",
    "rx": "bytes rx",
    "tx": "bytes tx",
    "rate": "bytes/s",
    "rtt": "round trip ms",
    "problems": "problems",
}
#: Modes whose widest cells show more than the mode's own value.
ROOMY: frozenset[Mode] = frozenset({"age", "rate", "problems"})

Face = tuple[tuple[str, str], ...]
"""What a cell looks like: texts, each with its style: a state, `quiet`, `dim` or `kept`."""

#: One direction works, or the other: the left half is this end, the right one the far end.
HERE_ONLY, THERE_ONLY = "◧", "◨"
RAMP = "▁▂▃▄▅▆▇█"
NOTHING, NO_ANSWER = "·", "×"
#: What each character of the ramp is for, by mode: less than this, and the last for more.
STEPS: dict[Mode, tuple[float, ...]] = {
    "rx": (1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10),
    "tx": (1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10),
    "rate": (1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8),
    "rtt": (1, 3, 10, 30, 100, 300, 1000),
}

_age_short = lru_cache(4096)(age_short)
_bytes_short = lru_cache(16384)(bytes_short)


def faces(
    view: MeshView, row: int, columns: Sequence[int], mode: Mode, layout: Layout
) -> tuple[Face, ...]:
    """The faces of a host's cells. Two equal faces look the same."""
    here, width = view.rows[row], layout.cell
    shown = (
        _dots(view, row, columns, mode) if width == 1 else _wide(view, row, columns, mode, layout)
    )
    if row in view.ways.met:
        _mark_met(view, row, columns, shown)
    if view.ways.any:
        _put_ways(view, row, columns, mode, layout, shown)
    if row in columns:
        shown[columns.index(row)] = _itself(view, row, width)
    if mode == "problems" and not here.kept:
        well, far = waiting(width), view.facing(row)
        for place, column in enumerate(columns):
            if here.states[column] in HEALTHY and (far[column] is None or far[column] in HEALTHY):
                shown[place] = well
    return tuple(shown)


# -- a character a cell


def _dots(view: MeshView, row: int, columns: Sequence[int], mode: Mode) -> list[Face]:
    here, facing = view.rows[row], view.facing(row)
    if here.state == "connecting":
        return [waiting(1)] * len(columns)
    states = tuple([link and link.state for link in here.links]) if here.kept else here.states
    pick = _picker(tuple(columns))
    near, far, kept = pick(states), pick(facing), repeat(here.kept)
    if mode in STEPS:
        return list(map(dot, near, far, kept, _amounts(view, row, columns, mode)))
    # Thousands in a second, of a few dozen kinds.
    return list(map(_KINDS.__getitem__, zip(near, far, kept, strict=False)))


@lru_cache(64)
def _picker(columns: tuple[int, ...]) -> Callable[[tuple[T, ...]], tuple[T, ...]]:
    """What takes these columns out of a row."""
    if len(columns) > 1:
        return itemgetter(*columns)
    return lambda row: tuple([row[at] for at in columns])


class _Kinds(dict[tuple[LinkState | None, LinkState | None, bool], Face]):
    """By the arguments of `dot`."""

    def __missing__(self, ends: tuple[LinkState | None, LinkState | None, bool]) -> Face:
        face = self[ends] = dot(*ends)
        return face


_KINDS = _Kinds()


@lru_cache(4096)
def dot(
    near: LinkState | None, far: LinkState | None, kept: bool, shade: str | None = None
) -> Face:
    """One character: the state where both ends agree, else which end alone is well."""
    if near is None:
        return blank(1)
    if kept or near == "unknown":
        return ((LINK_GLYPHS[near], "kept" if kept else near),)
    if near in HEALTHY:
        if far is not None and far != "unknown" and far not in HEALTHY:
            return ((HERE_ONLY, far),)
        return ((shade or LINK_GLYPHS[near], near),)
    return ((THERE_ONLY if far in HEALTHY else LINK_GLYPHS[near], near),)


def _amounts(view: MeshView, row: int, columns: Sequence[int], mode: Mode) -> list[str]:
    """What stands in each cell for the value of a mode that has STEPS."""
    if mode == "rtt":
        found = [view.round_trips.get((row, at)) for at in columns]
        return [
            NOTHING if trip is None else NO_ANSWER if trip[0] is None else shade(trip[0], mode)
            for trip in found
        ]
    if mode == "rate":
        values: Sequence[float | None] = view.speeds(row, columns)
    else:
        rx, tx = view.rows[row].counted
        values = _picker(tuple(columns))(rx if mode == "rx" else tx)
    steps = STEPS[mode]
    # As `shade`, for thousands in a second.
    return [RAMP[bisect_right(steps, value)] if value else NOTHING for value in values]


def shade(amount: float | None, mode: Mode) -> str:
    """A character of the ramp, higher for more; `·` for nothing."""
    return RAMP[bisect_right(STEPS[mode], amount)] if amount else NOTHING


# -- two hosts a line

#: The dots of a braille character, from top to bottom, by line and end.
_DOTS = (((0x01, 0x02), (0x08, 0x10)), ((0x04, 0x40), (0x20, 0x80)))
_WORST: tuple[LinkState, ...] = ("never", "missing", "stale", "unknown", "idle", "up")


@lru_cache(16384)
def pair(ends: tuple[tuple[LinkState | None, LinkState | None], ...]) -> Face:
    """One character for two hosts, one over the other: at the left what each says of the
    column's host, at the right what that one says of it. No dot: well. The lower dot: stale.
    The upper dot: unknown. Both: never, or missing.
    """
    states = [state for both in ends for state in both if state is not None]
    if not states:
        return ((" ", "quiet"),)
    bits = 0
    for line, both in zip(_DOTS, ends, strict=False):
        for (upper, lower), state in zip(line, both, strict=True):
            if state in ("never", "missing"):
                bits |= upper | lower
            elif state == "stale":
                bits |= lower
            elif state == "unknown":
                bits |= upper
    worst = next(state for state in _WORST if state in states)
    return ((chr(0x2800 + bits) if bits else "·", worst),)


def pairs(view: MeshView, rows: Sequence[int], columns: Sequence[int]) -> tuple[Face, ...]:
    """The faces of two hosts' line, or of one where the other half is empty."""
    lines = [(view.rows[row].states, view.facing(row)) for row in rows]
    if view.ways.any:
        lines = [_with_ways(view, row, *line) for row, line in zip(rows, lines, strict=True)]
    return tuple(
        [pair(tuple([(near[column], far[column]) for near, far in lines])) for column in columns]
    )


def _with_ways(view: MeshView, row: int, near: States, far: States) -> tuple[States, States]:
    """Where there is no tunnel, the way through others in place of both its directions."""
    reach = view.ways.reach[row]
    found = [(view.ways.state(row, at) if reach >> at & 1 else None) for at in range(len(near))]
    return (
        tuple([way or own for way, own in zip(found, near, strict=True)]),
        tuple([way or own for way, own in zip(found, far, strict=True)]),
    )


# -- wider cells


def _wide(
    view: MeshView, row: int, columns: Sequence[int], mode: Mode, layout: Layout
) -> list[Face]:
    here, facing = view.rows[row], view.facing(row)
    links, kept, width, text_of = here.links, here.kept, layout.cell, _TEXTS[mode]
    empty = waiting(width) if here.state == "connecting" else blank(width)
    shown = []
    for column in columns:
        link = links[column]
        if link is None:
            shown.append(empty)
            continue
        state, far = link.state, facing[column]
        if state == "missing" or state == "unknown":
            text = ""
        elif layout.zoom == "full":
            text = _full(view, row, column, mode, link)
        else:
            text = text_of(view, row, column, link)
        shown.append(value(state, far, kept, text, width))
    return shown


@lru_cache(65536)
def value(near: LinkState, far: LinkState | None, kept: bool, text: str, width: int) -> Face:
    """The glyph of one end, the far end's where that differs, and a value."""
    colour = "kept" if kept else near
    # A healthy cell speaks softly: only its glyph is coloured.
    word = "quiet" if colour == "up" else colour
    gap = " " if width > CELL else ""
    if far is None or far == near:
        return ((LINK_GLYPHS[near], colour), (f"{gap} {text}".ljust(width - 1), word))
    return (
        (LINK_GLYPHS[near], colour),
        (LINK_GLYPHS[far], far),
        (f"{gap}{text}".ljust(width - 2), word),
    )


def _age(view: MeshView, row: int, column: int, link: LinkStatus) -> str:
    return _age_short(link.latest_handshake_age)


def _rx(view: MeshView, row: int, column: int, link: LinkStatus) -> str:
    return _bytes_short(link.transfer_rx)


def _tx(view: MeshView, row: int, column: int, link: LinkStatus) -> str:
    return _bytes_short(link.transfer_tx)


def _rate(view: MeshView, row: int, column: int, link: LinkStatus) -> str:
    rate = view.rate(row, column)
    return NONE if rate is None else bytes_short(round(rate.rx + rate.tx))


def _rtt(view: MeshView, row: int, column: int, link: LinkStatus) -> str:
    found = view.round_trips.get((row, column))
    return "" if found is None else milliseconds(found[0])


_TEXTS = {"age": _age, "rx": _rx, "tx": _tx, "rate": _rate, "rtt": _rtt, "problems": _age}


def _full(view: MeshView, row: int, column: int, mode: Mode, link: LinkStatus) -> str:
    age = _age_short(link.latest_handshake_age)
    if mode == "rtt":
        return f"{age:<3} {_rtt(view, row, column, link):<4} ms"
    if mode == "rate":
        rate = view.rate(row, column)
        rx, tx = (NONE, NONE) if rate is None else map(bytes_short, map(round, rate))
    else:
        rx, tx = _bytes_short(link.transfer_rx), _bytes_short(link.transfer_tx)
    return f"{age:<3} ↓{rx:<4} ↑{tx}"


def milliseconds(time: float | None) -> str:
    """At most four characters: `0.42`, `1.7`, `12`, `1.2s`; `none` for no answer."""
    if time is None:
        return "none"
    if time >= 999.5:
        return f"{time / 1000:.1f}s" if time < 9950 else f"{min(999, time / 1000):.0f}s"
    digits = 0 if time >= 99.5 else 1 if time >= 0.995 else 2
    return f"{time:.{digits}f}"


# -- cells whose two are not simply linked


def _mark_met(view: MeshView, row: int, columns: Sequence[int], shown: list[Face]) -> None:
    """A tunnel that NAT lets through only because both ends were told is marked."""
    for place, column in enumerate(columns):
        if column in view.ways.met[row] and shown[place][0][0] == LINK_GLYPHS["up"]:
            shown[place] = ((MET, shown[place][0][1]), *shown[place][1:])


def _put_ways(
    view: MeshView, row: int, columns: Sequence[int], mode: Mode, layout: Layout, shown: list[Face]
) -> None:
    """Where there is no tunnel, how well the way through others does."""
    reach, width = view.ways.reach[row], layout.cell
    if view.rows[row].state == "connecting":
        return
    for place, column in enumerate(columns):
        if reach >> column & 1:
            state, text = _told_of_way(view, row, column, mode, width)
            well = mode == "problems" and state in HEALTHY
            shown[place] = waiting(width) if well else way(state, text, width)


def _told_of_way(
    view: MeshView, row: int, column: int, mode: Mode, width: int
) -> tuple[LinkState | None, str]:
    """The state of a way, and what stands beside it: who carries it, or how long it takes."""
    state = view.ways.state(row, column)
    if mode == "rtt" and (trip := view.round_trips.get((row, column))):
        return state, milliseconds(trip[0])
    path = view.ways.path(row, column) if width > 1 else None
    return state, view.rows[path[1]].name if path else ""


@lru_cache(4096)
def way(state: LinkState | None, text: str, width: int) -> Face:
    """No tunnel: an arrow for the way through others, broken where a tunnel on it is."""
    if state is None:
        return waiting(width)
    ill = state not in HEALTHY and state != "unknown"
    if width == 1:
        return ((NO_WAY if ill else LINK_GLYPHS[state] if state == "unknown" else WAY, state),)
    glyph = NO_WAY if ill else WAY
    mark = "" if state in HEALTHY else LINK_GLYPHS[state]
    room = width - 2 - len(mark)
    gap = "" if mark and width <= CELL else " "
    if cell_len(gap + text) > room:
        # Names differ at their end.
        text = f"…{text[-(room - len(gap) - 1) :]}"
    marks = ((mark, state),) if mark else ()
    return ((glyph, state), *marks, (pad(f"{gap}{text}", room) + " ", "dim"))


@lru_cache(64)
def blank(width: int) -> Face:
    """No link here."""
    return ((" " * width, "quiet"),)


@lru_cache(64)
def waiting(width: int) -> Face:
    """Nothing heard yet, or nothing to say."""
    return (("·".ljust(width), "dim"),)


def _itself(view: MeshView, row: int, width: int) -> Face:
    """On the diagonal: what is wrong with the host, and how old its values are."""
    here = view.rows[row]
    if here.state in ("up", "connecting", "seen", "away"):
        return blank(width) if width > 1 else (("╲", "dim"),)
    text = again(view, row) if here.kept and width > 1 else HOST_GLYPHS[here.state]
    return ((text.ljust(width), HOST_COLOURS[here.state]),)


def again(view: MeshView, row: int) -> str:
    """`↻35s`: a host that is tried again, and how long ago it answered."""
    age = view.age(row)
    return "" if age is None else f"↻{age_short(int(age))}"
