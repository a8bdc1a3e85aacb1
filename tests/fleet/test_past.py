"""What the watch saw is there again after a restart, and the watch never waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from standin import dead, make_mesh, poll

from meshtui.fleet import fleet as fleets
from meshtui.fleet.events import HostPolled
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.past import Past
from meshtui.fleet.reports import LinkSample
from meshtui.store.history import History

NOW = 1_800_000_000.0
MESH = make_mesh(3)
A, B, C = MESH.hosts


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def opened(tmp_path: Path, clock: Clock) -> AsyncIterator[Callable[[], Past]]:
    made = []

    def open_one() -> Past:
        made.append(Past(lambda: MESH, directory=tmp_path, clock=clock))
        return made[-1]

    yield open_one
    for one in made:
        await one.close()


async def play(
    past: Past, clock: Clock, ticks: int, down: str = "", first: int = 0, hangs: bool = False
) -> None:
    """Look at every host each second, through `recorded`."""

    async def looks() -> AsyncIterator[HostPolled]:
        for tick in range(first, first + ticks):
            for name in MESH.hosts:
                yield dead(MESH, name) if name == down else poll(MESH, name, tick)
            clock.now += 1
            if past._writing is not None and not hangs:
                # These seconds pass faster than a disk writes.
                with contextlib.suppress(ZeroDivisionError):
                    await asyncio.wrap_future(past._writing)

    passed = [look async for look in past.recorded(looks())]
    assert len(passed) == ticks * len(MESH.hosts)


async def test_the_past_is_what_was_seen(opened: Callable[[], Past], clock: Clock) -> None:
    past = opened()
    await play(past, clock, 60)
    await play(past, clock, 60, down=B, first=60)
    await past.close()
    past = opened()
    then = await past.moment(before=NOW + 50)
    assert then == NOW + 49
    looks = await past.past(then)
    assert [look.host.name for look in looks] == [A, B, C]
    assert [look.links for look in looks] == [
        tuple(link._replace(endpoint=None) for link in poll(MESH, name, 49).links)
        for name in MESH.hosts
    ]
    assert looks[0].host.addresses == ("10.0.0.1",)
    assert (looks[0].host.state, looks[0].host.error) == ("up", None)
    assert looks[0].at == then
    # A host that could not be reached was seen so.
    now = await past.moment(before=clock.now + 1)
    assert now == NOW + 119
    lost = next(look for look in await past.past(now) if look.host.name == B)
    assert lost.host.state == "unreachable"
    assert lost.host.error == "it could not be reached then"
    assert {link.state for link in lost.links} == {"unknown"}
    assert lost.links[0].transfer_rx is None
    assert await past.past(NOW - 1) == []


async def test_each_hosts_last_look_of_ten_seconds(
    opened: Callable[[], Past], clock: Clock
) -> None:
    past = opened()
    await play(past, clock, 35)
    links = await past.link_history(A, C, 0)
    assert [one.at - NOW for one in links] == [9, 19, 29]
    seen = {link.to: link for link in poll(MESH, A, 29).links}[C]
    assert links[-1] == LinkSample(
        NOW + 29, "up", seen.latest_handshake_age, seen.transfer_rx, seen.transfer_tx
    )
    assert await past.link_history(A, C, NOW + 15) == links[1:]
    moments, at = [], None
    while (at := await past.moment(after=at)) is not None:
        moments.append(at - NOW)
    assert moments == [9, 19, 29]


async def test_when_a_link_last_worked(opened: Callable[[], Past], clock: Clock) -> None:
    past = opened()
    assert await past.last_worked(B, A) is None
    await play(past, clock, 60)
    await play(past, clock, 300, down=B)
    await past.close()
    past = opened()
    assert await past.last_worked(B, A) == NOW + 59
    assert await past.last_worked(A, B) == NOW + 359


async def test_traffic(opened: Callable[[], Past], clock: Clock) -> None:
    past = opened()
    await play(past, clock, 121)
    await past.close()
    clock.now += 300
    past = opened()
    # poll: 148 * (i + 1) bytes a second received on each link i.
    found = await past.traffic(B, NOW + 20, 50)
    assert [one.at - NOW for one in found] == [70, 120, 170, 220, 270, 320, 370, 420]
    assert [one.rx for one in found[:2]] == [pytest.approx(148 * 4)] * 2
    assert [one.tx for one in found[:2]] == [pytest.approx(92 * 4)] * 2
    assert [(one.rx, one.tx) for one in found[2:]] == [(None, None)] * 6
    assert await past.traffic("nobody", NOW, 10000) == []


async def test_hosts_that_left_the_mesh_are_not_told_of(
    opened: Callable[[], Past], clock: Clock, tmp_path: Path
) -> None:
    past = opened()
    await play(past, clock, 11)
    await past.close()
    smaller = make_mesh(2)
    past = Past(lambda: smaller, directory=tmp_path, clock=clock)
    assert [look.host.name for look in await past.past(clock.now)] == [A, B]
    await past.close()


async def test_a_disk_that_hangs_delays_no_look(
    opened: Callable[[], Past], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = threading.Event()
    began: list[int] = []
    add = History.add

    def hang(self: History, looks: dict) -> None:
        began.append(1)
        assert stuck.wait(20)
        add(self, looks)

    monkeypatch.setattr(History, "add", hang)
    past = opened()
    async with asyncio.timeout(10):
        await play(past, clock, 100, hangs=True)
    assert len(began) <= 1
    stuck.set()
    await past.close()
    past = opened()
    # The first ten seconds, which it hung on, and the last.
    assert [one.at - NOW for one in await past.link_history(A, B, 0)] == [9, 99]


async def test_it_is_said_once_that_there_is_no_history(
    opened: Callable[[], Past], clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / MESH.name).write_text("a file in the directory's place")
    past = opened()
    said: list[str] = []
    past.say = said.append
    await play(past, clock, 200)
    assert await past.past(clock.now - 1) != []  # the last minutes are in memory
    assert await past.traffic(A, NOW + 100, 10)
    await past.close()
    await asyncio.sleep(0)
    assert len(said) == 1
    assert "goes on without it" in said[0]


async def test_a_fault_of_ours_is_said(
    opened: Callable[[], Past], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: History, looks: dict) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(History, "add", broken)
    past, said = opened(), []
    past.say = said.append
    await play(past, clock, 11)
    await past.close()
    await asyncio.sleep(0)
    assert said[0] == "the history broke: ZeroDivisionError: ours"


async def test_no_key_no_endpoint_and_no_hosts_words_are_written_down(
    opened: Callable[[], Past], clock: Clock, tmp_path: Path
) -> None:
    past = opened()
    await play(past, clock, 70, down=B)
    await past.close()
    path = tmp_path / MESH.name / "history.sqlite"
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT packed FROM runs").fetchall()
    connection.close()
    written = path.read_bytes() + b"".join(zlib.decompress(packed) for (packed,) in rows)
    assert A.encode() in written
    for secret in (b"k" * 43, b"203.0.113.", b"51820", b"no answer", b"10.0.0."):
        assert secret not in written


async def test_a_watch_that_ends_early_is_closed(opened: Callable[[], Past]) -> None:
    ended = asyncio.Event()

    async def looks() -> AsyncIterator[HostPolled]:
        try:
            while True:
                yield poll(MESH, A)
        finally:
            ended.set()

    async with aclosing(opened().recorded(looks())) as recorded:  # type: ignore[type-var]
        async for _ in recorded:
            break
    assert ended.is_set()


TOML = '[mesh]\nname = "prod"\nnetworks = ["10.0.0.0/16"]\n' + "".join(
    f'[hosts.{name}]\nssh = "root@192.0.2.{n}"\n' for n, name in enumerate(MESH.hosts, 1)
)


async def test_the_fleet_writes_down_its_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "mesh.toml").write_text(TOML)

    async def refuse(_: object) -> bool:
        return False

    async def looks(*_: object) -> AsyncIterator[HostPolled]:
        for name in MESH.hosts:
            yield poll(MESH, name, 7)

    monkeypatch.setattr(fleets, "watch", looks)
    fleet = Fleet(tmp_path / "mesh.toml", refuse)
    assert len([look async for look in fleet.watch(lambda: 1.0)]) == 3
    await fleet.close()
    fleet = Fleet(tmp_path / "mesh.toml", refuse)
    at = await fleet.moment()
    assert at is not None
    assert [look.host.name for look in await fleet.past(at)] == [A, B, C]
    assert len(await fleet.link_history(A, B, 0)) == 1
    assert (await fleet.last_worked(A, B) or 0) <= at
    assert len(await fleet.traffic(A, at - 100, 10)) == 10
    fleet.on_notice(print)
    await fleet.close()


async def test_a_fleet_that_never_watches_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "mesh.toml").write_text(TOML)

    async def refuse(_: object) -> bool:
        return False

    await Fleet(tmp_path / "mesh.toml", refuse).close()
    assert not (tmp_path / "state").exists()
