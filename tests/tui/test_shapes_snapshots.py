"""How meshes that are not full look: in the grid, in the details, on the screens of two and one."""

from collections.abc import Callable

import pytest
import shapes
from stage import settled
from standin import StandIn, dead
from textual.pilot import Pilot

from meshtui.tui.app import MeshApp

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]
#: By shape: what the cursor is on.
AT = {
    "hub": ("server-c", "server-d"),
    "groups": ("server-b", "server-e"),
    "nat": ("server-d", "server-e"),
    "devices": ("phone", "phone"),
}


def snap(
    compare: Snap,
    shape: str,
    size: tuple[int, int],
    *keys: str,
    at: tuple[str, str] | None = None,
    broken: bool = False,
) -> bool:
    """`broken`: server-a gets nothing from server-c any more, and the last host is silent."""
    mesh = shapes.MESHES[shape]()
    fleet, now = StandIn(mesh), [1000.0]
    app = MeshApp(mesh, fleet.open, clock=lambda: now[0], now=lambda: fleet.now)

    async def run(pilot: Pilot[None]) -> None:
        for tick in (9, 10):
            for name in mesh.hosts:
                event = shapes.seen(mesh, name, tick)
                fleet.feed(shapes.ill(event, "server-c") if broken else event)
            await settled(pilot.app)
            now[0] += 1
        if broken:
            fleet.feed(dead(mesh, list(mesh.hosts)[-1]))
        await settled(pilot.app)
        view = app.looking.live
        one, other = at or AT[shape]
        app.mesh_screen.grid.select(view.index[one], view.index[other])
        for key in keys:
            await pilot.press(key)
        await settled(pilot.app)

    return compare(app, terminal_size=size, run_before=run)


@sizes
@pytest.mark.parametrize("shape", shapes.MESHES)
def test_shapes(snap_compare: Snap, shape: str, size: tuple[int, int]) -> None:
    assert snap(snap_compare, shape, size)


@pytest.mark.parametrize("shape", ["hub", "groups"])
def test_broken_ways(snap_compare: Snap, shape: str) -> None:
    assert snap(snap_compare, shape, (120, 40), at=("server-b", "server-d"), broken=True)


@pytest.mark.parametrize("key", ["2", "5", "6"])
def test_modes(snap_compare: Snap, key: str) -> None:
    assert snap(snap_compare, "hub", (120, 40), key, broken=True)


@pytest.mark.parametrize("zoom", ["Z", "ZZ"], ids=["dots", "map"])
@pytest.mark.parametrize("shape", ["nat", "groups"])
def test_from_afar(snap_compare: Snap, shape: str, zoom: str) -> None:
    assert snap(snap_compare, shape, (80, 24), *zoom, broken=True)


@sizes
def test_a_way_in_full(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap(snap_compare, "groups", size, "enter", "t", broken=True)


@sizes
def test_a_device_in_full(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap(snap_compare, "devices", size, "enter")


@sizes
def test_a_link_to_a_device(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap(snap_compare, "devices", size, "enter", "t", at=("server-a", "phone"))


def test_a_host_behind_nat(snap_compare: Snap) -> None:
    assert snap(snap_compare, "nat", (120, 40), "enter", at=("server-d", "server-d"))


@pytest.mark.parametrize("shape", shapes.MESHES)
def test_no_colour(snap_compare: Snap, shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap(snap_compare, shape, (120, 40), broken=True)
