import time
from dataclasses import replace
from ipaddress import ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.errors import UsageError
from meshtui.mesh.addresses import allocate
from meshtui.mesh.checks import check
from meshtui.mesh.model import Device, Host, Mesh

NETWORKS = (ip_network("10.0.0.0/28"), ip_network("fd10:6d65:7368::/64"))


def mesh(**hosts):
    return Mesh(
        name="m",
        networks=NETWORKS,
        hosts={
            name: Host(name, name, tuple(map(ip_interface, addresses)))
            for name, addresses in hosts.items()
        },
    )


def given_to(mesh):
    return {name: [str(a) for a in host.addresses] for name, host in mesh.hosts.items()}


def test_each_gets_the_lowest_free_one_in_the_files_order():
    assert given_to(allocate(mesh(a=[], b=["10.0.0.2/28"], c=["fd10:6d65:7368::1/64"], d=[]))) == {
        "a": ["10.0.0.1/28", "fd10:6d65:7368::2/64"],
        "b": ["10.0.0.2/28", "fd10:6d65:7368::3/64"],
        "c": ["fd10:6d65:7368::1/64", "10.0.0.3/28"],
        "d": ["10.0.0.4/28", "fd10:6d65:7368::4/64"],
    }


@st.composite
def meshes(draw):
    numbers = draw(st.lists(st.integers(1, 14), unique=True, max_size=14))
    hosts = {}
    for place in range(draw(st.integers(1, 14))):
        own = [f"10.0.0.{numbers.pop()}/28"] if numbers and draw(st.booleans()) else []
        if draw(st.booleans()):
            own.append(f"fd10:6d65:7368::{place + 1:x}/64")
        hosts[f"h{place}"] = own
    return mesh(**hosts)


@given(meshes())
def test_every_host_has_one_of_its_own_in_every_network(before):
    after = allocate(before)
    assert check(after) == []
    every = [a.ip for h in after.hosts.values() for a in h.addresses]
    assert len(every) == len(set(every))
    for name, host in after.hosts.items():
        assert host.addresses[: len(before.hosts[name].addresses)] == before.hosts[name].addresses
        assert {a.network for a in host.addresses} == set(NETWORKS)
        assert len(host.addresses) == 2
        assert replace(host, addresses=()) == replace(before.hosts[name], addresses=())
    assert list(after.hosts) == list(before.hosts)
    assert allocate(after) == after


@given(meshes(), st.integers(0, 14))
def test_a_new_host_moves_no_other(before, place):
    before = allocate(before)
    hosts = list(before.hosts.items())
    hosts.insert(place, ("new", Host("new", "new")))
    grown = replace(before, hosts=dict(hosts))
    if len(hosts) > 14:
        with pytest.raises(UsageError, match="no free address left for new"):
            allocate(grown)
    else:
        after = allocate(grown)
        assert {n: h for n, h in after.hosts.items() if n != "new"} == before.hosts


def test_a_full_network_says_so():
    full = mesh(**{f"h{n}": [] for n in range(15)})
    with pytest.raises(UsageError, match="has no free address left for h14") as caught:
        allocate(full)
    assert "larger network" in str(caught.value.hint)


def test_many_hosts_take_no_time():
    """A bound that only a loop over a /64, or over every pair, would miss."""
    many = Mesh(
        name="m",
        networks=(ip_network("10.0.0.0/16"), ip_network("fd00::/64")),
        hosts={f"h{n}": Host(f"h{n}", f"h{n}") for n in range(1000)},
    )
    start = time.process_time()
    after = allocate(many)
    assert time.process_time() - start < 1
    assert given_to(after)["h999"] == ["10.0.3.232/16", "fd00::3e8/64"]


def test_devices_come_after_the_hosts_and_never_move() -> None:
    before = replace(
        mesh(a=[], b=[]),
        peers={
            "phone": Device("phone"),
            "laptop": Device("laptop", (ip_interface("10.0.0.1/28"),)),
        },
    )
    after = allocate(before)
    assert given_to(after) == {
        "a": ["10.0.0.2/28", "fd10:6d65:7368::1/64"],
        "b": ["10.0.0.3/28", "fd10:6d65:7368::2/64"],
    }
    assert [str(a) for peer in after.peers.values() for a in peer.addresses] == [
        "10.0.0.4/28",
        "fd10:6d65:7368::3/64",
        "10.0.0.1/28",
        "fd10:6d65:7368::4/64",
    ]
    assert allocate(after) == after
