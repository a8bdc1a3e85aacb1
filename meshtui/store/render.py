"""A new `mesh.toml`, as a person would have written it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from meshtui.mesh.model import DEFAULT_PORT, NAT_KEEPALIVE, Device, Host, Link, Mesh
from meshtui.mesh.problem import key_path

_HEAD = """\
# The mesh that meshtui keeps: `meshtui plan` shows what would change, `meshtui apply` does it.
# It holds no secret: keep it in git. meshtui adds only addresses and public keys.
"""


#: What need not be written, because `load` takes it where nothing is.
_DEFAULTS: dict[str, object] = {
    "listen_port": DEFAULT_PORT,
    "keys": "host",
    "persistent_keepalive": 0,
    "mtu": None,
}


def render(mesh: Mesh) -> str:
    """The text that `load` reads back as `mesh`."""
    shared = _shared(mesh)
    return "\n".join(
        [_HEAD, *_mesh(mesh, shared)]
        + [line for host in mesh.hosts.values() for line in ("", *_host(host, shared))]
        + [line for device in mesh.peers.values() for line in ("", *_device(device))]
        + [line for link in mesh.links for line in ("", *_link(link))]
        + [""]
    )


def _shared(mesh: Mesh) -> dict[str, object]:
    """What all hosts have in common, for [mesh] to say once."""
    hosts = [_own(host) for host in mesh.hosts.values()]
    return {
        key: hosts[0][key] if hosts else default
        for key, default in _DEFAULTS.items()
        if all(host[key] == hosts[0][key] for host in hosts)
    }


def _own(host: Host) -> dict[str, object]:
    return {
        "listen_port": host.listen_port,
        "keys": host.keys,
        "persistent_keepalive": host.persistent_keepalive,
        "mtu": host.mtu,
    }


def _mesh(mesh: Mesh, shared: dict[str, object]) -> Iterator[str]:
    yield "[mesh]"
    yield f"name = {_text(mesh.name)}"
    yield f"interface = {_text(mesh.interface)}"
    yield f"networks = {_list(str(n) for n in mesh.networks)}"
    yield f"listen_port = {shared.get('listen_port', DEFAULT_PORT)}"
    yield f'topology = "{mesh.topology}"'
    if mesh.preshared_keys:
        yield "preshared_keys = true"
    if mesh.relay:
        yield f"relay = {_text(mesh.relay)}"
    if mesh.hosts_file:
        yield "hosts_file = true"
    for key, value in shared.items():
        if key != "listen_port" and value != _DEFAULTS[key]:
            yield f"{key} = {_value(value)}"


def _host(host: Host, shared: dict[str, object]) -> Iterator[str]:
    yield f"[{key_path('hosts', host.name)}]"
    yield f"ssh = {_text(host.ssh)}"
    if host.second:
        yield f"endpoint = {_list(map(str, host.endpoints))}"
    elif host.endpoint:
        yield f"endpoint = {_text(str(host.endpoint))}"
    elif host.behind_nat:
        yield 'endpoint = "none"'
    if host.addresses:
        yield f"addresses = {_list(str(a.ip) for a in host.addresses)}"
    if host.public_key:
        yield f"public_key = {_text(host.public_key)}"
    for key, value in _own(host).items():
        if key not in shared and value != _DEFAULTS[key]:
            yield f"{key} = {_value(value)}"
    if host.hub:
        yield "hub = true"
    if host.group:
        yield f"group = {_text(host.group)}"
    if host.gateway:
        yield "gateway = true"
    if host.relay:
        yield f"relay = {_text(host.relay)}"
    if host.routes:
        yield f"routes = {_list(map(str, host.routes))}"
    if not host.masquerade:
        yield "masquerade = false"
    if host.exit:
        yield f"exit = {_text(host.exit)}"
    if host.disabled:
        yield "disabled = true"


def _device(device: Device) -> Iterator[str]:
    yield f"[{key_path('peers', device.name)}]"
    if device.addresses:
        yield f"addresses = {_list(str(a.ip) for a in device.addresses)}"
    if device.public_key:
        yield f"public_key = {_text(device.public_key)}"
    if device.through:
        yield f"through = {_list(device.through)}"
    if device.exit:
        yield f"exit = {_text(device.exit)}"
    if device.endpoint:
        yield f"endpoint = {_text(str(device.endpoint))}"
    if device.persistent_keepalive != NAT_KEEPALIVE:
        yield f"persistent_keepalive = {device.persistent_keepalive}"
    if device.routes:
        yield f"routes = {_list(map(str, device.routes))}"
    if device.disabled:
        yield "disabled = true"


def _link(link: Link) -> Iterator[str]:
    yield "[[links]]"
    yield f"between = {_list(link.between)}"
    if link.disabled:
        yield "disabled = true"
    if link.relay:
        yield f"relay = {_text(link.relay)}"


def _value(value: object) -> str:
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    # What JSON escapes, TOML's basic strings escape alike; control characters never get here.
    return json.dumps(text, ensure_ascii=False)


def _list(texts: Iterable[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)
