"""A text that is drawn again only when it reads differently."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class Calm(Static):
    """Static, for text that is worked out more often than it changes. No markup."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("", markup=False, id=id)
        self._shown = Text()
        self._lines = 0

    def say(self, text: Text) -> None:
        """Show `text`. Only another height lays the screen out again."""
        if text == self._shown:
            return
        # Where the width is another, a layout is under way anyway.
        before, self._lines = self._lines, self._height(text)
        self._shown = text
        self.update(text, layout=self._lines != before)

    def _height(self, text: Text) -> int:
        width = self.content_size.width
        return len(text.wrap(self.app.console, width)) if width else 0

    def colour(self, state: str) -> str:
        """The theme's colour for a state: `up`, `stale`, …"""
        return self.app.theme_variables[f"state-{state}"]

    @property
    def said(self) -> str:
        """What it shows, as plain text."""
        return self._shown.plain
