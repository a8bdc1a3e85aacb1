"""The program on the screen. It wires the fleet to the screens and knows neither SSH nor files."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from meshtui.errors import MeshError, UnknownHostKey
from meshtui.mesh.model import Mesh
from meshtui.store.settings import Settings
from meshtui.tui.actions import bindings
from meshtui.tui.applying import Applying
from meshtui.tui.drifting import Drifting
from meshtui.tui.keymap import Keymap
from meshtui.tui.looking import Looking
from meshtui.tui.measuring import Measuring
from meshtui.tui.meshes import Meshes, Shown
from meshtui.tui.picture import Picture
from meshtui.tui.row import inert_lines
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.theme import THEMES, VARIABLES, theme_for
from meshtui.tui.words import comings, describe

if TYPE_CHECKING:
    from meshtui.tui.at_hand import AtHand
    from meshtui.tui.changing import Changing
    from meshtui.tui.fleet_api import FleetApi, OpenFleet
    from meshtui.tui.privacy import PrivacyFilter
    from meshtui.tui.screens.host import HostScreen
    from meshtui.tui.screens.link import LinkScreen
    from meshtui.tui.typed import Commands

# The other screens are imported where they open: the first frame needs none of them.

#: Seconds between two looks at whether mesh.toml changed, and at the picture's age.
TICK = 1.0


class MeshApp(App[None], inherit_bindings=False):
    """One mesh on one screen. `open_fleet` runs after the first frame is drawn."""

    TITLE = "meshtui"
    BINDINGS = bindings("app")
    # Those of the first screen; Textual reads the others with the screens that name them.
    CSS_PATH = [  # noqa: RUF012 - it takes no tuple
        "widgets/grid.tcss",
        "screens/mesh.tcss",
    ]

    def __init__(
        self,
        mesh: Mesh,
        open_fleet: OpenFleet,
        *,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        others: Sequence[Shown] = (),
    ) -> None:
        """`clock`: seconds, monotonic; `now`: epoch seconds; `others`: meshes to switch to."""
        # Without settings nothing of the terminal is guessed: a test looks the same anywhere.
        self.settings = settings or Settings(theme="dark")
        choice = theme_for(self.settings.theme, os.environ)
        # Before Textual works the colours out: a theme set later makes it read all styles twice.
        self.set_reactive(App.theme, choice.name)
        super().__init__(ansi_color=choice.ansi_color)
        self.keymap = Keymap(self.settings.keys)
        self.set_keymap(self.keymap.changed())
        self.clock, self.now = clock, now
        self.fleet: FleetApi | None = None
        self.picture = Picture(self)
        self.looking = Looking(mesh, self.picture, clock, self.settings.interval, now)
        self.applying = Applying(self)
        self.measuring = Measuring(self)
        self.drifting = Drifting(self)
        self.mesh_screen = MeshScreen(self.looking.live, self.looking.log)
        self.privacy: PrivacyFilter | None = None
        """Hides addresses and keys, where that is wanted."""
        self.open_fleet = open_fleet
        self.meshes = Meshes(self, (Shown(mesh, open_fleet), *others))
        self._settled = asyncio.Event()
        self._asking = asyncio.Lock()

    # -- start and end

    def get_default_screen(self) -> Screen[None]:
        """The grid is in the first frame already."""
        return self.mesh_screen

    @property
    def available_themes(self) -> dict[str, Theme]:
        """Ours only. They are there from the start, when Textual asks for the first one."""
        return {theme.name: theme for theme in THEMES}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our style sheets need, whatever the theme."""
        return VARIABLES

    @property
    def read_only(self) -> bool:
        """Whether nothing on a host may be changed from here."""
        return self.settings.read_only

    def on_mount(self) -> None:
        """Look at the time and the file now and then; say what is wrong with the settings."""
        self.set_interval(TICK, self.tick)
        for complaint in self.keymap.complaints:
            self.complain(complaint)
        if self.settings.privacy:
            self.action_privacy()

    def on_ready(self) -> None:
        """The first frame stands: what takes long to load may begin."""
        self.connect()

    def connect(self) -> None:
        """Open the fleet, if it is not open, and follow it from the start."""
        self.looking.trouble = None
        # A new one each time: the end of an earlier try must not settle this one.
        self._settled = asyncio.Event()
        self.run_worker(
            self._follow(self._settled),
            name="watch",
            group="watch",
            exclusive=True,
            exit_on_error=False,
        )

    async def _follow(self, settled: asyncio.Event) -> None:
        try:
            if self.fleet is None:
                self.fleet = await self.open_fleet(self.ask_host_key)
                self.fleet.on_notice(self.complain)
                self.measuring.every(self.settings.rtt_interval)
            settled.set()
            self.applying.look_back()
            self.drifting.follow()
            self.picture.tell()
            await self.looking.follow(self.fleet.watch(self.looking.wait))
        except MeshError as error:
            self.looking.trouble = str(error)
        finally:
            settled.set()
            if self.looking.trouble:
                self.complain(f"{self.looking.trouble} (r starts over)")
                self.picture.tell()

    async def opened(self) -> FleetApi:
        """The fleet, once it is open. MeshError: it could not be opened."""
        await self._settled.wait()
        if self.fleet is None:
            raise MeshError(self.looking.trouble or "the fleet is not open", hint="esc, then r")
        return self.fleet

    def tick(self) -> None:
        """Draw, and take over what mesh.toml says by now."""
        self.picture.tell()
        self.take_over()

    def take_over(self, *, told: bool = False) -> None:
        """Show what mesh.toml says by now. `told`: an apply wrote it, and that is no news."""
        if self.fleet is None or self.applying.running:
            return
        try:
            changed = self.fleet.reload() or told  # which the fleet itself has by then
        except MeshError as error:
            self.complain(f"mesh.toml was changed, and is wrong now: {error}")
            return
        mesh = self.fleet.mesh
        if not changed or self.looking.reshape(mesh):
            return
        text = f"mesh.toml was changed: {comings(self.looking.live.mesh.hosts, mesh.hosts)}"
        self.looking.log.add("info", text)
        if not told:
            self.say(text)
        self.shown(mesh)

    def shown(self, mesh: Mesh) -> None:
        """Show a mesh that has other hosts, and look at them."""
        self.looking.replace(mesh)
        if self.privacy is not None:
            # Other hosts have other names to hide.
            self.action_privacy()
            self.action_privacy()
        self.connect()

    # -- what is told

    def complain(self, text: str) -> None:
        """Say that something went wrong, where it stays readable."""
        shown = inert_lines(text) or ""
        self.looking.log.add("bad", shown)
        self.mesh_screen.complain(shown)
        if self.screen is not self.mesh_screen:
            self.notify(shown, severity="error", markup=False)

    def say(self, text: str) -> None:
        """Say something that need not stay."""
        self.notify(inert_lines(text) or "", markup=False, timeout=3)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say which worker failed; the app goes on."""
        if event.state is WorkerState.ERROR and event.worker.name != "watch":
            error = event.worker.error
            self.complain(f"{event.worker.name} failed: {describe(error)}")

    async def ask_host_key(self, unknown: UnknownHostKey) -> bool:
        """Ask a person whether to trust this key; several hosts queue."""
        async with self._asking:
            answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

            def answered(yes: bool | None) -> None:
                if not answer.done():
                    answer.set_result(bool(yes))

            from meshtui.tui.screens.hostkey import HostKeyScreen

            screen = HostKeyScreen(unknown)
            self.push_screen(screen, answered)
            try:
                return await answer
            except asyncio.CancelledError:
                # Whoever asked has given up: the question is void.
                if screen.is_current:
                    screen.dismiss(False)
                raise

    def work(self, do: Callable[[], Coroutine[Any, Any, object]], name: str) -> None:
        """Do it beside everything else; only one of a name at a time. A MeshError is told."""

        async def told() -> None:
            try:
                await do()
            except MeshError as error:
                self.complain(f"{name}: {error}")

        _: Worker[None] = self.run_worker(told, name, name, exclusive=True, exit_on_error=False)

    # -- other screens

    def back_to_mesh(self) -> None:
        """Leave whatever covers the grid."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def open_host(self, name: str) -> None:
        """All about a host, or a device."""
        from meshtui.tui.opening import open_member

        open_member(self, name)

    def open_link(self, from_: str, to: str) -> None:
        """Both ends of a link."""
        from meshtui.tui.opening import open_pair

        open_pair(self, from_, to)

    def on_host_screen_link_asked(self, event: HostScreen.LinkAsked) -> None:
        """A peer of a host was chosen."""
        self.open_link(event.from_, event.to)

    def on_link_screen_host_asked(self, event: LinkScreen.HostAsked) -> None:
        """An end of a link was chosen."""
        self.open_host(event.name)

    @cached_property
    def at_hand(self) -> AtHand:
        """What is done to hosts and links; loaded when first asked for."""
        from meshtui.tui.at_hand import AtHand

        return AtHand(self)

    @cached_property
    def commands(self) -> Commands:
        """What is typed behind `:`; loaded with the first one."""
        from meshtui.tui.typed import Commands

        return Commands(self)

    @cached_property
    def changing(self) -> Changing:
        """What is done to the mesh itself; loaded when first asked for."""
        from meshtui.tui.changing import Changing

        return Changing(self)

    # -- keys that work on hosts and links, wherever they are shown

    def action_host(self) -> None:
        """All about the host at hand."""
        name = self.at_hand.host
        if name is not None and not self.at_hand.is_host:
            self.open_host(name)

    def action_copy(self) -> None:
        """Copy what the cursor is on."""
        self.at_hand.copy()

    def action_drift(self) -> None:
        """What the host at hand has otherwise than mesh.toml says."""
        if (name := self.at_hand.host) is not None and self.at_hand.reached(name):
            self.drifting.show(name)

    def action_ssh(self) -> None:
        """Open a shell on the host at hand."""
        if (name := self.at_hand.host) is not None:
            self.at_hand.shell(name)

    def action_run(self) -> None:
        """Ask for a command, and run it on the chosen hosts."""
        self.at_hand.ask_run()

    # -- keys that work everywhere

    def action_keep(self) -> None:
        """Keep the change that waits for an answer."""
        self.applying.keep()

    def action_revert(self) -> None:
        """Take back the change under way, or recover one that was broken off."""
        self.applying.take_back()

    def action_command(self) -> None:
        """Ask for a command of meshtui's own."""
        self.ask_command("")

    def ask_command(self, text: str) -> None:
        """Ask for one that begins with `text`."""
        if isinstance(self.screen, ModalScreen):
            return
        from meshtui.tui.screens.prompt import PromptScreen

        commands = self.commands
        self.push_screen(
            PromptScreen(":", text=text, history=commands.typed, complete=commands.complete),
            self._command,
        )

    async def _command(self, line: str | None) -> None:
        try:
            await self.commands.do(line or "")
        except ValueError as error:
            self.complain(str(error))

    def action_next_mesh(self) -> None:
        """Show the next of several meshes."""
        self.meshes.next()

    def action_privacy(self) -> None:
        """Hide addresses and keys, or show them again."""
        from meshtui.tui.privacy import switch

        switch(self)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and the one that hides addresses."""
        filters = super().get_line_filters()
        return filters if self.privacy is None else [self.privacy, *filters]

    def action_help(self) -> None:
        """Open the help, or close it; a question on the screen goes first."""
        from meshtui.tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
        elif not isinstance(self.screen, ModalScreen):
            self.push_screen(HelpScreen(self.keymap.keys))

    def action_leave(self) -> None:
        """Quit; ask once while an apply is under way."""
        self.applying.leave()

    def action_leave_now(self) -> None:
        """Quit at once."""
        self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers: the commands that `:` takes."""
        yield from (SystemCommand(*each) for each in self.commands.offered(self._command))

    def _fatal_error(self) -> None:
        """As Textual's, but without local variables: one of them might be a secret."""
        from rich.segment import Segments
        from rich.traceback import Traceback

        self.bell()
        traceback = Traceback(show_locals=False, width=None)
        rendered = self.console.render(traceback, self.console.options)
        self._exit_renderables.append(Segments(rendered))
        self._close_messages_no_wait()
