"""How soon the watch says that a host is late, gone, or back; hosts are played."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from meshtui.errors import HostError, Refused, Unreachable
from meshtui.fleet import watch as watches
from meshtui.fleet.events import HostPolled
from meshtui.fleet.session import Session
from meshtui.fleet.watch import watch
from meshtui.wg.dump import Dumps
from meshtui.wg.health import Trace
from tests.plan.fleets import make_mesh
from tests.plan.sim import public

MESH = make_mesh(2)
KEYS = {name: public(name) for name in MESH.hosts}
SCALE = 0.1
"""Of all times here: a second is a tenth of one."""


class Played:
    """A host that answers as `act` says. `waits` is as a Session's."""

    def __init__(self, name: str) -> None:
        self.name, self.ssh, self.failures = name, name, 0
        self.traces: dict[str, Trace] = {}
        self.dumps = Dumps()
        self.act: Callable[[], float | HostError] = lambda: 0.0
        """Seconds until it answers, or why it does not."""
        self.asked: list[float] = []
        self.busy = False
        """Whether somebody else's question is before ours."""
        self._since: float | None = None

    async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
        start = time.monotonic()
        self.asked.append(start)
        self._since = start
        try:
            act = self.act()
            if isinstance(act, HostError):
                self.failures += 1
                raise act
            await asyncio.sleep(min(act, deadline) * SCALE)
            if act > deadline:
                raise Unreachable("no answer to `look`")
        finally:
            self._since = None
        self.failures = 0
        return b"1700000000\nP\t-\t51820\toff\n"

    def waits(self, verb: str) -> float:
        if self._since is None or self.busy:
            return 0.0
        return time.monotonic() - self._since

    def backoff(self) -> float:
        return 30.0 * SCALE if self.failures else 0.0


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LATE_SECONDS", "_SOON", "_SOON_FOR"):
        monkeypatch.setattr(watches, name, getattr(watches, name) * SCALE)


@asynccontextmanager
async def watching(*hosts: Played) -> AsyncIterator[Callable[[str, str], asyncio.Task[HostPolled]]]:
    """What waits for the next event of a host that has a state."""
    sessions = cast("dict[str, Session]", {host.name: host for host in hosts})
    events: list[HostPolled] = []
    came = asyncio.Condition()

    async def collect() -> None:
        async for event in watch(lambda: MESH, dict(KEYS), sessions, lambda: SCALE):
            async with came:
                events.append(event)
                came.notify_all()

    def until(name: str, state: str) -> asyncio.Task[HostPolled]:
        at = len(events)

        async def wait() -> HostPolled:
            async with asyncio.timeout(60 * SCALE), came:
                while True:
                    for event in events[at:]:
                        if (event.host.name, event.host.state) == (name, state):
                            return event
                    await came.wait()

        return asyncio.create_task(wait())

    task = asyncio.create_task(collect())
    try:
        yield until
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_late_host_is_told_at_once_and_asked_on() -> None:
    host, other = Played("a"), Played("b")
    async with watching(host, other) as until:
        assert (await until("a", "up")).at > 0
        host.act = lambda: 4.0
        start = time.monotonic()
        late = await until("a", "unreachable")
        assert time.monotonic() - start < 3 * SCALE
        assert "still waiting" in (late.host.error or "")
        assert [link.state for link in late.links] == ["unknown"]
        asked = len(host.asked)
        await until("a", "up")
        assert len(host.asked) == asked, "it was the same look that was answered"
        assert len(other.asked) > 3, "and nobody else waited"


async def test_what_wakes_late_looks_as_often_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late, sleep, waits = 0.3 * SCALE, asyncio.sleep, list[float]()

    async def oversleep(seconds: float) -> None:
        if seconds:
            waits.append(seconds)
        await sleep(seconds + (late if seconds else 0))

    monkeypatch.setattr(asyncio, "sleep", oversleep)
    async with watching(Played("a")) as until:
        while len(waits) < 5:
            await until("a", "up")
    assert max(waits[1:5]) <= SCALE - late


async def test_one_that_answers_in_time_is_not_late() -> None:
    host = Played("a")
    host.act = lambda: 1.2
    async with watching(host) as until:
        await until("a", "up")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(6 * SCALE):
                await until("a", "unreachable")


