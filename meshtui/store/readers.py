"""From a TOML value to a value of the mesh: each reader takes one kind, or says what it found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from meshtui.mesh.names import has_invisible, is_host_name, is_interface_name
from meshtui.mesh.problem import shown
from meshtui.mesh.target import LOCAL, parse_target
from meshtui.wg.endpoint import Endpoint, is_address, is_host, parse_endpoint
from meshtui.wg.keys import is_key

if TYPE_CHECKING:
    from meshtui.wg.interface import Address, Network

T = TypeVar("T")
Reader = Callable[[object], T]

_PREFIX = r"[0-9]{1,3}"


class Wrong(ValueError):
    """What was found, for a person: `"wg 0" is not an interface name`.

    `expected` takes the place of what the field says that it expects.
    """

    def __init__(self, found: str, expected: str | None = None) -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected


class WrittenAddress(NamedTuple):
    """A mesh address as the file has it: the prefix length may be left to the network."""

    ip: IPv4Address | IPv6Address
    prefix: int | None

    def within(self, networks: Iterable[Network]) -> Address:
        """With its network's prefix length where the file gives none; outside of all, its own."""
        prefix = self.prefix
        if prefix is None:
            holding = (
                n.prefixlen for n in networks if n.version == self.ip.version and self.ip in n
            )
            prefix = next(holding, self.ip.max_prefixlen)
        if self.ip.version == 4:
            return IPv4Interface((int(self.ip), prefix))
        return IPv6Interface((int(self.ip), prefix))


class WrittenEndpoint(NamedTuple):
    """An endpoint as the file has it: the port may be left to listen_port."""

    host: str | None
    """None: behind NAT."""
    port: int | None


def described(value: object) -> str:
    """A value that is not what was expected, in words that fit on a line."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "a very large number" if abs(value) >= 10**18 else str(value)
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "a date or time"


def text(value: object, what: str) -> str:
    """Any text without control characters; `what` names what it is not."""
    if not isinstance(value, str):
        raise Wrong(f"{described(value)} is not {what}")
    if has_invisible(value):
        raise Wrong(f"{shown(value)} has a control or invisible character in it")
    return value


def mesh_name(value: object) -> str:
    """The mesh's name: it names a directory here too."""
    name = text(value, "a name")
    if not is_host_name(name):
        raise Wrong(f"{shown(name)} is not a name")
    return name


def interface_name(value: object) -> str:
    """What wg-quick and the kernel take."""
    name = text(value, "an interface name")
    if not is_interface_name(name):
        raise Wrong(f"{shown(name)} is not an interface name")
    return name


def network(value: object) -> Network:
    """An IPv4 or IPv6 network with its prefix length, no host bits set."""
    written = text(value, "a network")
    address, slash, prefix = written.partition("/")
    if not is_address(address):
        raise Wrong(f"{shown(written)} is not a network")
    if not slash:
        raise Wrong(f"{shown(written)} has no prefix length")
    if not re.fullmatch(_PREFIX, prefix):  # ipaddress would also take a netmask
        raise Wrong(f"{shown(written)} is not a network")
    try:
        found = ip_network(written, strict=False)
    except ValueError:
        raise Wrong(f"{shown(written)} has a prefix length that is too long") from None
    if str(found.network_address) != str(ip_address(address)):
        raise Wrong(f"{shown(written)} is an address in a network", f'the network, "{found}"')
    return found


def address(value: object) -> WrittenAddress:
    """An address, with or without `/prefix`."""
    written = text(value, "an IP address")
    bare, slash, prefix = written.partition("/")
    if not is_address(bare) or (slash and not re.fullmatch(_PREFIX, prefix)):
        raise Wrong(f"{shown(written)} is not an IP address")
    found = ip_address(bare)
    if slash and int(prefix) > found.max_prefixlen:
        raise Wrong(f"{shown(written)} has a prefix length that is too long")
    return WrittenAddress(found, int(prefix) if slash else None)


def ssh_target(value: object) -> str:
    """Where SSH goes; also the word `local`."""
    target = text(value, "an SSH destination")
    if target == LOCAL:
        return target
    try:
        parse_target(target)
    except ValueError as error:
        why = "" if str(error).startswith("not") else f" ({error})"
        raise Wrong(f"{shown(target)} is not an SSH destination{why}") from None
    return target


def endpoint(value: object) -> WrittenEndpoint:
    """`host:port`, a host alone, or `none`."""
    written = text(value, "an endpoint")
    if written == "none":
        return WrittenEndpoint(None, None)
    bare = written[1:-1] if written.startswith("[") and written.endswith("]") else written
    if is_address(bare) or (":" not in written and is_host(written)):
        return WrittenEndpoint(str(ip_address(bare)) if is_address(bare) else bare, None)
    try:
        found = parse_endpoint(written)
    except ValueError as error:
        raise Wrong(f"{shown(written)} is not an endpoint ({error})") from None
    return WrittenEndpoint(found.host, found.port)


def endpoints(value: object) -> tuple[WrittenEndpoint, ...]:
    """One, as `endpoint` reads it, or a list of one address of each family."""
    if not isinstance(value, list):
        return (endpoint(value),)
    expected = 'an IPv6 and an IPv4 address, such as ["[2001:db8::1]:51820", "203.0.113.1:51820"]'
    found = tuple(map(endpoint, value))
    for at in found:
        if at.host is None or not is_address(at.host):
            what = '"none"' if at.host is None else f"the name {shown(at.host)}"
            raise Wrong(f"{what} in a list", f"{expected}; a name of both families stands alone")
    if len(found) != 2 or len({ip_address(at.host or "").version for at in found}) != 2:
        raise Wrong("a list of other than one endpoint of each family", expected)
    return found


def fixed_endpoint(value: object) -> Endpoint:
    """`host:port`: what meshtui reaches over no SSH has no port that it could know."""
    found = endpoint(value)
    if found.host is None:
        raise Wrong('"none" is what leaving it out says')
    if found.port is None:
        raise Wrong(f"{described(value)} has no port")
    return Endpoint(found.host, found.port)


def public_key(value: object) -> str:
    """32 bytes in base64. Never shown whole: it may be a private key in the wrong place."""
    if not isinstance(value, str):
        raise Wrong(f"{described(value)} is not a key")
    if not is_key(value):
        if not value:
            raise Wrong('"" is not a key')
        start = shown(value[:4])[:-1] + ('…"' if len(value) > 4 else '"')
        raise Wrong(f"{start} ({len(value)} characters) is not a key")
    return value


def flag(value: object) -> bool:
    """True or false, not in quotes."""
    if not isinstance(value, bool):
        raise Wrong(f"{described(value)} is neither true nor false")
    return value


def whole(low: int, high: int, what: str) -> Reader[int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(value: object) -> int:
        # True is an int to Python.
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Wrong(f"{described(value)} is not {what}")
        return value

    return read


def number(low: float, high: float, what: str) -> Reader[float]:
    """A reader of numbers from `low` to `high`, whole or not."""

    def read(value: object) -> float:
        # Neither true nor nan is in between.
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise Wrong(f"{described(value)} is not {what}")
        return float(value)

    return read


def choice(words: Iterable[str], what: str) -> Reader[str]:
    """A reader of one of `words`."""
    known = frozenset(words)

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise Wrong(f"{described(value)} is not {what}")
        return value

    return read
