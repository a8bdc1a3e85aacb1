"""What a host has becomes what `mesh.toml` says: one value of one host's table."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from meshtui.errors import MeshError
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.problem import shown
from meshtui.store.document import read_text
from meshtui.store.edit import Draft, refuse_unknown
from meshtui.store.edit_keys import Value, with_value
from meshtui.store.errors import FileError
from meshtui.store.meshfile import parse
from meshtui.wg.endpoint import Endpoint, parse_endpoint
from meshtui.wg.interface import Address

#: In this order: the port is that of an endpoint without one.
_KEYS = ("listen_port", "endpoint", "persistent_keepalive", "mtu", "addresses", "public_key")


def adopt(path: Path, name: str, field: str, value: str) -> Draft:
    """`field` of the host `name` as `value`, which is what some host says of it.

    Of addresses, `value` has one behind the other. With the port goes that of the host's
    endpoint, where it was the same. FileError: the mesh would not hold with it; MeshError:
    it is no such value, or the file is written in a way that cannot be changed.
    """
    before = read_text(path)
    mesh = parse(before, path)
    refuse_unknown(mesh, name)
    try:
        host = _with(mesh.hosts[name], field, value)
    except ValueError as error:
        raise MeshError(f"{shown(value)} can't be its {field}", host=name) from error
    wanted = replace(mesh, hosts={**mesh.hosts, name: host})
    after, said = before, mesh
    try:
        for key in _KEYS:
            # An endpoint without a port follows listen_port by itself.
            if _said(said.hosts[name], key) != (now := _said(host, key)):
                after = with_value(after, ("hosts", name), key, _plain(mesh, now))
                said = parse(after, path)
    except FileError as error:
        raise FileError(path, error.problems, hint="so it would be: nothing was written") from error
    if said != wanted:
        raise MeshError(
            f"{path} is written in a way that meshtui cannot change: nothing was written",
            hint=f"write {field} of {name} into it by hand",
        )
    return Draft(before, after)


def _with(host: Host, field: str, value: str) -> Host:
    match field:
        case "listen_port":
            first, second = (
                Endpoint(at.host, int(value)) if at and at.port == host.listen_port else at
                for at in (host.endpoint, host.second)
            )
            return replace(host, listen_port=int(value), endpoint=first, second=second)
        case "persistent_keepalive":
            return replace(host, persistent_keepalive=int(value))
        case "mtu":
            return replace(host, mtu=int(value))
        case "endpoint":
            at = parse_endpoint(value)
            if not host.second:
                return replace(host, endpoint=at, behind_nat=False)
            # That of the other family stays, in its place.
            first, second = (
                at if (":" in at.host) == (":" in own.host) else own for own in host.endpoints
            )
            return replace(host, endpoint=first, second=second)
        case "addresses":
            found = tuple(ip_interface(word) for word in value.split(", "))
            # Those that stay keep their place: the first is the host's own.
            kept = [address for address in host.addresses if address in found]
            return replace(host, addresses=tuple(dict.fromkeys((*kept, *found))))
        case "public_key":
            return replace(host, public_key=value)
    raise ValueError("mesh.toml has no such key")


def _said(host: Host, key: str) -> Any:
    if key != "endpoint":
        return getattr(host, key)
    return [str(at) for at in host.endpoints] if host.second else host.endpoint


def _plain(mesh: Mesh, value: int | str | Endpoint | list[str] | tuple[Address, ...]) -> Value:
    if isinstance(value, int | list):
        return value
    if isinstance(value, Endpoint | str):  # the one is a tuple, too
        return str(value)
    # Without the prefix length where that is the network's.
    return [str(a.ip) if a.network in mesh.networks else str(a) for a in value]
