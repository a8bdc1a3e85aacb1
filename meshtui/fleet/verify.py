"""The proof that every direction works: a new handshake where there must be one, and pings."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Set

from meshtui.errors import CommandFailed, HostError, NotInstalled
from meshtui.fleet.events import DirectionVerified
from meshtui.fleet.look import Look, look
from meshtui.fleet.pings import times
from meshtui.fleet.session import Session
from meshtui.mesh.model import Mesh
from meshtui.mesh.proof import to_prove
from meshtui.wg.dump import LivePeer
from meshtui.wg.health import ALIVE, age

#: A lost handshake is tried again after 5 s: time for two more.
VERIFY_SECONDS = 15.0
#: One round of pings, in seconds; a round is repeated for what did not answer.
_ROUND = 3
#: A session is renewed by whoever sends after this many seconds.
_YOUNG = 120
#: How long the others wait for a host that does not begin, in seconds.
_FIRST_TURN = 4.0


def too_soon(
    before: Mapping[str, Look], keys: Mapping[str, str], renewed: Iterable[tuple[str, str]]
) -> bool:
    """Whether one of `renewed` shook hands in the second of the look `before`.

    WireGuard tells whole seconds: another handshake in this one would look the same.
    """
    for name, other in renewed:
        was = before.get(name)
        peer = was.live.peers.get(keys.get(other, "")) if was and was.live else None
        if was and peer and peer.latest_handshake >= was.clock:
            return True
    return False


async def verify(
    mesh: Mesh,
    keys: Mapping[str, str],
    sessions: Mapping[str, Session],
    ways: Mapping[str, Mapping[str, str | None]],
    before: Mapping[str, Look],
    renewed: frozenset[tuple[str, str]],
    deadline: float = VERIFY_SECONDS,
) -> AsyncIterator[DirectionVerified]:
    """One result for each direction of `ways` (see `to_prove`), as soon as it is known.

    `before` is how the hosts looked before the change; directions in `renewed`
    must have a later handshake than then. `deadline` is in seconds.
    """
    hosts = list(ways)
    results: asyncio.Queue[DirectionVerified | None] = asyncio.Queue()

    # Two ends that begin a handshake at the same moment each drop the other's, and try
    # again 5 s later. So where there is no session yet, the one that stands first in the
    # file begins.
    begun = {name: asyncio.Event() for name in hosts}

    async def one(name: str) -> None:
        others = [other for other, through in ways[name].items() if through is None]
        check = _Check(mesh, keys, sessions[name], ways[name], before.get(name), renewed)
        at = hosts.index(name)
        earlier, later = hosts[:at], hosts[at + 1 :]
        try:
            try:
                # A program that fails once need not the next time: `run` asks again.
                with contextlib.suppress(CommandFailed):
                    await check.ping([b for b in others if b in later or check.has_session(b)])
            finally:
                begun[name].set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FIRST_TURN):
                    for other in earlier:
                        await begun[other].wait()
            await check.run(results, time.monotonic() + deadline)
        except HostError as error:
            for other in check.open:
                await results.put(DirectionVerified(name, other, False, error.what))
        finally:
            await results.put(None)

    tasks = [asyncio.create_task(one(name), name=f"verify {name}") for name in hosts]
    try:
        left = len(tasks)
        while left:
            result = await results.get()
            if result is None:
                left -= 1
            else:
                yield result
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


class _Check:
    """All directions that begin at one host."""

    def __init__(
        self,
        mesh: Mesh,
        keys: Mapping[str, str],
        session: Session,
        ways: Mapping[str, str | None],
        before: Look | None,
        renewed: frozenset[tuple[str, str]],
    ) -> None:
        self.open = list(ways)
        """Those without a result yet."""
        self._mesh = mesh
        self._keys = keys
        self._session = session
        self._before = before
        self._renewed = renewed
        self._ways = ways
        self._milliseconds: dict[str, float] = {}
        self._can_ping = True

    async def run(self, results: asyncio.Queue[DirectionVerified | None], deadline: float) -> None:
        while self.open:
            last = time.monotonic() >= deadline
            try:
                await self.ping(self.open)
                now = await look(self._session, self._mesh.interface)
            except CommandFailed:
                if last:
                    raise
                await asyncio.sleep(0.2)
                continue
            still_open = []
            for other in self.open:
                ok, detail = self._judge(now, other)
                if ok or last:
                    await results.put(DirectionVerified(self._session.name, other, ok, detail))
                else:
                    still_open.append(other)
            self.open = still_open
            if self.open:
                # A round that failed at once, because an interface is missing, is no busy loop.
                await asyncio.sleep(0.2)

    async def ping(self, others: Iterable[str]) -> None:
        """Ping what has not answered yet of `others`, all side by side."""
        addresses = [
            str(address.ip)
            for other in others
            for address in self._mesh.hosts[other].addresses
            if str(address.ip) not in self._milliseconds
        ]
        if not addresses or not self._can_ping:
            return
        data = "".join(f"{address}\n" for address in addresses).encode()
        try:
            reply = await self._session.ask(
                "ping_all", str(_ROUND), data=data, deadline=_ROUND + 20.0
            )
        except NotInstalled:
            self._can_ping = False
            return
        for address, took in times(reply):
            if address in addresses:
                self._milliseconds[address] = took

    def has_session(self, other: str) -> bool:
        """Whether a ping needs no handshake: neither end of a young session begins one."""
        if not self._before or not (live := self._before.live):
            return False
        peer = live.peers.get(self._keys.get(other, ""))
        seconds = age(peer, self._before.clock) if peer else None
        renewed = (self._session.name, other) in self._renewed
        return not renewed and seconds is not None and seconds < _YOUNG

    def _judge(self, now: Look, other: str) -> tuple[bool, str]:
        addresses = [str(address.ip) for address in self._mesh.hosts[other].addresses]
        lost = [address for address in addresses if address not in self._milliseconds]
        pings = ", ".join(
            f"{one} in {self._milliseconds[one]:.1f} ms" for one in addresses if one not in lost
        )
        if through := self._ways[other]:
            by = f"through {through}"
            if not self._can_ping:
                return True, f"{by}; not pinged: there is no ping on {self._session.name}"
            return not lost, f"{by}, {f'no answer from {_listed(lost)}' if lost else pings}"
        peer = now.live.peers.get(self._keys.get(other, "")) if now.live else None
        if peer is None:
            return False, "the peer entry is missing"
        if not self._handshake_counts(peer, other):
            return False, "no handshake: is UDP let through to the endpoint, both ways?"
        told = f"handshake {age(peer, now.clock)} s ago"
        if not self._can_ping:
            seconds = age(peer, now.clock)
            alive = seconds is not None and seconds <= ALIVE
            return alive, f"{told}; not pinged: there is no ping on {self._session.name}"
        if lost:
            return False, f"{told}, but no answer from {_listed(lost)}"
        return True, f"{told}, {pings}"

    def _handshake_counts(self, peer: LivePeer, other: str) -> bool:
        if not peer.latest_handshake:
            return False
        if (self._session.name, other) not in self._renewed:
            return True
        live = self._before.live if self._before else None
        earlier = live.peers.get(peer.public_key) if live else None
        return earlier is None or peer.latest_handshake != earlier.latest_handshake


def _listed(addresses: Iterable[str]) -> str:
    return ", ".join(addresses)


async def reached_through(
    mesh: Mesh, sessions: Mapping[str, Session], running: Set[str]
) -> frozenset[tuple[str, str]]:
    """Which `running` hosts reach which others now that are to be reached through somebody."""
    ways = to_prove(mesh, mesh.hosts.keys())
    far = {
        name: [other for other, through in ways[name].items() if through and other in running]
        for name in running & ways.keys()
    }
    return await answered(mesh, sessions, far)


async def answered(
    mesh: Mesh,
    sessions: Mapping[str, Session],
    asked: Mapping[str, Iterable[str]],
    seconds: int = 1,
) -> frozenset[tuple[str, str]]:
    """Of directions (from -> to), those whose ping is answered in time."""

    async def one(name: str, others: Iterable[str]) -> list[tuple[str, str]]:
        addresses = {str(mesh.hosts[other].addresses[0].ip): other for other in others}
        data = "".join(f"{address}\n" for address in addresses).encode()
        try:
            reply = await sessions[name].ask(
                "ping_all", str(seconds), data=data, deadline=seconds + 20.0
            )
        except HostError:
            return []  # what is asked of it next says why
        return [(name, addresses[at]) for at, _ in times(reply) if at in addresses]

    found = await asyncio.gather(*(one(name, others) for name, others in asked.items() if others))
    return frozenset(direction for row in found for direction in row)
