"""Where the hosts of a demo are: their names, providers and invented addresses (RFC 5737)."""

from __future__ import annotations

from dataclasses import dataclass

#: Three cities, each with a provider's network; what a network has no room for is in RFC 2544's.
PROVIDERS = {"fra": "203.0.113", "nyc": "198.51.100", "sgp": "192.0.2"}
#: Where the operator sits.
OPERATOR = "192.0.2.250"
#: The host behind NAT, and the address that its router has outside.
OFFICE, ROUTER = "office", "198.51.100.250"
_MOST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A host of the demo: `address` is its own; `nat` its router's, if it is behind one."""

    name: str
    provider: str
    address: str
    nat: str | None = None


def places(count: int, *, office: bool = True) -> list[Place]:
    """`count` places in the order of their names; with an `office`, one of them is behind NAT."""
    servers = count - 1 if office else count
    found = []
    for at, (provider, network) in enumerate(PROVIDERS.items()):
        for n in range(1, servers // 3 + (at < servers % 3) + 1):
            address = f"{network}.{n + 10}" if n <= _MOST else f"198.18.{at}.{n - _MOST}"
            found.append(Place(f"{provider}-{n}", provider, address))
    if office:
        found.append(Place(OFFICE, OFFICE, "192.168.1.10", ROUTER))
    return found
