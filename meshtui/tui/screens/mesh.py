"""The screen that opens: status line, host list and grid, details, hints."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen

from meshtui.tui.actions import bindings
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.details import SIDE, Details
from meshtui.tui.widgets.grid import Grid
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.legend import Legend
from meshtui.tui.widgets.status import Status


class MeshScreen(Screen[None]):
    """Draws a MeshView. What it is asked to do it asks of the app."""

    BINDINGS = bindings("mesh")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (SIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (10, "-short"), (18, "-tall")]  # noqa: RUF012

    class PlanAsked(Message):
        """Someone wants to see what would change."""

    class ReconnectAsked(Message):
        """Someone wants the fleet to be opened again."""

    def __init__(self, view: MeshView) -> None:
        super().__init__()
        self.view = view
        # Held, not looked up: the fleet may speak before they are mounted and after they are gone.
        self.status = Status(id="status")
        self.grid = Grid(view)
        self.details = Details(id="details")
        self.message = Calm(id="message")
        self.legend = Legend(id="legend")

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self.status
        with Container(id="body"):
            yield self.grid
            yield self.details
        yield self.message
        yield self.legend
        yield Hints("mesh", "app")

    def on_mount(self) -> None:
        """Show what is known, which is the hosts' names."""
        self.tell(age=None, busy="connecting…", stopped=False)
        self._tell_details()
        self._tell_legend()

    def tell(self, *, age: float | None, busy: str, stopped: bool) -> None:
        """Show how old the picture is, what is under way, and whether nobody looks any more."""
        self.status.tell(self.view, age=age, busy=busy, stopped=stopped)

    def rows_changed(self, indexes: set[int]) -> None:
        """Draw what changed with these rows."""
        self.grid.rows_changed(indexes)
        if self.grid.row in indexes or self.grid.column in indexes:
            self._tell_details()

    def complain(self, text: str) -> None:
        """Show a message until it is cleared; an empty one clears it."""
        self.message.say(Text(text, overflow="fold"))
        self.message.set_class(bool(text), "-shown")

    @on(Grid.Moved)
    def _tell_details(self) -> None:
        if self.view.rows:
            self.details.tell(self.view, self.grid.row, self.grid.column)

    @on(Grid.LaidOut)
    def _tell_legend(self) -> None:
        self.legend.tell(self.grid.mode, self.grid.zoomed)
        self._tell_details()

    def action_plan(self) -> None:
        """Ask for the plan."""
        self.post_message(self.PlanAsked())

    def action_mode(self) -> None:
        """Show the next of the modes."""
        self.grid.next_mode()

    def action_reconnect(self) -> None:
        """Ask for the fleet to be opened again."""
        self.post_message(self.ReconnectAsked())

    def action_clear(self) -> None:
        """Clear the message line."""
        self.complain("")
