"""Pairs of which one family does not get through try the other, while a change is verified.

Both ends are told, or each would bring the other back. What worked is written into the
files by the plan after it: see `Fleet.meet`.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

from meshtui.fleet.elsewhere import settled
from meshtui.fleet.events import DirectionVerified
from meshtui.fleet.look import Look
from meshtui.fleet.session import Session
from meshtui.fleet.verify import VERIFY_SECONDS, verify
from meshtui.mesh.families import by_family, families
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.wanted import keepalive_of
from meshtui.plan.model import Plan

Pair = frozenset[str]

#: How long the first choice is waited for, in seconds: a lost handshake is tried again after 5.
FIRST_SECONDS = 6.0
#: What verifying takes longer where there is a second choice, in seconds.
MORE_SECONDS = 7.0
_EVERY = 0.5


class ByEither:
    """How one apply is verified."""

    def __init__(
        self,
        plan: Plan,
        sessions: Mapping[str, Session],
        before: Mapping[str, Look],
        look: Callable[[], Awaitable[dict[str, Look]]],
        tell: Callable[[str, list[str]], Awaitable[None]],
    ) -> None:
        """`before` is how the hosts looked before the change; `tell` has a host do lines of
        `change`.
        """
        assert plan.inputs
        self._plan, self._inputs, self._sessions = plan, plan.inputs, sessions
        self._before, self._look, self._tell = before, look, tell
        self._told: dict[Pair, int] = {}
        self._proved: set[Pair] = set()
        self._lost: set[Pair] = set()

    async def verify(
        self, ways: Mapping[str, Mapping[str, str | None]], armed: Collection[str]
    ) -> AsyncIterator[DirectionVerified]:
        """See `verify`. Of `armed` hosts, those that are silent try the other family meanwhile."""
        plan, pairs = self._plan, self._pairs(armed)
        trying = asyncio.create_task(self._fall_back(pairs), name="try the other family")
        deadline = VERIFY_SECONDS + (MORE_SECONDS if pairs else 0.0)
        results = verify(
            self._inputs.mesh,
            plan.public_keys,
            self._sessions,
            ways,
            self._before,
            plan.touched,
            deadline,
        )
        try:
            async for result in results:
                pair = frozenset((result.from_, result.to))
                (self._proved if result.ok else self._lost).add(pair)
                yield result
            await trying
        finally:
            trying.cancel()

    @property
    def by_other(self) -> dict[Pair, int]:
        """Pairs of which only the other family gets through -> its IP version."""
        both = self._proved - self._lost
        return {pair: version for pair, version in self._told.items() if pair in both}

    async def settled(self) -> tuple[dict[str, Look], list[str]]:
        """See `elsewhere.settled`."""
        return await settled(self._plan, self._look, self._tell, self._sessions, self._told)

    def _pairs(self, armed: Collection[str]) -> dict[Pair, int]:
        """What starts anew and has another family -> its IP version."""
        mesh, found = self._inputs.mesh, {}
        for pair in {frozenset(direction) for direction in self._plan.touched}:
            one, other = _ends(mesh, pair)
            if pair <= set(armed) and len(both := families(mesh, one, other)) == 2:
                found[pair] = both[mesh.found.second.get(pair) != both[1]]
        return found

    async def _fall_back(self, silent: dict[Pair, int]) -> None:
        until = time.monotonic() + FIRST_SECONDS
        while silent and time.monotonic() < until:
            await asyncio.sleep(_EVERY)
            now, keys = await self._look(), self._plan.public_keys
            silent = {p: v for p, v in silent.items() if not _shook(p, keys, self._before, now)}
        self._told = silent
        lines = self._lines(silent)
        # Whoever cannot be told is one whose directions fail.
        await asyncio.gather(
            *(self._tell(name, own) for name, own in lines.items()), return_exceptions=True
        )

    def _lines(self, pairs: Mapping[Pair, int]) -> dict[str, list[str]]:
        """What each host is told. One of both calls: else each would drop the other's."""
        mesh, keys = self._inputs.mesh, self._plan.public_keys
        lines: defaultdict[str, list[str]] = defaultdict(list)
        for pair, version in pairs.items():
            one, other = _ends(mesh, pair)
            for here, far in ((one, other), (other, one)):
                if (at := by_family(far).get(version)) is None:
                    continue
                to = self._inputs.resolved.get(at, at)
                lines[here.name].append(f"endpoint {keys[far.name]} {to}")
                if here is (other if other.behind_nat else one):
                    lines[here.name].append(f"call {keys[far.name]} {keepalive_of(here)}")
        return lines


def _ends(mesh: Mesh, pair: Pair) -> tuple[Host, Host]:
    """The two in the file's order."""
    one, other = (host for name, host in mesh.hosts.items() if name in pair)
    return one, other


def _shook(
    pair: Pair, keys: Mapping[str, str], before: Mapping[str, Look], now: Mapping[str, Look]
) -> bool:
    """Whether one of the two has had a handshake since; only one with an answer counts."""
    return any(
        _handshake(now, here, key) not in (0, _handshake(before, here, key))
        for here in pair
        for key in (keys.get(next(iter(pair - {here})), ""),)
    )


def _handshake(looks: Mapping[str, Look], here: str, key: str) -> int:
    live = looks[here].live if here in looks else None
    return live.peers[key].latest_handshake if live and key in live.peers else 0
