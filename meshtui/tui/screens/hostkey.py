"""An unknown host key: is it the right one?"""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from meshtui.errors import UnknownHostKey
from meshtui.inert import inert
from meshtui.tui.actions import bindings
from meshtui.tui.row import NAME_LIMIT
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.question import Question

#: What must be read should fit 80 x 24, whatever a host calls itself.
FIELD_MOST = 200


class HostKeyScreen(ModalScreen[bool]):
    """Ends with True only where "yes" was chosen and then confirmed.

    There is no key that says yes at once: the question may come up while
    somebody is typing.
    """

    CSS_PATH = "dialog.tcss"
    BINDINGS = bindings("hostkey", "app")

    def __init__(self, unknown: UnknownHostKey) -> None:
        super().__init__()
        self._unknown = unknown
        self._yes = False

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        with Vertical(classes="box"):
            yield Question(self._question())
            yield Calm(id="choices")
            yield Hints("hostkey")

    def on_mount(self) -> None:
        """Mark the answer that is safe."""
        self.add_class("-answered")
        self._show()

    def on_resize(self) -> None:
        """The answers stay in view."""
        self.query_one(Question).leave(self, answers=1)

    def _question(self) -> Text:
        unknown = self._unknown
        text = Text(overflow="fold")
        text.append("Unknown host key\n\n", "bold")
        text.append(inert(unknown.host or "?", NAME_LIMIT), "bold")
        text.append(f": {inert(unknown.what, FIELD_MOST)}\n\n")
        text.append(f"  {inert(unknown.fingerprint, 120)}\n\n", "bold")
        if unknown.hint:
            text.append(f"{inert(unknown.hint, FIELD_MOST)}\n\n")
        text.append(
            "Compare it with the host's own: ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub.",
            "dim",
        )
        return text

    def _show(self) -> None:
        text = Text()
        for word, chosen in ((" No, refuse it ", not self._yes), (" Yes, trust it ", self._yes)):
            text.append("▸" if chosen else " ", "bold")
            text.append(word, "bold reverse" if chosen else "")
            text.append("  ")
        self.query_one("#choices", Calm).say(text)

    def action_choose(self) -> None:
        """Mark the other answer."""
        self._yes = not self._yes
        self._show()

    def action_up(self) -> None:
        """Scroll the question up."""
        self.query_one(Question).page(-1)

    def action_down(self) -> None:
        """Scroll the question down."""
        self.query_one(Question).page(1)

    def action_answer(self) -> None:
        """End with the marked answer."""
        self.dismiss(self._yes)

    def action_no(self) -> None:
        """End with no."""
        self.dismiss(False)
