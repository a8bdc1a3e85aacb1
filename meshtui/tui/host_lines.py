"""How a host's facts, traffic, configuration and log read on its screen. Pure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from meshtui.inert import inert
from meshtui.plan.render import LINE_LIMIT
from meshtui.tui.row import ERROR_LIMIT, FIELD_LIMIT, NAME_LIMIT
from meshtui.tui.widgets.board import padded
from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.plot import FILLS, Series, Span, byte_label, byte_top, plot
from meshtui.tui.widgets.sides import Aligned, unified
from meshtui.tui.words import NONE, bytes_short, duration

if TYPE_CHECKING:
    from meshtui.fleet.reports import HostFacts, TrafficSample
    from meshtui.tui.log import LogEntry

Fact = tuple[str, str]
"""What it is (may be empty), and how it is."""

#: Of the addresses outside of the mesh, how many are named.
_NAMED = 4
#: By level: the glyph in front of an entry, and its style.
_LEVELS = {"info": ("·", ""), "good": ("●", "good"), "warn": ("!", "warn"), "bad": ("×", "bad")}


def facts(found: HostFacts) -> list[Fact]:
    """What a host said of itself, as far as it did."""
    trip = "" if found.ssh_round_trip is None else f"  {found.ssh_round_trip:.1f} ms"
    others = [inert(text, FIELD_LIMIT) for text in found.other_addresses]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    told = [
        ("", found.os),
        ("kernel", found.kernel),
        ("wireguard", found.wireguard),
        ("tools", found.tools),
        ("uptime", "" if found.uptime is None else duration(found.uptime)),
        ("addresses", ", ".join(found.addresses)),
        ("listen_port", "" if found.listen_port is None else str(found.listen_port)),
        ("mtu", "" if found.mtu is None else str(found.mtu)),
        ("ssh", found.ssh_target + trip),
        ("also", ", ".join(others[:_NAMED]) + more),
    ]
    return [(name, inert(value, LINE_LIMIT)) for name, value in told if value]


def flowing(items: Sequence[Fact], width: int) -> list[Line]:
    """The facts one after the other, none broken but where it alone is too long."""
    lines: list[list[tuple[str, str]]] = [[]]
    room = width
    for name, value in items:
        pieces = [(f"{name} ", "label"), (value, "")] if name else [(value, "")]
        size = sum(len(text) for text, _ in pieces)
        if lines[-1] and size + 3 > room:
            lines.append([])
            room = width
        if lines[-1]:
            lines[-1].append(("   ", ""))
            room -= 3
        lines[-1] += pieces
        room -= size
    return [tuple(line) for line in lines]


def traffic_lines(
    samples: Sequence[TrafficSample], span: Span, width: int, height: int
) -> list[Line]:
    """What the two series are, and their plot."""
    lines: list[Line] = []
    series = []
    for name, fill in (("rx", "solid"), ("tx", "shaded")):
        points = [(sample.at, getattr(sample, name)) for sample in samples]
        known = [value for _, value in points if value is not None]
        most, mean = max(known, default=0.0), sum(known) / len(known) if known else 0.0
        lines.append(
            (
                (f" {FILLS[fill]} {name}  ", name),
                (f"{rate(mean):>6}", ""),
                (" mean  ", "label"),
                (f"{rate(most):>6}", ""),
                (" most", "label"),
            )
        )
        series.append(Series(name, fill, points, byte_top(most), byte_label))  # type: ignore[arg-type]
    if all(sample.rx is None and sample.tx is None for sample in samples):
        text = "nothing was recorded in this time: meshtui records while it runs"
        return [((f" {part}", "dim"),) for part in wrap(text, max(20, width - 2))]
    if width >= 70:
        lines = [(*padded(lines[0], 34), *lines[1])]
    return [*lines, *plot(series, span, width, height - len(lines))]


def config_lines(
    rows: Sequence[Aligned], titles: Sequence[str], width: int
) -> tuple[list[Line], list[int]]:
    """The configurations in columns, each line that differs marked; where differences begin."""
    room = (width - 2 - 3 * (len(titles) - 1)) // len(titles)
    heads = [padded(((title, "strong"),), room) for title in titles]
    lines: list[Line] = [_row("  ", heads)]
    marks: list[int] = []
    for i, row in enumerate(rows):
        if not row.same and (i == 0 or rows[i - 1].same):
            marks.append(len(lines))
        # The odd one out is marked; where all differ, all but the first.
        common = Counter(row.texts).most_common(1)[0][0]
        cells: list[Line] = []
        for text in row.texts:
            style = "" if row.same or text == common else "differs"
            shown = "" if row.same and text is None else "–" if text is None else text
            cells.append(padded(((inert(shown, LINE_LIMIT), style),), room))
        lines.append(_row("  " if row.same else "≠ ", cells))
    return lines, marks


def unified_lines(rows: Sequence[Aligned], titles: Sequence[str]) -> tuple[list[Line], list[int]]:
    """Two configurations in one column: `-` what the first has, `+` what the second has."""
    lines: list[Line] = [((f"  - {titles[0]}", "removed"), (f"   + {titles[1]}", "added"))]
    marks: list[int] = []
    before = " "
    for sign, text in unified(rows):
        style = {"-": "removed", "+": "added"}.get(sign, "")
        gutter = "  " if sign == " " else "≠ "
        if sign != " " and before == " ":
            marks.append(len(lines))
        lines.append(((gutter, "differs"), (f"{sign} {inert(text, LINE_LIMIT)}", style)))
        before = sign
    return lines, marks


def log_lines(entries: Sequence[LogEntry], width: int) -> list[Line]:
    """What was said of the host, oldest first."""
    lines: list[Line] = []
    for entry in entries:
        clock = time.strftime("%H:%M:%S", time.localtime(entry.at))
        times = f"  ({entry.times} times)" if entry.times > 1 else ""
        glyph, style = _LEVELS[entry.level]
        parts = wrap(inert(entry.text, ERROR_LIMIT) + times, max(20, width - len(clock) - 4))
        for i, part in enumerate(parts or [""]):
            first = (clock, glyph) if i == 0 else ("", "")
            lines.append(((f"{first[0]:8}  ", "dim"), (f"{first[1]:<2}", style), (part, style)))
    return lines


def entries_of(entries: Sequence[LogEntry], host: str) -> list[LogEntry]:
    """Those that are about `host`."""
    name = inert(host, NAME_LIMIT)
    return [entry for entry in entries if entry.host == name]


def rate(value: float | None) -> str:
    """`1.2M/s`; `–` where it is not known."""
    return NONE if value is None else f"{bytes_short(round(value))}/s"


def _row(gutter: str, cells: Sequence[Line]) -> Line:
    line: list[tuple[str, str]] = [(gutter, "differs")]
    for i, cell in enumerate(cells):
        line += [(" │ ", "axis"), *cell] if i else cell
    return tuple(line)
