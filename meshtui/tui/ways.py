"""How members reach each other that have no tunnel with each other, and how well that works.

Members are told by index, as the rows and columns of a MeshView: hosts, then devices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from meshtui.mesh.bits import mask_of, places_of
from meshtui.mesh.links import links_of
from meshtui.mesh.model import Mesh
from meshtui.mesh.paths import carried, path
from meshtui.tui.row import States
from meshtui.wg.health import HEALTHY, LinkState

#: Best first; None: not heard of yet.
_BY_WORTH: tuple[LinkState | None, ...] = (
    *("up", "idle", "unknown", "stale", "missing", "never"),
    None,
)
_WORTH = {state: worth for worth, state in enumerate(_BY_WORTH)}


class Ways:
    """Of one mesh. What it says of states is worked out when it is asked after `changed`."""

    def __init__(self, mesh: Mesh, states: Callable[[], Sequence[States]]) -> None:
        """`states`: what each member says of each other now, by row."""
        self._mesh, self._states = mesh, states
        self.version = 0
        """Goes up whenever a path may be another."""
        self._levels: list[tuple[LinkState | None, list[int]]] | None = None
        """Best first: a state, and whom each reaches over tunnels that are no worse."""

    @cached_property
    def carried(self) -> tuple[dict[int, int], ...]:
        """By member: peer -> the set of those that it reaches through that peer."""
        return carried(self._mesh)

    @cached_property
    def any(self) -> bool:
        """Whether anybody reaches anybody through others; in a full mesh nobody does."""
        return any(self.carried)

    @cached_property
    def reach(self) -> tuple[int, ...]:
        """By member: the set of those that it reaches through others."""
        found = []
        for through in self.carried:
            mask = 0
            for others in through.values():
                mask |= others
            found.append(mask)
        return tuple(found)

    @cached_property
    def met(self) -> dict[int, frozenset[int]]:
        """By host: those that it has a tunnel with though both are behind NAT."""
        links, found = links_of(self._mesh), dict[int, frozenset[int]]()
        for pair in self._mesh.found.met:
            if pair <= self._mesh.hosts.keys() and len(pair) == 2:
                one, other = (links.place[name] for name in pair)
                if links.linked[one] >> other & 1:
                    for here, there in ((one, other), (other, one)):
                        found[here] = found.get(here, frozenset()) | {there}
        return found

    def path(self, here: int, there: int) -> tuple[int, ...] | None:
        """The members on the way, both ends included; None: there is none."""
        links = links_of(self._mesh)
        found = path(self._mesh, links.members[here].name, links.members[there].name)
        return None if found is None else tuple(links.place[name] for name in found)

    def carries(self, host: int) -> int:
        """How many pairs of members send through `host`."""
        if not any(host in through for through in self.carried):
            return 0
        ends = [(a, b) for a, mask in enumerate(self.reach) for b in places_of(mask >> a << a)]
        return sum(host in (self.path(*pair) or ())[1:-1] for pair in ends)

    # -- how well

    def changed(self) -> None:
        """A tunnel is in another state."""
        self.version += 1
        self._levels = None

    def state(self, here: int, there: int) -> LinkState | None:
        """Of the worst tunnel on the way, of both its directions; None: not heard of yet."""
        for state, reached in self._worked_out():
            if reached[here] >> there & 1:
                return state
        return None

    def healthy(self, hosts: int) -> tuple[int, int]:
        """Pairs of the first `hosts` members that have no tunnel and reach each other: how many
        there are, and how many of them over tunnels that all work.
        """
        if not self.any:
            return 0, 0
        among = (1 << hosts) - 1
        well: Sequence[int] = [0] * len(self.reach)
        for state, reached in self._worked_out():
            if state in HEALTHY:
                well = reached
        return (
            sum((mask & among).bit_count() for mask in self.reach[:hosts]) // 2,
            sum((mask & among).bit_count() for mask in well[:hosts]) // 2,
        )

    def _worked_out(self) -> list[tuple[LinkState | None, list[int]]]:
        if self._levels is None:
            worths = self._tunnels()
            present = sorted({worth for row in worths for worth in row.values()})
            self._levels = [(_BY_WORTH[most], self._reached(worths, most)) for most in present]
        return self._levels

    def _tunnels(self) -> list[dict[int, int]]:
        """By member and peer: how bad the worse direction of their tunnel is."""
        states, linked = self._states(), links_of(self._mesh).peers
        return [
            {
                there: max(_WORTH[states[here][there]], _WORTH[states[there][here]])
                for there in peers
            }
            for here, peers in enumerate(linked)
        ]

    def _reached(self, worths: Sequence[dict[int, int]], most: int) -> list[int]:
        """Whom each reaches through others, over tunnels that are no worse than `most`."""
        good = [mask_of(there for there, worth in row.items() if worth <= most) for row in worths]
        found, before = [0] * len(good), None
        # Each time around, the ways that are a hop longer.
        while found != before:
            before = found
            found = [
                _further(through, good[here], good, before)
                for here, through in enumerate(self.carried)
            ]
        return found


def _further(
    through: dict[int, int], good: int, onward: Sequence[int], further: Sequence[int]
) -> int:
    """Whom a member reaches through the peers that it has `good` tunnels with."""
    found = 0
    for peer, others in through.items():
        if good >> peer & 1:
            found |= others & (onward[peer] | further[peer])
    return found
