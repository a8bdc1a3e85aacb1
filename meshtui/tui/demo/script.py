"""Plays the story by itself: the keys that it asks for, and a deadline for what comes of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from meshtui.errors import MeshError
from meshtui.tui.actions import ACTIONS
from meshtui.tui.demo.faults import Fault
from meshtui.tui.words import describe

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from meshtui.tui.apply_run import ApplyRun
    from meshtui.tui.demo.app import DemoApp
    from meshtui.tui.demo.scene import Scene

#: Seconds that anything may take: a handshake that is refused is tried again for 90 s.
WITHIN = 120.0
#: Seconds between two looks.
_LOOK = 0.05
_KEYS = {action.name: action.keys[0] for action in ACTIONS}
#: Lines of the log that are told where something failed.
_LAST = 5


class Script:
    """One telling, for one app."""

    def __init__(self, app: DemoApp, say: Callable[[str], None]) -> None:
        """`say` is told a line for each part of the story."""
        self._app, self._say = app, say
        self._began = time.monotonic()
        self._pilot: Pilot[object] | None = None
        self._told: ApplyRun | None = None
        self.failure: str | None = None
        """Why it did not come to a good end."""

    async def play(self, pilot: Pilot[object]) -> None:
        """Press what is to be pressed, and leave the app."""
        self._pilot = pilot
        story = self._app.story
        try:
            while not story.over:
                name = story.part.name
                await _ACTS[name](self)
                await self.until(lambda name=name: story.part.name != name, "the story goes on")  # type: ignore[misc]
                self._tell(name)
            if not self.scene.whole:
                raise MeshError("not every direction is up at the end")
            self._say(f"{self.scene.healthy} of {self.scene.directions} directions up")
        except Exception as error:
            entries = self._app.looking.log.entries[-_LAST:]
            log = "\n".join(f"  {one.host or 'mesh'}: {one.told}" for one in entries)
            self.failure = f"{story.part.name}: {describe(error)}\n{log}"
        finally:
            self._app.exit()

    def _tell(self, name: str) -> None:
        scene, run = self.scene, self._app.applying.run
        said = f"{scene.healthy} of {scene.directions} directions up"
        if run is not None and run is not self._told:
            self._told, said = run, run.summary()[0]
        self._say(f"{time.monotonic() - self._began:6.1f} s  {name:<7} {said}")

    @property
    def scene(self) -> Scene:
        """How things stand."""
        return self._app.story.scene

    # -- what the parts are played with

    async def press(self, *actions: str) -> None:
        """Press the keys of these actions of the registry."""
        assert self._pilot
        for action in actions:
            await self._pilot.press(_KEYS[action])

    async def until(self, what: Callable[[], object], why: str) -> None:
        """Wait until `what` holds. MeshError: it does not in time."""
        end = time.monotonic() + WITHIN
        while not what():
            if time.monotonic() > end:
                raise MeshError(f"waited {WITHIN:.0f} s in vain: {why}")
            await asyncio.sleep(_LOOK)

    async def front(self, name: str) -> None:
        """Wait until a screen of this class is in front."""
        await self.until(lambda: type(self._app.screen).__name__ == name, f"{name} opens")

    async def at(self, row: str, column: str) -> None:
        """Go back to the grid, and put the cursor there."""
        self.back_to_grid()
        index = self._app.looking.view.index
        self._app.mesh_screen.grid.select(index[row], index[column])

    def back_to_grid(self) -> None:
        """Leave whatever is in front of it."""
        self._app.back_to_mesh()

    async def fault(self, fault: Fault) -> None:
        """Have that go wrong, by the list of what can."""
        await self.press("demo.fault")
        await self.front("FaultScreen")
        row, column = (*fault.hosts, *fault.hosts)[:2]
        possible = self._app.faults.possible(row, column)
        await self.press(*["faults.down"] * possible.index(fault), "faults.choose")

    async def heal(self) -> None:
        """End what is first in the list."""
        await self.press("demo.fault")
        await self.front("FaultScreen")
        await self.press("faults.choose")

    async def carry_out(self) -> None:
        """Apply the plan that is about to be shown, and keep what comes of it."""
        await self.front("PlanScreen")
        before = self._app.applying.run
        while self._app.applying.run is before:
            await self.press("plan.apply")
            await asyncio.sleep(_LOOK)
        run = self._app.applying.run
        assert run
        while run.running:
            if run.asking:
                await self.press("app.keep")
            await asyncio.sleep(_LOOK)
        if not run.well:
            raise MeshError(run.summary()[0])

    @property
    def hosts(self) -> list[str]:
        """Those with a public address first."""
        hosts = self._app.looking.live.mesh.hosts.values()
        return [host.name for host in sorted(hosts, key=lambda host: host.behind_nat)]


# -- the parts: what is pressed in each


async def _plan(play: Script) -> None:
    await play.until(lambda: "connecting" not in play.scene.states.values(), "all hosts answer")
    await play.press("mesh.plan")


async def _grid(play: Script) -> None:
    await play.until(lambda: play.scene.whole, "every direction is up")
    await play.press("apply.back")


async def _kill(play: Script) -> None:
    one, other = play.hosts[:2]
    await play.at(one, other)
    await play.fault(Fault("down", (one,)))


async def _see(play: Script) -> None:
    await play.until(lambda: play.scene.stale, "the others miss it")
    await play.press("grid.open")


async def _add(play: Script) -> None:
    await play.press("link.back", "mesh.add")
    await play.front("FormScreen")
    await play.press("form.submit")
    await play.carry_out()


async def _undo(play: Script) -> None:
    play.back_to_grid()
    await play.press("mesh.undo")
    await play.carry_out()


async def _rotate(play: Script) -> None:
    play.back_to_grid()
    await play.press("mesh.rotate")
    await play.carry_out()


async def _block(play: Script) -> None:
    one, other = play.hosts[:2]
    await play.at(one, other)
    await play.fault(Fault("block", (one, other)))


async def _why(play: Script) -> None:
    await play.press("grid.open")
    await play.front("LinkScreen")
    await play.press("link.ping")


async def _forget(play: Script) -> None:
    other, one = play.hosts[:2]
    await play.at(one, other)
    await play.fault(Fault("forget", (one, other)))


async def _repair(play: Script) -> None:
    await play.press("about.drift")
    await play.until(lambda: play.scene.drift, "the drift is found")
    await play.press("drift.repair")
    await play.carry_out()


_ACTS: dict[str, Callable[[Script], Awaitable[None]]] = {
    "plan": _plan,
    "apply": Script.carry_out,
    "grid": _grid,
    "kill": _kill,
    "see": _see,
    "revive": Script.heal,
    "add": _add,
    "undo": _undo,
    "rotate": _rotate,
    "block": _block,
    "why": _why,
    "heal": Script.heal,
    "forget": _forget,
    "repair": _repair,
}
