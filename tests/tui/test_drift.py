"""Drift on the screens: where it shows, and what the keys do with an item."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hostile import BIDI, ESCAPE, EVIL, MARKUP
from presses import presses
from stage import Stage, on_stage, settled
from standin import StandIn, make_drift, make_mesh
from textual.pilot import Pilot

from meshtui.errors import MeshError
from meshtui.fleet.events import HostDrift
from meshtui.plan.drift import Drift
from meshtui.store.settings import Settings
from meshtui.tui.app import MeshApp
from meshtui.tui.screens.drift import DriftScreen
from meshtui.tui.screens.plan import PlanScreen

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]


@asynccontextmanager
async def drifted(**more: object) -> AsyncIterator[Stage]:
    """Six hosts, of which the first has drifted."""
    fleet = StandIn(make_mesh(6))
    async with on_stage(fleet, size=(120, 40), **more) as stage:
        fleet.feed_all()
        await stage.until("6/6")
        fleet.drifting.queue.put_nowait(make_drift("server-a"))
        await stage.until("≠ 5")
        yield stage


@asynccontextmanager
async def opened(**more: object) -> AsyncIterator[Stage]:
    async with drifted(**more) as stage:
        await stage.press("d")
        await stage.until(DriftScreen)
        await stage.until("198.51.100.7")
        yield stage


@sizes
def test_how_it_looks(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_before("d", "down"))


@sizes
def test_how_it_looks_in_the_grid(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_before("home"))


@sizes
def test_how_it_looks_on_the_host_screen(snap_compare: Snap, size: tuple[int, int]) -> None:
    assert snap_compare(_app(), terminal_size=size, run_before=_before("o"))


def _app() -> MeshApp:
    fleet = StandIn(make_mesh(6))
    return MeshApp(fleet.mesh, fleet.open, now=lambda: fleet.now)


def _before(*keys: str) -> Callable[[Pilot[None]], object]:
    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, MeshApp)
        await settled(app)
        fleet = app.fleet
        assert isinstance(fleet, StandIn)
        fleet.feed_all()
        found = make_drift("server-a")
        fleet.drifting.queue.put_nowait(replace(found, ignored=frozenset({found.drifts[3].id})))
        fleet.drifting.queue.put_nowait(
            replace(make_drift("server-d"), host="server-d", drifts=found.drifts[:1])
        )
        await settled(app)
        for key in keys:
            await pilot.press(key)
        await settled(app)

    return run


async def test_it_is_counted_marked_and_told() -> None:
    async with drifted() as stage:
        text = stage.text()
        assert "drift ≠ 5" in text
        (row,) = [line for line in text.splitlines() if "server-a" in line and "10.0.0.1 " in line]
        assert "≠" in row
        assert "drift: 5 items" in text, "the log tells of it"
        await stage.press("o")
        await stage.until(
            "≠ drift (d): server-b endpoint is 198.51.100.7:51820, not 203.0.113.2:51820; 4"
        )
        await stage.press("escape")
        stage.fleet.drifting.queue.put_nowait(HostDrift("server-a"))
        await stage.until("≠", gone=True)
        assert "no drift any more" in stage.text()


async def test_what_cant_be_told_any_more_stays() -> None:
    async with opened() as stage:
        stage.fleet.drifting.queue.put_nowait(HostDrift("server-a", error="no answer"))
        text = await stage.until("can't be told now: no answer")
        assert "7777" in text


async def test_nothing_otherwise_and_a_host_that_is_gone() -> None:
    async with opened() as stage:
        stage.fleet.drifting.queue.put_nowait(HostDrift("server-a"))
        await stage.until("nothing is otherwise")
        await stage.press("t", "a", "i", "enter")
        assert isinstance(stage.app.screen, DriftScreen)
        assert not [call for call in stage.fleet.drifting.calls if not call.startswith("soon")]
        stage.fleet.reloaded = make_mesh(3, names=["x", "y", "z"])
        await stage.until("is no longer in mesh.toml")


@presses("about.drift")
async def test_all_drift_of_the_host_at_hand(key: str) -> None:
    async with drifted() as stage:
        await stage.press(key)
        screen = await stage.until_screen(DriftScreen)
        assert screen.host == "server-a"
        assert "soon server-a" in stage.fleet.drifting.calls
        await stage.press("escape", "o", key)
        assert (await stage.until_screen(DriftScreen)).host == "server-a"


@presses("drift.adopt")
async def test_adopts_what_mesh_toml_has_a_word_for(key: str) -> None:
    async with opened() as stage:
        calls = stage.fleet.drifting.calls
        await stage.press("g", key)
        await stage.until("mesh.toml says [hosts.server-a]")
        assert f"adopt {_under(stage).id}" in calls
        stage.fleet.drifting.fails = MeshError("it is read-only", hint="chmod")
        await stage.press(key)
        await stage.until("adopt: it is read-only")


@presses("drift.repair")
async def test_repairs_by_the_plan_of_this_host(key: str) -> None:
    async with opened() as stage:
        await stage.press(key)
        await stage.until(PlanScreen)
        await stage.until(lambda: "plan prune=False only=server-a" in stage.fleet.calls)
        await stage.press("escape", "enter")
        await stage.until(lambda: stage.fleet.calls.count("plan prune=False only=server-a") == 2)


@presses("drift.ignore")
async def test_ignores_and_heeds_again(key: str) -> None:
    async with opened() as stage:
        id_ = _under(stage).id
        await stage.press(key)
        text = await stage.until("1 ignored")
        assert "≠ 4" in text and stage.fleet.drifting.calls[-1] == f"ignore {id_}"
        await stage.press(key)
        await stage.until("≠ 5")
        assert stage.fleet.drifting.calls[-1] == f"heed {id_}"


@presses("drift.again")
async def test_asks_again(key: str) -> None:
    async with opened() as stage:
        stage.fleet.drifting.calls.clear()
        await stage.press(key)
        await stage.until(lambda: stage.fleet.drifting.calls == ["soon server-a"])


@presses("drift.back")
async def test_back(key: str) -> None:
    async with opened() as stage:
        await stage.press(key)
        await stage.until(lambda: stage.app.screen is stage.app.mesh_screen)


async def test_read_only_writes_nothing() -> None:
    settings = Settings(theme="dark", read_only=True)
    async with opened(settings=settings) as stage:
        await stage.press("t")
        await stage.until("read-only: start without")
        assert not [call for call in stage.fleet.drifting.calls if call.startswith("adopt")]


async def test_halfway_through_a_change_of_ours_nothing_is_drift() -> None:
    async with drifted() as stage:
        fleet = stage.app.fleet
        fleet.apply_gate = asyncio.Event()
        await stage.press("a")
        await stage.until(PlanScreen)
        await stage.press("A")
        await stage.until(lambda: stage.app.applying.running)
        live = stage.app.looking.live
        stage.app.drifting.see(make_drift("server-b"))
        assert "server-b" not in live.drift
        fleet.drifting.calls.clear()
        fleet.apply_gate.set()
        await stage.until(lambda: not stage.app.applying.running)
        await stage.until(lambda: any("server-b" in call for call in fleet.drifting.calls))
        stage.app.drifting.see(make_drift("server-b"))
        assert "server-b" in live.drift


async def test_a_watch_that_breaks_is_told() -> None:
    async with drifted() as stage:
        stage.fleet.drifting.queue.put_nowait(RuntimeError("oops"))
        await stage.until("drift failed: RuntimeError: oops")


async def test_hostile_texts_are_shown_inert() -> None:
    from meshtui.inert import inert

    async with drifted() as stage:
        evil = inert(EVIL, 300)
        found = (Drift("server-b", "disk", evil, evil, evil), *make_drift("server-b").drifts)
        stage.fleet.drifting.queue.put_nowait(HostDrift("server-b", found, error=EVIL))
        await stage.press("down", "d")
        text = await stage.until(MARKUP)
        assert ESCAPE in text and BIDI in text
        assert "\x1b" not in text and "\u202e" not in text


def _under(stage: Stage) -> Drift:
    screen = stage.app.screen
    assert isinstance(screen, DriftScreen)
    one = screen._one
    assert one
    return one
