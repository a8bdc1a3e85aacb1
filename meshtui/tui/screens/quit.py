"""The one question before quitting: an apply is under way."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from meshtui.tui.actions import bindings
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.question import Question


class QuitScreen(ModalScreen[bool]):
    """Ends with whether to quit. A second `q` quits as well."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = bindings("quit", "app")

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(classes="box"):
            yield Question(
                Text.assemble(
                    ("An apply is under way\n\n", "bold"),
                    "Hosts already being changed will finish their step. Quit? y/n\n",
                )
            )
            yield Hints("quit")

    def on_resize(self) -> None:
        """The answers stay in view."""
        self.query_one(Question).leave(self, answers=0)

    def action_yes(self) -> None:
        """Quit."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Stay."""
        self.dismiss(False)
