"""How ages, bytes, durations and counts read on the screens."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from meshtui.errors import MeshError
from meshtui.inert import inert

if TYPE_CHECKING:
    from meshtui.fleet.events import HostDrift
    from meshtui.tui.view import MeshView

NONE = "–"

#: Of what is said after another thing, on a line.
_WHY_LIMIT = 200

#: A column narrower than five cells must hold any count: one unit per 1024.
_UNITS = "KMGTPE"


def age_short(seconds: int | None) -> str:
    """At most three characters: `0s`, `15s`, `2m`, `3h`, `9d`; `–` for never.

    Below a minute it moves in steps of five seconds, so that a row that has
    nothing to say is not drawn again every second.
    """
    if seconds is None:
        return NONE
    if seconds < 60:
        return f"{seconds - seconds % 5}s"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{min(99, seconds // size)}{unit}"
    raise AssertionError("unreachable: 60 seconds are a minute")


def age_mid(seconds: int | None) -> str:
    """To the second, in at most seven characters: `12s`, `2m5s`, `3h20m`; `–` for never."""
    return NONE if seconds is None else duration(seconds).replace("min", "m").replace(" ", "")


def age_long(seconds: int | None) -> str:
    """To the second: `12 s ago`, `2 min 5 s ago`, `3 h 20 min ago`; None is `no handshake`."""
    return "no handshake" if seconds is None else f"{duration(seconds)} ago"


def duration(seconds: int) -> str:
    """Two units at most: `12 s`, `2 min 5 s`, `3 h 20 min`, `4 d 1 h`."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"


def bytes_short(count: int | None) -> str:
    """At most four characters, in powers of 1024: `0`, `999`, `1.2K`, `34M`."""
    if count is None:
        return NONE
    if count < 1000:
        return str(count)
    size = float(count)
    for unit in _UNITS:
        size /= 1024
        # 9.95 would round to 10.0, which is one character too many.
        if size < 9.95:
            return f"{size:.1f}{unit}"
        if size < 999.5:
            return f"{size:.0f}{unit}"
    return "999E"


def bytes_long(count: int | None) -> str:
    """As `wg` writes it: `436 B`, `1.21 KiB`."""
    if count is None:
        return NONE
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in _UNITS:
        size /= 1024
        if size < 1024 or unit == _UNITS[-1]:
            break
    return f"{size:.2f} {unit}iB"


def counted(count: int, noun: str) -> str:
    """`1 host`, `2 hosts`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def fit(text: str, width: int) -> str:
    """Cut `text` to `width` cells, with `…` where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def pad(text: str, width: int) -> str:
    """`text` in exactly `width` cells: cut with `…`, or filled with spaces."""
    return set_cell_size(fit(text, width), max(0, width))


def describe(error: BaseException | None) -> str:
    """An error in one line: a MeshError as it reads, another with its type."""
    if error is None:
        return "no reason given"
    return str(error) if isinstance(error, MeshError) else f"{type(error).__name__}: {error}"


def drift_line(found: HostDrift) -> str:
    """`≠ drift (d): listen_port is 7777, not 51820; 2 more`; there must be some."""
    first, *more = found.heeded
    return f"≠ drift (d): {first}" + (f"; {len(more)} more" if more else "")


def warned(view: MeshView, host: str) -> list[str]:
    """What a host is owed, and what it has otherwise than mesh.toml says; a line each."""
    why, found = view.owed.get(host), view.drift.get(host)
    said = [] if why is None else [f"owed the latest change: {inert(why, _WHY_LIMIT)}"]
    return [*said, drift_line(found)] if found and found.heeded else said


def comings(before: Collection[str], after: Collection[str]) -> str:
    """Which hosts came and went: `1 host new: server-c; 1 host gone: server-a`."""
    new, gone = sorted(set(after) - set(before)), sorted(set(before) - set(after))
    said = [f"{counted(len(new), 'host')} new: {', '.join(new)}"] if new else []
    said += [f"{counted(len(gone), 'host')} gone: {', '.join(gone)}"] if gone else []
    return "; ".join(said) or "the same hosts"
