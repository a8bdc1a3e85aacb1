"""Pairs behind NAT that had met and lost each other call again, while somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from meshtui.errors import MeshError
from meshtui.fleet.errands import Errands
from meshtui.fleet.events import HostPolled
from meshtui.fleet.meet import Pair, call_each_other
from meshtui.mesh.links import reached
from meshtui.mesh.model import Mesh
from meshtui.store.journal import Journal

if TYPE_CHECKING:
    from meshtui.wg.dump import LivePeer

#: Seconds without a byte at both ends. One of the two keepalives of 25 s always goes through
#: a hole that is there; the other may never be sent, since what comes in counts as one.
_SILENT = 30.0
#: A pair calls this often at most, in seconds.
_EVERY = 15.0


class Again:
    """Who heard what when, of the pairs that have met; and the calls under way.

    A call tells two peers where the other is seen now, and changes nothing else: what
    they send each other is as it was agreed.
    """

    def __init__(self, errands: Errands, say: Callable[[str], None]) -> None:
        """`say` is told why there can't be a call at all."""
        self._errands, self._say = errands, say
        self._heard: dict[tuple[str, str], tuple[int, float]] = {}
        """(host, peer) -> the bytes that had come in, and since when no more have."""
        self._called: dict[Pair, float] = {}
        self._calls: set[asyncio.Task[None]] = set()

    def looked(self, mesh: Mesh, keys: Mapping[str, str], event: HostPolled) -> None:
        """Take one look in, and have those call that need to."""
        pairs = self._lost(mesh, keys, event)
        if pairs:
            self._called |= dict.fromkeys(pairs, event.at)
            call = asyncio.create_task(self._call(mesh, pairs, dict(keys)), name="call again")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    def _lost(self, mesh: Mesh, keys: Mapping[str, str], event: HostPolled) -> list[Pair]:
        host, live = mesh.hosts.get(event.host.name), event.host.live
        if host is None or live is None or not host.behind_nat:
            return []
        lost = []
        for other in reached(mesh, host):
            peer = live.peers.get(keys.get(other.name, "")) if other.behind_nat else None
            if peer is None:
                continue
            pair = frozenset((host.name, other.name))
            silent = [
                self._silent(host.name, other.name, peer, event.at),
                event.at - self._heard.get((other.name, host.name), (0, event.at))[1],
            ]
            waits = event.at - self._called.get(pair, event.at - _EVERY) < _EVERY
            if min(silent) > _SILENT and pair <= mesh.found.mapped.keys() and not waits:
                lost.append(pair)
        return lost

    def _silent(self, host: str, other: str, peer: LivePeer, at: float) -> float:
        """Seconds that `host` has heard nothing of `other`."""
        bytes_, since = self._heard.get((host, other), (-1, at))
        if peer.transfer_rx != bytes_:
            self._heard[host, other] = peer.transfer_rx, at
            return 0.0
        return at - since

    async def _call(self, mesh: Mesh, pairs: Collection[Pair], keys: Mapping[str, str]) -> None:
        names = sorted({name for pair in pairs for name in pair})
        try:
            Journal(mesh.name).note("meet", again=True, pairs=sorted(map(sorted, pairs)))
            async with AsyncExitStack() as stack:
                sessions = {
                    name: await stack.enter_async_context(self._errands.on(mesh.hosts[name]))
                    for name in names
                }
                await call_each_other(mesh, pairs, keys, sessions)
        except MeshError as error:
            self._say(f"{' and '.join(names)} can't call each other: {error}")

    async def close(self) -> None:
        """Call off what is under way."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
