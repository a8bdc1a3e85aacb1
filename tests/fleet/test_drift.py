"""When hosts are asked for drift, and what is told of it; hosts are played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from meshtui.errors import MeshError, Unreachable, UsageError
from meshtui.fleet import drift as drifting
from meshtui.fleet.drift import Drifting, refuse_shared
from meshtui.fleet.events import HostDrift, HostPolled, HostStatus
from meshtui.fleet.fleet import Fleet
from meshtui.plan.model import Plan, PlanInputs
from meshtui.plan.planner import make_plan
from meshtui.wg.dump import LiveInterface
from tests.plan.fleets import formed, fresh, make_mesh
from tests.plan.sim import Sim


class Played:
    """Of a Fleet what drift needs."""

    def __init__(self, sim: Sim, path: Path) -> None:
        self.sim, self.path = sim, path
        self.applying = False
        self.asked: list[str] = []
        self.at_once = self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def mesh(self) -> object:
        return self.sim.mesh

    async def plan(self) -> Plan:
        return self.sim.plan()

    async def plan_of(self, name: str) -> Plan:
        self.asked.append(name)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.gate.wait()
            seen = self.sim.boxes[name].seen()
            if isinstance(seen, Unreachable):
                raise seen
            return self.sim.plan()
        finally:
            self.at_once -= 1


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(drifting, "SOONEST", 0.01)
    return Played(formed(make_mesh(6)), tmp_path / "mesh.toml")


def made(fleet: Played) -> Drifting:
    return Drifting(cast("Fleet", fleet))


def look(fleet: Played, name: str) -> HostPolled:
    seen = fleet.sim.boxes[name].seen()
    live = getattr(seen, "live", None)
    return HostPolled(HostStatus(name, "up" if live else "unreachable", (), None, 1, live=live), ())


@asynccontextmanager
async def told(one: Drifting) -> AsyncIterator[asyncio.Queue[HostDrift]]:
    queue: asyncio.Queue[HostDrift] = asyncio.Queue()

    async def follow() -> None:
        async for event in one.watch():
            queue.put_nowait(event)

    task = asyncio.create_task(follow())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    try:
        yield queue
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def next_of(queue: asyncio.Queue[HostDrift]) -> HostDrift:
    return await asyncio.wait_for(queue.get(), 5)


def port(fleet: Played, name: str, number: int) -> None:
    live = fleet.sim.boxes[name].live
    assert live
    live.port = number


async def test_each_host_is_asked_after_its_first_look_and_few_at_once(played: Played) -> None:
    one = made(played)
    async with told(one) as queue:
        played.gate.clear()
        for name in played.sim.mesh.hosts:
            one.looked(look(played, name))
        async with asyncio.timeout(5):
            while played.at_once < drifting.AT_ONCE:
                await asyncio.sleep(0.01)
        played.gate.set()
        found = [await next_of(queue) for _ in range(6)]
    assert {event.host for event in found} == set(played.sim.mesh.hosts)
    assert all(event == HostDrift(event.host) for event in found)
    assert played.most == drifting.AT_ONCE


async def test_a_look_that_shows_another_interface_asks_at_once(played: Played) -> None:
    one = made(played)
    async with told(one) as queue:
        one.looked(look(played, "a"))
        assert not (await next_of(queue)).drifts
        one.looked(look(played, "a"))
        port(played, "a", 7777)
        one.looked(look(played, "a"))
        (found,) = (await next_of(queue)).drifts
        assert (found.what, found.found) == ("listen_port", "7777")
        assert played.asked == ["a", "a"], "a look that shows nothing new asks nothing"
        played.sim.boxes["a"].reachable = False
        one.soon("a")
        event = await next_of(queue)
        assert event.error and not event.drifts


async def test_roaming_and_talking_are_no_news(played: Played) -> None:
    was = played.sim.boxes["a"].seen()
    live = was.live  # type: ignore[union-attr]
    assert isinstance(live, LiveInterface)
    moved = {
        key: peer._replace(endpoint="198.51.100.1:9", latest_handshake=9, transfer_rx=9)
        for key, peer in live.peers.items()
    }
    assert not drifting._changed(live, replace(live, peers=moved))
    key = next(iter(moved))
    for other in (
        replace(live, listen_port=1),
        replace(live, peers={}),
        replace(live, peers={**moved, key: moved[key]._replace(persistent_keepalive=9)}),
        replace(live, peers={**moved, key: moved[key]._replace(allowed_ips=())}),
        replace(live, peers={**moved, key: moved[key]._replace(preshared=True)}),
    ):
        assert drifting._changed(live, other)


async def test_nothing_is_told_of_what_is_half_done(played: Played) -> None:
    one = made(played)
    async with told(one) as queue:
        played.applying = True
        one.looked(look(played, "a"))
        await asyncio.sleep(0.05)
        assert not played.asked and queue.empty()
        played.applying = False
        one.soon(*played.sim.mesh.hosts)
        assert {(await next_of(queue)).host for _ in range(6)} == set(played.sim.mesh.hosts)


async def test_what_is_ignored_is_told_as_such(played: Played) -> None:
    one = made(played)
    port(played, "a", 7777)
    first, *others = await one.once()
    (found,) = first.drifts
    assert first.heeded == (found,) and not any(event.drifts for event in others)
    one.ignore(found)
    (first, *_) = await one.once()
    assert first.drifts == (found,) and first.ignored == {found.id} and first.heeded == ()
    port(played, "a", 7778)
    (first, *_) = await one.once()
    assert first.heeded, "something else by now"
    port(played, "a", 7777)
    one.heed(found.id)
    with pytest.raises(UsageError):
        one.heed(found.id)
    assert (await one.once())[0].heeded


async def test_what_mesh_toml_has_no_word_for_is_not_adopted(played: Played) -> None:
    one = made(played)
    live = played.sim.boxes["a"].live
    assert live
    del live.peers[played.sim.mesh.hosts["b"].public_key or ""]
    (found,) = (await one.once())[0].drifts
    with pytest.raises(UsageError, match="no word for it"):
        one.adopt(found)
    played.applying = True
    port(played, "c", 7777)
    (other,) = (await one.once())[2].drifts
    with pytest.raises(MeshError, match="under way"):
        one.adopt(other)


def test_one_host_alone_is_not_changed_where_others_must_learn_of_it() -> None:
    sim = fresh(make_mesh(2))
    inputs = sim.plan().inputs
    assert inputs
    with pytest.raises(MeshError, match="meshtui apply"):
        refuse_shared(make_plan(PlanInputs(inputs.mesh, inputs.written, inputs.seen, {})), "a")
    refuse_shared(formed(make_mesh(2)).plan(), "a")
