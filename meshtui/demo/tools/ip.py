"""`ip`, of iproute2: what meshtui's scripts and a person ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_interface, ip_network
from typing import TYPE_CHECKING, TypeVar

from meshtui.demo.calls import Answer
from meshtui.demo.links import Link, Route
from meshtui.wg.interface import Address

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

_RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
_RULES_4 = _RULES + "32767:\tfrom all lookup default\n"
T = TypeVar("T")
_FOREVER = "valid_lft forever preferred_lft forever"


class _Wrong(Exception):
    """What it says, and its exit status."""

    def __init__(self, said: str, status: int = 2) -> None:
        super().__init__(said)
        self.status = status


async def ip(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """Any of its commands."""
    options = {word for word in argv if word.startswith("-")}
    match [word for word in argv if not word.startswith("-")]:
        case [kind, *words]:
            objects = {"link": _link, "address": _address, "route": _route, "rule": _rule}
            found = next((do for name, do in objects.items() if name.startswith(kind)), None)
        case _:
            return Answer(255, err=b"Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n")
    if found is None:
        return Answer(1, err=f'Object "{kind}" is unknown, try "ip help".\n'.encode())
    version = 6 if "-6" in options else 4 if "-4" in options else 0
    try:
        return Answer(0, found(machine, words, version, "-o" in options).encode())
    except _Wrong as wrong:
        return Answer(wrong.status, err=f"{wrong}\n".encode())


def _after(words: list[str], word: str) -> str | None:
    return words[words.index(word) + 1] if word in words[:-1] else None


def _known(machine: Machine, name: str | None, said: str = 'Device "{}" does not exist.') -> Link:
    if name not in machine.kernel.links:
        raise _Wrong(said.format(name), 1)
    return machine.kernel.links[name]


def _prefix(text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text)
    except ValueError:
        raise _Wrong(f'Error: any valid prefix is expected rather than "{text}".', 1) from None


def _wanted(machine: Machine, words: list[str]) -> list[Link]:
    name = _after(words, "dev")
    return list(machine.kernel.links.values()) if name is None else [_known(machine, name)]


# -- link ----------------------------------------------------------------------


def _link(machine: Machine, words: list[str], _: int, one_line: bool) -> str:
    match words:
        case [] | ["show", *_]:
            name = next((w for w in words[1:] if w != "dev"), None)
            links = list(machine.kernel.links.values()) if name is None else [_known(machine, name)]
            return "".join(_link_line(link, one_line) for link in links)
        case ["set", *rest]:
            name = _after(rest, "dev") or rest[0]
            link = _known(machine, name, 'Cannot find device "{}"')
            if mtu := _after(rest, "mtu"):
                if not mtu.isdecimal():
                    raise _Wrong(f'Error: argument "{mtu}" is wrong: Invalid "mtu" value\n', 255)
                machine.set_mtu(link, int(mtu))
            return ""
        case ["del" | "delete", *rest]:
            link = _known(machine, rest[-1], 'Cannot find device "{}"')
            machine.remove(link.name)
            return ""
    raise _Wrong(f'Command "{words[0]}" is unknown, try "ip link help".', 255)


def _link_line(link: Link, one_line: bool) -> str:
    flags, kind = "BROADCAST,MULTICAST,UP,LOWER_UP", "ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff"
    if link.device:
        flags, kind = "POINTOPOINT,NOARP,UP,LOWER_UP", "none "
    elif link.name == "lo":
        flags, kind = "LOOPBACK,UP,LOWER_UP", "loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00"
    newline = "\\" if one_line else "\n"
    return (
        f"{link.index}: {link.name}: <{flags}> mtu {link.mtu} qdisc noqueue state UNKNOWN"
        f" mode DEFAULT group default qlen 1000{newline}    link/{kind}\n"
    )


# -- address -------------------------------------------------------------------


def _address(machine: Machine, words: list[str], version: int, one_line: bool) -> str:
    match words:
        case [] | ["show" | "list", *_]:
            beyond = _after(words, "scope") == "global"
            return "".join(
                _address_line(link, address, one_line)
                for link in _wanted(machine, words)
                for address in link.addresses
                if version in (0, address.version) and not (beyond and link.name == "lo")
            )
        case ["add" | "replace" | "del" as how, text, "dev", name, *_]:
            address = _prefix(text, ip_interface)
            said = "ipv4: A" if address.version == 4 else "ipv6: a"
            link = _known(machine, name, 'Cannot find device "{}"')
            try:
                if how == "del":
                    machine.kernel.drop_address(link.name, address)
                elif how == "add" or address not in link.addresses:
                    machine.kernel.add_address(link.name, address)
            except FileExistsError:
                raise _Wrong(f"Error: {said}ddress already assigned.") from None
            except LookupError:
                raise _Wrong(f"Error: {said}ddress not found.") from None
            return ""
    raise _Wrong(f'Command "{words[0]}" is unknown, try "ip address help".', 255)


def _address_line(link: Link, address: Address, one_line: bool) -> str:
    scope = "host" if link.name == "lo" else "global"
    name = f" {link.name}" if address.version == 4 else " "
    first = next(a for a in link.addresses if a.network == address.network)
    more = " secondary" if address.version == 4 and first != address else ""
    family = "inet" if address.version == 4 else "inet6"
    newline = "\\" if one_line else "\n"
    return (
        f"{link.index}: {link.name}    {family} {address} scope {scope}{more}{name}"
        f"{newline}       {_FOREVER}\n"
    )


# -- route and rule --------------------------------------------------------------


def _route(machine: Machine, words: list[str], version: int, one_line: bool) -> str:
    match words:
        case ["get", to, *_]:
            return _got(machine, to)
        case [] | ["show" | "list", *_]:
            if "table" in words and _after(words, "table") != "main":
                raise _Wrong(
                    f"Error: ipv{version or 4}: FIB table does not exist.\nDump terminated"
                )
            device = _after(words, "dev")
            if device is not None:
                _known(machine, device, 'Cannot find device "{}"')
            only = "default" in words
            return "".join(
                _route_line(route, device is None)
                for route in _in_order(machine.kernel.routes)
                if route.to.version == (version or 4)
                and device in (None, route.device)
                and not (only and route.to.prefixlen)
            )
        case ["add" | "replace" | "del" as how, text, *rest]:
            default = "::/0" if version == 6 else "0.0.0.0/0"
            to = default if text == "default" else text
            net = _prefix(to, lambda text: ip_network(text, strict=False))
            if net.version == 4 and ip_interface(to).ip != net.network_address:
                raise _Wrong("Error: Invalid prefix for given prefix length.")
            device = _after(rest, "dev")
            if how != "del" or device is not None:
                _known(machine, device, 'Cannot find device "{}"')
            try:
                if how == "del":
                    machine.kernel.drop_route(net, device)
                else:
                    source = _after(rest, "src") or ""
                    machine.kernel.add_route(Route(net, str(device), source=source))
            except FileExistsError:
                raise _Wrong("RTNETLINK answers: File exists") from None
            except LookupError:
                raise _Wrong("RTNETLINK answers: No such process") from None
            return ""
    raise _Wrong(f'Command "{words[0]}" is unknown, try "ip route help".', 255)


def _in_order(routes: list[Route]) -> Iterator[Route]:
    """As they are listed: the default first, the others by where they lead."""
    yield from sorted(
        routes, key=lambda r: (r.to.version, r.to.prefixlen > 0, r.to.network_address.packed)
    )


def _route_line(route: Route, with_device: bool) -> str:
    plain = route.to.prefixlen == route.to.max_prefixlen
    to = "default" if not route.to.prefixlen else route.to.network_address if plain else route.to
    words = [str(to)]
    if route.via:
        words += ["via", route.via]
    if with_device:
        words += ["dev", route.device]
    if route.to.version == 6:
        words += ["proto", "kernel", "metric", "256"] if route.kernel else ["metric", "1024"]
        return " ".join([*words, "pref", "medium\n"])
    if route.kernel:
        words += ["proto", "kernel", "scope", "link", "src", route.source]
    elif not route.via:
        words += ["scope", "link"]
    return " ".join(words) + " \n"


def _got(machine: Machine, to: str) -> str:
    own = machine.kernel.owner(to) is not None
    route = Route(ip_network(to), "lo", source=to) if own else machine.kernel.route(to)
    if route is None:
        raise _Wrong("RTNETLINK answers: Network is unreachable")
    source = machine.kernel.source(route, route.to.version)
    via = f" via {route.via}" if route.via else ""
    first, last = ("local ", "<local> ") if own else ("", "")
    if route.to.version == 6:
        return f"{first}{to} from :: dev {route.device} src {source} metric 1024 pref medium\n"
    return f"{first}{to}{via} dev {route.device} src {source} uid 0 \\    cache {last}\n"


def _rule(_: Machine, words: list[str], version: int, __: bool) -> str:
    if words[:1] not in ([], ["show"], ["list"]):
        raise _Wrong("RTNETLINK answers: Operation not supported")
    return _RULES if version == 6 else _RULES_4
