"""How a demo's story and its faults look."""

from collections.abc import Awaitable, Callable

import pytest
from embedded import Embedded, demo_app
from stage import settled
from textual.pilot import Pilot

SIZES = [(80, 24), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]


def press(demo: Embedded, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        demo.look()
        await settled(pilot.app)
        for key in keys:
            await pilot.press(key)
        # The strip goes by what it finds when it looks.
        await settled(pilot.app)

    return run


@sizes
@pytest.mark.parametrize(
    "keys",
    [(), ("a",)],
    ids=["bare", "plan"],
)
def test_it_begins(snap_compare: Snap, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    demo = Embedded()
    demo.formed = False
    assert snap_compare(demo_app(demo), terminal_size=size, run_before=press(demo, *keys))


@sizes
@pytest.mark.parametrize(
    "keys",
    [
        ("F",),
        ("F", "enter"),
        ("F", "enter", "enter"),
        ("F", "down", "enter", "F"),
        ("question_mark", "G"),
    ],
    ids=["faults", "killed", "why", "heal", "help"],
)
def test_something_breaks(snap_compare: Snap, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    demo = Embedded()
    assert snap_compare(demo_app(demo), terminal_size=size, run_before=press(demo, *keys))
