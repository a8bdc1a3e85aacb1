"""A screen in front of the grid, whose first line says what is not as usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rich.text import Text
from textual.screen import Screen

from meshtui.tui.view import MeshView
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.status import Flag

Result = TypeVar("Result")


class FlaggedScreen(Screen[Result]):
    """Keeps the flags: paused, read-only, a change that goes back by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._flags: Sequence[Flag] = ()

    def tell_flags(self, flags: Sequence[Flag]) -> None:
        """What is not as usual now."""
        if flags != self._flags:
            self._flags = flags
            if self.is_mounted:
                self._redraw()

    def _redraw(self) -> None:
        """Draw at least the first line anew."""
        raise NotImplementedError

    def _add_flags(self, text: Text, to: Calm) -> None:
        """Put them at the end of what `to` is to say."""
        for flag, state in self._flags:
            text.append(f"   {flag}", f"bold {to.colour(state)}")


class RowScreen(FlaggedScreen[Result]):
    """Draws one member's row of a MeshView."""

    def __init__(self, view: MeshView, name: str) -> None:
        super().__init__()
        self._view, self.host = view, name

    def on_screen_resume(self) -> None:
        """Catch up with what happened under another screen."""
        self._redraw()

    def rows_changed(self, indexes: set[int]) -> None:
        """Draw what changed with these rows of the view."""
        if self.is_mounted and self._view.index.get(self.host) in (None, *indexes):
            self._redraw()
