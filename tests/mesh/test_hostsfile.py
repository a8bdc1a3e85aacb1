"""The lines of /etc/hosts."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface

from meshtui.mesh.checks import check
from meshtui.mesh.hostsfile import block, entries
from meshtui.mesh.model import Device
from meshtui.wg.endpoint import Endpoint
from tests.plan.fleets import make_mesh


def test_every_address_of_every_member_that_is_not_disabled():
    mesh = make_mesh(3, v6=True)
    phone = Device("phone", (ip_interface("10.0.0.9/24"),))
    b = replace(mesh.hosts["b"], disabled=True)
    mesh = replace(mesh, hosts={**mesh.hosts, "b": b}, peers={"phone": phone})
    lines = ["10.0.0.1 a", "fd10::1 a", "10.0.0.3 c", "fd10::3 c", "10.0.0.9 phone"]
    assert [str(entry) for entry in entries(mesh)] == lines
    assert block(mesh, mesh.hosts["a"]) == ()
    marked = ("# meshtui wg0 begin", *lines, "# meshtui wg0 end")
    assert block(replace(mesh, hosts_file=True), mesh.hosts["a"]) == marked


def test_no_name_is_more_than_a_name():
    mesh = make_mesh(1)
    evil = replace(mesh.hosts["a"], name="x\n127.0.0.1 bank.example")
    assert entries(replace(mesh, hosts={evil.name: evil})) == []


def test_the_operators_own_machine_still_reaches_hosts_by_their_names():
    mesh = make_mesh(3)
    here = replace(mesh.hosts["a"], ssh="local")
    hosts = {"a": here, "b": replace(mesh.hosts["b"], ssh="root@B"), "c": mesh.hosts["c"]}
    mesh = replace(mesh, hosts=hosts, hosts_file=True)
    assert block(mesh, here)[1:-1] == ("10.0.0.1 a", "10.0.0.3 c")
    assert len(block(mesh, hosts["b"])) == 5


def test_an_endpoint_that_is_a_members_name_is_refused():
    mesh = make_mesh(2)
    b = replace(mesh.hosts["b"], endpoint=Endpoint("A.", 51820))
    mesh = replace(mesh, hosts={**mesh.hosts, "b": b})
    assert check(mesh) == []
    [problem] = check(replace(mesh, hosts_file=True))
    assert problem.key == "hosts.b.endpoint" and "a is also a member" in str(problem)
