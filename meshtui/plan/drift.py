"""Drift: what a host has otherwise than `mesh.toml` says, item by item.

It is what a plan would put right there, and the unknown peers that it leaves alone. So
what a plan tolerates is no drift: an endpoint that roamed, what others wrote into the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from meshtui.inert import inert
from meshtui.mesh.model import Host, Mesh
from meshtui.plan.compare import INTERFACE, PEER, Config, from_file, mask_of_disk, mask_of_plan
from meshtui.plan.file import mark_of, peers_by_key
from meshtui.plan.forward import hooked
from meshtui.plan.model import Difference, HostPlan, Plan, Where
from meshtui.plan.render import LINE_LIMIT, show_marks
from meshtui.plan.seen import Seen
from meshtui.wg.conf import parse
from meshtui.wg.keys import is_key

_ID_DIGITS = 8
_UNKNOWN = "unknown peer"
#: What the keys of a wg-quick file are called in `mesh.toml` and by `wg`.
_FIELDS = {
    "Address": "addresses",
    "ListenPort": "listen_port",
    "PrivateKey": "private_key",
    "FwMark": "fwmark",
    "MTU": "mtu",
    "PresharedKey": "preshared_key",
    "AllowedIPs": "allowed_ips",
    "Endpoint": "endpoint",
    "PersistentKeepalive": "persistent_keepalive",
}

Field = Literal["addresses", "listen_port", "mtu", "persistent_keepalive", "endpoint", "public_key"]


class Setting(NamedTuple):
    """What a host's table in `mesh.toml` would say."""

    host: str
    field: Field
    value: str
    """As a host said it, so not to be trusted; of addresses, one behind the other."""

    def __str__(self) -> str:
        return f"[hosts.{self.host}] {self.field} = {self.value}"


@dataclass(frozen=True, slots=True)
class Drift:
    """One item. Its texts are harmless to show."""

    host: str
    where: Where
    what: str
    """`listen_port`; of a peer, `server-b endpoint`."""
    wanted: str | None
    """None: it should not be there."""
    found: str | None
    """None: it is not there."""
    adopt: Setting | None = None
    """What would make it the wanted one; None: `mesh.toml` has no word for it."""

    @property
    def id(self) -> str:
        """The same for as long as the same is found at the same place."""
        text = "\0".join((self.host, self.where, self.what, self.found or ""))
        return hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.what} is missing: {self.wanted}"
        if self.wanted is None:
            return f"{self.what} is there: {self.found}"
        return f"{self.what} is {self.found}, not {self.wanted}"

    @property
    def is_unknown_peer(self) -> bool:
        """Whether it is one that a plan leaves alone."""
        return self.what.startswith(_UNKNOWN)


def drifts(plan: Plan, name: str) -> tuple[Drift, ...]:
    """The drift of the host `name`; of one that has no WireGuard yet, or a problem: none."""
    assert plan.inputs
    host = next(host for host in plan.hosts if host.host == name)
    seen = plan.inputs.seen[name]
    if host.problem or not isinstance(seen, Seen) or (seen.file is None and seen.live is None):
        return ()
    mesh = plan.inputs.mesh
    names = {key: other for other, key in plan.public_keys.items()}
    written = plan.inputs.written.hosts[name].public_key
    found = [*_on_disk(host, seen, names), *_running(host, seen), *_unknown(host, seen)]
    if written and seen.used_key and seen.used_key != written:
        found.append(Difference("running", "public_key", written, seen.used_key))
    return tuple(dict.fromkeys(_drift(mesh, name, one) for one in found))


def _drift(mesh: Mesh, host: str, one: Difference) -> Drift:
    found = None if one.found is None else inert(one.found, LINE_LIMIT)
    wanted = None if one.wanted is None else inert(one.wanted, LINE_LIMIT)
    what = f"{one.peer} {one.field}" if one.peer else one.field
    adopt = _setting(mesh, mesh.hosts[host], one)
    return Drift(host, one.where, inert(what, LINE_LIMIT), wanted, found, adopt)


