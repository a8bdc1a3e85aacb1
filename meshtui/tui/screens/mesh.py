"""The screen that opens: status line, host list and grid, details, log, hints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from meshtui.tui.actions import bindings
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.details import SIDE, Details
from meshtui.tui.widgets.grid import Grid
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.legend import Legend
from meshtui.tui.widgets.status import Status

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp
    from meshtui.tui.log import Log
    from meshtui.tui.widgets.logpane import LogPane

#: From this height of the screen on the log is there without being asked for.
ROOMY = 36
#: Seconds that `{` and `}` go in time.
FAR = 600.0


class MeshScreen(Screen[None]):
    """Draws a MeshView: the live one, or one of the past."""

    BINDINGS = bindings("mesh", "about")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (SIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-tiny"), (10, "-short"), (18, "-tall"), (36, "-high")
    ]  # fmt: skip

    def __init__(self, view: MeshView, log: Log) -> None:
        super().__init__()
        self.view = view
        # Held, not looked up: the fleet may speak before they are mounted and after they are gone.
        self.status = Status(id="status")
        self.grid = Grid(view)
        self.details = Details(id="details")
        self.message = Calm(id="message")
        self.log_pane: LogPane | None = None
        """None: it was never asked for."""
        self._log = log
        self.legend = Legend(id="legend")
        self._filter = ""

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self.status
        with Container(id="body"):
            yield self.grid
            yield self.details
        yield self.message
        yield self.legend
        yield Hints("mesh", "about", "grid", "app")

    def on_mount(self) -> None:
        """Show what is known, which is the hosts' names."""
        self.tell(age=None, busy="connecting…", stopped=False, flags=())
        self._tell_details()
        self._tell_legend()
        if self.app.size.height >= ROOMY:
            # Nothing was said yet: the first frame need not wait for it.
            self.call_after_refresh(self.action_log)

    @property
    def _app(self) -> MeshApp:
        return cast("MeshApp", self.app)

    # -- what the app calls

    def tell(
        self, *, age: float | None, busy: str, stopped: bool, flags: Sequence[tuple[str, str]]
    ) -> None:
        """Show how old the picture is, what is under way, whether nobody looks any more."""
        shown = [*flags]
        if self._filter:
            shown.append((f"/{self._filter}", "stale"))
        if self.grid.marked:
            shown.append((f"{len(self.marked)} marked", "stale"))
        if self.grid.sorted != "file":
            shown.append((f"by {self.grid.sorted}", "idle"))
        self.status.tell(self.view, age=age, busy=busy, stopped=stopped, flags=shown)

    def rows_changed(self, indexes: set[int]) -> None:
        """Draw what changed with these rows."""
        self.grid.rows_changed(indexes)
        if self.grid.row in indexes or self.grid.column in indexes:
            self._tell_details()

    def show(self, view: MeshView) -> None:
        """Draw another view, or the same with other hosts."""
        self.view = view
        self.grid.look_at(view)
        self._tell_details()

    def complain(self, text: str) -> None:
        """Show a message until it is cleared; an empty one clears it."""
        self.message.say(Text(text, overflow="fold"))
        self.message.set_class(bool(text), "-shown")

    def filter(self, text: str) -> None:
        """Show only hosts with `text` in their name; `!text`: without it; empty: all."""
        self._filter = text.strip()
        self.grid.filter(self._filter)
        self._app.picture.tell()

    # -- what is at hand

    @property
    def host(self) -> str | None:
        """The host of the cursor's row; None where no row is shown."""
        return self.view.names[self.grid.row] if self.grid.order.rows else None

    @property
    def marked(self) -> list[str]:
        """The marked hosts, in the mesh's order."""
        return [name for name in self.view.names if name in self.grid.marked]

    def copied(self) -> str:
        """What the details say of the cursor's cell."""
        return self.details.said if self.grid.order.rows else ""

    # -- what the widgets say

    @on(Grid.Moved)
    def _tell_details(self) -> None:
        if self.view.rows:
            self.details.tell(self.view, self.grid.row, self.grid.column)

    @on(Grid.LaidOut)
    def _tell_legend(self) -> None:
        self._app.picture.tell()
        self._tell_glyphs()
        self._tell_details()

    def _tell_glyphs(self) -> None:
        ways = self.view.ways
        self.legend.tell(self.grid.mode, self.grid.zoomed, met=bool(ways.met), ways=ways.any)

    @on(Grid.Opened)
    def _open(self, event: Grid.Opened) -> None:
        hosts = self.view.names
        if event.row == event.column:
            self._app.open_host(hosts[event.row])
        else:
            self._app.open_link(hosts[event.row], hosts[event.column])

    # -- keys

    def action_plan(self) -> None:
        """Show the plan, or the apply that is under way."""
        self._app.applying.show()

    def action_add(self) -> None:
        """Ask for a new host."""
        self._app.changing.add()

    def action_add_peer(self) -> None:
        """Ask for a new peer without SSH."""
        self._app.changing.add_peer()

    def action_set(self) -> None:
        """Ask for other settings of the row's host."""
        if self.host is not None and self._app.at_hand.reached(self.host):
            self._app.changing.set(self.host)

    def action_rename(self) -> None:
        """Ask for another name of the row's host."""
        if self.host is not None:
            self._app.changing.rename(self.host)

    def action_remove(self) -> None:
        """Show what it is to take the row's host out."""
        if self.host is not None:
            self._app.changing.remove(self.host)

    def action_switch(self) -> None:
        """Disable or enable the link, or, on the diagonal, the host."""
        if self.host is not None:
            names = dict.fromkeys(self.view.names[i] for i in (self.grid.row, self.grid.column))
            self._app.changing.switch(*names)

    def action_rotate(self) -> None:
        """Show what it is to give the marked hosts, or the row's, another key."""
        chosen = self._app.at_hand.chosen()
        if len(chosen) == 1 and chosen[0] in self.view.mesh.peers:
            self._app.changing.rotate_peer(chosen[0])
        elif all(map(self._app.at_hand.reached, chosen)):
            self._app.changing.keys.rotate(*chosen)

    def action_undo(self) -> None:
        """Show what it is to take back the last change."""
        self._app.changing.undo()

    def action_changes(self) -> None:
        """Show what was changed."""
        self._app.changing.changes()

    def action_filter(self) -> None:
        """Ask for a filter, and show what it leaves while it is typed."""
        from meshtui.tui.screens.prompt import PromptScreen

        before = self._filter

        def typed(text: str | None) -> None:
            self.filter(before if text is None else text)

        self._app.push_screen(PromptScreen("/", text=before, changed=self.filter), typed)

    def action_measure(self) -> None:
        """Measure the round trips of all links."""
        self._app.measuring.start()

    def action_pause(self) -> None:
        """Hold the picture still, or go on."""
        self._app.looking.pause(not self._app.looking.paused)

    def action_slower(self) -> None:
        """Look at the hosts less often."""
        self._change_interval(1)

    def action_faster(self) -> None:
        """Look at the hosts more often."""
        self._change_interval(-1)

    def _change_interval(self, step: int) -> None:
        self._app.looking.change_interval(step)
        self._app.say(f"every host is looked at every {self._app.looking.interval:g} s")
        self._app.picture.tell()

    def action_log(self) -> None:
        """Show or hide the log."""
        if self.log_pane is not None:
            self.log_pane.toggle()
            return
        from meshtui.tui.widgets.logpane import LogPane

        self.log_pane = LogPane(self._log)
        self.mount(self.log_pane, before=self.message)

    def action_reconnect(self) -> None:
        """Start over."""
        self.complain("")
        self._app.connect()

    def action_clear(self) -> None:
        """Clear what stands in the way of the usual picture, one thing at a time."""
        if self.message.has_class("-shown"):
            self.complain("")
        elif self._app.looking.past is not None:
            self._app.looking.now()
        elif self._filter:
            self.filter("")
        else:
            self.grid.unmark()

    def action_mtu(self) -> None:
        """Probe every path, and propose an MTU."""
        from meshtui.tui.screens.mtu import MtuScreen

        def chosen(mtu: int | None) -> None:
            if mtu is not None:
                self._app.changing.mtu(mtu)

        self._app.push_screen(MtuScreen(self._app.opened), chosen)

    # -- in time

    def action_past(self) -> None:
        """One record back."""
        self._step(back=True)

    def action_future(self) -> None:
        """One record forward."""
        self._step(back=False)

    def action_far_past(self) -> None:
        """Ten minutes back."""
        self._step(back=True, seconds=FAR)

    def action_far_future(self) -> None:
        """Ten minutes forward."""
        self._step(back=False, seconds=FAR)

    def _step(self, *, back: bool, seconds: float = 0.0) -> None:
        looking = self._app.looking

        async def step() -> None:
            fleet = await self._app.opened()
            if not await looking.step(fleet, back=back, seconds=seconds):
                self._app.say("nothing older is recorded" if back else "this is now")

        self._app.work(step, "history")

    def go_to(self, at: float) -> None:
        """Show how it was at `at`, in epoch seconds."""
        looking = self._app.looking

        async def go() -> None:
            fleet = await self._app.opened()
            # The record at that moment, or the last one before it.
            found = await fleet.moment(before=at + 1)
            if found is None:
                self._app.say("nothing so old is recorded")
            else:
                await looking.show_past(fleet, found)

        self._app.work(go, "history")
