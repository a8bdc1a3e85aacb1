"""`ip`, of iproute2: what meshtui's scripts and a person ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface, ip_network
from typing import TYPE_CHECKING

from meshtui.demo.calls import Answer
from meshtui.demo.links import Link, Route
from meshtui.wg.interface import Address

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

_RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
_RULES_4 = _RULES + "32767:\tfrom all lookup default\n"
_FOREVER = "valid_lft forever preferred_lft forever"


class _Wrong(Exception):
    """What it says, and its exit status."""

    def __init__(self, said: str, status: int = 2) -> None:
        super().__init__(said)
        self.status = status


async def ip(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """Any of its commands."""
    options = {word for word in argv if word.startswith("-")}
    if unknown := options - {"-4", "-6", "-o"}:
        said = f'Option "{min(unknown)}" is unknown, try "ip -help".\n'
        return Answer(255, err=said.encode())
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
    except ValueError as error:
        return Answer(1, err=f"Error: {error}.\n".encode())


def _after(words: list[str], word: str) -> str | None:
    return words[words.index(word) + 1] if word in words[:-1] else None


def _known(machine: Machine, name: str | None, said: str = 'Device "{}" does not exist.') -> Link:
    if name not in machine.kernel.links:
        raise _Wrong(said.format(name), 1)
    return machine.kernel.links[name]


def _wanted(machine: Machine, words: list[str]) -> list[Link]:
    """The interface named behind "show", with or without "dev", or all."""
    match words:
        case ["dev", name, *_]:
            return [_known(machine, name)]
        case [name, *_] if name not in ("scope", "up"):
            return [_known(machine, name)]
    return list(machine.kernel.links.values())


# -- link ----------------------------------------------------------------------


def _link(machine: Machine, words: list[str], _: int, one_line: bool) -> str:
    match words:
        case [] | ["show" | "list" | "s" | "sh" | "ls", *_]:
            return "".join(
                f"{_head(link, ' mode DEFAULT')}{_newline(one_line)}{_kind(link)}\n"
                for link in _wanted(machine, words[1:])
            )
        case ["set", *rest]:
            name = _after(rest, "dev") or rest[0]
            link = _known(machine, name, 'Cannot find device "{}"')
            if mtu := _after(rest, "mtu"):
                machine.set_mtu(link, int(mtu))
            return ""
        case ["del" | "delete", *rest]:
            link = _known(machine, rest[-1], 'Cannot find device "{}"')
            machine.remove(link.name)
            return ""
    raise _Wrong(f'Command "{words[0]}" is unknown, try "ip link help".', 255)


def _head(link: Link, mode: str = "") -> str:
    flags = "BROADCAST,MULTICAST,UP,LOWER_UP"
    if link.device:
        flags = "POINTOPOINT,NOARP,UP,LOWER_UP"
    elif link.name == "lo":
        flags = "LOOPBACK,UP,LOWER_UP"
    return (
        f"{link.index}: {link.name}: <{flags}> mtu {link.mtu} qdisc noqueue state UNKNOWN"
        f"{mode} group default qlen 1000"
    )


def _kind(link: Link) -> str:
    if link.device:
        return "    link/none "
    if link.name == "lo":
        return "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00"
    return "    link/ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff"


def _newline(one_line: bool) -> str:
    return "\\" if one_line else "\n"


# -- address -------------------------------------------------------------------


def _address(machine: Machine, words: list[str], version: int, one_line: bool) -> str:
    match words:
        case [] | ["show" | "list" | "s" | "sh" | "ls", *_]:
            beyond = _after(words, "scope") == "global"
            return "".join(
                _addresses(link, version, one_line)
                for link in _wanted(machine, words[1:])
                if not (beyond and link.name == "lo")
            )
        case ["add" | "replace" | "del" as how, text, "dev", name, *_]:
            address = ip_interface(text)
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


def _addresses(link: Link, version: int, one_line: bool) -> str:
    lines = [
        _address_line(link, address, one_line)
        for address in link.addresses
        if version in (0, address.version)
    ]
    if one_line or not (lines or not version):
        return "".join(lines)
    head = f"{_head(link)}\n" + ("" if version else f"{_kind(link)}\n")
    return head + "".join(lines)


def _address_line(link: Link, address: Address, one_line: bool) -> str:
    scope = "host" if link.name == "lo" else "global"
    name = f" {link.name}" if address.version == 4 else " "
    first = next(a for a in link.addresses if a.network == address.network)
    more = " secondary" if address.version == 4 and first != address else ""
    family = "inet" if address.version == 4 else "inet6"
    before = f"{link.index}: {link.name}    " if one_line else "    "
    return (
        f"{before}{family} {address} scope {scope}{more}{name}"
        f"{_newline(one_line)}       {_FOREVER}\n"
    )


# -- route and rule --------------------------------------------------------------


def _route(machine: Machine, words: list[str], version: int, one_line: bool) -> str:
    match words:
        case ["get", to, *_]:
            return _got(machine, to, one_line)
        case [] | ["show" | "list" | "s" | "sh" | "ls", *_]:
            if _after(words, "table") not in (None, "main"):
                family = "ipv6" if version == 6 else "ipv4"
                raise _Wrong(f"Error: {family}: FIB table does not exist.\nDump terminated")
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
            if _after(rest, "table") not in (None, "main"):
                raise _Wrong("RTNETLINK answers: Operation not supported")
            default = "::/0" if version == 6 else "0.0.0.0/0"
            net = ip_network(default if text == "default" else text, strict=False)
            if text != "default" and ip_interface(text).ip != net.network_address:
                raise _Wrong("Error: Invalid prefix for given prefix length.")
            device = _after(rest, "dev")
            if how != "del" or device is not None:
                _known(machine, device, 'Cannot find device "{}"')
            try:
                if how == "del":
                    machine.kernel.drop_route(net, device)
                else:
                    if how == "replace":
                        machine.kernel.routes = [r for r in machine.kernel.routes if r.to != net]
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
        how = "proto kernel metric 256" if route.kernel else "metric 1024"
        return " ".join((*words, how, "pref medium")) + "\n"
    if route.kernel:
        words += ["proto", "kernel", "scope", "link", "src", route.source]
    elif not route.via:
        words += ["scope", "link"]
    return " ".join(words) + " \n"


def _got(machine: Machine, to: str, one_line: bool) -> str:
    own = machine.kernel.owner(to) is not None
    if own and ":" in to:
        return f"local {to} from :: dev lo table local proto kernel src {to} metric 0 pref medium\n"
    if own:
        return f"local {to} dev lo src {to} uid 0 {_newline(one_line)}    cache <local> \n"
    route = machine.kernel.route(to)
    if route is None:
        raise _Wrong("RTNETLINK answers: Network is unreachable")
    source = machine.kernel.source(route, route.to.version)
    if ":" in to:
        how = "proto kernel src {} metric 256" if route.kernel else "src {} metric 1024"
        return f"{to} from :: dev {route.device} {how.format(source)} pref medium\n"
    via = f" via {route.via}" if route.via else ""
    return f"{to}{via} dev {route.device} src {source} uid 0 {_newline(one_line)}    cache \n"


def _rule(_: Machine, words: list[str], version: int, __: bool) -> str:
    if words[:1] not in ([], ["show"], ["list"]):
        raise _Wrong("RTNETLINK answers: Operation not supported")
    return _RULES if version == 6 else _RULES_4
