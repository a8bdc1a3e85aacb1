"""Hosts that missed the latest change say so, and are offered it when they are back."""

from dataclasses import replace

from proposed import disabled
from stage import on_stage
from standin import StandIn, dead, make_mesh, poll

from meshtui.fleet.events import ApplyResult
from meshtui.mesh.model import Link
from meshtui.store.changes import Change
from meshtui.tui.view import MeshView


def fleet_of(**failed: str) -> StandIn:
    fleet = StandIn(make_mesh(3))
    missed = {name.replace("_", "-"): why for name, why in failed.items()}
    fleet.journal = [Change(1, "apply", "2026-11-20T12:00:00Z", up=2, directions=2, failed=missed)]
    return fleet


async def test_a_host_that_is_owed_says_so() -> None:
    fleet = fleet_of(server_b="no \x1b[31manswer")
    fleet.feed_all()
    async with on_stage(fleet, size=(120, 30)) as stage:
        text = await stage.until("server-b 10.0.0.2 ●! up, owed ")
        assert "server-a 10.0.0.1 ●  up  " in text
        await stage.press("down")
        await stage.until("owed the latest change: no ␛[31manswer")
        await stage.press("o")
        await stage.until("owed the latest change: no ␛[31manswer")


async def test_it_is_offered_the_change_when_it_is_back() -> None:
    fleet = fleet_of(server_c="no answer")
    fleet.feed_all()
    fleet.feed(dead(fleet.mesh, "server-c"))
    async with on_stage(fleet, size=(160, 40)) as stage:
        await stage.until("unreachable")
        assert "it is back" not in stage.text()
        fleet.feed(poll(fleet.mesh, "server-c"))
        text = await stage.until("server-c  it is back, and owed the latest change (a: plan)")
        assert "up, owed" in text


async def test_one_that_is_owed_nothing_is_just_up_again() -> None:
    fleet = fleet_of(server_c="no answer")
    fleet.feed_all()
    fleet.feed(dead(fleet.mesh, "server-b"), poll(fleet.mesh, "server-b"))
    async with on_stage(fleet, size=(160, 40)) as stage:
        await stage.until("up again")
        assert "it is back" not in stage.text()


async def test_the_next_apply_ends_it() -> None:
    fleet = fleet_of(server_b="no answer")
    fleet.feed_all()
    async with on_stage(fleet) as stage:
        await stage.until("up, owed")
        await stage.press("a")
        await stage.until("steps on")
        fleet.apply_events = [ApplyResult({}, (), 1.0)]
        fleet.journal = [*fleet.journal, replace(fleet.journal[0], failed={})]
        await stage.press("A")
        await stage.until("up in")
        await stage.press("escape")
        await stage.until("up, owed", gone=True)


async def test_what_is_disabled_says_so() -> None:
    fleet = StandIn(make_mesh(3))
    disabled(fleet, "server-b")
    fleet.mesh = replace(fleet.mesh, links=(Link(("server-a", "server-c"), disabled=True),))
    for name in fleet.mesh.hosts:
        fleet.feed(replace(poll(fleet.mesh, name), links=()))
    async with on_stage(fleet, size=(120, 30)) as stage:
        await stage.until("server-b 10.0.0.2 – disabled ")
        text = await stage.until("no tunnel: server-b is disabled")
        assert text.count("no tunnel: server-b is disabled") == 2
        await stage.press("right")
        await stage.until("no tunnel: their link is disabled")
        await stage.press("down", "left")
        await stage.until("● up, disabled in mesh.toml")
        await stage.press("o")
        await stage.until("● up, disabled in mesh.toml")


def test_how_a_disabled_host_is_troubles_nobody() -> None:
    fleet = StandIn(make_mesh(3))
    disabled(fleet, "server-b")
    view = MeshView(fleet.mesh)
    for name in fleet.mesh.hosts:
        view.see(replace(dead(fleet.mesh, name), links=()))
    assert [view.troubled(row) for row in range(3)] == [True, False, True]
