"""Who has the longest prefix that matches an address."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from meshtui.wg.interface import Network

T = TypeVar("T")


class Lookup(Generic[T]):
    """Networks with their owners; of two owners of one network, the last counts."""

    def __init__(self, owned: Iterable[tuple[Network, T]]) -> None:
        self._owners: dict[tuple[int, int], dict[int, T]] = {}
        for network, owner in owned:
            by_start = self._owners.setdefault((network.version, network.prefixlen), {})
            by_start[int(network.network_address)] = owner
        self._lengths = sorted(self._owners, reverse=True)

    def owner(self, address: IPv4Address | IPv6Address) -> T | None:
        """Whose network holds the address; None: nobody's."""
        number, bits = int(address), address.max_prefixlen
        for version, length in self._lengths:
            if version == address.version:
                start = number >> (bits - length) << (bits - length)
                found = self._owners[version, length].get(start)
                if found is not None:
                    return found
        return None
