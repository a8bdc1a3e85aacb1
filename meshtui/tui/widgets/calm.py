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

    def say(self, text: Text, *, layout: bool = False) -> None:
        """Show `text`; `layout`: it may need another height."""
        if text == self._shown and text.spans == self._shown.spans:
            return
        self._shown = text
        self.update(text, layout=layout)

    @property
    def said(self) -> str:
        """What it shows, as plain text."""
        return self._shown.plain
