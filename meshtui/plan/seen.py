"""What a host reported: the reply of observe.sh, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_interface, ip_network

from meshtui.wg.dump import LiveInterface, parse_dump
from meshtui.wg.endpoint import is_address
from meshtui.wg.interface import Address, Network
from meshtui.wg.keys import is_key


@dataclass(frozen=True, slots=True)
class Underway:
    """A change that has not ended on a host: nobody else can change it until then."""

    id: str
    owner: str
    """Who makes it, as `jo@laptop`."""
    age: int
    """Seconds since it began there."""
    left: int
    """Seconds until the host goes back by itself; 0: it does not, or is about to."""


@dataclass(frozen=True, slots=True)
class Passing:
    """How a host passes packets on, and its own to an exit: what `passing` (forward.sh) says."""

    has: tuple[str, ...] = ()
    """The items that are there."""
    drops: tuple[str, ...] = ()
    """Chains that may drop what is to pass."""
    locked: tuple[str, ...] = ()
    """The same, where only what made them can change them."""
    listens: tuple[str, ...] = ()
    """Uplinks whose routes come from a router, and end once the host is one itself."""
    nat: tuple[str, ...] = ()
    """What can masquerade there."""
    others: bool = False
    """Whether another interface of meshtui's turned the host's sysctls."""
    own: tuple[str, ...] = ()
    """Its addresses by which it may be reached from beyond its own networks."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One host, as it is now."""

    clock: int = 0
    """Epoch seconds, by the host's own clock."""
    tools: frozenset[str] = frozenset()
    """Those of the needed programs that are there."""
    backend: str | None = None
    """`kernel`, or the userspace program that wg-quick would use; None: neither."""
    systemd: str | None = None
    """What `systemctl is-enabled` says of the unit (`` if there is none); None: no systemd."""
    live: LiveInterface | None = None
    preshared: dict[str, str] = field(default_factory=dict)
    """Public key of a peer -> fingerprint of the preshared key that runs."""
    exists: bool = False
    """Whether there is a network interface of this name, of whatever kind."""
    mtu: int | None = None
    addresses: tuple[Address, ...] = ()
    own: frozenset[str] = frozenset()
    """The addresses of all its interfaces, without prefix length; none: it did not say."""
    routes: frozenset[Network] = frozenset()
    ssh_inside: bool = False
    """Whether meshtui's own SSH to the host comes in by this interface."""
    unrouted: tuple[Network, ...] = ()
    """Subnets of its addresses whose route the kernel made, and somebody took away."""
    file: str | None = None
    """The wg-quick file, its secrets as `@secret:N@`."""
    sha256: str | None = None
    """Of the file as it really is."""
    mode: int | None = None
    """The file's permission bits."""
    file_key: str | None = None
    """The public key that belongs to the file's private one."""
    file_preshared: dict[str, str] = field(default_factory=dict)
    """`@secret:N@` of a preshared key in the file -> its fingerprint."""
    made_key: str | None = None
    """The public half of a key that an earlier apply made and did not come to use."""

    passing: Passing = Passing()
    """Looked for only where the host is to pass packets on, or its file says that it does."""
    names: tuple[str, ...] = ()
    """The block of names in /etc/hosts, with its marks (see names.sh)."""
    other_ports: Mapping[int, str] = field(default_factory=dict)
    """Listen port -> the other WireGuard interface that has it."""
    other_routes: tuple[tuple[Network, str], ...] = ()
    """Where routes of other devices lead, and the device."""
    underway: Underway | None = None
    """The change that holds the host's lock; None: none."""

    @property
    def used_key(self) -> str | None:
        """The host's own key, where it has one: the running one, else the file's."""
        return (self.live.public_key if self.live else None) or self.file_key

    @property
    def public_key(self) -> str | None:
        """The host's own key, also one that was made and waits to be used."""
        return self.used_key or self.made_key


