"""The app on a stage, for every test of the screens: keys are pressed, nothing sleeps for luck.

    async with on_stage(StandIn(make_mesh(3))) as stage:
        stage.fleet.feed_all()
        await stage.until("3/3")            # a text, a screen's class, or a function
        await stage.pilot.press("a")        # returns when the app has settled
        assert "server-a" in stage.text()

Textual's own pilot waits by the CPU time of the process: too long on a busy machine, too
short for a timer. `conftest.py` puts `settled` in its place, so that `pilot.press`,
`pilot.pause()` and `pilot.click` return when there is nothing left to handle or to draw.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from standin import StandIn
from textual._context import active_app
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.timer import Timer

from meshtui.tui.app import MeshApp
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.widgets.grid import Grid
from meshtui.tui.widgets.lines import Lines

#: Seconds: a timer that is shorter belongs to drawing; a longer one to a toast, which is read.
SHORT = 1.0
#: How often in a row all must be still.
STILL = 3

S = TypeVar("S", bound=Screen)


async def settled(app: App[object] | None = None, deadline: float = 10) -> None:
    """Return when messages are handled, short timers have run out and the screen is drawn.

    A worker that waits for a gate, or for a thread, is not waited for: that is `until`.
    """
    app = app or active_app.get()
    end = time.monotonic() + deadline
    still, before = 0, None
    while app.is_running and not app._exit and time.monotonic() < end:
        await Pilot(app)._wait_for_screen()
        await asyncio.sleep(0.001)
        if app._exit or not app.screen_stack:
            continue
        app.screen._on_timer_update()
        once, again = _timers(app)
        now = _state(app)
        if now != before or once or app.screen._callbacks:
            still, before = 0, now
            continue
        still += 1
        if still == 1:
            # What looks every so often looks now: nobody has to wait for it.
            for timer in again:
                await timer._tick(next_timer=0, count=0)
        if still > STILL:
            return


def _state(app: App[object]) -> tuple[object, ...]:
    """Moves when anything does that the app has not drawn yet."""
    queue = getattr(getattr(app, "fleet", None), "queue", None)
    workers = [worker.state for worker in app.workers]
    return (*app.screen_stack, queue and queue.qsize(), *workers, len(app.animator._animations))


def _timers(app: App[object]) -> tuple[list[Timer], list[Timer]]:
    """The timers that fire once, soon, and those of ours that fire again and again."""
    nodes = [app, *app.screen.walk_children(with_self=True)]
    timers = [timer for node in nodes for timer in node._timers if _runs(timer)]
    once = [timer for timer in timers if timer._repeat is not None]
    # A cursor that blinks is Textual's.
    ours = [timer for timer in timers if timer._callback.__module__.startswith("meshtui.")]
    return once, [timer for timer in ours if timer._repeat is None]


def _runs(timer: Timer) -> bool:
    running = timer._task is not None and not timer._task.done() and timer._active.is_set()
    return running and timer._interval <= SHORT


def screen_text(app: App[object]) -> str:
    """All that is on the screen, as plain text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@dataclass
class Stage:
    """The app, the fleet that it shows, and the pilot at its keys."""

    app: MeshApp
    fleet: StandIn
    pilot: Pilot[None]

    @property
    def mesh_screen(self) -> MeshScreen:
        return self.app.mesh_screen

    @property
    def grid(self) -> Grid:
        return self.app.mesh_screen.grid

    @property
    def lines(self) -> Lines:
        return self.app.screen.query_one(Lines)

    def text(self) -> str:
        """All that is on the screen."""
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(
        self,
        what: str | type[Screen] | Callable[[], object],
        *,
        gone: bool = False,
        deadline: float = 10,
    ) -> str:
        """Wait until `what` is on screen (a text, a screen) or true, or not; the screen's text."""
        end = time.monotonic() + deadline
        while self._holds(what) is gone:
            if time.monotonic() > end:
                name = what if isinstance(what, str | type) else "what was waited for"
                verb = "is still there" if gone else "did not come"
                raise AssertionError(f"{name!r} {verb}; on {self.app.screen!r}:\n{self.text()}")
            await self.pilot.pause(0.01)
        await settled(self.app)
        return self.text()

    async def until_screen(self, kind: type[S]) -> S:
        """Wait until a screen of this kind is on top; that screen."""
        await self.until(kind)
        assert isinstance(self.app.screen, kind)
        return self.app.screen

    def _holds(self, what: str | type[Screen] | Callable[[], object]) -> bool:
        if isinstance(what, str):
            return what in self.text()
        if isinstance(what, type):
            return isinstance(self.app.screen, what)
        return bool(what())


@asynccontextmanager
async def on_stage(
    fleet: StandIn, size: tuple[int, int] = (100, 30), **more: object
) -> AsyncIterator[Stage]:
    """A MeshApp that shows `fleet`; `more` goes to the app."""
    more.setdefault("open_fleet", fleet.open)
    more.setdefault("now", lambda: fleet.now)
    app = MeshApp(fleet.mesh, **more)  # type: ignore[arg-type]
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(app)
        yield Stage(app, fleet, pilot)
