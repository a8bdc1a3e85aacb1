"""The one question before quitting: an apply is under way."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from meshtui.tui.actions import bindings
from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.question import Question


class QuitScreen(ModalScreen[bool]):
    """Ends with whether to quit. A second `q` quits as well."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = bindings("quit", "app")

    def __init__(self, run: ApplyRun) -> None:
        """`run`: what is under way."""
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(classes="box"):
            yield Question(Text.assemble(*_question(self._run), "Quit? y/n\n"))
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


def _question(run: ApplyRun) -> tuple[tuple[str, str], str]:
    """What is under way, and what becomes of it."""
    if run.recovers:
        title, text = "A recovery is under way", "The next start offers it again. "
    elif run.confirming:
        title = "A change is being confirmed"
        text = "Hosts keep it already; the next start brings the others to it. "
    elif run.left is not None:
        title = "A change is under way that nothing has confirmed yet"
        text = (
            "Quitting takes it back: meshtui waits a moment for the hosts. Those that do not answer"
            f" go back by themselves, in {run.left} s at most. "
        )
    else:
        title = "An apply is under way"
        text = "Hosts already being changed will finish their step. "
    return (f"{title}\n\n", "bold"), text
