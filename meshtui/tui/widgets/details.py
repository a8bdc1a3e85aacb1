"""What the cursor is on, in full: a direction and its way back, or a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual

from meshtui.inert import inert
from meshtui.mesh.links import peers_of
from meshtui.tui.row import FIELD_LIMIT, Row
from meshtui.tui.shape_lines import (
    device_lines,
    device_state,
    hops_line,
    role_facts,
    way_lines,
    way_verdict,
    why_apart,
)
from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS, LINK_GLYPHS, LINK_MEANINGS, MET
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.calm import Calm, themed
from meshtui.tui.widgets.cells import milliseconds
from meshtui.tui.words import (
    NONE,
    age_long,
    age_mid,
    bytes_long,
    bytes_short,
    counted,
    duration,
    pad,
    warned,
)
from meshtui.wg.health import HEALTHY

if TYPE_CHECKING:
    from meshtui.fleet.events import LinkStatus
    from meshtui.tui.widgets.lines import Line

#: From this width of the screen on it stands at the right of the grid, one fact a line.
SIDE = 160
#: Below this width, ages and bytes are written short.
ROOMY = 100
#: Of the words before the facts.
LABEL = 12


class Details(Calm):
    """The two ends of a link beside or under the grid, or a host, and what is wrong with them.

    Only the lines that read differently are drawn again. Its place is as large as the screen
    gives, whatever it says.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._strips: list[Strip] = []
        self._drawn: dict[tuple[object, ...], list[Strip]] = {}
        self._styles: dict[str, Style] = {}

    def tell(self, view: MeshView, row: int, column: int) -> None:
        """Show the cell at `row` and `column`, hosts by index; on the diagonal, the host itself."""
        text = Text(overflow="fold")
        width = self.app.size.width
        if row == column and view.is_device(row):
            self._device(text, view, row, tall=width >= SIDE)
        elif row == column:
            self._host(text, view, row, tall=width >= SIDE)
        elif view.link(row, column) is None and view.way(row, column):
            self._way(text, view, row, column, tall=width >= SIDE)
        elif view.is_device(row) or view.is_device(column):
            # A device tells nobody what it sees.
            ends = sorted((row, column))
            if width >= SIDE:
                self._side(text, view, *ends)
            else:
                text.append(self._line(view, *ends, roomy=width >= ROOMY))
        elif width >= SIDE:
            self._side(text, view, row, column)
            text.append("\n\n")
            self._side(text, view, column, row)
        else:
            text.append(self._line(view, row, column, roomy=width >= ROOMY))
            text.append("\n")
            text.append(self._line(view, column, row, roomy=width >= ROOMY))
        if row != column:
            self._reason(text, view.rows[row])
            self._reason(text, view.rows[column])
        self.say(text)

    def say(self, text: Text) -> None:
        """Show `text`, and draw what reads differently."""
        if text != self._shown:
            self._shown = text
            self._draw()

    def _draw(self) -> None:
        width, _ = self.content_size
        if not width:
            return  # not laid out yet: then it is drawn
        before, known, self._strips, self._drawn = self._strips, self._drawn, [], {}
        # Most lines read as before: to lay one out takes longer than all the rest.
        for line in self._shown.split("\n", allow_blank=True):
            key = (width, line.plain, *line.spans)
            strips = known.get(key) or self._laid_out(line, width)
            self._drawn[key] = strips
            self._strips += strips
        count = max(len(before), len(self._strips))
        changed = [y for y in range(count) if before[y : y + 1] != self._strips[y : y + 1]]
        if changed:
            self.refresh(*[Region(0, y, width, 1) for y in changed])

    def _laid_out(self, line: Text, width: int) -> list[Strip]:
        plain = line.plain
        if cell_len(plain) > width:
            return Visual.to_strips(self, themed(line), width, None, self.visual_style)
        # It fits, as nearly all do: piece by piece, one after the other.
        segments, at = [], 0
        for span in line.spans:
            segments.append(Segment(plain[at : span.start], self._style("")))
            segments.append(Segment(plain[span.start : span.end], self._style(str(span.style))))
            at = span.end
        segments.append(Segment(plain[at:], self._style("")))
        whole = Strip([segment for segment in segments if segment.text])
        return [whole.adjust_cell_length(width, self._style(""))]

    def _style(self, name: str) -> Style:
        """As a text with that style is drawn now."""
        style = self._styles.get(name)
        if style is None:
            sample = themed(Text("x", name))
            (strip,) = Visual.to_strips(self, sample, 1, 1, self.visual_style)
            style = self._styles[name] = next(iter(strip)).style or Style.null()
        return style

    def on_resize(self) -> None:
        """Break the lines where they end now."""
        self._draw()

    def notify_style_update(self) -> None:
        """Colours may be others."""
        super().notify_style_update()
        self._drawn.clear()
        self._styles.clear()
        if self.is_mounted:
            self._draw()

    def render_line(self, y: int) -> Strip:
        """Line `y` of the text."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.content_size.width, self.rich_style)

    # -- a direction

    def _line(self, view: MeshView, row: int, column: int, *, roomy: bool) -> Text:
        """What fits on one line."""
        text = Text()
        self._say_line(text, view, row, column, roomy=roomy)
        return self._cut(text)

    def _cut(self, text: Text) -> Text:
        text.truncate(max(1, self.content_size.width or self.app.size.width), overflow="ellipsis")
        return text

    def _say_line(self, text: Text, view: MeshView, row: int, column: int, *, roomy: bool) -> None:
        here, there, link = view.rows[row], view.rows[column], view.link(row, column)
        width = min(24, max(cell_len(here.name), cell_len(there.name)))
        text.append(f"{pad(here.name, width)} → {pad(there.name, width)}  ", "bold")
        if not self._state(text, view, row, column) or link is None:
            return
        rate = view.rate(row, column)
        if roomy:
            text.append(f"{age_long(link.latest_handshake_age):<15}")
            rx, tx = rate or (None, None)
            for word, count, speed in (("rx", link.transfer_rx, rx), ("tx", link.transfer_tx, tx)):
                text.append(f" {word} ", "dim")
                text.append(f"{bytes_long(count):<10} {_speed(speed):<6}")
        else:
            text.append(f"{age_mid(link.latest_handshake_age):<7} ")
            text.append(f"↓{bytes_short(link.transfer_rx):<4} ↑{bytes_short(link.transfer_tx):<4}")
        if here.kept:
            self._last_seen(text, view, row, "  ")
            return
        if (row, column) in view.round_trips:
            time = view.round_trips[row, column][0]
            text.append("  no answer" if time is None else f"  {milliseconds(time)} ms")
        text.append(f"  {_endpoint(link)}")
        if roomy and column in view.ways.met.get(row, ()):
            text.append("  punched", "dim")

    def _side(self, text: Text, view: MeshView, row: int, column: int) -> None:
        here, link = view.rows[row], view.link(row, column)
        text.append(f"{here.name} → {view.rows[column].name}\n", "bold")
        if not self._state(text, view, row, column) or link is None:
            return
        text.append("until it fell silent" if here.kept else LINK_MEANINGS[link.state])
        rx, tx = view.rate(row, column) or (None, None)
        _fact(text, "handshake", age_long(link.latest_handshake_age))
        _fact(text, "rx", f"{bytes_long(link.transfer_rx):<12} {_speed(rx)}")
        _fact(text, "tx", f"{bytes_long(link.transfer_tx):<12} {_speed(tx)}")
        _fact(text, "endpoint", _endpoint(link))
        if column in view.ways.met.get(row, ()):
            _fact(text, "punched", "both are behind NAT")
        _fact(text, "round trip", _trip(view, row, column))
        self._last_seen(text, view, row, "\n")

    def _way(self, text: Text, view: MeshView, row: int, column: int, *, tall: bool) -> None:
        """Through whom two reach each other that have no tunnel, and how well."""
        told, state = way_verdict(view, row, column)
        # What is well speaks softly.
        style = "" if state in HEALTHY else f"bold {self.colour(state)}"
        hops = self._text(hops_line(view, row, column))
        if not tall:
            text.append(self._cut(hops.append(self._trip_of(view, row, column))))
            text.append(f"\n{told}", style)
            return
        text.append(hops)
        text.append(f"\n{told}\n", style)
        for line in way_lines(view, row, column):
            text.append("\n")
            text.append(self._text(line))
        text.append("\n")
        for one, other in ((row, column), (column, row)):
            if not view.is_device(one):
                _fact(text, "round trip", _trip(view, one, other))
                text.append(f"  {view.rows[one].name} → {view.rows[other].name}", "dim")

    def _trip_of(self, view: MeshView, row: int, column: int) -> str:
        if (row, column) not in view.round_trips:
            return ""
        time = view.round_trips[row, column][0]
        return "   no answer" if time is None else f"   {milliseconds(time)} ms"

    def _device(self, text: Text, view: MeshView, row: int, *, tall: bool) -> None:
        told, state = device_state(view, row)
        text.append(f"{view.rows[row].name}  ", "bold")
        text.append(told, f"bold {self.colour(state)}")
        if view.is_disabled(row):
            text.append(", disabled in mesh.toml", "dim")
        text.append("  nobody reaches it over SSH", "dim")
        lines = device_lines(view, row, self.content_size.width)
        if not tall:
            # What hosts see of it is what one wants to know.
            lines = [line for line in lines if line and line[0][0].startswith("  ")]
        for line in lines:
            text.append("\n")
            text.append(self._text(line) if tall else self._cut(self._text(line)))

    def _text(self, line: Line) -> Text:
        text = Text()
        for piece, style in line:
            text.append(piece, self._named(style))
        return text

    def _named(self, style: str) -> str:
        known = {"": "", "strong": "bold", "label": "dim", "dim": "dim"}
        return known[style] if style in known else f"bold {self.colour(style)}"

    def _state(self, text: Text, view: MeshView, row: int, column: int) -> bool:
        """The state of a direction; whether there is more to say."""
        here, link = view.rows[row], view.link(row, column)
        if link is None:
            connecting = here.state == "connecting"
            text.append("connecting…" if connecting else _apart(view, row, column), "dim")
            return False
        colour = self.colour("unknown" if here.kept else link.state)
        word = f"was {link.state}" if here.kept else link.state
        met = link.state == "up" and column in view.ways.met.get(row, ())
        glyph = MET if met else LINK_GLYPHS[link.state]
        text.append(f"{glyph} {word:<7}  ", f"bold {colour}")
        if link.state in ("unknown", "missing"):
            text.append(LINK_MEANINGS[link.state])
            return False
        return True

    def _last_seen(self, text: Text, view: MeshView, row: int, before: str) -> None:
        age = view.age(row)
        if view.rows[row].kept and age is not None:
            ago = f"{before}last seen {duration(int(age))} ago"
            text.append(ago, f"bold {self.colour('stale')}")

    # -- a host

    def _host(self, text: Text, view: MeshView, index: int, *, tall: bool) -> None:
        row = view.rows[index]
        text.append(row.name, "bold")
        text.append("\n" if tall else "  ")
        text.append(f"{HOST_GLYPHS[row.state]} {row.state}", self._colour(row))
        if view.is_disabled(index):
            text.append(", disabled in mesh.toml", "dim")
        self._last_seen(text, view, index, "\n" if tall else "  ")
        facts = [
            ("listen_port", NONE if row.listen_port is None else str(row.listen_port)),
            ("addresses", ", ".join(row.addresses) or NONE),
            *role_facts(view, index),
        ]
        if row.rate is not None:
            facts.append(("rx", _speed(row.rate.rx)))
            facts.append(("tx", _speed(row.rate.tx)))
        if tall:
            for name, value in facts:
                _fact(text, name, value)
        else:
            line = Text()
            for name, value in facts:
                line.append(f"{name} ", "dim")
                line.append(f"{value}  ")
            text.append("\n")
            text.append(self._cut(line))
        self._reason(text, row)
        if row.unknown_peers:
            text.append("\n")
            unknown = counted(len(row.unknown_peers), "peer")
            text.append(f"{unknown} that mesh.toml does not know", f"bold {self.colour('stale')}")
            for peer in row.unknown_peers:
                text.append("\n  " if tall else "  ")
                text.append(peer)
        for said in warned(view, view.names[index]):
            text.append(f"\n{said}", f"bold {self.colour('stale')}")
        # Last: it is long, and nobody reads it.
        _fact(text, "public_key", row.public_key or "none yet")

    def _reason(self, text: Text, row: Row) -> None:
        if row.error is None:
            return
        text.append("\n")
        text.append(f"{HOST_GLYPHS[row.state]} {row.name}: {row.state}: ", self._colour(row))
        text.append(row.error)

    def _colour(self, row: Row) -> str:
        return f"bold {self.colour(HOST_COLOURS[row.state])}"


def _apart(view: MeshView, row: int, column: int) -> str:
    """Why one host has nothing to say of another."""
    one, other = (view.mesh.members[view.names[index]] for index in (row, column))
    if other not in peers_of(view.mesh, one):
        return f"no tunnel: {why_apart(view.mesh, one.name, other.name)}"
    return "nothing seen"


def _fact(text: Text, name: str, value: str) -> None:
    text.append(f"\n{name:<{LABEL}}", "dim")
    text.append(value)


def _endpoint(link: LinkStatus) -> str:
    if link.endpoint is None:
        return "no endpoint"
    return inert(link.endpoint, FIELD_LIMIT)


def _speed(rate: float | None) -> str:
    return "" if rate is None else f"{bytes_short(round(rate))}/s"


def _trip(view: MeshView, row: int, column: int) -> str:
    if (row, column) not in view.round_trips:
        return "not measured"
    time, at = view.round_trips[row, column]
    ago = f", {duration(int(max(0, view.clock() - at)))} ago"
    return f"{'no answer' if time is None else f'{milliseconds(time)} ms'}{ago}"
