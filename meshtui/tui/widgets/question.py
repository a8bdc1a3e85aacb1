"""The text of a dialog: it gives way before the answers below it do."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import Screen

from meshtui.tui.widgets.calm import Calm

#: Lines of a text that are worth a frame around it.
_FRAMED = 4


class Question(VerticalScroll, can_focus=False):
    """A text that scrolls where the screen is too short for all of it."""

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The text."""
        yield Calm()

    def on_mount(self) -> None:
        """Show it."""
        self.query_one(Calm).say(self._text)

    def page(self, direction: int) -> None:
        """Scroll a screen down, or, with -1, up."""
        self.scroll_relative(y=direction * max(1, self.size.height - 1), animate=False)

    def leave(self, screen: Screen[bool], answers: int) -> None:
        """Leave so many lines of `screen` to the answers, and one to the hints."""
        height = screen.size.height
        # A frame, and where there are answers an empty line above and below them.
        spare = 2 + (2 if answers else 0)
        short = height - answers - 1 - spare < _FRAMED
        room = height - answers - 1 - (0 if short else spare)
        screen.set_class(short, "-short")
        screen.set_class(room < 1, "-tiny")
        self.styles.max_height = max(1, room)
