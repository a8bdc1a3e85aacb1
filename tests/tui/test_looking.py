"""The picture: live, held still, or of the past. No screen is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from standin import StandIn, dead, make_mesh, poll

from meshtui.errors import MeshError
from meshtui.fleet.events import HostPolled
from meshtui.tui.looking import CALM_INTERVAL, DRAW_MOST, FEW, NEWS_EVERY, Looking


@pytest.fixture(autouse=True)
def _real_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshtui.tui.looking.DRAW_EVERY", 1.0)


@dataclass
class FakeStage:
    covered: bool = False
    drawn: list[set[int]] = field(default_factory=list)
    anew: int = 0
    told: int = 0
    waiting: list[Callable[[], None]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)

    def draw(self, rows: set[int]) -> None:
        self.drawn.append(rows)

    def draw_anew(self) -> None:
        self.anew += 1

    def tell(self) -> None:
        self.told += 1

    def back(self, host: str) -> None:
        self.returned.append(host)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        assert seconds > 0
        self.waiting.append(do)
        self.waits.append(seconds)

    def catch_up(self) -> None:
        waiting, self.waiting = self.waiting, []
        for do in waiting:
            do()


def make(hosts: int = 3) -> tuple[Looking, FakeStage, StandIn]:
    fleet, stage = StandIn(make_mesh(hosts)), FakeStage()
    return Looking(fleet.mesh, stage, lambda: 1000.0, 1.0, lambda: fleet.now), stage, fleet


def test_a_burst_is_drawn_once() -> None:
    looking, stage, fleet = make()
    for name in fleet.mesh.hosts:
        looking.see(poll(fleet.mesh, name))
    assert len(stage.waiting) == 1
    stage.catch_up()
    assert stage.drawn == [{0, 1, 2}]


def test_the_same_again_is_not_drawn() -> None:
    looking, stage, fleet = make()
    looking.see(poll(fleet.mesh, "server-a"))
    stage.catch_up()
    looking.see(poll(fleet.mesh, "server-a"))
    assert stage.waiting == []


def test_ages_wait_for_the_second_and_news_does_not() -> None:
    looking, stage, fleet = make()
    looking.see(poll(fleet.mesh, "server-a"))
    stage.catch_up()
    looking.see(poll(fleet.mesh, "server-a", 7))
    assert stage.waits[-1] > 0.5, "only ages and counters are others"
    looking.see(dead(fleet.mesh, "server-a"))
    assert stage.waits[-1] <= NEWS_EVERY
    stage.catch_up()
    assert stage.drawn == [{0, 1, 2}, {0, 1, 2}], "both at once, and once"


def test_a_faster_interval_is_seen() -> None:
    looking, stage, fleet = make()
    looking.interval = 0.5
    looking.see(poll(fleet.mesh, "server-a"))
    stage.catch_up()
    looking.see(poll(fleet.mesh, "server-a", 7))
    assert stage.waits[-1] <= 0.5


def test_much_news_at_once_waits() -> None:
    looking, stage, fleet = make(FEW + 2)
    for name in fleet.mesh.hosts:
        looking.see(poll(fleet.mesh, name))
    stage.catch_up()
    for name in fleet.mesh.hosts:
        looking.see(dead(fleet.mesh, name))
    assert min(stage.waits[1:]) > 0.5


def test_a_large_drawing_goes_in_parts() -> None:
    hosts = 2 * DRAW_MOST + 3
    looking, stage, fleet = make(hosts)
    for name in fleet.mesh.hosts:
        looking.see(poll(fleet.mesh, name))
    told = stage.told
    for parts in (1, 2, 3):
        assert (len(stage.waiting), stage.told) == (1, told)
        stage.catch_up()
        assert len(stage.drawn) == parts
        # What comes meanwhile belongs to the next drawing.
        looking.see(poll(fleet.mesh, "node-001", parts))
        stage.waiting = stage.waiting[:1]
    assert [len(rows) for rows in stage.drawn] == [DRAW_MOST, DRAW_MOST, 3]
    assert set().union(*stage.drawn) == set(range(hosts))
    assert stage.told == told + 1


def test_a_dying_host_is_logged() -> None:
    looking, _, fleet = make()
    looking.see(poll(fleet.mesh, "server-a"))
    looking.see(dead(fleet.mesh, "server-a", "no answer"))
    assert [(entry.host, entry.level) for entry in looking.log.entries] == [("server-a", "bad")]


def test_held_still_nothing_changes_and_nothing_is_lost() -> None:
    looking, stage, fleet = make()
    looking.see(poll(fleet.mesh, "server-a"))
    stage.catch_up()
    looking.pause(True)
    looking.see(dead(fleet.mesh, "server-a"))
    assert looking.live.rows[0].state == "up"
    assert stage.waiting == []
    looking.pause(False)
    assert looking.live.rows[0].state == "unreachable"
    stage.catch_up()
    assert 0 in stage.drawn[-1]


def test_hosts_are_spared_while_nobody_looks() -> None:
    looking, stage, _ = make()
    assert looking.wait() == 1.0
    stage.covered = True
    assert looking.wait() == CALM_INTERVAL
    stage.covered, looking.paused = False, True
    assert looking.wait() == CALM_INTERVAL
    looking.interval = 60.0
    assert looking.wait() == 60.0


def test_the_interval_goes_up_and_down_and_no_further() -> None:
    looking, _, _ = make()
    for _ in range(20):
        looking.change_interval(1)
    assert looking.interval == 60.0
    for _ in range(20):
        looking.change_interval(-1)
    assert looking.interval == 0.5
    looking.interval = 3.0
    looking.change_interval(1)
    assert looking.interval == 5.0


async def test_the_past_is_shown_step_by_step() -> None:
    looking, stage, fleet = make()
    fleet.recorded = {
        100.0: [poll(fleet.mesh, name) for name in fleet.mesh.hosts],
        110.0: [dead(fleet.mesh, "server-b")],
        800.0: [poll(fleet.mesh, "server-b", 3)],
    }
    looking.see(poll(fleet.mesh, "server-a"))
    assert await looking.step(fleet, back=True)
    assert looking.past == 800.0
    assert looking.view.rows[0].state == "connecting"
    assert looking.live.rows[0].state == "up"
    # What is seen meanwhile is drawn where the present is shown, and stays out of the past.
    stage.catch_up()
    looking.see(dead(fleet.mesh, "server-a"))
    stage.catch_up()
    assert 0 in stage.drawn[-1]
    assert looking.view.rows[0].state == "connecting"
    assert await looking.step(fleet, back=True)
    assert looking.view.rows[1].state == "unreachable"
    assert not await looking.step(fleet, back=True, seconds=600)
    assert looking.past == 110.0
    assert await looking.step(fleet, back=False)
    assert looking.past == 800.0
    assert await looking.step(fleet, back=False)
    assert looking.past is None
    assert looking.view is looking.live
    assert not await looking.step(fleet, back=False)


async def test_the_past_that_comes_too_late_is_not_shown() -> None:
    class Slow(StandIn):
        async def moment(self, before: float | None = None, after: float | None = None) -> float:
            await gates["moment"].wait()
            return 800.0

        async def past(self, at: float) -> list[HostPolled]:
            await gates["past"].wait()
            return []

    for slow in ("moment", "past"):
        gates = {"moment": asyncio.Event(), "past": asyncio.Event()}
        for name in gates.keys() - {slow}:
            gates[name].set()
        looking, _, _ = make()
        task = asyncio.create_task(looking.step(Slow(make_mesh(3)), back=True))
        for _ in range(3):
            await asyncio.sleep(0)
        looking.now()
        gates[slow].set()
        assert await task
        assert looking.past is None
        assert looking.view is looking.live


def test_what_was_held_back_is_as_old_as_it_is() -> None:
    looking, _, fleet = make()
    at = [1000.0]
    looking._clock = looking.live.clock = lambda: at[0]
    looking.pause(True)
    looking.see(poll(fleet.mesh, "server-a"))
    at[0] += 7200
    looking.pause(False)
    assert looking.age == 7200
    assert looking.live.age(0) == 7200


def test_other_hosts_keep_the_rows_of_those_that_stay() -> None:
    looking, stage, fleet = make()
    looking.see(poll(fleet.mesh, "server-b"))
    hosts = {name: host for name, host in fleet.mesh.hosts.items() if name != "server-a"}
    more = make_mesh(4).hosts["server-d"]
    looking.replace(replace(fleet.mesh, hosts={**hosts, "server-d": more}))
    assert [row.name for row in looking.view.rows] == ["server-b", "server-c", "server-d"]
    assert [row.state for row in looking.view.rows] == ["up", "connecting", "connecting"]
    assert stage.anew == 1


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (MeshError("no such mesh"), "no such mesh"),
        (KeyError("x"), "the watch broke: KeyError: 'x'"),
    ],
)
async def test_a_watch_that_breaks_says_why(error: Exception, trouble: str) -> None:
    looking, _, fleet = make()
    fleet.feed(poll(fleet.mesh, "server-a"), error)
    follow = looking.follow(fleet.watch(looking.wait))
    if isinstance(error, MeshError):
        await follow
    else:
        with pytest.raises(KeyError):
            await follow
    assert looking.trouble == trouble
    assert looking.live.rows[0].state == "up"


async def test_a_watch_that_is_called_off_has_no_trouble() -> None:
    looking, _, fleet = make()
    task = asyncio.create_task(looking.follow(fleet.watch(looking.wait)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert looking.trouble is None