def _setting(mesh: Mesh, host: Host, one: Difference) -> Setting | None:
    """What mesh.toml would have to say for it to be wanted so."""
    if one.found is None:
        return None
    if one.peer:
        if one.field == "endpoint" and one.peer in mesh.hosts:
            return Setting(one.peer, "endpoint", one.found)
        # Behind NAT there is one in any case.
        if one.field == "persistent_keepalive" and (one.found != "0" or not host.behind_nat):
            return Setting(host.name, "persistent_keepalive", one.found)
        return None
    for field in ("addresses", "listen_port", "mtu", "public_key"):
        if one.field == field:
            return Setting(host.name, field, one.found)
    return None


def _running(host: HostPlan, seen: Seen) -> Iterator[Difference]:
    if seen.live is None:
        yield Difference("running", "interface", "up", "down")
    for step in host.steps:
        if step.mends:
            yield step.mends
        elif step.action == "enable":
            yield Difference("disk", "systemd unit", "enabled", seen.systemd)


def _unknown(host: HostPlan, seen: Seen) -> Iterator[Difference]:
    live = seen.live.peers if seen.live else {}
    for key, allowed in host.unknown.items():
        found = f"{key}, {', '.join(allowed) or 'no allowed IPs'}"
        where: Where = "running" if key in live else "disk"
        yield Difference(where, f"{_UNKNOWN} {key[:12]}…", None, found)


def _on_disk(host: HostPlan, seen: Seen, names: Mapping[str, str]) -> Iterator[Difference]:
    if seen.file is None:
        yield Difference("disk", "file", "there", None)
        return
    if seen.mode and seen.mode & 0o077:
        yield Difference("disk", "file mode", "600", f"{seen.mode:o}")
    if host.after is None or host.after == seen.file:
        return
    conf = parse(seen.file)
    # Of who left the mesh only the file still knows the name.
    marks = {key: mark_of(same) for key, same in peers_by_key(conf).items()}
    names = {**{key: mark for key, mark in marks.items() if mark}, **names}
    before = from_file(conf, mask_of_disk(seen))
    after = from_file(parse(host.after), mask_of_plan)
    found = list(_differences(before, after, names))
    if (was := hooked(seen.file)) != (new := hooked(host.after)):
        found.append(Difference("disk", "forwarding", new, was))
    # What is left are remarks of meshtui's own, as after a rename.
    yield from found or [Difference("disk", "remarks", "of this mesh", "others")]


def _differences(before: Config, after: Config, names: Mapping[str, str]) -> Iterator[Difference]:
    for key in INTERFACE:
        was, new = before.interface.values.get(key), after.interface.values.get(key)
        if was != new:
            yield Difference("disk", _FIELDS[key], _one(new), _one(was))
    for public, part in after.peers.items():
        name = _name(public, names)
        if public not in before.peers:
            yield Difference("disk", "peer", _one(part.values.get("AllowedIPs")), None, name)
            continue
        for key in PEER:
            was, new = before.peers[public].values.get(key), part.values.get(key)
            if was != new:
                field = _FIELDS[key]
                off = "0" if key == "PersistentKeepalive" else None
                yield Difference("disk", field, _one(new) or off, _one(was) or off, name)
    for public, part in before.peers.items():
        if public not in after.peers:
            found = _one(part.values.get("AllowedIPs")) or "no allowed IPs"
            yield Difference("disk", "peer", None, found, _name(public, names))


def _name(key: str, names: Mapping[str, str]) -> str:
    """Of a peer; `key` may be a mark for one that is not made yet."""
    if key in names:
        return names[key]
    return f"{key[:12]}…" if is_key(key) else show_marks(key)


def _one(values: list[str] | None) -> str | None:
    return ", ".join(values) if values else None
