"""What `meshtui status` makes of pairs without a tunnel, and of devices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_interface
from typing import Any

import pytest

from meshtui.cli.status import as_json, healthy, print_status
from meshtui.fleet.events import HostDrift, HostPolled
from meshtui.fleet.look import Look, polled
from meshtui.mesh.links import peers_of
from meshtui.mesh.model import Device, Mesh
from meshtui.wg.dump import LiveInterface, LivePeer
from tests.plan.fleets import make_mesh

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PHONE = "P" * 42 + "A="


def hub() -> Mesh:
    """a is the hub of b, c and a phone."""
    mesh = replace(make_mesh(3), topology="hub")
    hosts = {**mesh.hosts, "a": replace(mesh.hosts["a"], hub=True)}
    phone = Device("phone", (ip_interface("10.0.0.9/24"),), PHONE)
    return replace(mesh, hosts=hosts, peers={"phone": phone})


def key(name: str) -> str:
    return name * 42 + "A="


def looks(mesh: Mesh, *, called: int = 0, dead: tuple[str, str] | None = None) -> list[HostPolled]:
    """All is well but for `dead`, whose handshake is old; `called`: when the phone last did."""
    found = []
    for name, host in mesh.hosts.items():
        peers = {}
        for other in peers_of(mesh, host):
            device = other.name == "phone"
            shaken = called if device else 100 if (name, other.name) == dead else 990
            public = PHONE if device else key(other.name)
            ends = "203.0.113.9:4711" if shaken else None
            peers[public] = LivePeer(public, False, ends, (), shaken, 5, 5, 0 if device else 25)
        live = LiveInterface("wg0", key(name), 51820, None, peers)
        keys = {one: key(one) for one in mesh.hosts}
        found.append(polled(mesh, keys, name, Look(1000, live)))
    return found


def told(mesh: Mesh, seen: list[HostPolled]) -> dict[str, Any]:
    return as_json(mesh, seen, {name: HostDrift(name) for name in mesh.hosts}, NOW)


def text(
    mesh: Mesh, seen: list[HostPolled], capsys: pytest.CaptureFixture[str], *, every: bool = False
) -> str:
    drift = {name: HostDrift(name) for name in mesh.hosts}
    print_status(mesh, seen, drift, every_link=every)
    return capsys.readouterr().out


def test_two_spokes_are_a_path_and_no_link(capsys: pytest.CaptureFixture[str]) -> None:
    mesh = hub()
    seen = looks(mesh)
    said = told(mesh, seen)
    assert [(link["from"], link["to"]) for link in said["links"]] == [
        *(("a", "b"), ("a", "c"), ("b", "a"), ("c", "a"))
    ], "devices are not among them"
    assert said["paths"] == [
        {"from": "b", "to": "c", "via": ["a"], "state": "up"},
        {"from": "c", "to": "b", "via": ["a"], "state": "up"},
    ]
    assert healthy(mesh, seen)
    assert "4 of 4 directions healthy, 2 of 2 through others" in text(mesh, seen, capsys)
    assert "via" in text(mesh, seen, capsys, every=True)


def test_a_path_is_as_bad_as_its_worst_direction(capsys: pytest.CaptureFixture[str]) -> None:
    mesh = hub()
    seen = looks(mesh, dead=("a", "c"))
    assert [path["state"] for path in told(mesh, seen)["paths"]] == ["stale", "stale"]
    assert not healthy(mesh, seen)
    out = text(mesh, seen, capsys)
    assert "0 of 2 through others" in out and "via" in out


def test_what_one_host_does_not_say_of_a_way_is_unknown() -> None:
    mesh = hub()
    seen = looks(mesh)
    less = replace(seen[0], links=tuple(link for link in seen[0].links if link.to != "c"))
    rows = [less, *seen[1:]]
    assert [path["state"] for path in told(mesh, rows)["paths"]] == ["unknown", "unknown"]
    assert not healthy(mesh, rows), "all links that are told are up, and the way is not known to be"


def test_a_device_that_never_called_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    mesh = hub()
    for called, state, link in ((0, "away", "idle"), (100, "away", "idle"), (990, "seen", "up")):
        seen = looks(mesh, called=called)
        assert healthy(mesh, seen)
        peer = told(mesh, seen)["peers"]["phone"]
        assert (peer["state"], peer["public_key"]) == (state, PHONE)
        assert [(one["from"], one["state"]) for one in peer["seen_by"]] == [("a", link)]
        assert not seen[0].host.unknown_peers, "mesh.toml knows its key"
        assert f"{state}" in text(mesh, seen, capsys)


def test_a_device_whose_key_is_not_known_is_known_by_its_address() -> None:
    mesh = hub()
    mesh = replace(mesh, peers={"phone": replace(mesh.peers["phone"], public_key=None)})
    peer = LivePeer(PHONE, False, None, ("10.0.0.9/32",), 0, 0, 0, 0)
    live = LiveInterface("wg0", key("a"), 51820, None, {PHONE: peer})
    assert not polled(mesh, {}, "a", Look(1000, live)).host.unknown_peers
    stranger = peer._replace(allowed_ips=("10.0.0.8/32",))
    live = replace(live, peers={PHONE: stranger})
    assert polled(mesh, {}, "a", Look(1000, live)).host.unknown_peers == (PHONE,)
