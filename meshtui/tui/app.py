"""The program on the screen. It wires the fleet to the screens and knows neither SSH nor files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.app import App, SystemCommand
from textual.screen import ModalScreen, Screen
from textual.worker import Worker, WorkerState

from meshtui.errors import MeshError, UnknownHostKey, UsageError
from meshtui.fleet.events import HostPolled
from meshtui.mesh.model import Mesh
from meshtui.plan.model import Plan
from meshtui.tui.actions import ACTIONS, bindings
from meshtui.tui.fleet_api import FleetApi, OpenFleet
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.theme import NAME, THEME, VARIABLES
from meshtui.tui.view import MeshView, inert_lines
from meshtui.tui.words import describe

if TYPE_CHECKING:
    from meshtui.tui.apply_run import ApplyRun

# The other screens are imported where they open: the first frame needs none of them.

#: Seconds between two looks at a host; slower while another screen covers the grid.
INTERVAL, COVERED_INTERVAL = 1.0, 3.0
#: Seconds between two drawings, however the hosts' answers are spread, and how long
#: the first of a burst waits for the others.
DRAW_EVERY, DRAW_AFTER = 0.2, 0.03
#: Seconds that closing the connections may take after the screen is gone.
CLOSE_WITHIN = 3.0
#: Seconds that an apply which was broken off may take to tidy up, before that.
TIDY_WITHIN = 10.0


class MeshApp(App[None], inherit_bindings=False):
    """One mesh on one screen. `open_fleet` runs after the first frame is drawn."""

    TITLE = "meshtui"
    BINDINGS = bindings("app")
    # Those of the first screen; Textual reads the others with the screens that name them.
    CSS_PATH = ["widgets/grid.tcss", "screens/mesh.tcss"]  # noqa: RUF012 - it takes no tuple

    def __init__(
        self, mesh: Mesh, open_fleet: OpenFleet, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        # Without this, Textual's NO_COLOR still sends 24-bit greys.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.register_theme(THEME)
        self.theme = NAME
        self.view = MeshView(mesh, clock)
        self.fleet: FleetApi | None = None
        self.apply_run: ApplyRun | None = None
        self._open_fleet = open_fleet
        self._clock = clock
        self._mesh_screen = MeshScreen(self.view)
        self._trouble: str | None = None
        self._settled = asyncio.Event()
        self._asking = asyncio.Lock()
        self.apply_over = asyncio.Event()
        """Set while no apply has anything left to do or to tidy up."""
        self.apply_over.set()
        self._dirty: set[int] = set()
        self._drawing = False
        self._drawn_at = -DRAW_EVERY
        self._seen_at: float | None = None

    # -- start and end

    def get_default_screen(self) -> Screen[None]:
        """The grid is in the first frame already."""
        return self._mesh_screen

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The states' colours, whatever the theme."""
        return VARIABLES

    def on_mount(self) -> None:
        """Open the fleet once the first frame stands."""
        self.call_after_refresh(self._connect)
        self.set_interval(1.0, self._tell)

    def _connect(self) -> None:
        self._trouble = None
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
        """Open the fleet, then take in what it sees for ever."""
        try:
            if self.fleet is None:
                self.fleet = await self._open_fleet(self.ask_host_key)
            settled.set()
            self._tell()
            async for event in self.fleet.watch(self._interval):
                self._see(event)
            self._trouble = "the watch has ended"
        except MeshError as error:
            self._trouble = str(error)
        except Exception as error:
            self._trouble = f"the watch broke: {describe(error)}"
            raise
        finally:
            settled.set()
            if self._trouble:
                self.complain(f"{self._trouble} (r starts over)")
                self._tell()

    def _interval(self) -> float:
        return INTERVAL if self.screen is self._mesh_screen else COVERED_INTERVAL

    # -- what the fleet says

    def _see(self, event: HostPolled) -> None:
        self._seen_at = self._clock()
        self._dirty.update(self.view.see(event))
        if not self._drawing:
            self._drawing = True
            wait = self._drawn_at + DRAW_EVERY - time.monotonic()
            self.set_timer(max(DRAW_AFTER, wait), self._draw)

    def _draw(self) -> None:
        self._drawing = False
        self._drawn_at = time.monotonic()
        dirty, self._dirty = self._dirty, set()
        self._mesh_screen.rows_changed(dirty)
        self._tell()

    def _tell(self) -> None:
        if not self._mesh_screen.is_mounted:
            return
        age = None if self._seen_at is None else self._clock() - self._seen_at
        self._mesh_screen.tell(age=age, busy=self._busy(), stopped=self._trouble is not None)

    def _busy(self) -> str:
        if self.apply_run is not None and self.apply_run.running:
            return self.apply_run.busy()
        if self._trouble is not None:
            return ""
        waiting = len(self.view.rows) - self.view.answered
        return f"{waiting} connecting" if waiting else ""

    def complain(self, text: str) -> None:
        """Say that something went wrong, where it stays readable."""
        shown = inert_lines(text) or ""
        self._mesh_screen.complain(shown)
        if self.screen is not self._mesh_screen:
            self.notify(shown, severity="error", markup=False)

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

    # -- plan and apply

    async def _opened(self) -> FleetApi:
        await self._settled.wait()
        if self.fleet is None:
            raise MeshError(self._trouble or "the fleet is not open", hint="esc, then r")
        return self.fleet

    async def _read_plan(self, prune: bool) -> Plan:
        return await (await self._opened()).plan(prune=prune)

    def on_mesh_screen_plan_asked(self) -> None:
        """Show the plan, or the apply that is under way."""
        if self.apply_run is not None and self.apply_run.running:
            self._show_apply(self.apply_run)
        else:
            from meshtui.tui.screens.plan import PlanScreen

            self.push_screen(PlanScreen(self._read_plan, len(self.view.rows)), self._apply_plan)

    def on_mesh_screen_reconnect_asked(self) -> None:
        """Start over."""
        self._mesh_screen.complain("")
        self._connect()

    def _apply_plan(self, plan: Plan | None) -> None:
        if plan is None:
            return
        from meshtui.tui.apply_run import ApplyRun

        run = self.apply_run = ApplyRun(plan, self._clock)
        self.run_worker(self._apply(plan, run), name="apply", group="apply", exit_on_error=False)
        self._show_apply(run)

    def _show_apply(self, run: ApplyRun) -> None:
        from meshtui.tui.screens.apply import ApplyScreen

        self.push_screen(ApplyScreen(run))

    async def _apply(self, plan: Plan, run: ApplyRun) -> None:
        self.apply_over.clear()
        try:
            fleet = await self._opened()
            async for event in fleet.apply(plan):
                run.take(event)
            if run.running:
                run.fail("it ended without a result; what the hosts are at is not known")
        except MeshError as error:
            run.fail(str(error))
        except Exception as error:
            run.fail(describe(error))
            raise
        finally:
            self.apply_over.set()
            self._tell()
            # Its question speaks of an apply under way, which is over.
            from meshtui.tui.screens.quit import QuitScreen

            if isinstance(self.screen, QuitScreen):
                self.screen.dismiss(False)

    # -- keys that work everywhere

    def action_help(self) -> None:
        """Open the help, or close it; a question on the screen goes first."""
        from meshtui.tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
        elif not isinstance(self.screen, ModalScreen):
            self.push_screen(HelpScreen())

    def action_leave(self) -> None:
        """Quit; ask once while an apply is under way."""
        from meshtui.tui.screens.quit import QuitScreen

        asked = isinstance(self.screen, QuitScreen)
        if self.apply_run is None or not self.apply_run.running or asked:
            self.exit()
        else:
            self.push_screen(QuitScreen(), self._leave_if)

    def _leave_if(self, yes: bool | None) -> None:
        if yes:
            self.exit()

    def action_leave_now(self) -> None:
        """Quit at once."""
        self.exit()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers: the registry's actions that this screen has."""
        for action in ACTIONS:
            for scope, node in (("app", self), (screen.__class__.__name__, screen)):
                if scope.lower().removesuffix("screen") == action.scope:
                    run = getattr(node, f"action_{action.id}")
                    yield SystemCommand(action.label, action.description, run)

    def _fatal_error(self) -> None:
        """As Textual's, but without local variables: one of them might be a secret."""
        from rich.segment import Segments
        from rich.traceback import Traceback

        self.bell()
        traceback = Traceback(show_locals=False, width=None)
        rendered = self.console.render(traceback, self.console.options)
        self._exit_renderables.append(Segments(rendered))
        self._close_messages_no_wait()