def parts(reply: bytes) -> dict[str, list[str]]:
    """The parts of a reply, each with its lines; ValueError where it has none."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    # Names in old files may be Latin-1: they come back as the bytes that they were.
    for line in reply.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith("@"):
            lines = found.setdefault(line[1:], [])
        elif line.startswith("|"):
            lines.append(line[1:])
        elif line:
            raise ValueError(f"unexpected line {line[:40]!r}")
    return found


def parse_seen(interface: str, reply: bytes) -> Seen:
    """Read the reply of `observe`; ValueError where it is not one."""
    found = parts(reply)

    def one(name: str) -> str | None:
        return next(iter(found.get(name, [])), None)

    def key(name: str) -> str | None:
        text = one(name)
        return text if text and is_key(text) else None

    systemd = one("systemd")
    routes = frozenset(_routes(found.get("routes", [])))
    all_addresses = [line for line in found.get("addresses", []) if line.strip()]
    addresses = [line for line in all_addresses if line.split()[1:2] == [interface]]
    return Seen(
        clock=int(one("clock") or 0),
        tools=frozenset(found.get("tools", [])),
        backend=one("backend"),
        systemd=(systemd or "") if "systemd" in found else None,
        live=parse_dump(interface, "\n".join(found["dump"])) if "dump" in found else None,
        preshared=dict(map(_pair, found.get("preshared", []))),
        exists="link" in found,
        mtu=_after(one("link") or "", "mtu"),
        addresses=tuple(_addresses(addresses)),
        own=frozenset(map(_bare, all_addresses)),
        routes=routes,
        unrouted=tuple(_unrouted(one("link") or "", addresses, routes)),
        ssh_inside=one("ssh") == "inside",
        file="".join(f"{line}\n" for line in found["file"]) if "file" in found else None,
        sha256=one("sha256"),
        mode=int(one("mode") or "0", 8) if "mode" in found else None,
        file_key=key("file-key"),
        file_preshared={
            f"@secret:{number}@": fingerprint
            for number, fingerprint in map(_pair, found.get("file-preshared", []))
        },
        made_key=key("made-key"),
        passing=_passing(found.get("forward", [])),
        names=tuple(found.get("names", [])),
        other_ports=dict(_other_ports(interface, found.get("ports", []))),
        other_routes=tuple(_other_routes(found.get("other-routes", []))),
        underway=_underway(found.get("standing", [])),
    )


def _other_ports(own: str, lines: list[str]) -> Iterator[tuple[int, str]]:
    """`wg show all listen-port`."""
    for interface, _, port in (line.partition("\t") for line in lines):
        if interface != own and port != "0":
            yield int(port), interface


def _other_routes(lines: list[str]) -> Iterator[tuple[Network, str]]:
    for device, prefix in map(_pair, lines):
        yield ip_network(prefix, strict=False), device


def _underway(lines: list[str]) -> Underway | None:
    """As `standing` (revert.sh) tells it. Void is one that a boot has ended."""
    for line in lines:
        if line.startswith("change "):
            _, id_, state, left, age, owner = line.split(" ", 5)
            return None if state == "void" else Underway(id_, owner, int(age), int(left))
    return None


def _passing(lines: list[str]) -> Passing:
    told: dict[str, list[str]] = {}
    for line in lines:
        what, value = _pair(line)
        told.setdefault(what, []).append(value)

    def every(what: str) -> tuple[str, ...]:
        return tuple(told.get(what, ()))

    return Passing(
        has=every("has"),
        drops=every("drops"),
        locked=every("locked"),
        listens=every("ra"),
        nat=every("nat"),
        others="others" in told,
        own=tuple(filter(is_address, every("own"))),
    )


def _pair(line: str) -> tuple[str, str]:
    first, _, second = line.partition(" ")
    return first, second


def _after(line: str, word: str) -> int | None:
    found = _word_after(line.split(), word)
    return None if found is None else int(found)


def _word_after(words: list[str], word: str) -> str | None:
    """The word behind `word`; None: it is not there. ValueError: it is the last one."""
    if word not in words:
        return None
    at = words.index(word) + 1
    if at == len(words):
        raise ValueError(f"nothing behind {word!r}")
    return words[at]


def _bare(line: str) -> str:
    """The address of a line of `ip -o address`, without prefix length."""
    words = line.split()
    family = "inet" if "inet" in words else "inet6"
    return (_word_after(words, family) or "").partition("/")[0]


def _addresses(lines: list[str]) -> list[Address]:
    """`ip -o address`: the word after inet or inet6; link-local ones are the kernel's own."""
    found = []
    for line in lines:
        words = line.split()
        for family in ("inet", "inet6"):
            if (text := _word_after(words, family)) is not None:
                address = ip_interface(text)
                if not address.is_link_local:
                    found.append(address)
    return found


def _unrouted(link: str, addresses: list[str], routes: frozenset[Network]) -> list[Network]:
    """`link` and `addresses` as `ip -o` tells them.

    In a VRF the route is in a table of its own, and one down has none.
    """
    if " master " in link or ",UP" not in link:
        return []
    found = _addresses([line for line in addresses if "noprefixroute" not in line])
    nets = dict.fromkeys(a.network for a in found if a.network.num_addresses > 1)
    return [network for network in nets if network not in routes]


def _routes(lines: list[str]) -> list[Network]:
    """`ip route`: the first word is the destination."""
    found: list[Network] = []
    for line in lines:
        word = (line.split() or [""])[0]
        if word and (word[0].isdigit() or ":" in word):
            found.append(ip_network(word, strict=False))
    return found