async def test_a_host_that_an_apply_keeps_busy_is_not_late() -> None:
    host = Played("a")
    async with watching(host) as until:
        await until("a", "up")
        host.busy, host.act = True, lambda: 4.0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(6 * SCALE):
                await until("a", "unreachable")


async def test_nobody_is_late_who_was_never_there() -> None:
    """A first login may take a while; that it is under way is known."""
    host = Played("a")
    host.act = lambda: 3.0
    async with watching(host) as until:
        first = until("a", "unreachable")
        await until("a", "up")
        assert not first.done()
        first.cancel()


async def test_one_that_vanished_is_soon_tried_again_and_then_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert pytest.approx(60 * SCALE) == watches._SOON_FOR
    monkeypatch.setattr(watches, "_SOON_FOR", 15 * SCALE)
    host = Played("a")
    async with watching(host) as until:
        await until("a", "up")
        host.act = lambda: Unreachable("gone")
        await until("a", "unreachable")
        host.asked.clear()
        await asyncio.sleep(10 * SCALE)
        assert 4 <= len(host.asked) <= 6
        await asyncio.sleep(8 * SCALE)
        host.asked.clear()
        await asyncio.sleep(10 * SCALE)
        assert len(host.asked) <= 1


async def test_a_refused_login_is_seldom_tried_again() -> None:
    host = Played("a")
    async with watching(host) as until:
        await until("a", "up")
        host.act = lambda: Refused("no")
        await until("a", "refused")
        host.asked.clear()
        await asyncio.sleep(8 * SCALE)
        assert not host.asked


async def test_a_new_watch_knows_what_the_one_before_it_saw() -> None:
    """A dead link must not be up again only because mesh.toml was edited."""
    sent = iter((0, 1000, 1000, 1000))

    class Host(Played):
        async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
            peer = f"{KEYS[other]}\t(none)\t(none)\t10.0.0.2/32\t1700000000\t0\t{next(sent)}\toff"
            return f"1700000000\nP\t-\t51820\toff\n{peer}\n".encode()

    name, other = list(MESH.hosts)
    host = Host(name)
    sessions = cast("dict[str, Session]", {name: host})

    async def states(count: int) -> list[str]:
        looking = watch(lambda: MESH, dict(KEYS), sessions, lambda: 0.01)
        found = [(await anext(looking)).links[0].state for _ in range(count)]
        await cast("AsyncGenerator[HostPolled, None]", looking).aclose()
        return found

    assert await states(2) == ["up", "up"]
    # As time passes, and no answer comes.
    [(key, seen)] = host.traces.items()
    assert seen.due
    host.traces = {key: seen._replace(due=seen.at)}
    assert await states(1) == ["stale"]
    assert await states(1) == ["stale"]


async def test_of_very_many_strangers_only_some_are_told() -> None:
    live = "P\t-\t51820\toff\n" + "".join(
        _peer(public(f"stranger {n}"), f"10.9.{n // 250}.{n % 250}/32") for n in range(1000)
    )

    class Host(Played):
        async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
            return f"1700000000\n{live}".encode()

    looking = watch(lambda: MESH, {}, cast("dict[str, Session]", {"a": Host("a")}), lambda: 1.0)
    assert len((await anext(looking)).host.unknown_peers) == 100
    await cast("AsyncGenerator[HostPolled, None]", looking).aclose()


async def test_strangers_are_told() -> None:
    """Peers that are no host's: neither by key nor, where that is not known, by address."""
    stranger, unknown_b = public("stranger"), public("nobody knows b's key")
    live = f"P\t-\t51820\toff\n{_peer(stranger, '10.9.9.9/32')}{_peer(unknown_b, '10.0.0.2/32')}"

    class Host(Played):
        async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
            return f"1700000000\n{live}".encode()

    sessions = cast("dict[str, Session]", {"a": Host("a")})
    looking = watch(lambda: MESH, {}, sessions, lambda: 1.0)
    event = await anext(looking)
    assert event.host.unknown_peers == (stranger,)
    await cast("AsyncGenerator[HostPolled, None]", looking).aclose()
    looking = watch(lambda: MESH, {"b": unknown_b}, sessions, lambda: 1.0)
    assert (await anext(looking)).host.unknown_peers == (stranger,)
    await cast("AsyncGenerator[HostPolled, None]", looking).aclose()


def _peer(key: str, allowed: str) -> str:
    return f"{key}\t(none)\t(none)\t{allowed}\t0\t0\t0\toff\n"