def run(mesh: Mesh, open_fleet: OpenFleet) -> int:
    """Open the screen and stay until it is left; the exit code. UsageError: no such terminal."""
    check_terminal()
    return asyncio.run(_run(MeshApp(mesh, open_fleet)))


async def _run(app: MeshApp) -> int:
    await app.run_async()
    # The terminal is given back by now: a host that hangs holds up nobody.
    if app.fleet is not None:
        with contextlib.suppress(TimeoutError):
            # An apply that was broken off still removes the files that it had begun.
            await asyncio.wait_for(app.apply_over.wait(), TIDY_WITHIN)
        try:
            await asyncio.wait_for(app.fleet.close(), CLOSE_WITHIN)
        except TimeoutError:
            print("meshtui: some connections did not close in time", file=sys.stderr)  # noqa: T201
    return app.return_code or 0


def check_terminal() -> None:
    """UsageError where the screen could not be drawn."""
    hint = "use `meshtui status`, `meshtui plan` and `meshtui apply`"
    if os.environ.get("TERM", "") in ("dumb", ""):
        raise UsageError("this terminal cannot show the screen (TERM is dumb or unset)", hint=hint)
    # Textual reads stdin and draws on stderr's terminal.
    if not (
        sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()
    ):
        raise UsageError("the screen needs a terminal", hint=hint)
