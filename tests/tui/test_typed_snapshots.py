"""How it looks while one types, and how the answers of a command do."""

from collections.abc import Awaitable, Callable

import pytest
from standin import StandIn, make_mesh
from textual.pilot import Pilot

from meshtui.fleet.reports import CommandResult
from meshtui.tui.app import MeshApp

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]


def make() -> tuple[MeshApp, StandIn]:
    fleet = StandIn(make_mesh(6))
    fleet.feed_all()
    fleet.answers["run"] = [
        *(CommandResult(f"server-{letter}", 0, "6.1.0-18-amd64\n") for letter in "abde"),
        CommandResult("server-c", None, "", error="no answer within 30 s"),
        CommandResult("server-f", 1, "uname: extra operand\n"),
    ]
    return MeshApp(fleet.mesh, fleet.open, clock=lambda: 1000.0, now=lambda: fleet.now), fleet


def press(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)

    return run


@sizes
@pytest.mark.parametrize(
    "keys",
    [
        ("colon", "r"),
        ("slash", *"r-b"),
        ("x", "j", "x", "exclamation_mark", *"uname"),
    ],
    ids=["command", "filter", "run"],
)
def test_typing(snap_compare: Snap, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    app, _ = make()
    assert snap_compare(app, terminal_size=size, run_before=press(*keys))


@sizes
def test_answers(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, _ = make()
    keys = (*"xjxjxjxjxjx", "exclamation_mark", *"uname", "enter")
    assert snap_compare(app, terminal_size=size, run_before=press(*keys))
