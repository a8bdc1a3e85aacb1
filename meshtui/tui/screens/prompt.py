"""A line to type on, at the bottom, over whatever is open: `:` commands, `/` filter, `!` run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from meshtui.tui.actions import bindings
from meshtui.tui.widgets.calm import Calm

Suggestion = tuple[str, str]
"""A whole line, and what it is."""


class PromptScreen(ModalScreen[str | None]):
    """Ends with what was typed, or None."""

    CSS_PATH = ["prompt.tcss"]  # noqa: RUF012
    BINDINGS = bindings("prompt")

    def __init__(
        self,
        mark: str,
        *,
        text: str = "",
        note: str = "",
        history: Sequence[str] = (),
        complete: Callable[[str], list[Suggestion]] | None = None,
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """`mark` stands before the line, `note` above it; `changed` hears of every key."""
        super().__init__()
        self._mark = mark
        self._text = text
        self._note = note
        self._history = [*history, text]
        self._at = len(self._history) - 1
        self._complete = complete
        self._changed = changed
        self._suggestions: list[Suggestion] = []

    def compose(self) -> ComposeResult:
        """Suggestions, and the line below them."""
        with Vertical(id="bar"):
            yield Calm(id="above")
            with Horizontal(id="line"):
                yield Calm(id="mark")
                yield Input(self._text, id="typed", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#mark", Calm).say(Text(f" {self._mark} "))
        self._typed.cursor_position = len(self._text)
        self._show()

    @property
    def _typed(self) -> Input:
        return self.query_one("#typed", Input)

    @on(Input.Changed)
    def _hear(self) -> None:
        if self._changed is not None:
            self._changed(self._typed.value)
        self._show()

    def _show(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis")
        if self._note:
            text.append(f" {self._note}")
        self._suggestions = self._complete(self._typed.value) if self._complete else []
        width = max((len(line) for line, _ in self._suggestions), default=0)
        for line, about in self._suggestions:
            text.append("\n" if text else "")
            text.append(f"   {line:<{width}}  ", "bold")
            text.append(about, "dim")
        above = self.query_one("#above", Calm)
        above.display = bool(text)
        above.say(text)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        """End with nothing."""
        self.dismiss(None)

    def action_complete(self) -> None:
        """Take the first suggestion."""
        if self._suggestions:
            self._put(self._suggestions[0][0] + " ")

    def action_earlier(self) -> None:
        """The line that was typed before."""
        self._go(-1)

    def action_later(self) -> None:
        """The line that was typed after that."""
        self._go(1)

    def _go(self, step: int) -> None:
        at = self._at + step
        if 0 <= at < len(self._history):
            self._at = at
            self._put(self._history[at])

    def _put(self, text: str) -> None:
        self._typed.value = text
        self._typed.cursor_position = len(text)
