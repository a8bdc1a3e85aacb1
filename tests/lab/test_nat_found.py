"""Hosts behind NAT of which mesh.toml does not say so: it is found out, and written down."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from meshtui_on import apply, directions, meshtui, plan, status
from test_change import without
from test_nat import C, D, count, passed, peer, ping

from meshtui.lab import Lab, faults
from meshtui.store.meshfile import load

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
NONE = 'endpoint = "none"\n'


def hidden(lab: Lab) -> list[str]:
    """Those that mesh.toml says are behind NAT."""
    return [h.name for h in load(lab.path / "mesh.toml").hosts.values() if h.behind_nat]


def untold(lab: Lab) -> Lab:
    """Its mesh.toml as an operator writes it who does not know of any NAT."""
    path = lab.path / "mesh.toml"
    path.write_text(path.read_text().replace(NONE, ""))
    assert not hidden(lab)
    return lab


def relayed(lab: Lab) -> list[int]:
    """How many packets each of the public two passes on of ten pings."""
    for relay in ("server-a", "server-b"):
        count(lab, relay)
    assert ping(lab, C, D, 5) and ping(lab, D, C, 5)
    return [passed(lab, relay) for relay in ("server-a", "server-b")]


def test_one_apply_finds_them_out_and_has_them_meet(lab: MakeLab) -> None:
    four = untold(lab(4, nat=2))
    said = meshtui(four, "apply", "--yes")
    for host in four.hosts[2:]:
        how = (
            f"{host.name} is behind NAT: ssh reaches it at {host.v4}, which is no address of its"
            " own, and UDP port 51820 there does not answer"
        )
        assert how in said.stderr
    assert "server-b is behind" not in said.stderr and said.stderr.count("× ") == 0
    assert "12 of 12 directions up" in said.stderr
    assert "behind NAT, and met all the same" in said.stdout
    assert hidden(four) == [C, D]
    assert relayed(four) == [0, 0]
    assert {link["state"] for link in status(four)["links"]} == {"up"}
    assert plan(four, code=0)["changes"] == 0
    first = json.loads(meshtui(four, "log", "--json").stdout)[0]
    assert first["ok"] and [*first["behind_nat"]] == [C, D]
    assert f"{C} is behind NAT" in meshtui(four, "log", "1").stdout


@pytest.mark.long
def test_those_that_cannot_meet_are_relayed(lab: MakeLab) -> None:
    four = untold(lab(4, nat=2, symmetric=True))
    said = apply(four)
    assert [*said["behind_nat"]] == [C, D] and directions(said) == (12, 12)
    assert hidden(four) == [C, D]
    assert sorted(relayed(four)) == [0, 20]
    assert plan(four, code=0)["changes"] == 0


def test_whose_router_forwards_the_port_is_public(lab: MakeLab) -> None:
    four = untold(lab(4, nat=2))
    faults.forward_udp(four, C)
    faults.forward_udp(four, D)
    said = apply(four)
    assert not said["behind_nat"] and directions(said) == (12, 12)
    assert not hidden(four) and "endpoint" not in (four.path / "mesh.toml").read_text()
    assert relayed(four) == [0, 0]
    assert plan(four, code=0)["changes"] == 0


@pytest.mark.long
def test_a_host_that_comes_later_is_found_out(lab: MakeLab) -> None:
    four = lab(4, nat=1)
    without(four, D)
    apply(four)
    text = (four.path / "mesh.toml").read_text()
    target = f"root@{four.host(D).v4}"
    said = json.loads(meshtui(four, "add", D, "--ssh", target, "--yes", "--json").stdout)
    assert [*said["behind_nat"]] == [D] and directions(said) == (12, 12)
    assert hidden(four) == [D]
    assert (four.path / "mesh.toml").read_text().startswith(text)
    assert peer(four, D, "server-a", "persistent-keepalive") == "25"
    # That it answers later changes nothing that is written down.
    faults.forward_udp(four, D)
    assert apply(four)["changes"] == 0 and hidden(four) == [D]


@pytest.mark.long
def test_where_nobody_is_outside_that_is_said(lab: MakeLab) -> None:
    two = untold(lab(2, nat=2))
    said = apply(two)
    assert [*said["unasked"]] == ["server-a", "server-b"] and not said["behind_nat"]
    assert not hidden(two)
