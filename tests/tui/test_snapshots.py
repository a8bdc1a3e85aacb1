"""How the screens look. `--snapshot-update` accepts a new look; look at it first."""

from collections.abc import Awaitable, Callable

import pytest
from standin import StandIn, dead, make_mesh, poll
from textual.pilot import Pilot

from meshtui.fleet.events import HostPolled
from meshtui.tui.app import MeshApp

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]
Step = Callable[[Pilot[None]], Awaitable[None]]


def make_app(hosts: int = 6) -> tuple[MeshApp, StandIn]:
    fleet = StandIn(make_mesh(hosts))
    # A clock that stands still: no age, no elapsed time, moves.
    return MeshApp(fleet.mesh, fleet.open, clock=lambda: 1000.0, now=lambda: fleet.now), fleet


def feed(fleet: StandIn) -> None:
    """One dead host, one link stale, one idle, one never up, one peer missing."""
    names = list(fleet.mesh.hosts)
    for i, name in enumerate(names):
        event = poll(fleet.mesh, name, 10)
        links = list(event.links)
        if i == 0:
            links[0] = links[0]._replace(state="stale", latest_handshake_age=410)
            links[-1] = links[-1]._replace(state="missing")
        if i == 1:
            links[0] = links[0]._replace(state="idle", latest_handshake_age=7200)
            links[-1] = links[-1]._replace(state="never", latest_handshake_age=None)
        fleet.feed(HostPolled(event.host, tuple(links)))
    why = "no SSH answer from 203.0.113.3:22 within 10 s\ntry: ssh root@203.0.113.3"
    fleet.feed(dead(fleet.mesh, names[2], why))


def steps(fleet: StandIn, *keys: str, seen: bool = True) -> Step:
    async def run(pilot: Pilot[None]) -> None:
        if seen:
            feed(fleet)
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return run


@sizes
def test_mesh(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    assert snap_compare(app, terminal_size=size, run_before=steps(fleet, "j", "j", "l"))


@sizes
def test_mesh_of_three(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app(3)
    assert snap_compare(app, terminal_size=size, run_before=steps(fleet))


def test_bytes(snap_compare: Snap) -> None:
    app, fleet = make_app(4)
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(fleet, "m"))


@sizes
def test_mesh_of_sixty(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app(60)
    assert snap_compare(app, terminal_size=size, run_before=steps(fleet, "G", "end"))


def test_first_frame(snap_compare: Snap) -> None:
    app, fleet = make_app()
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(fleet, seen=False))


def test_message(snap_compare: Snap) -> None:
    app, fleet = make_app()

    async def run(pilot: Pilot[None]) -> None:
        await steps(fleet)(pilot)
        fleet.feed(OSError(24, "Too many open files"))
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=run)


def test_no_colour(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, fleet = make_app()
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(fleet))
