"""How plan, apply, help, dialogs and themes look. Look before `--snapshot-update` accepts it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_interface

import pytest
from proposed import disabled
from stage import settled
from standin import StandIn, confirmed, good_apply, make_mesh, make_plan
from test_changing import JOURNAL
from textual.pilot import Pilot
from textual.widgets import Input

from meshtui.errors import MeshError, UnknownHostKey
from meshtui.fleet.events import ApplyResult, Armed, DirectionVerified, Progress
from meshtui.fleet.reports import Standing
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.store.changes import Change
from meshtui.tui.app import MeshApp
from meshtui.tui.theme import THEME_NAMES
from tests.plan.fleets import formed, left_the_mesh
from tests.plan.fleets import make_mesh as make_fleet

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]
Run = Callable[[Pilot[None]], Awaitable[None]]


def make_app(hosts: int = 6) -> tuple[MeshApp, StandIn]:
    fleet = StandIn(make_mesh(hosts))
    # A clock that stands still: no age, no elapsed time, moves.
    return MeshApp(fleet.mesh, fleet.open, clock=lambda: 1000.0, now=lambda: fleet.now), fleet


def keys(*pressed: str) -> Run:
    async def run(pilot: Pilot[None]) -> None:
        await settled(pilot.app)
        for key in pressed:
            await pilot.press(key)
            await settled(pilot.app)
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    return run


def mixed_plan() -> Plan:
    """One host owed, one with a route, one new, two as they should be."""
    plan = make_plan(make_mesh(6))
    why = "no SSH answer from 203.0.113.3:22 within 10 s (is it up, and does a firewall drop SSH?)"
    route = Step("add-route", "10.9.0.0/16 by wg0", "route")
    a, b, c, d, e, f = plan.hosts
    return replace(
        plan,
        hosts=(
            a,
            replace(b, steps=(*b.steps, route)),
            HostPlan(c.host, problem=why),
            replace(d, notes=()),
            HostPlan(e.host),
            HostPlan(f.host),
        ),
    )


@sizes
def test_plan(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.plan_result = mixed_plan()
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "j", "j"))


@sizes
def test_plan_of_sixty(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, _ = make_app(60)
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "j", "enter", "j"))


def costly_plan(hosts: int) -> Plan:
    """A host gets another address, one that is reached through it is silent, one leaves."""
    sim = formed(make_fleet(hosts, v6=True))
    addresses = (ip_interface("10.0.0.2/24"), ip_interface("fd10::99/64"))
    b = replace(sim.mesh.hosts["b"], addresses=addresses, listen_port=7777)
    c = replace(sim.mesh.hosts["c"], addresses=sim.mesh.hosts["c"].addresses[1:])
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, "b": b, "c": c})
    left_the_mesh(sim, "d", 0)
    sim.boxes["e"].reachable = False
    plan = sim.plan()
    return replace(plan, hosts=tuple(replace(one, own_path=one.host in "bc") for one in plan.hosts))


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_plan_impact(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app(12)
    fleet.plan_result = costly_plan(12)
    assert snap_compare(app, terminal_size=size, run_before=keys("a"))


def test_plan_reading(snap_compare: Snap) -> None:
    app, fleet = make_app()
    fleet.plan_gate = asyncio.Event()
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("a"))


def test_plan_with_nothing_to_do(snap_compare: Snap) -> None:
    app, fleet = make_app()
    fleet.plan_result = Plan("prod", "wg0", tuple(HostPlan(name) for name in fleet.mesh.hosts))
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("a", "p"))


@sizes
def test_apply_running(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.apply_gate = asyncio.Event()
    fleet.plan_result = mixed_plan()
    full = "/etc/wireguard/wg0.conf.new: No space left on device (free some, then apply again)"
    fleet.apply_events = [
        Progress("server-a", "key", "done"),
        Progress("server-a", "stage", "done"),
        Progress("server-a", "change", "running", "systemctl enable --now wg-quick@wg0"),
        Progress("server-b", "stage", "failed", full),
        Progress("server-d", "change", "done"),
        Progress("server-d", "verify", "running"),
        DirectionVerified("server-d", "server-e", True, "handshake 1 s ago, 10.0.0.5 in 0.8 ms"),
        ApplyResult({}, (), 0),
    ]
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "A", "j", "j"))


@sizes
def test_apply_failed(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app(3)
    why = "no handshake: is UDP let through to the endpoint, both ways?"
    ways = (
        DirectionVerified("server-a", "server-b", True, "handshake 1 s ago, 10.0.0.2 in 0.8 ms"),
        DirectionVerified("server-b", "server-a", False, why),
    )
    fleet.apply_events = [
        *(
            Progress(host, phase, "done")  # type: ignore[arg-type]
            for host in ("server-a", "server-b")
            for phase in ("key", "stage", "change")
        ),
        Progress("server-a", "verify", "done"),
        Progress("server-b", "verify", "failed"),
        ApplyResult({"server-c": "no SSH answer within 10 s (is it up?)"}, ways, 7.4),
    ]
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "A"))


@sizes
def test_apply_done(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.plan_result = replace(mixed_plan(), hosts=make_plan(fleet.mesh).hosts)
    fleet.apply_events = good_apply(fleet.plan_result)
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "A", "enter"))


@sizes
def test_apply_armed(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.apply_gate = asyncio.Event()
    plan = make_plan(fleet.mesh)
    fleet.apply_events = [Armed(1047.0), *confirmed(plan, 1047.0)[:30], ApplyResult({}, (), 0)]
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "A"))


@pytest.mark.parametrize("size", [*SIZES, (60, 16)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_apply_asks(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    worse = (
        "server-b does not reach server-c any more: no handshake within 5 s (is UDP let through?)",
        "server-d answers no ping from server-a any more",
    )
    fleet.apply_events = confirmed(make_plan(fleet.mesh), 1047.0, worse)
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "A", "j"))


def test_apply_taken_back(snap_compare: Snap) -> None:
    app, fleet = make_app()
    fleet.apply_events = confirmed(make_plan(fleet.mesh), 1047.0)
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("a", "A", "R"))


@sizes
def test_a_change_that_was_broken_off(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.feed_all()
    text = "change 12 by jo DIVERGED: server-a, server-c did not confirm what others did"
    names = ("server-a", "server-c")
    fleet.broken_off = Standing(12, "jo", "2026-11-22T12:00:00Z", names, text)
    assert snap_compare(app, terminal_size=size, run_before=keys())


@sizes
def test_a_form(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.feed_all()
    assert snap_compare(app, terminal_size=size, run_before=keys("e", "tab", "x", "enter"))


@pytest.mark.parametrize("size", [(80, 8), (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_form_where_there_is_little_room(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, _ = make_app()
    assert snap_compare(app, terminal_size=size, run_before=keys("n", "A", "tab", "enter"))


@sizes
def test_plan_of_an_edit(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, _ = make_app()
    assert snap_compare(app, terminal_size=size, run_before=keys("E"))


@sizes
def test_changes(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.journal = JOURNAL
    assert snap_compare(app, terminal_size=size, run_before=keys("C", "enter"))


@sizes
def test_help(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.plan_result = mixed_plan()
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "question_mark"))


@pytest.mark.parametrize("size", [*SIZES, (80, 10)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_host_key(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    fleet.asked = [
        UnknownHostKey(
            "its ED25519 key stands in no known_hosts file",
            host="server-a",
            hint="yes adds it to your known_hosts",
            fingerprint="SHA256:7nUO0yQ0l7Jm3oPq0yWcB1mVd3uJr8d2nq5C9m3f5aQ",
        )
    ]
    assert snap_compare(app, terminal_size=size, run_before=keys("right"))


@sizes
def test_quit(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app(3)
    fleet.apply_gate = asyncio.Event()
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "A", "q"))


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_theme(snap_compare: Snap, theme: str) -> None:
    app, fleet = make_app()
    fleet.plan_result = mixed_plan()

    async def run(pilot: Pilot[None]) -> None:
        await keys("a", "j")(pilot)
        app.theme = theme
        await settled(pilot.app)

    assert snap_compare(app, terminal_size=(80, 24), run_before=run)


def test_theme_without_colour(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, fleet = make_app()
    fleet.plan_result = mixed_plan()
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys("a", "j"))


@sizes
def test_rotation(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, _ = make_app()
    assert snap_compare(app, terminal_size=size, run_before=keys("down", "X"))


@sizes
def test_apply_refused(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    who = "jo@laptop is changing this host (change a1b2, begun 12 s ago)"
    hint = "wait for its end, then plan again; `meshtui recover --break ID` ends one that is stale"
    fleet.apply_events = [
        Progress("server-a", "arm", "done"),
        Progress("server-b", "arm", "failed", who),
        MeshError(f"{who}: nothing was changed", host="server-b", hint=hint),
    ]
    assert snap_compare(app, terminal_size=size, run_before=keys("a", "A"))


@sizes
def test_owed_and_disabled(snap_compare: Snap, size: tuple[int, int]) -> None:
    app, fleet = make_app()
    disabled(fleet, "server-c")
    missed = {"server-b": "no SSH answer from 203.0.113.2:22 within 10 s"}
    fleet.journal = [Change(1, "apply", "2026-11-20T12:00:00Z", up=2, directions=2, failed=missed)]
    fleet.feed_all()
    app = MeshApp(fleet.mesh, fleet.open, clock=lambda: 1000.0, now=lambda: fleet.now)
    assert snap_compare(app, terminal_size=size, run_before=keys("down"))
