"""A text that is drawn again only when it reads differently."""

from __future__ import annotations

from rich.text import Text
from textual.content import Content, Span
from textual.style import Style
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
        self.update(themed(text), layout=self._lines != before)

    def _height(self, text: Text) -> int:
        width = self.content_size.width
        return len(text.wrap(self.app.console, width)) if width else 0

    def colour(self, state: str) -> str:
        """A state's colour, for a style of a text to `say`: `up`, `stale`, … It is a
        name, so that a change of the theme shows without saying anything again.
        """
        return f"$state-{state}"

    @property
    def said(self) -> str:
        """What it shows, as plain text."""
        return self._shown.plain


def themed(text: Text) -> Content:
    """`text` with styles that the theme gives when it is drawn: `bold $state-up`, `dim`."""
    spans = [Span(span.start, span.end, _style(span.style)) for span in text.spans]
    if text.style:
        spans.insert(0, Span(0, len(text.plain), _style(text.style)))
    return Content(text.plain, spans)


def _style(style: object) -> str | Style:
    if not isinstance(style, str):
        return Style.from_rich_style(style)  # type: ignore[arg-type]
    # Half as bright, Textual's "dim", is too dark to read on some grounds.
    return " ".join("$dimmed" if word == "dim" else word for word in style.split())
