"""The one question before quitting: an apply is under way."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from meshtui.tui.actions import bindings
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints


class QuitScreen(ModalScreen[bool]):
    """Ends with whether to quit. A second `q` quits as well."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = bindings("quit", "app")

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(classes="box"):
            yield Calm(id="question")
            yield Hints("quit")

    def on_mount(self) -> None:
        """Ask."""
        text = Text()
        text.append("An apply is under way\n\n", "bold")
        text.append("Hosts already being changed will finish their step. Quit? y/n\n")
        question = self.query_one("#question", Calm)
        question.add_class("text")
        question.say(text)

    def action_yes(self) -> None:
        """Quit."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Stay."""
        self.dismiss(False)
