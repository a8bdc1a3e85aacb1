"""What the cursor is on, in full: a direction and its way back, or a host."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from meshtui.fleet.events import LinkStatus
from meshtui.inert import inert
from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS, LINK_GLYPHS, LINK_MEANINGS
from meshtui.tui.view import FIELD_LIMIT, MeshView, Row
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.words import age_long, age_mid, bytes_long, bytes_short, pad

#: From this width of the screen on it stands at the right of the grid, one fact a line.
SIDE = 160
#: Below this width, ages and bytes are written short.
ROOMY = 100


class Details(Calm):
    """Two lines for the two ends of a link, and the reason where a host has one."""

    def tell(self, view: MeshView, row: int, column: int) -> None:
        """Show the cell at `row` and `column`; on the diagonal, the host itself."""
        text = Text(overflow="fold")
        if row == column:
            self._host(text, view.rows[row])
        else:
            here, there = view.rows[row], view.rows[column]
            roomy = self.app.size.width >= ROOMY
            width = min(24, max(cell_len(here.name), cell_len(there.name)))
            self._direction(text, here, there, view.link(row, column), width, roomy=roomy)
            text.append("\n")
            self._direction(text, there, here, view.link(column, row), width, roomy=roomy)
            for end in (here, there):
                self._reason(text, end)
        self.say(text)

    def _direction(
        self, text: Text, here: Row, there: Row, link: LinkStatus | None, width: int, *, roomy: bool
    ) -> None:
        text.append(f"{pad(here.name, width)} → {pad(there.name, width)}  ", "bold")
        if link is None:
            text.append("connecting…" if here.state == "connecting" else "nothing seen", "dim")
            return
        colour = self.colour(link.state)
        text.append(f"{LINK_GLYPHS[link.state]} {link.state:<7}  ", f"bold {colour}")
        if link.state in ("unknown", "missing"):
            text.append(LINK_MEANINGS[link.state])
            return
        if roomy:
            text.append(f"{age_long(link.latest_handshake_age):<16}  ")
            for word, count in (("rx", link.transfer_rx), ("tx", link.transfer_tx)):
                text.append(f"{word} ", "dim")
                text.append(f"{bytes_long(count):<11}")
            text.append("endpoint ", "dim")
        else:
            text.append(f"{age_mid(link.latest_handshake_age):<7} ")
            text.append(f"↓{bytes_short(link.transfer_rx):<4} ↑{bytes_short(link.transfer_tx):<4} ")
        text.append(inert(link.endpoint or "no endpoint", FIELD_LIMIT))

    def _host(self, text: Text, row: Row) -> None:
        text.append(row.name, "bold")
        text.append("  ")
        text.append(f"{HOST_GLYPHS[row.state]} {row.state}", self._colour(row))
        if row.listen_port is not None:
            text.append("  listen_port ", "dim")
            text.append(str(row.listen_port))
        if row.addresses:
            text.append("  addresses ", "dim")
            text.append(", ".join(row.addresses))
        text.append("\npublic_key ", "dim")
        text.append(row.public_key or "none yet")
        self._reason(text, row)

    def _reason(self, text: Text, row: Row) -> None:
        if row.error is None:
            return
        text.append("\n")
        text.append(f"{HOST_GLYPHS[row.state]} {row.name}: {row.state}: ", self._colour(row))
        text.append(row.error)

    def _colour(self, row: Row) -> str:
        return f"bold {self.colour(HOST_COLOURS[row.state])}"
