"""How the grid looks: from afar and near, in every mode, with a host that fell silent."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from stage import settled
from standin import StandIn, dead, make_mesh, poll
from textual.pilot import Pilot

from meshtui.fleet.events import HostPolled
from meshtui.tui.app import MeshApp

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]


class Scene:
    """A fleet with one of everything that can be wrong, seen over a minute."""

    def __init__(self, hosts: int) -> None:
        self.now = 1000.0
        self.fleet = StandIn(make_mesh(hosts))
        self.app = MeshApp(
            self.fleet.mesh, self.fleet.open, clock=lambda: self.now, now=lambda: self.fleet.now
        )

    def look(self, tick: int) -> list[HostPolled]:
        names = list(self.fleet.mesh.hosts)
        events = []
        for i, name in enumerate(names):
            event = poll(self.fleet.mesh, name, tick)
            links = list(event.links)
            if i == 0:
                # One way only: the far end is well.
                links[0] = links[0]._replace(state="stale", latest_handshake_age=410)
                links[-1] = links[-1]._replace(state="missing", latest_handshake_age=None)
            if i == 1:
                links[-1] = links[-1]._replace(state="never", latest_handshake_age=None)
            if i == len(names) - 1:
                links[1] = links[1]._replace(state="never", latest_handshake_age=None)
                links[-1] = links[-1]._replace(state="idle", latest_handshake_age=7200)
            if i != 2 and tick > 10:
                links = [
                    link._replace(state="stale", latest_handshake_age=250 + i)
                    if link.to == names[2]
                    else link
                    for link in links
                ]
            host = event.host
            if i == 3:
                host = replace(host, unknown_peers=("U" * 43 + "=",))
            events.append(HostPolled(host, tuple(links), self.now))
        return events

    async def play(self, pilot: Pilot[None]) -> None:
        names = list(self.fleet.mesh.hosts)
        for tick in (9, 10):
            self.fleet.feed(*self.look(tick))
            await self.until(pilot, lambda: self.app.looking.live.answered == len(names))
            await settled(pilot.app)
            self.now += 2
        self.now += 35
        why = "no SSH answer from 203.0.113.3:22 within 10 s\ntry: ssh root@203.0.113.3"
        gone = dead(self.fleet.mesh, names[2], why)
        self.fleet.feed(*(e for e in self.look(11) if e.host.name != names[2]), gone)
        await self.until(pilot, lambda: self.app.looking.live.rows[2].kept)
        async for trip in self.fleet.round_trips(names[:-1]):
            self.app.looking.live.measured(trip)
        await settled(pilot.app)

    async def until(self, pilot: Pilot[None], what: Callable[[], bool]) -> None:
        for _ in range(200):
            if what():
                return
            await pilot.pause(0.02)
        raise AssertionError("it did not come to be")


def snap(
    compare: Snap, hosts: int, size: tuple[int, int], *keys: str, at: tuple[int, int] = (1, 2)
) -> bool:
    scene = Scene(hosts)

    async def run(pilot: Pilot[None]) -> None:
        await scene.play(pilot)
        scene.app.mesh_screen.grid.select(*at)
        for key in keys:
            await pilot.press(key)
        await settled(pilot.app)

    return compare(scene.app, terminal_size=size, run_before=run)


@sizes
def test_six_hosts(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap(snap_compare, 6, size)


@sizes
def test_a_hundred_hosts(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap(snap_compare, 100, size)


@sizes
def test_two_hosts_a_line(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap(snap_compare, 100, size, "Z", at=(2, 1))


def test_full_cells(snap_compare: Snap) -> None:
    assert snap(snap_compare, 40, (120, 40), "z", "z", "G", "end")


@pytest.mark.parametrize("key", ["2", "4", "5", "6"])
def test_modes_from_near(snap_compare: Snap, key: str) -> None:
    assert snap(snap_compare, 6, (120, 40), key)


@pytest.mark.parametrize("key", ["2", "4", "5", "6"])
def test_modes_from_afar(snap_compare: Snap, key: str) -> None:
    assert snap(snap_compare, 40, (120, 40), key)


def test_marks_and_order(snap_compare: Snap) -> None:
    assert snap(snap_compare, 6, (120, 40), "x", "j", "j", "x", "s", "s")


def test_a_host_in_the_details(snap_compare: Snap) -> None:
    assert snap(snap_compare, 6, (200, 60), at=(3, 3))


def test_no_colour(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap(snap_compare, 40, (120, 40))
