"""What `check` says where no file can lead to it; the rest is in tests/store/broken."""

import base64
from dataclasses import replace
from ipaddress import ip_interface, ip_network

import pytest

from meshtui.mesh.checks import check
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.networks import capacity
from meshtui.wg.endpoint import Endpoint

V4 = ip_network("10.0.0.0/24")


def mesh(*hosts, networks=(V4,), **more):
    return Mesh(name="m", networks=networks, hosts={h.name: h for h in hosts}, **more)


def host(name, *addresses, **more):
    return Host(name, more.pop("ssh", name), tuple(map(ip_interface, addresses)), **more)


def keys_of(found):
    return [problem.key for problem in found]


def test_one_host_is_a_mesh():
    assert check(mesh(host("a"))) == []


def test_two_addresses_in_a_network_are_one_hosts_business():
    assert check(mesh(host("a", "10.0.0.1/24", "10.0.0.100/24"), host("b"))) == []


def test_they_count_when_room_is_short():
    small = (ip_network("10.0.0.0/30"),)
    assert check(mesh(host("a", "10.0.0.1/30", "10.0.0.2/30"), networks=small)) == []
    found = check(mesh(host("a", "10.0.0.1/30", "10.0.0.2/30"), host("b"), networks=small))
    assert keys_of(found) == ["mesh.networks"]


def test_a_pair_fits_in_a_31_and_a_127():
    pair = (ip_network("10.0.0.0/31"), ip_network("fd00::/127"))
    two = [host("a", "10.0.0.0/31", "fd00::/127"), host("b", "10.0.0.1/31")]
    assert check(mesh(*two, networks=pair)) == []
    assert keys_of(check(mesh(*two, host("c"), networks=pair))) == ["mesh.networks"] * 2


@pytest.mark.parametrize(
    ("network", "room"),
    [("10.0.0.0/24", 254), ("10.0.0.0/31", 2), ("10.0.0.1/32", 1), ("fd00::/126", 3)],
)
def test_capacity(network, room):
    assert capacity(ip_network(network)) == room


def test_names_are_checked_wherever_a_mesh_comes_from():
    bad = Mesh(name="a/b", networks=(V4,), interface="all", hosts={"-": host("-")})
    assert keys_of(check(bad)) == ["mesh.name", "mesh.interface", "hosts.-"]


def test_values_are_checked_wherever_a_mesh_comes_from():
    found = check(mesh(host("a", ssh="-o", public_key="no key")))
    assert keys_of(found) == ["hosts.a.ssh", "hosts.a.public_key"]


def test_the_same_port_on_another_host_is_no_clash():
    a = host("a", endpoint=Endpoint("203.0.113.1", 1))
    assert check(mesh(a, host("b", endpoint=Endpoint("203.0.113.1", 2)))) == []
    assert keys_of(check(mesh(a, host("b", endpoint=a.endpoint)))) == ["hosts.b.endpoint"]


def test_three_with_one_address_are_two_problems_that_name_the_first():
    found = check(mesh(*(host(name, "10.0.0.1/24") for name in "abc")))
    assert keys_of(found) == ["hosts.b.addresses", "hosts.c.addresses"]
    assert all("a's" in problem.message for problem in found)


def test_an_endpoint_in_the_mesh_leads_into_itself():
    inside = host("a", endpoint=Endpoint("10.0.0.9", 1))
    assert keys_of(check(mesh(inside))) == ["hosts.a.endpoint"]
    # Once the mesh stands, SSH may well go over it.
    over = host("a", ssh="root@10.0.0.1", endpoint=Endpoint("203.0.113.1", 1))
    assert check(mesh(over)) == []
    assert check(mesh(replace(over, endpoint=None, behind_nat=True))) == []
    assert keys_of(check(mesh(replace(over, endpoint=None)))) == ["hosts.a.ssh"]


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.168.7.0/24", "100.64.0.0/10", "fd00::/32"])
def test_private_networks_are_fine(network):
    assert check(mesh(host("a"), networks=(ip_network(network),))) == []


def test_200_hosts_take_no_time():
    networks = (ip_network("10.0.0.0/16"), ip_network("fd00::/64"))
    hosts = [
        host(
            f"h{n}",
            f"10.0.1.{n}/16",
            f"fd00::{n}/64",
            endpoint=Endpoint(f"203.0.113.{n}", 1),
            public_key=base64.b64encode(n.to_bytes(32, "big")).decode(),
        )
        for n in range(1, 201)
    ]
    assert check(mesh(*hosts, networks=networks)) == []
