"""A new mesh from a list of SSH destinations: names, networks and addresses worked out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_interface
from itertools import count, product
from string import ascii_lowercase

from meshtui.errors import UsageError, UsageErrors
from meshtui.mesh.addresses import allocate
from meshtui.mesh.checks import check
from meshtui.mesh.model import DEFAULT_INTERFACE, DEFAULT_PORT, Host, Mesh
from meshtui.mesh.names import is_host_name
from meshtui.mesh.networks import capacity
from meshtui.mesh.problem import key_path, shown
from meshtui.mesh.target import LOCAL, Target, parse_target
from meshtui.store.readers import WrittenEndpoint, Wrong, endpoint
from meshtui.wg.endpoint import Endpoint, is_address
from meshtui.wg.interface import Network


def new_mesh(
    targets: Sequence[str],
    *,
    name: str,
    networks: Sequence[Network],
    interface: str = DEFAULT_INTERFACE,
    listen_port: int = DEFAULT_PORT,
    endpoints: Mapping[str, str] | None = None,
) -> Mesh:
    """The mesh of `targets`, each `user@host:port`, an alias, `local`, or `NAME=` and one of these.

    Names come from the first label of the host; an address gives `server-a`,
    `server-b`, …; a second `web` is `web-2`. Addresses are allocated in every
    network. `endpoints` says by name where others reach a host, as mesh.toml
    does. UsageError: everything that is wrong, a line each.
    """
    named = _named(targets)
    hosts = {
        host: _host(host, target, (endpoints or {}).get(host), listen_port)
        for host, target in named.items()
    }
    if strangers := [host for host in endpoints or {} if host not in hosts]:
        raise UsageError(f"an endpoint for {shown(strangers[0])}, which is no host of the mesh")
    mesh = Mesh(name=name, networks=tuple(networks), interface=interface, hosts=hosts)
    if problems := check(mesh):
        raise UsageErrors(str(problem) for problem in problems)
    return allocate(mesh)


def default_ipv4(targets: Sequence[str]) -> IPv4Network:
    """A private network with room for them that none of their own addresses is in.

    10.0.0.0/24 where possible: SSH must not lead into the mesh itself.
    """
    prefix = 24
    while capacity(IPv4Network((10 << 24, prefix))) < len(targets):
        prefix -= 1
    used = [ip_interface(host).ip for host in _hosts_of(targets) if is_address(host)]
    for second in range(256):
        network = IPv4Network(f"10.{second}.0.0/{prefix}")
        if not any(address in network for address in used):
            return network
    raise UsageError("every 10.x.0.0 network is in use", hint="name one with --network")


def unique_local(global_id: bytes) -> IPv6Network:
    """The /64 of a unique local prefix, from 5 random bytes (RFC 4193, section 3)."""
    if len(global_id) != 5:
        raise ValueError("a global ID takes 5 bytes")
    return IPv6Network((b"\xfd" + global_id + bytes(10), 64))


def _hosts_of(targets: Sequence[str]) -> Iterator[str]:
    for text in targets:
        try:
            yield parse_target(_split(text)[1]).host
        except ValueError:
            continue  # new_mesh says what is wrong with it


def _named(targets: Sequence[str]) -> dict[str, str]:
    """The hosts' names and targets. Names that are given come first, so that they are kept."""
    wrong: list[str] = []
    parsed: list[tuple[str, str, Target | None]] = []
    taken: set[str] = set()
    for text in targets:
        name, target = _split(text)
        try:
            parsed.append((name, target, None if target == LOCAL else parse_target(target)))
        except ValueError as error:
            wrong.append(
                f'{shown(text)}: {error}; expected one such as "root@203.0.113.1" or an alias'
            )
        if name and not is_host_name(name):
            wrong.append(f"{shown(text)}: {shown(name)} is not a name for a host")
        elif name and name.lower() in taken:
            wrong.append(f"{shown(text)}: there is another host {name}; expected a name of its own")
        taken.add(name.lower())
    if wrong:
        raise UsageErrors(wrong)
    letters = _letters()
    named = {}
    for given, target, parts in parsed:
        name = given or _free_name(parts, taken, letters)
        taken.add(name.lower())
        named[name] = target
    return named


def _split(text: str) -> tuple[str, str]:
    """`NAME=TARGET` in two; the name is empty where none is given."""
    name, equals, target = text.partition("=")
    return (name, target) if equals else ("", text)


def _free_name(target: Target | None, taken: set[str], letters: Iterator[str]) -> str:
    host = LOCAL if target is None else target.host
    label = re.sub(r"[^A-Za-z0-9_-]+", "-", host.partition(".")[0]).strip("-_")[:40]
    if is_address(host) or not is_host_name(label):
        return next(name for name in letters if name not in taken)
    numbered = (label if number == 1 else f"{label}-{number}" for number in count(1))
    return next(name for name in numbered if name.lower() not in taken)


def _letters() -> Iterator[str]:
    for length in count(1):
        for letters in product(ascii_lowercase, repeat=length):
            yield "server-" + "".join(letters)


def _host(name: str, target: str, written: str | None, listen_port: int) -> Host:
    host = Host(name=name, ssh=target, listen_port=listen_port)
    if written is None:
        return host
    try:
        at: WrittenEndpoint = endpoint(written)
    except Wrong as wrong:
        raise UsageError(f"{key_path('hosts', name, 'endpoint')}: {wrong.found}") from None
    if at.host is None:
        return replace(host, behind_nat=True)
    return replace(host, endpoint=Endpoint(at.host, at.port or listen_port))
