"""Random fleets of every shape, for the properties."""

from __future__ import annotations

from ipaddress import ip_interface, ip_network
from random import Random

from hypothesis import strategies as st

from meshtui.mesh.model import Device, Found, Host, Link, Mesh, Topology
from meshtui.wg.endpoint import Endpoint

NETWORKS = (ip_network("10.0.0.0/16"), ip_network("fd10::/64"))


@st.composite
def fleets(draw: st.DrawFn) -> Mesh:
    """Up to 60 members of any topology, as `allocate` would leave them.

    What is drawn is a seed and what makes a fleet simple: 60 members one by one would be
    more than hypothesis can hold.
    """
    hosts = draw(st.integers(1, 48))
    devices = draw(st.integers(0, 12))
    topology: Topology = draw(st.sampled_from(["full", "hub", "groups"]))
    oddity = draw(st.sampled_from([0.0, 0.05, 0.3]))
    return fleet(Random(draw(st.integers(0, 2**32))), hosts, devices, topology, oddity)


def fleet(random: Random, hosts: int, devices: int, topology: Topology, oddity: float) -> Mesh:
    """A fleet in which about `oddity` of everything is behind NAT, down, off, added or taken."""

    def odd() -> bool:
        return random.random() < oddity

    names = [f"h{number}" for number in range(hosts)]

    def relay() -> str | None:
        return random.choice(names) if odd() else None

    def addresses(number: int) -> tuple:
        return ip_interface(f"10.0.0.{number + 1}/16"), ip_interface(f"fd10::{number + 1:x}/64")

    made = {}
    for number, name in enumerate(names):
        nat = odd()
        made[name] = Host(
            name,
            name,
            addresses(number),
            None if nat else Endpoint(f"203.0.113.{number}", 51820),
            nat,
            hub=number < 2 or odd(),
            group=f"g{number // 5}",
            gateway=number % 5 < 2 or odd(),
            relay=relay(),
            routes=(ip_network(f"192.168.{number}.0/24"), ip_network("0.0.0.0/0")) if odd() else (),
            disabled=odd(),
        )
    peers = {}
    for number in range(devices):
        name = f"d{number}"
        peers[name] = Device(
            name,
            addresses(100 + number),
            through=tuple(random.sample(names, min(2, hosts))) if odd() or odd() else (),
            exit=relay(),
            endpoint=Endpoint("198.51.100.1", 1000 + number) if odd() else None,
            routes=(ip_network(f"172.16.{number}.0/24"),) if odd() else (),
            disabled=odd(),
        )
    links: dict[frozenset[str], Link] = {}
    for _ in range(int(oddity * 2 * hosts) if hosts > 1 else 0):
        pair = random.sample([*made, *peers], 2)
        disabled = random.random() < 0.5
        named = None if disabled or peers.keys() & set(pair) else relay()
        links[frozenset(pair)] = Link((pair[0], pair[1]), disabled=disabled, relay=named)
    nats = [name for name, host in made.items() if host.behind_nat]
    return Mesh(
        "m",
        NETWORKS,
        topology=topology,
        hosts=made,
        peers=peers,
        links=tuple(links.values()),
        relay=relay(),
        found=Found(
            down=frozenset(name for name in names if odd()),
            mapped={name: Endpoint("198.51.100.9", 40000) for name in nats},
            met=frozenset(
                frozenset((one, other))
                for one in nats
                for other in nats
                if one < other and random.random() < 0.3
            ),
            near={name: tuple(random.sample(names, min(3, hosts))) for name in nats if odd()},
        ),
    )
