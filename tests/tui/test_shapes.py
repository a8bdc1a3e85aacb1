"""Meshes that are not full: ways through others, pairs that met behind NAT, devices."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import pytest
import shapes
from presses import presses
from stage import Stage, on_stage
from standin import StandIn, dead, make_mesh
from textual.screen import Screen

from meshtui.fleet.events import HostPolled
from meshtui.mesh.model import Found, Mesh
from meshtui.mesh.paths import path
from meshtui.tui.screens.host import HostScreen
from meshtui.tui.screens.link import LinkScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.peer import PeerScreen
from meshtui.tui.shape_lines import way_verdict, why_apart
from meshtui.tui.theme import MET, NO_WAY, WAY
from meshtui.tui.view import MeshView


def view_of(mesh: Mesh, *changed: HostPolled) -> MeshView:
    """All is well but for `changed`."""
    view = MeshView(mesh, lambda: 1000.0)
    for name in mesh.hosts:
        view.see(shapes.seen(mesh, name))
    for event in changed:
        view.see(event)
    return view


def at(view: MeshView, one: str, other: str) -> tuple[int, int]:
    return view.index[one], view.index[other]


# -- ways through others, by their worst tunnel


@pytest.mark.parametrize("shape", shapes.MESHES)
def test_each_way_is_as_bad_as_its_worst_tunnel(shape: str) -> None:
    """Against what the paths alone say, for every pair, with one direction after another ill."""
    mesh = shapes.MESHES[shape]()
    worth = ("up", "idle", "unknown", "stale", "missing", "never")
    for name in mesh.hosts:
        for link in shapes.seen(mesh, name).links:
            view = view_of(mesh, shapes.ill(shapes.seen(mesh, name), link.to, "stale"))
            for one in view.names:
                for other in view.names:
                    here, there = at(view, one, other)
                    hops = path(mesh, one, other) or ()
                    assert view.way(here, there) is (len(hops) > 2), (one, other)
                    if len(hops) > 2:
                        places = [view.index[hop] for hop in hops]
                        ends = list(pairwise(places))
                        ends += [(b, a) for a, b in ends]
                        states = [view.rows[a].states[b] for a, b in ends]
                        worst = max(states, key=lambda state: worth.index(state or "never"))
                        assert view.ways.state(here, there) == worst, (one, other, name, link.to)


def test_a_full_mesh_has_no_ways() -> None:
    view = view_of(make_mesh(5))
    assert not view.ways.any and view.ways.healthy(5) == (0, 0)


def test_ways_are_counted_by_pairs() -> None:
    mesh = shapes.hub()
    assert view_of(mesh).ways.healthy(6) == (6, 6)
    assert view_of(mesh).ways.carries(0) == 6, "all through the first hub"
    assert view_of(mesh).ways.carries(1) == 0
    ill = shapes.ill(shapes.seen(mesh, "server-a"), "server-c")
    assert view_of(mesh, ill).ways.healthy(6) == (6, 3)


def test_a_silent_host_leaves_its_ways_unknown() -> None:
    mesh = shapes.hub()
    view = view_of(mesh, dead(mesh, "server-d"))
    assert view.ways.state(*at(view, "server-c", "server-d")) == "unknown"
    assert view.ways.state(*at(view, "server-c", "server-e")) == "up"


def test_ways_move_to_the_other_hub() -> None:
    mesh = shapes.hub()
    view = view_of(mesh)
    view.replace(replace(mesh, found=Found(down=frozenset({"server-a"}))))
    hops = view.ways.path(*at(view, "server-c", "server-d"))
    assert hops == tuple(view.index[n] for n in ("server-c", "server-b", "server-d"))


def test_200_hosts_with_ways_are_quick() -> None:
    names = [f"node-{i:03}" for i in range(200)]
    mesh = replace(make_mesh(200, names=names), topology="hub")
    mesh = replace(mesh, hosts={**mesh.hosts, names[0]: replace(mesh.hosts[names[0]], hub=True)})
    view = view_of(mesh)
    assert view.ways.healthy(200) == (199 * 198 // 2,) * 2
    start = time.process_time()
    view.see(shapes.ill(shapes.seen(mesh, names[0], 1), names[7]))
    assert view.ways.healthy(200)[1] == 198 * 197 // 2
    assert time.process_time() - start < 0.1


def test_why_two_have_no_tunnel() -> None:
    hub, groups, nat, devices = (make() for make in shapes.MESHES.values())
    assert why_apart(hub, "server-c", "server-d") == "neither is a hub"
    assert why_apart(groups, "server-b", "server-e").startswith("they are in aws and hetzner")
    assert why_apart(nat, "server-d", "server-f") == "both are behind NAT"
    assert why_apart(devices, "server-c", "phone") == "phone comes in through server-a, server-b"


def test_a_way_is_told_in_a_sentence() -> None:
    view = view_of(shapes.nat())
    told = way_verdict(view, *at(view, "server-d", "server-f"))
    assert told == ("relayed by server-b (both are behind NAT): all tunnels on the way work", "up")
    ill = shapes.ill(shapes.seen(view.mesh, "server-f"), "server-b", "never")
    view.see(ill)
    told = way_verdict(view, *at(view, "server-d", "server-f"))
    assert told[0].endswith("a tunnel on the way does not work") and told[1] == "never"


# -- devices


def test_a_device_is_what_hosts_see_of_it() -> None:
    mesh = shapes.devices()
    view = view_of(mesh)
    phone, laptop = view.index["phone"], view.index["laptop"]
    assert (view.rows[phone].state, view.rows[laptop].state) == ("seen", "away")
    assert view.rows[phone].states[0] == "up", "its row mirrors the hosts'"
    assert not view.troubled(phone) and not view.troubled(laptop)
    assert (view.hosts, view.hosts_up, view.answered) == (4, 4, 4)
    assert view.directions == view.healthy == 12, "devices have no directions of their own"
    view.see(dead(mesh, "server-a"))
    assert view.rows[phone].state == "away", "nobody sees it now"


def test_a_device_that_is_gone_leaves_no_row() -> None:
    mesh = shapes.devices()
    view = view_of(mesh)
    view.replace(replace(mesh, peers={"laptop": mesh.peers["laptop"]}))
    assert view.names[view.hosts :] == ("laptop",)
    assert view.rows[view.index["laptop"]].state == "away"


# -- on the screen


async def played(stage: Stage, *changed: HostPolled) -> None:
    mesh = stage.fleet.mesh
    stage.fleet.feed(*(shapes.seen(mesh, name, 9) for name in mesh.hosts), *changed)
    await stage.until(lambda: stage.app.looking.live.answered == len(mesh.hosts))


def go(stage: Stage, one: str, other: str) -> None:
    stage.grid.select(*at(stage.app.looking.live, one, other))


async def test_the_grid_shows_all_three_kinds() -> None:
    mesh = shapes.nat()
    async with on_stage(StandIn(mesh), (120, 30)) as stage:
        await played(stage)
        text = await stage.until(f"{WAY} …ver-b")
        (line,) = (line for line in text.splitlines() if line.startswith(" server-d"))
        assert line.count(MET) == 1 and line.count(WAY) == 1 and line.count("●") == 4
        assert "via others 2/2" in text
        go(stage, "server-d", "server-e")
        await stage.until("198.51.100.5:30001  punched")
        stage.fleet.feed(shapes.ill(shapes.seen(mesh, "server-f", 10), "server-b"))
        await stage.until(f"{NO_WAY}◐")
        await stage.until("via others 0/2")


async def test_two_that_met_are_shown_so_without_a_word_of_a_new_file() -> None:
    mesh = shapes.nat()
    relayed = replace(mesh, found=replace(mesh.found, met=frozenset()))
    async with on_stage(StandIn(relayed), (120, 30)) as stage:
        await played(stage)
        await stage.until("via others 3/3")
        stage.fleet.reloaded = mesh
        stage.app.tick()
        stage.fleet.feed(shapes.seen(mesh, "server-d"), shapes.seen(mesh, "server-e"))
        text = await stage.until("via others 2/2")
        assert MET in text and "mesh.toml was changed" not in text
        assert stage.fleet.calls.count("watch") == 1, "nobody had to look anew"


@pytest.mark.parametrize(
    ("pair", "screen", "told"),
    [
        (("server-d", "server-f"), LinkScreen, "relayed by server-b"),
        (("server-d", "server-e"), LinkScreen, "works both ways"),
        (("server-d", "server-d"), HostScreen, "seen as 198.51.100.4:4711"),
        (("server-b", "server-b"), HostScreen, "carries 2 pairs"),
    ],
)
async def test_all_about_two_or_one(pair: tuple[str, str], screen: type[Screen], told: str) -> None:
    async with on_stage(StandIn(shapes.nat()), (120, 40)) as stage:
        await played(stage)
        go(stage, *pair)
        await stage.press("enter")
        await stage.until_screen(screen)
        await stage.until(told)


async def test_a_way_is_pinged_both_ways() -> None:
    async with on_stage(StandIn(shapes.hub()), (120, 40)) as stage:
        await played(stage)
        go(stage, "server-c", "server-d")
        await stage.press("enter", "t")
        text = await stage.until("0 of 10 lost")
        assert "server-a → server-d  ● up" in text
        assert {"ping server-c server-d", "ping server-d server-c"} <= set(stage.fleet.calls)
        await stage.press("j", "j", "j", "w", "k")


@pytest.mark.parametrize("ends", [("phone", "server-a"), ("server-a", "phone")])
async def test_a_link_to_a_device_has_one_end_that_tells(ends: tuple[str, str]) -> None:
    async with on_stage(StandIn(shapes.devices()), (120, 40)) as stage:
        await played(stage)
        go(stage, *ends)
        await stage.press("enter", "t")
        text = await stage.until("0 of 10 lost")
        assert "phone is there" in text and "server-a sees phone" in text
        assert [call for call in stage.fleet.calls if call.startswith("ping")] == [
            "ping server-a phone"
        ], "nobody asks a device"
        await stage.press("j", "j", "j", "l", "w", "G", "k")


@presses("peer.back")
async def test_a_device_has_a_page_of_its_own(key: str) -> None:
    async with on_stage(StandIn(shapes.devices()), (120, 40)) as stage:
        await played(stage)
        go(stage, "phone", "phone")
        await stage.press("enter")
        await stage.until_screen(PeerScreen)
        text = stage.text()
        for told in ("◆ seen", "10.0.0.101", "server-a, server-b", "exit        server-a"):
            assert told in text
        stage.app.shown(replace(stage.fleet.mesh, peers={}))
        await stage.until("is no longer a peer")
        await stage.press(key)
        await stage.until_screen(MeshScreen)


@pytest.mark.parametrize("key", ["d", "S", "exclamation_mark", "e"])
async def test_what_needs_ssh_says_that_a_device_has_none(key: str) -> None:
    async with on_stage(StandIn(shapes.devices()), (120, 40)) as stage:
        await played(stage)
        go(stage, "laptop", "laptop")
        await stage.press(key)
        await stage.until("nobody reaches laptop over SSH")
        assert stage.app.screen is stage.mesh_screen


async def test_devices_are_calm_in_every_order_and_mode() -> None:
    mesh = shapes.devices()
    async with on_stage(StandIn(mesh), (120, 40)) as stage:
        await played(stage)
        for _ in range(4):
            assert {*stage.grid.order.rows[4:]} == {4, 5}, "below the hosts"
            await stage.press("s")
        for key in "123456":
            await stage.press(key)
        await stage.until("no problems")
