"""One device: what mesh.toml says of it, and what the hosts that it calls see of it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult

from meshtui.inert import inert
from meshtui.tui.actions import bindings
from meshtui.tui.row import NAME_LIMIT
from meshtui.tui.screens.flagged import RowScreen
from meshtui.tui.shape_lines import device_lines, device_state
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.board import Board
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints


class PeerScreen(RowScreen[None]):
    """Draws one device's row of a MeshView."""

    CSS_PATH: ClassVar = ["link.tcss", "../widgets/board.tcss"]
    BINDINGS = bindings("peer", "about")

    def __init__(self, view: MeshView, name: str) -> None:
        super().__init__(view, name)
        self._title = Calm(id="title")
        self._board = Board()

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self._title
        yield self._board
        yield Hints("peer", "about", "app")

    def on_mount(self) -> None:
        """Show what is known."""
        self._board.focus()
        self._redraw()

    def on_resize(self) -> None:
        """A line for a host, or two."""
        self._redraw()

    def _redraw(self) -> None:
        index = self._view.index.get(self.host)
        text = Text(overflow="fold")
        text.append(f"{inert(self.host, NAME_LIMIT)}  ", "bold")
        if index is None or not self._view.is_device(index):
            text.append("is no longer a peer of mesh.toml", f"bold {self._title.colour('missing')}")
            self._board.show([])
        else:
            told, state = device_state(self._view, index)
            text.append(told, f"bold {self._title.colour(state)}")
            if self._view.is_disabled(index):
                text.append(", disabled in mesh.toml", "dim")
            text.append("   a peer that nobody reaches over SSH", "dim")
            self._board.show(device_lines(self._view, index, self.size.width - 2))
        self._add_flags(text, self._title)
        self._title.say(text)

    def copied(self) -> str:
        """Its name, its addresses and its key."""
        index = self._view.index.get(self.host)
        if index is None:
            return self.host
        row = self._view.rows[index]
        return " ".join([self.host, *row.addresses, row.public_key or ""]).strip()

    def action_back(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
