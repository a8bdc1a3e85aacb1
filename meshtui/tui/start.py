"""From the command line to the screen, and back to the shell."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING

from meshtui.errors import UsageError
from meshtui.store.settings import Settings
from meshtui.tui.app import MeshApp

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from textual.pilot import Pilot

    from meshtui.tui.fleet_api import AskHostKey, FleetApi, OpenFleet
    from meshtui.tui.meshes import Shown

    Play = Callable[[Pilot[object]], Coroutine[Any, Any, None]]

#: Columns and lines of a screen that is played, not shown.
PLAYED = (120, 36)
#: Seconds that closing the connections may take after the screen is gone.
CLOSE_WITHIN = 3.0
#: Seconds that an apply which was broken off may take to take back what it did, before that.
TIDY_WITHIN = 30.0


def run(meshes: Sequence[Shown], settings: Settings | None = None) -> int:
    """Open the screen on the first of `meshes`, and stay until it is left; the exit code.

    UsageError: no such terminal.
    """
    check_terminal()
    (mesh, open_fleet), *others = meshes
    app = MeshApp(mesh, settled(open_fleet), settings=settings, others=others)
    return asyncio.run(stay(app))


def settled(open_fleet: OpenFleet) -> OpenFleet:
    """`open_fleet`, after which garbage is looked for where there may be some."""

    async def open_after_the_first_frame(ask: AskHostKey) -> FleetApi:
        # What there is by now, and what the fleet is made of, is never looked through again.
        gc.freeze()
        gc.enable()
        fleet = await open_fleet(ask)
        gc.freeze()
        return fleet

    return open_after_the_first_frame


async def stay(app: MeshApp, play: Play | None = None) -> int:
    """Show `app` until it is left, and let go of its hosts; the exit code.

    With `play`, at its keys, nothing is shown, and no terminal is needed.
    """
    if play is None:
        await app.run_async(mouse=app.settings.mouse)
    else:
        await app.run_async(headless=True, size=PLAYED, auto_pilot=play)
    # The terminal is given back by now: a host that hangs holds up nobody.
    if app.fleet is not None:
        if not app.applying.over.is_set():
            print("meshtui: the change is taken back on all hosts…", file=sys.stderr)  # noqa: T201
        try:
            await asyncio.wait_for(app.applying.over.wait(), TIDY_WITHIN)
        except TimeoutError:
            print("meshtui: hosts that did not answer go back by themselves", file=sys.stderr)  # noqa: T201
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
