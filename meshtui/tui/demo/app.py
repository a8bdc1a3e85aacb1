"""The program on the screen, on hosts that are made for it: with a story, and with faults."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from textual.css.query import NoMatches
from textual.screen import ModalScreen

from meshtui.tui.actions import bindings
from meshtui.tui.app import MeshApp
from meshtui.tui.changing import Changing
from meshtui.tui.demo.api import DemoApi
from meshtui.tui.demo.chooser import Choice, FaultScreen
from meshtui.tui.demo.faults import Fault, Faults
from meshtui.tui.demo.scene import scene_of
from meshtui.tui.demo.story import Story
from meshtui.tui.demo.strip import Strip
from meshtui.tui.demo.typed import DemoCommands
from meshtui.tui.widgets.hints import Hints

if TYPE_CHECKING:
    from meshtui.tui.apply_run import ApplyRun

#: Seconds between two looks at whether the story goes on.
LOOK = 0.2


class DemoApp(MeshApp):
    """As the app is, and a strip on every screen that says what to press next."""

    BINDINGS = bindings("demo")
    CSS_PATH = ["../widgets/grid.tcss", "../screens/mesh.tcss", "demo.tcss"]  # noqa: RUF012

    def __init__(self, demo: DemoApi, *of_app: Any, **more: Any) -> None:
        """`of_app`, `more`: see MeshApp."""
        super().__init__(*of_app, **more)
        self._demo = demo
        self.faults = Faults(demo)
        self.story = Story()
        self.applied = 0
        """How many changes ended well."""
        self._counted: ApplyRun | None = None
        self._hidden = False

    def on_mount(self) -> None:
        """Tell the story from the first frame on."""
        self.set_interval(LOOK, self.tell_story)
        self.tell_story()

    def tell_story(self) -> None:
        """Go on with the story, if something happened, and show where it stands."""
        run = self.applying.run
        if run is not None and run is not self._counted and run.well:
            self._counted, self.applied = run, self.applied + 1
        self.story.look(scene_of(self))
        self._show_strip()

    def _show_strip(self) -> None:
        screen = self.screen
        if isinstance(screen, ModalScreen) or not screen.is_mounted:
            return
        strip = next(iter(screen.query(Strip)), None)
        if self._hidden:
            if strip is not None:
                strip.remove()
            return
        if strip is None:
            try:
                screen.mount(Strip(self.story, self.keymap.of), before=screen.query_one(Hints))
            except NoMatches:
                return
            # A line less of room may bring a scrollbar.
            rows = set(range(len(self.looking.live.rows)))
            self.call_after_refresh(self.picture.draw, rows)
        else:
            strip.tell()

    @property
    def spare(self) -> str | None:
        """A host that may join; None: all have."""
        known = self.looking.live.mesh.hosts
        return next((name for name in self._demo.spares if name not in known), None)

    @cached_property
    def commands(self) -> DemoCommands:
        """What is typed behind `:`."""
        return DemoCommands(self)

    @cached_property
    def changing(self) -> Changing:
        """What is done to the mesh itself; a new host is known already."""
        return _Changing(self, self._demo)

    # -- what goes wrong on purpose

    async def break_(self, fault: Fault) -> None:
        """Do it, and say so."""
        await self.faults.begin(fault)
        self.looking.log.add("warn", f"demo: {fault.label}")
        self.tell_story()

    async def heal(self, faults: list[Fault]) -> None:
        """End these, and say so."""
        await self.faults.heal(faults)
        for fault in faults:
            self.looking.log.add("info", f"demo: no longer: {fault.label}")
        self.tell_story()

    def action_fault(self) -> None:
        """Ask what is to go wrong with what is at hand, or to be healed."""
        row, column = self._at_hand()
        if row is None:
            self.say("go to a host first")
            return

        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                faults = list(choice.faults)
                heal, break_ = partial(self.heal, faults), partial(self.break_, *faults)
                self.work(heal if choice.heals else break_, "fault")

        possible = self.faults.possible(row, column or row)
        self.push_screen(FaultScreen(possible, tuple(self.faults.on)), chosen)

    def _at_hand(self) -> tuple[str | None, str | None]:
        """The hosts of the cursor's cell, or of the screen in front; no device is one."""
        from meshtui.tui.screens.link import LinkScreen

        hosts, front = self.looking.live.mesh.hosts, self.screen
        grid = self.mesh_screen.grid
        if isinstance(front, LinkScreen):
            pair: tuple[str | None, str | None] = front.pair
        elif front is self.mesh_screen and grid.order.rows:
            names = self.looking.view.names
            pair = names[grid.row], names[grid.column]
        else:
            pair = self.at_hand.host, None
        row, column = (name if name in hosts else None for name in pair)
        return (row, column) if row else (column, None)

    # -- the story's keys

    def action_skip(self) -> None:
        """Go on to the story's next part."""
        self.story.skip()
        self.tell_story()

    def action_hide(self) -> None:
        """Hide the story, or show it again."""
        self._hidden = not self._hidden
        self._show_strip()


class _Changing(Changing):
    """Fills the form for a new host in."""

    def __init__(self, app: DemoApp, demo: DemoApi) -> None:
        super().__init__(app)
        self._demo_app, self._demo = app, demo

    def add(self, name: str = "", ssh: str = "", endpoint: str = "") -> None:
        """Ask for a new host: a spare one, where nothing else is said."""
        spare = None if name or ssh else self._demo_app.spare
        if spare is not None:
            name, ssh, endpoint = spare, spare, self._demo.spares[spare]
        super().add(name, ssh, endpoint)
