"""What the cursor is on, in full: a direction and its way back, or a host."""

from __future__ import annotations

from rich.text import Text

from meshtui.fleet.events import LinkStatus
from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS, LINK_GLYPHS, LINK_MEANINGS, VARIABLES
from meshtui.tui.view import MeshView, Row
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.words import age_long, bytes_long


class Details(Calm):
    """Two lines for the two ends of a link, and the reason where a host has one."""

    def tell(self, view: MeshView, row: int, column: int) -> None:
        """Show the cell at `row` and `column`; on the diagonal, the host itself."""
        text = Text(overflow="fold")
        if row == column:
            _host(text, view.rows[row])
        else:
            here, there = view.rows[row], view.rows[column]
            width = max(len(here.name), len(there.name))
            _direction(text, here, there, view.link(row, column), width)
            text.append("\n")
            _direction(text, there, here, view.link(column, row), width)
            for end in (here, there):
                _reason(text, end)
        self.say(text, layout=True)


def _direction(text: Text, here: Row, there: Row, link: LinkStatus | None, width: int) -> None:
    text.append(f"{here.name:>{width}} → {there.name:<{width}}  ", "bold")
    if link is None:
        text.append("connecting…" if here.state == "connecting" else "nothing seen", "dim")
        return
    colour = VARIABLES[f"state-{link.state}"]
    text.append(f"{LINK_GLYPHS[link.state]} {link.state:<7}", f"bold {colour}")
    if link.state in ("unknown", "missing"):
        text.append(f"  {LINK_MEANINGS[link.state]}")
        return
    text.append(f"  {age_long(link.latest_handshake_age)}")
    text.append("  rx ", "dim")
    text.append(bytes_long(link.transfer_rx))
    text.append("  tx ", "dim")
    text.append(bytes_long(link.transfer_tx))
    text.append("  endpoint ", "dim")
    text.append(link.endpoint or "none")


def _host(text: Text, row: Row) -> None:
    text.append(row.name, "bold")
    text.append("  ")
    text.append(f"{HOST_GLYPHS[row.state]} {row.state}", _colour(row))
    if row.listen_port is not None:
        text.append("  listen_port ", "dim")
        text.append(str(row.listen_port))
    text.append("  public_key ", "dim")
    text.append(row.public_key or "none yet")
    if row.addresses:
        text.append("\naddresses ", "dim")
        text.append(", ".join(row.addresses))
    _reason(text, row)


def _reason(text: Text, row: Row) -> None:
    if row.error is None:
        return
    text.append("\n")
    text.append(f"{HOST_GLYPHS[row.state]} {row.name}: {row.state}: ", _colour(row))
    text.append(row.error)


def _colour(row: Row) -> str:
    return f"bold {VARIABLES['state-' + HOST_COLOURS[row.state]]}"
