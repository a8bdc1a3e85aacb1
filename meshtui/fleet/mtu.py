"""The path MTU of every link, and the one value that the mesh should have for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from meshtui.fleet.errands import as_they_come
from meshtui.fleet.reports import PathMtu
from meshtui.mesh.model import Mesh
from meshtui.mesh.wanted import joined

#: What wg-quick sets where nothing is known: 1500 less what IPv6 outside takes.
USUAL = 1420
#: The least that IPv6 takes (RFC 8200), and that any host takes of IPv4 (RFC 791).
LEAST_V6, LEAST_V4 = 1280, 576
#: So many directions are probed at once, and one at a time from each host.
AT_ONCE = 12

#: What WireGuard puts around a packet, over IPv4 and IPv6, in bytes.
_OVERHEAD = {4: 60, 6: 80}

Ask = Callable[[str, str], Awaitable[PathMtu]]


async def probe(mesh: Mesh, ask: Ask) -> AsyncIterator[PathMtu]:
    """Ask for every direction that should have a tunnel; each as it comes."""
    turns = asyncio.Semaphore(AT_ONCE)
    own = {name: asyncio.Lock() for name in mesh.hosts}

    async def one(from_: str, to: str) -> PathMtu:
        async with own[from_], turns:
            return await ask(from_, to)

    async for found in as_they_come(one(*pair) for pair in joined(mesh)):
        yield found


@dataclass(frozen=True, slots=True)
class LinkMtu:
    """One link, as both ends found it; sizes in bytes. None: not known."""

    between: tuple[str, str]
    interface: int | None
    """What the interfaces are set to, of the two the smaller."""
    tunnel: int | None
    """The largest packet that got through the tunnel."""
    path: int | None
    """The largest that got through outside of it."""
    over: int | None
    """Which IP the tunnel runs over."""
    errors: tuple[str, ...] = ()

    @property
    def fits(self) -> int | None:
        """The largest MTU that loses nothing on this link."""
        sizes = [self.path - _OVERHEAD[self.over or 4]] if self.path else []
        # A packet as large as the interface takes says nothing of larger ones.
        if self.tunnel and (self.interface is None or self.tunnel < self.interface):
            sizes.append(self.tunnel)
        return min(sizes, default=None)

    @property
    def loses(self) -> bool:
        """Whether packets that the interfaces take get lost on the way."""
        return None not in (self.fits, self.interface) and self.fits < self.interface  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class MtuReport:
    """All links, the worst first, and what follows."""

    links: tuple[LinkMtu, ...]
    proposed: int | None
    """For `mtu` in [mesh]; None: nothing was found to propose it by."""
    reason: str
    effects: tuple[str, ...]
    """A line each: what is lost as it is now, and what could not be measured."""
    needed: bool
    """Whether any interface has another MTU now."""


def report(mesh: Mesh, found: Iterable[PathMtu]) -> MtuReport:
    """What the directions say together."""
    place = {name: at for at, name in enumerate(mesh.hosts)}
    by_pair: dict[tuple[str, str], list[PathMtu]] = {}
    for one in found:
        a, b = sorted((one.from_, one.to), key=lambda name: place.get(name, 0))
        by_pair.setdefault((a, b), []).append(one)
    links = sorted((_link(pair, ends) for pair, ends in by_pair.items()), key=_worst_first)
    known = [link for link in links if link.fits is not None]
    effects = [
        f"{a}–{b} now loses packets above {link.fits}"
        for link in links
        if link.loses
        for a, b in (link.between,)
    ]
    effects += [
        f"{a}–{b} is not measured: {link.errors[0]}"
        for link in links
        if link.fits is None and link.errors
        for a, b in (link.between,)
    ]
    proposed, reason = _proposed(mesh, known)
    ends = {one.interface for ends in by_pair.values() for one in ends} - {None}
    needed = proposed is not None and ends != {proposed}
    return MtuReport(tuple(links), proposed, reason, tuple(effects), needed)


def _link(pair: tuple[str, str], ends: Sequence[PathMtu]) -> LinkMtu:
    def least(values: Iterable[int | None]) -> int | None:
        return min((value for value in values if value), default=None)

    return LinkMtu(
        between=pair,
        interface=least(end.interface for end in ends),
        tunnel=least(end.tunnel for end in ends),
        path=least(end.path for end in ends),
        over=max((end.over for end in ends if end.over), default=None),
        errors=tuple(end.error for end in ends if end.error),
    )


def _worst_first(link: LinkMtu) -> tuple[bool, int, tuple[str, str]]:
    """Those that lose packets, by how little they take; then those that are not known."""
    return not link.loses, link.fits or 0, link.between


def _proposed(mesh: Mesh, known: Sequence[LinkMtu]) -> tuple[int | None, str]:
    if not known:
        return None, "no path could be measured: endpoints answer no ping, and tunnels lose nothing"
    least = LEAST_V6 if any(network.version == 6 for network in mesh.networks) else LEAST_V4
    narrow = min(known, key=lambda link: link.fits or 0)
    assert narrow.fits is not None
    a, b = narrow.between
    if narrow.fits >= USUAL:
        return USUAL, "every path has room for it, and it is what wg-quick takes for the Internet"
    why = f"{a}–{b} lets {narrow.fits} through its tunnel"
    if narrow.path and narrow.fits == narrow.path - _OVERHEAD[narrow.over or 4]:
        over = narrow.over or 4
        why = (
            f"the path {a}–{b} takes {narrow.path}, less {_OVERHEAD[over]} around it over IPv{over}"
        )
    if narrow.fits < least:
        return least, f"{why}; less than {least} IPv{6 if least == LEAST_V6 else 4} cannot have"
    return narrow.fits, why
