"""A whole mesh.toml, and where meshes for the property tests come from."""

from __future__ import annotations

import base64
from ipaddress import ip_interface, ip_network
from itertools import combinations

from hypothesis import strategies as st

from meshtui.mesh.model import Device, Host, Link, Mesh
from meshtui.wg.endpoint import Endpoint

EXAMPLE = """\
# our servers
[mesh]
name = "prod"
interface = "wg0"
networks = ["10.0.0.0/24", "fd10:6d65:7368::/64"]   # both families
listen_port = 51820
topology = "full"

# the first one
[hosts.server-a]
ssh = "root@203.0.113.1"   # in the cellar
endpoint = "203.0.113.1:51820"
addresses = ["10.0.0.1", "fd10:6d65:7368::1"]

# the second one: do not reboot
[hosts.server-b]
ssh = 'admin@203.0.113.2:2222'
endpoint = "none"
"""


def key(number: int) -> str:
    """A public key, a different one for each number."""
    return base64.b64encode(number.to_bytes(32, "big")).decode()


names = st.from_regex(r"[a-z][a-z0-9_.-]{0,10}[a-z0-9]", fullmatch=True)
keys = st.binary(min_size=32, max_size=32).map(lambda raw: base64.b64encode(raw).decode())


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    """Any mesh that `check` finds nothing wrong with."""
    networks = draw(
        st.sampled_from(
            [
                (ip_network("10.0.0.0/24"),),
                (ip_network("fd10:6d65:7368::/64"),),
                (ip_network("10.9.0.0/27"), ip_network("fd10::/64")),
            ]
        )
    )
    hosts: dict[str, Host] = {}
    topology = draw(st.sampled_from(["full", "hub", "groups"]))
    shared = draw(st.booleans())
    common = draw(_settings)
    for place, name in enumerate(draw(st.lists(names, min_size=1, max_size=8, unique=True))):
        addresses = [ip_interface((n[place + 1], n.prefixlen)) for n in networks]
        hosts[name] = Host(
            name=name,
            ssh=draw(st.sampled_from([name, f"root@{name}", f"DOM\\u@[2001:db8::{place}]:22"])),
            addresses=tuple(addresses[: draw(st.integers(0, len(addresses)))]),
            public_key=draw(st.none() | keys.map(lambda _, place=place: key(place))),
            # Those behind NAT meet through the second.
            **(draw(_reached if place > 1 else st.just(_first[place]))),
            **(common if shared else draw(_settings)),
            hub=topology == "hub" and (place < 2 or draw(st.booleans())),
            group=draw(st.sampled_from(["a", "b"])) if topology == "groups" else None,
            gateway=topology == "groups",
            routes=draw(_routes(place)),
            masquerade=draw(st.booleans()),
        )
    hosts = {
        name: (
            host
            if host.endpoint is None
            else Host(
                **{**_fields(host), "endpoint": Endpoint(f"{place}.example", host.endpoint.port)}
            )
        )
        for place, (name, host) in enumerate(hosts.items())
    }
    public = [name for name, host in hosts.items() if not host.behind_nat]
    relays = st.none() | st.sampled_from([n for n in public if not hosts[n].disabled] or [None])
    peers = {
        name: Device(
            name,
            through=tuple(draw(st.lists(st.sampled_from(public), max_size=2, unique=True))),
            endpoint=draw(st.none() | st.just(Endpoint(f"d{place}.example", 7))),
            public_key=draw(st.none() | st.just(key(100 + place))),
            persistent_keepalive=draw(st.sampled_from([0, 25])),
            routes=(ip_network(f"172.16.{place}.0/24"),) if draw(st.booleans()) else (),
            disabled=draw(st.booleans()),
        )
        for place, name in enumerate(draw(st.lists(names, max_size=2, unique=True)))
        if public and name not in hosts
    }
    return Mesh(
        name=draw(names),
        topology=topology,
        peers=peers,
        relay=draw(relays),
        hosts_file=draw(st.booleans()),
        networks=networks,
        interface=draw(st.sampled_from(["wg0", "mesh.prod", "a=b_c+d"])),
        preshared_keys=draw(st.booleans()),
        hosts=hosts,
        links=tuple(
            Link(pair, disabled=draw(st.booleans()))
            for pair in combinations(hosts, 2)
            if draw(st.integers(0, 5)) == 0
        ),
    )


def _fields(host: Host) -> dict[str, object]:
    return {name: getattr(host, name) for name in Host.__slots__}


def _routes(place: int) -> st.SearchStrategy:
    behind = ip_network(f"192.168.{place}.0/24")
    return st.sampled_from([(), (behind,), (behind, ip_network("0.0.0.0/0"))])


_first = [{"endpoint": None, "behind_nat": True}, {"endpoint": None, "behind_nat": False}]
_reached = st.sampled_from(
    [
        {"endpoint": None, "behind_nat": False},
        {"endpoint": None, "behind_nat": True},
        {"endpoint": Endpoint("here", 51820), "behind_nat": False},
        {"endpoint": Endpoint("here", 7), "behind_nat": False},
    ]
)
_settings = st.fixed_dictionaries(
    {
        "listen_port": st.sampled_from([51820, 443, 65535]),
        "persistent_keepalive": st.sampled_from([0, 25]),
        "mtu": st.sampled_from([None, 1280, 1420]),
        "keys": st.sampled_from(["host", "operator"]),
        "disabled": st.booleans(),
    }
)
