"""How the screens look. `--snapshot-update` accepts a new look; look at it first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from standin import StandIn, dead, make_mesh, make_plan, poll
from textual.pilot import Pilot

from meshtui.errors import UnknownHostKey
from meshtui.fleet.events import ApplyResult, DirectionVerified, HostPolled, Progress
from meshtui.plan.model import Plan
from meshtui.tui.app import MeshApp

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]
Step = Callable[[Pilot[None]], Awaitable[None]]


def make_app(hosts: int = 6) -> tuple[MeshApp, StandIn]:
    fleet = StandIn(make_mesh(hosts))
    # A clock that stands still: no age, no elapsed time, moves.
    return MeshApp(fleet.mesh, fleet.open, clock=lambda: 1000.0), fleet


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


@sizes
def test_plan(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    plan = make_plan(make_mesh(4))
    owed = replace(plan.hosts[2], steps=(), after=None, problem="no SSH answer\ntry: ssh root@c")
    fleet.plan_result = Plan(
        plan.mesh, plan.interface, (*plan.hosts[:2], owed, replace(plan.hosts[3], notes=()))
    )
    assert snap_compare(app, terminal_size=size, run_before=steps(fleet, "a"))


def test_plan_reading(snap_compare: Snap) -> None:
    app, fleet = make_app()
    fleet.plan_gate = asyncio.Event()
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(fleet, "a"))


@sizes
def test_apply_running(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app(3)
    fleet.apply_gate = asyncio.Event()
    fleet.apply_events = [
        Progress("server-a", "key", "running"),
        Progress("server-a", "key", "done"),
        Progress("server-a", "stage", "done"),
        Progress("server-a", "change", "running", "systemctl enable --now wg-quick@wg0"),
        Progress("server-b", "key", "done"),
        Progress("server-b", "stage", "failed", "/etc/wireguard is read-only: remount it"),
        Progress("server-c", "key", "running"),
        ApplyResult({}, (), 0),
    ]
    assert snap_compare(app, terminal_size=size, run_before=steps(fleet, "a", "A"))


@sizes
def test_apply_done(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app(3)
    assert snap_compare(app, terminal_size=size, run_before=steps(fleet, "a", "A"))


def test_apply_failed(snap_compare: Snap) -> None:
    app, fleet = make_app(3)
    good = DirectionVerified("server-a", "server-b", True, "handshake 1 s ago")
    bad = DirectionVerified("server-b", "server-a", False, "no handshake within 5 s: UDP blocked?")
    fleet.apply_events = [
        *(
            Progress(host, phase, "done")
            for host in ("server-a", "server-b")
            for phase in ("key", "stage", "change", "verify")
        ),
        ApplyResult({"server-c": "owed: no SSH answer; try: ssh root@c"}, (good, bad), 7.4),
    ]
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(fleet, "a", "A"))


@sizes
def test_help(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    assert snap_compare(app, terminal_size=size, run_before=steps(fleet, "question_mark"))


def test_host_key(snap_compare: Snap) -> None:
    app, fleet = make_app()
    fleet.asked = [
        UnknownHostKey(
            "its ED25519 key stands in no known_hosts file",
            host="server-a",
            hint="yes adds it to your known_hosts",
            fingerprint="SHA256:7nUO0yQ0l7Jm3oPq0yWcB1mVd3uJr8d2nq5C9m3f5aQ",
        )
    ]
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(fleet, "right"))


def test_quit(snap_compare: Snap) -> None:
    app, fleet = make_app(3)
    fleet.apply_gate = asyncio.Event()
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(fleet, "a", "A", "q"))
