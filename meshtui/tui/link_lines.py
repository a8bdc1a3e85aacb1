"""How one end of a link reads on the link's screen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from meshtui.inert import inert
from meshtui.tui.ends import End, Flow
from meshtui.tui.host_lines import rate
from meshtui.tui.row import ERROR_LIMIT
from meshtui.tui.theme import LINK_GLYPHS, LINK_MEANINGS
from meshtui.tui.widgets.board import line_width
from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.plot import Series, Span, age_label, age_top, byte_label, byte_top, plot
from meshtui.tui.widgets.sparkline import strip
from meshtui.tui.words import NONE, age_long, bytes_long, duration
from meshtui.wg.health import HEALTHY

if TYPE_CHECKING:
    from meshtui.fleet.reports import LinkSample, PathMtu, PingReport

LABEL = 12
#: Seconds of the past that are shown.
PAST = 3600.0
#: Seconds between two records after which the first no longer stands for what follows.
_SPARSE = 120.0
#: Lines that a plot of one series needs, and one of three.
_PLOT_LEAST, _PLOT_ALL, PLOT_MOST = 6, 14, 35


@dataclass(frozen=True, slots=True)
class Past:
    """What is recorded of a direction."""

    samples: Sequence[LinkSample]
    worked: float | None
    """When it was last seen healthy, in epoch seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was measured of a direction; a text says why it is not, or that it is under way."""

    ping: PingReport | str = ""
    mtu: PathMtu | str = ""


class Field(NamedTuple):
    """Something that can be marked and copied."""

    line: int
    """Of its block."""
    text: str
    """What is copied: a value alone, without what is said of it."""


def end_lines(
    end: End, past: Past | str, asked: Asked, span: Span, width: int, marked: int | None
) -> tuple[list[Line], list[Field]]:
    """A block of lines for one end; `marked`: which of its fields the cursor is on.

    `past` as a text says why there is none.
    """
    quiet = "dim" if end.silent else ""
    lines: list[Line] = [_heading(end)]
    fields: list[Field] = []

    def field(label: str, *values: Line, whole: bool = True) -> None:
        mark = marked == len(fields)
        copied = " ".join("".join(text for text, _ in value).strip() for value in values)
        fields.append(Field(len(lines), copied if whole else values[0][0][0]))
        for i, value in enumerate(values):
            name = ("▸" if mark else " ") + (label if i == 0 else "")
            lines.append(((f"{name:<{LABEL}} ", "mark" if mark and i == 0 else "label"), *value))

    room = max(20, width - LABEL - 1)
    field("state", *_state(end, quiet, room))
    worked = "" if isinstance(past, str) else _worked(end, past, span.until)
    told: Line = ((f"  {worked}", "label"),) if worked else ()
    field("handshake", *_one_or_two(((age_long(end.age), quiet),), told, room))
    lines.append(((f" {'last hour':<{LABEL}}", "label"), *_strip(past, span, room)))
    field("transfer", _transfer(end, quiet))
    field("endpoint", *_endpoint(end, quiet, room), whole=False)
    field("public_key", ((end.public_key or "none yet", quiet),), whole=False)
    field("allowed_ips", *_allowed(end, quiet, room), whole=False)
    field("ping", *_ping(asked.ping, room))
    field("path_mtu", *_mtu(asked.mtu, room))
    return lines, fields


def asked_lines(
    title: str, asked: Asked, width: int, marked: int | None
) -> tuple[list[Line], list[Field]]:
    """What was measured between two that have no tunnel; see `end_lines`."""
    room = max(20, width - LABEL - 1)
    lines: list[Line] = [((title, "strong"),)]
    fields: list[Field] = []
    for label, values in (("ping", _ping(asked.ping, room)), ("path_mtu", _mtu(asked.mtu, room))):
        mark = marked == len(fields)
        copied = " ".join("".join(text for text, _ in value).strip() for value in values)
        fields.append(Field(len(lines), copied))
        for i, value in enumerate(values):
            name = ("▸" if mark else " ") + (label if i == 0 else "")
            lines.append(((f"{name:<{LABEL}} ", "mark" if mark and i == 0 else "label"), *value))
    return lines, fields


def level(
    left: tuple[list[Line], list[Field]], right: tuple[list[Line], list[Field]]
) -> tuple[tuple[list[Line], list[Field]], tuple[list[Line], list[Field]]]:
    """Two blocks with their fields on the same lines, to stand side by side."""
    starts = [[0, *(field.line for field in fields), len(lines)] for lines, fields in (left, right)]
    made: tuple[list[Line], list[Line]] = ([], [])
    moved: tuple[list[Field], list[Field]] = ([], [])
    for i in range(len(left[1]) + 1):
        parts = [
            lines[start[i] : start[i + 1]]
            for (lines, _), start in zip((left, right), starts, strict=True)
        ]
        height = max(map(len, parts))
        for side, (part, (_, fields)) in enumerate(zip(parts, (left, right), strict=True)):
            if i:
                moved[side].append(fields[i - 1]._replace(line=len(made[side])))
            made[side].extend([*part, *([()] * (height - len(part)))])
    return (made[0], moved[0]), (made[1], moved[1])


def past_plot(past: Past | str, span: Span, width: int, height: int) -> list[Line]:
    """The last hour's handshake ages, and the traffic where there is room for it.

    Empty: no room, or nothing recorded.
    """
    if isinstance(past, str) or height < _PLOT_LEAST:
        return []
    ages = [(sample.at, _number(sample.latest_handshake_age)) for sample in past.samples]
    most = max((age for _, age in ages if age is not None), default=None)
    if most is None:
        return []
    series = [Series("age", "solid", ages, age_top(most), age_label)]
    if height >= _PLOT_ALL:
        for name, fill in (("rx", "solid"), ("tx", "shaded")):
            points = _speeds(past.samples, f"transfer_{name}")
            top = byte_top(max((value for _, value in points if value is not None), default=0))
            series.append(Series(name, fill, points, top, byte_label))  # type: ignore[arg-type]
    return plot(series, span, width - 1, height)


def _speeds(samples: Sequence[LinkSample], counter: str) -> list[tuple[float, float | None]]:
    """How fast a counter went up until each sample."""
    points: list[tuple[float, float | None]] = []
    for before, after in pairwise(samples):
        was, now, seconds = getattr(before, counter), getattr(after, counter), after.at - before.at
        # A counter that falls back was begun anew.
        known = was is not None and now is not None and 0 < seconds <= _SPARSE and now >= was
        points.append((after.at, (now - was) / seconds if known else None))
    return points


def flow_of(seen: Sequence[tuple[float, int | None, int | None]], now: float) -> Flow:
    """How long ago counters last went up, from (when, rx, tx), oldest first."""
    times: list[float | None] = [None, None]
    counts: list[int | None] = [None, None]
    first: list[float | None] = [None, None]
    for at, *pair in seen:
        for side, count in enumerate(pair):
            before = counts[side]
            if count is None:
                continue
            if first[side] is None:
                first[side] = at
            if before is not None and count > before:
                times[side] = at
            counts[side] = count
    # Of one that never went up it is known that it has not for so long.
    since = [start if last is None else last for last, start in zip(times, first, strict=True)]
    rx, tx = (None if at is None else now - at for at in since)
    return Flow(rx, tx)


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _heading(end: End) -> Line:
    line: Line = ((f"{end.here} sees {end.there}", "strong"),)
    if not end.silent:
        return line
    if end.seen is None:
        return (*line, (f"   {end.host}: never answered", "unknown"))
    return (*line, (f"   {end.host}: as seen {duration(int(end.seen))} ago", "unknown"))


def _state(end: End, quiet: str, room: int) -> list[Line]:
    if end.state == "connecting":
        return [(("· connecting", "unknown"),)]
    text = f": {LINK_MEANINGS[end.state]}"
    glyph = f"{LINK_GLYPHS[end.state]} {end.state}"
    style = quiet or end.state
    first, *rest = wrap(glyph + text, room) or [""]
    return [
        ((first[: len(glyph)], style), (first[len(glyph) :], quiet)),
        *(((part, quiet),) for part in rest),
    ]


def _worked(end: End, past: Past, now: float) -> str:
    healthy = end.state in HEALTHY
    if healthy and not end.silent:
        return ""
    if past.worked is None:
        return "" if healthy else "never seen to work"
    return f"last seen to work {duration(max(0, int(now - past.worked)))} ago"


def _strip(past: Past | str, span: Span, room: int) -> list[tuple[str, str]]:
    if isinstance(past, str):
        return [(past[:room], "dim")]
    if not past.samples:
        return [("nothing recorded", "dim")]
    # A record stands until the next: they are sparser than the cells may be.
    told: list[tuple[float, str]] = []
    count = min(60, room)
    cell = (span.until - span.since) / count
    for i, sample in enumerate(past.samples):
        end = past.samples[i + 1].at if i + 1 < len(past.samples) else span.until
        at = sample.at
        while at < min(end, sample.at + _SPARSE):
            told.append((at, sample.state))
            at += cell
    return strip(told, span.since, span.until, count)  # type: ignore[arg-type]


def _transfer(end: End, quiet: str) -> Line:
    speed = end.rate
    line: list[tuple[str, str]] = []
    for name, count, fast in (
        ("rx", end.rx, None if speed is None else speed.rx),
        ("tx", end.tx, None if speed is None else speed.tx),
    ):
        # Widths that do not jump about while the counters go up.
        line += [(f"{name} ", "label"), (f"{bytes_long(count):<11}", quiet)]
        line += [(f"{rate(fast):<8}", quiet or "")]
    return tuple(line)


def _endpoint(end: End, quiet: str, room: int) -> list[Line]:
    wanted = end.wanted.endpoint
    seen: Line = ((end.endpoint or "none", quiet),)
    if end.roamed:
        told: Line = ((f"  ≠ wanted {wanted}: roamed", "differs"),)
    elif not wanted:
        told = (("  none wanted: behind NAT", "label"),)
    elif end.endpoint is None:
        told = ((f"  ≠ wanted {wanted}", "differs" if end.state != "connecting" else "label"),)
    elif end.wanted.exact is None:
        told = ((f"  wanted {wanted}", "label"),)
    else:
        told = (("  as wanted", "label"),)
    return _one_or_two(seen, told, room)


def _allowed(end: End, quiet: str, room: int) -> list[Line]:
    want, keep = end.wanted.allowed_ips, end.wanted.persistent_keepalive
    if end.peer is None:
        seen: Line = ((", ".join(want), "dim"), ("  wanted", "label"))
        return _one_or_two(seen, _keepalive(keep, keep, "dim"), room)
    have = tuple(inert(prefix) for prefix in end.peer.allowed_ips)
    line: Line = ((", ".join(have) or "none", quiet),)
    if set(have) != set(want):
        line = (*line, (f"  ≠ wanted {', '.join(want)}", "differs"))
    return _one_or_two(line, _keepalive(end.peer.persistent_keepalive, keep, quiet), room)


def _keepalive(have: int, want: int, quiet: str) -> Line:
    line: Line = (("  persistent_keepalive ", "label"), (_seconds(have), quiet))
    return line if have == want else (*line, (f" ≠ wanted {_seconds(want)}", "differs"))


def _seconds(value: int) -> str:
    return f"{value} s" if value else "off"


def _ping(found: PingReport | str, room: int) -> list[Line]:
    if isinstance(found, str):
        return _text(found or "t measures", room, bad=_is_trouble(found))
    if found.error:
        return _text(f"× {inert(found.error, ERROR_LIMIT)}", room, bad=True)
    lost = found.sent - found.received
    times = (found.minimum, found.average, found.maximum)
    told = " / ".join(NONE if value is None else f"{value:.1f}" for value in times)
    times_told: Line = ((f"{told} ms", "" if found.received else "never"),)
    times_told += (("  min / avg / max", "label"),)
    loss: Line = ((f"  {lost} of {found.sent} lost", "stale" if lost else ""),)
    return _one_or_two(times_told, loss, room)


def _mtu(found: PathMtu | str, room: int) -> list[Line]:
    if isinstance(found, str):
        return _text(found or "u measures", room, bad=_is_trouble(found))
    if found.error:
        return _text(f"× {inert(found.error, ERROR_LIMIT)}", room, bad=True)
    small = None not in (found.tunnel, found.interface) and found.tunnel < found.interface  # type: ignore[operator]
    line: Line = (
        (NONE if found.tunnel is None else str(found.tunnel), "stale" if small else ""),
        (" in the tunnel  ", "label"),
        (NONE if found.path is None else str(found.path), ""),
        (" outside  ", "label"),
        (NONE if found.interface is None else str(found.interface), ""),
        (" set", "label"),
    )
    if not small:
        return [line]
    return [line, *_text("≠ larger packets get lost: set mtu in mesh.toml", room, bad=True)]


def _is_trouble(text: str) -> bool:
    return text.startswith("×")


def _text(text: str, room: int, *, bad: bool = False) -> list[Line]:
    return [((part, "bad" if bad else "label"),) for part in wrap(text, room) or [""]]


def _one_or_two(first: Line, second: Line, room: int) -> list[Line]:
    """Both on one line where they fit."""
    if line_width((*first, *second)) <= room:
        return [(*first, *second)]
    if not second:
        return [first]
    (text, style), *rest = second
    return [first, ((text.lstrip(), style), *rest)]
