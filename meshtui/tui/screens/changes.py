"""What was changed from this machine: a line a change, the latest first; opened, all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult

from meshtui.errors import MeshError
from meshtui.store.changes import Change
from meshtui.tui.actions import bindings
from meshtui.tui.change_lines import change_tree
from meshtui.tui.fleet_api import FleetApi
from meshtui.tui.row import inert_lines
from meshtui.tui.screens.flagged import FlaggedScreen
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.tree import LineTree
from meshtui.tui.words import counted, describe


class ChangesScreen(FlaggedScreen[bool]):
    """Ends with whether the last change is to be undone."""

    CSS_PATH = ["plan.tcss", "../widgets/tree.tcss"]  # noqa: RUF012
    BINDINGS = bindings("changes")

    def __init__(self, fleet: Callable[[], Awaitable[FleetApi]]) -> None:
        super().__init__()
        self._fleet = fleet
        self._changes: Sequence[Change] = ()
        self._said = ""

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield Calm(id="title")
        yield LineTree()
        yield Hints("changes", "tree", "app")

    def on_mount(self) -> None:
        """Read them."""
        self._title("reading the journal…")
        self.run_worker(self._read(), name="changes", group="changes", exit_on_error=False)

    async def _read(self) -> None:
        try:
            found = await (await self._fleet()).changes()
        except Exception as error:
            self._title(f"× they cannot be told: {inert_lines(describe(error))}")
            if not isinstance(error, MeshError):
                raise
            return
        self._changes = found
        self._title(counted(len(found), "change") if found else "nothing was changed from here yet")
        self._show()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._show()

    def _show(self) -> None:
        self.query_one(LineTree).plant(change_tree(self._changes, self.size.width - 3))

    def _redraw(self) -> None:
        self._title(self._said)

    def _title(self, text: str) -> None:
        self._said = text
        shown = self.query_one("#title", Calm)
        title = Text("changes  ", overflow="fold")
        title.append(text, "bold")
        self._add_flags(title, shown)
        shown.say(title)

    def action_undo(self) -> None:
        """End with the wish to take the last one back."""
        self.dismiss(True)

    def action_back(self) -> None:
        """Back to where one was."""
        self.dismiss(False)
