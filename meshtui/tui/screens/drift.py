"""What a host has otherwise than mesh.toml says: item by item, to adopt, repair or ignore."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.message import Message

from meshtui.inert import inert
from meshtui.tui.actions import bindings
from meshtui.tui.row import NAME_LIMIT, inert_lines
from meshtui.tui.screens.flagged import RowScreen
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.columns import Cell, Column
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.table import Cells, Table
from meshtui.tui.words import NONE

if TYPE_CHECKING:
    from meshtui.plan.drift import Drift
    from meshtui.tui.app import MeshApp

_WIDEST = 32
_PLACES = {
    "disk": "in the file on disk",
    "running": "in the running interface",
    "kernel": "in the kernel's addresses and routes",
}


class Items(Table):
    """A row an item, by its id."""

    class Moved(Message):
        """The cursor is on another row."""

    def move(self, index: int) -> None:
        """Put the cursor on a row; say so."""
        super().move(index)
        self.post_message(self.Moved())


class DriftScreen(RowScreen[None]):
    """Draws the drift of one host of a MeshView."""

    CSS_PATH: ClassVar = ["drift.tcss", "../widgets/table.tcss"]
    BINDINGS = bindings("drift")

    def __init__(self, view: MeshView, host: str) -> None:
        super().__init__(view, host)
        self._title = Calm(id="title")
        self._items = Items(self._columns(()), self._row_of, self._order_of)
        self._about = Calm(id="about")

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self._title
        yield self._items
        yield self._about
        yield Hints("drift", "app")

    def on_mount(self) -> None:
        """Show what is known, and have the host asked."""
        self._redraw()
        self._app.drifting.look_again(self.host)

    @property
    def _app(self) -> MeshApp:
        return cast("MeshApp", self.app)

    # -- what is shown

    def _redraw(self) -> None:
        found = self._view.drift.get(self.host)
        drifts = found.drifts if found else ()
        self._items.use_columns(self._columns(drifts))
        self._items.show([one.id for one in drifts])
        text = Text(overflow="fold")
        text.append(f"drift  {inert(self.host, NAME_LIMIT)}  ", "bold")
        if self.host not in self._view.index:
            text.append("is no longer in mesh.toml", f"bold {self._title.colour('missing')}")
        elif found is None:
            text.append("looking…", "dim")
        elif found.heeded:
            text.append(f"≠ {len(found.heeded)}", f"bold {self._title.colour('stale')}")
        elif not found.error:
            text.append("nothing is otherwise than mesh.toml says", self._title.colour("up"))
        if found and found.ignored:
            text.append(f"   {len(found.ignored)} ignored", "dim")
        self._add_flags(text, self._title)
        if found and found.error:
            text.append(f"\n× can't be told now: {inert_lines(found.error)}", "bold")
        self._title.say(text)
        self._show_item()

    @on(Items.Moved)
    def _show_item(self) -> None:
        one, text = self._one, Text(overflow="fold")
        if one is not None:
            text.append(one.what, "bold")
            text.append(f"  {_PLACES[one.where]}", "dim")
            for name, value in (("wanted", one.wanted), ("found", one.found)):
                text.append(f"\n{name:<8}", "dim")
                text.append(NONE if value is None else value)
            text.append("\nadopt   ", "dim")
            if one.adopt:
                text.append(f"writes {inert(str(one.adopt), 200)} into mesh.toml")
            else:
                text.append("mesh.toml has no word for it: repair it, or ignore it")
        self._about.say(text)
        self._about.display = one is not None
        without = ["drift.adopt"] if one is None or one.adopt is None else []
        if one is None:
            without += ["drift.ignore", "drift.repair"]
        self.query_one(Hints).leave_out(*without)

    @property
    def _one(self) -> Drift | None:
        """The item under the cursor."""
        return None if self._items.cursor is None else self._drift(self._items.cursor)

    def _drift(self, id_: str) -> Drift | None:
        found = self._view.drift.get(self.host)
        return next((one for one in found.drifts if one.id == id_), None) if found else None

    def _columns(self, drifts: Sequence[Drift]) -> tuple[Column, ...]:
        def width(title: str, texts: Sequence[str | None]) -> int:
            return min(_WIDEST, max(len(title) + 1, *(cell_len(t or NONE) for t in texts), 1))

        return (
            Column("what", "WHAT", width("WHAT", [one.what for one in drifts]), 12, 0),
            Column("found", "FOUND", width("FOUND", [one.found for one in drifts]), 8, 1),
            Column("wanted", "WANTED", width("WANTED", [one.wanted for one in drifts]), 8, 2),
            Column("where", "WHERE", 7, 7, 4),
            Column("note", "", 7, 7, 3),
            Column("id", "ID", 8, 8, 5),
        )

    def _row_of(self, key: str) -> Cells:
        one, found = self._drift(key), self._view.drift.get(self.host)
        if one is None or found is None:
            # mesh.toml was changed: until `_show` the row stands for what is gone.
            return (_text(NONE, ""),) * 6
        ignored = key in found.ignored
        style = "dim" if ignored else ""
        note = "ignored" if ignored else "adopt" if one.adopt else ""
        return (
            _text(one.what, style),
            _text(one.found or NONE, style or "stale"),
            _text(one.wanted or NONE, style),
            _text(one.where, style),
            _text(note, "dim"),
            _text(key, "dim"),
        )

    def _order_of(self, key: str, column: str) -> str | None:
        one = self._drift(key)
        if one is None or column in ("note", "id"):
            return key if one else None
        return str(getattr(one, column) or "")

    # -- keys

    def action_adopt(self) -> None:
        """Have mesh.toml say what the host has."""
        if (one := self._one) is not None:
            self._app.drifting.adopt(one)

    @on(Table.Opened)
    def action_repair(self) -> None:
        """Show the plan for this host alone."""
        if self._one is not None:
            self._app.applying.show(only=self.host)

    def action_ignore(self) -> None:
        """Hear no more of it, or hear of it again."""
        found = self._view.drift.get(self.host)
        if (one := self._one) is not None and found:
            self._app.drifting.ignore(one, one.id not in found.ignored)

    def action_again(self) -> None:
        """Have the host asked again."""
        self._app.drifting.look_again(self.host)

    def action_back(self) -> None:
        """Back to where one was."""
        self.dismiss(None)


def _text(text: str, style: str) -> Cell:
    return ((text, style),)
