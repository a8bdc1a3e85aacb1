"""Whatever breaks, the app stays and says so."""

import asyncio
import re

import pytest
from places import ASKED, PLACES, SHOWS_HOSTS
from stage import Stage, on_stage
from standin import StandIn, dead, good_apply, make_mesh, make_plan

from meshtui.errors import HostError, MeshError, Unreachable
from meshtui.fleet.events import ApplyResult, DirectionVerified
from meshtui.tui.screens.mesh import MeshScreen

ERRORS: list[Exception] = [
    MeshError("boom 7", hint="look again"),
    Unreachable("boom 7", host="server-b", hint="ssh server-b"),
    HostError("boom 7"),
    OSError(24, "boom 7"),
    KeyError("boom 7"),
    TimeoutError("boom 7"),
    RuntimeError("[bold red]boom 7[/]"),
    ExceptionGroup("boom 7", [OSError("cut"), ValueError("odd")]),
]


class Broken:
    """Raises as soon as it is awaited, or looped over."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, *args: object, **more: object) -> "Broken":
        return self

    def __await__(self) -> object:
        raise self.error
        yield

    def __aiter__(self) -> "Broken":
        return self

    async def __anext__(self) -> object:
        raise self.error

    async def aclose(self) -> None:
        """Nothing is open."""


def words(stage: Stage) -> str:
    """The screen's text with every gap and frame as one space: a toast breaks its lines."""
    return re.sub(r"[\s│┃▌▐─]+", " ", stage.text())


async def still_lives(stage: Stage) -> None:
    """It goes back to the grid, moves the cursor, opens the help and quits."""
    while not isinstance(stage.app.screen, MeshScreen):
        before = stage.app.screen
        await stage.press("escape")
        assert stage.app.screen is not before, f"esc does not leave {before!r}"
    stage.grid.move(0, 0)
    await stage.press("j")
    assert stage.grid.row == 1
    await stage.press("question_mark")
    assert "show what would change" in stage.text()
    await stage.press("escape", "ctrl+c")
    assert stage.app._exit
    assert stage.app._exception is None


@pytest.mark.parametrize(
    ("method", "error"),
    [
        pytest.param(method, error, id=f"{method}-{type(error).__name__}")
        for method in ASKED
        # What keeps an app alive is one place for each: all kinds of errors for the first.
        for error in (ERRORS if method == "watch" else (ERRORS[1], ERRORS[4]))
    ],
)
async def test_what_is_asked_of_the_fleet_fails(method: str, error: Exception) -> None:
    fleet = StandIn(make_mesh(3))
    fleet.feed_all()
    setattr(fleet, method, Broken(error))
    async with on_stage(fleet) as stage:
        await stage.press(*ASKED[method])
        await stage.until(lambda: "boom 7" in words(stage))
        assert "Traceback" not in stage.text()
        await still_lives(stage)


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("mesh", None),
        ("mesh", ERRORS[4]),
        # The palette covers toasts, too; it is told below.
        *((place, ERRORS[1]) for place in PLACES if place != "palette"),
    ],
)
async def test_the_watch_breaks_while_on(place: str, error: Exception | None) -> None:
    fleet = StandIn(make_mesh(3), apply_gate=asyncio.Event())
    fleet.feed_all()
    async with on_stage(fleet) as stage:
        await stage.until("3/3")
        await stage.press(*PLACES[place])
        screen = stage.app.screen
        fleet.feed(error or StopAsyncIteration())
        expected = "boom 7" if error else "the watch "
        await stage.until(lambda: expected in words(stage))
        assert stage.app.screen is screen
        fleet.apply_gate.set()
        while not isinstance(stage.app.screen, MeshScreen):
            await stage.press("escape")
        assert expected in words(stage), "it stays on the mesh screen"
        assert "stopped" in stage.text()
        # And r starts over.
        fleet.feed_all(tick=40)
        await stage.press("r")
        await stage.until("stopped", gone=True)
        assert stage.mesh_screen.message.said == ""
        await still_lives(stage)


# The log goes on saying that they died.
@pytest.mark.parametrize("place", [place for place in PLACES if place != "log"])
async def test_every_host_dies_while_on(place: str) -> None:
    fleet = StandIn(make_mesh(3), apply_gate=asyncio.Event())
    fleet.feed_all()
    async with on_stage(fleet, size=(120, 30)) as stage:
        await stage.until("3/3")
        await stage.press(*PLACES[place])
        screen = stage.app.screen
        for state in ("unreachable", "refused", "no-interface", "not-installed"):
            for name in fleet.mesh.hosts:
                fleet.feed(dead(fleet.mesh, name, f"boom 7, {state}", state))
            await stage.pilot.pause()
            assert stage.app.screen is screen
            if place in SHOWS_HOSTS:
                await stage.until(f"boom 7, {state}")
        fleet.apply_gate.set()
        while not isinstance(stage.app.screen, MeshScreen):
            await stage.press("escape")
        await stage.until("0/3")
        assert stage.text().count("boom 7, not-installed") >= 3
        # They come back.
        fleet.feed_all(tick=7)
        await stage.until("3/3")
        await stage.until("boom 7", gone=True)
        await still_lives(stage)


@pytest.mark.parametrize("after", [1, 3, 20, -1], ids=["key", "early", "late", "verified"])
async def test_an_apply_breaks_off(after: int) -> None:
    fleet = StandIn(make_mesh(3))
    fleet.apply_events = [*good_apply(make_plan(fleet.mesh))[:after], OSError(24, "boom 7")]
    async with on_stage(fleet) as stage:
        await stage.press(*PLACES["apply"])
        await stage.until(lambda: "broke off" in words(stage) and "boom 7" in words(stage))
        await still_lives(stage)


async def test_an_apply_ends_without_a_result() -> None:
    fleet = StandIn(make_mesh(3), apply_events=[])
    async with on_stage(fleet) as stage:
        await stage.press(*PLACES["apply"])
        await stage.until("it ended without a result")
        await still_lives(stage)


async def test_all_that_an_apply_can_say_of_failures() -> None:
    fleet = StandIn(make_mesh(3))
    bad = DirectionVerified("server-a", "server-b", False, "boom 7: no handshake within 5 s")
    odd = {"server-c": "boom 8", "mesh.toml": "boom 9", "server-z": "boom 10"}
    fleet.apply_events = [ApplyResult(odd, (bad,), 1.0)]
    async with on_stage(fleet, size=(120, 30)) as stage:
        await stage.press(*PLACES["apply"], "e")
        for number in (7, 8, 9, 10):
            await stage.until(f"boom {number}")
        await still_lives(stage)
