"""Passing packets on: made, kept over a boot, found missing, and ended without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import HealthCheck, given, settings

from meshtui.mesh.model import Found, Link, Mesh
from meshtui.mesh.wanted import wanted
from meshtui.plan import planner
from meshtui.plan.drift import drifts
from meshtui.plan.forward import MARK, may_pass
from meshtui.plan.model import HostPlan
from meshtui.plan.seen import Passing, parse_seen
from meshtui.wg.interface import Forward
from tests.mesh.shapes import fleets
from tests.plan.fleets import V4, V6, formed, make_mesh
from tests.plan.sim import Sim

CHAIN = "inet:filter:forward"
LAN = ip_network("192.168.1.0/24")


class Role:
    """What host b is to pass on; `mesh.toml` has other words for it."""

    forward: Forward | None = Forward()


@pytest.fixture(autouse=True)
def role(monkeypatch: pytest.MonkeyPatch) -> Iterator[Role]:
    role, wanted = Role(), planner.wanted

    def with_role(*args: object) -> object:
        found = wanted(*args)  # type: ignore[arg-type]
        return {
            name: replace(one, forward=role.forward if name == "b" else None)
            for name, one in found.items()
        }

    monkeypatch.setattr(planner, "wanted", with_role)
    return role


def fleet(role: Role, passing: Passing, *, v6: bool = False) -> Sim:
    """Three hosts in a mesh, of which b passes nothing on as yet."""
    forward, role.forward = role.forward, None
    sim = formed(make_mesh(v6=v6))
    role.forward = forward
    sim.boxes["b"].passing = passing
    return sim


def of_b(sim: Sim) -> HostPlan:
    return next(host for host in sim.plan().hosts if host.host == "b")


def told(sim: Sim) -> list[tuple[str, str]]:
    return [(step.action, step.detail) for step in of_b(sim).steps]


def marked(sim: Sim) -> list[str]:
    return [line for line in (sim.boxes["b"].file or "").splitlines() if MARK in line]


def test_a_role_begins_survives_a_boot_and_ends(role: Role) -> None:
    sim = fleet(role, Passing(drops=(CHAIN,)))
    before = sim.boxes["b"].file
    words = "passes packets on between peers (ip_forward, nft: filter/forward)"
    assert told(sim) == [("write-file", "/etc/wireguard/wg0.conf"), ("forward", words)]
    sim.apply(sim.plan())
    box = sim.boxes["b"]
    assert box.passing.has == ("sysctl 4", f"accept {CHAIN} relay")
    assert not sim.plan().changes
    box.reboot()
    assert set(box.passing.has) == {"sysctl 4", f"accept {CHAIN} relay"}
    assert not sim.plan().changes

    role.forward = None
    words = "passes no packets on any more (nft: filter/forward, ip_forward)"
    assert told(sim)[1] == ("stop-forwarding", words)
    assert of_b(sim).steps[1].impact == "route"
    sim.apply(sim.plan())
    assert not box.passing.has and box.file == before
    assert not sim.plan().changes


def test_what_was_on_before_stays_on(role: Role) -> None:
    sim = fleet(role, Passing(has=("sysctl 4",)))
    sim.apply(sim.plan())
    assert not any("was" in line for line in marked(sim))
    role.forward = None
    sim.apply(sim.plan())
    assert sim.boxes["b"].passing.has == ("sysctl 4",) and not marked(sim)


def test_two_meshes_on_a_host_do_not_switch_each_other_off(role: Role) -> None:
    """Whoever is the last to need it remembers that it was off."""
    sim = fleet(role, Passing(has=("sysctl 4",), others=True))
    sim.apply(sim.plan())
    assert any(line.endswith("was 0") for line in marked(sim))
    role.forward = None
    assert [action for action, _ in told(sim)] == ["write-file"]
    role.forward = Forward()
    sim.boxes["b"].passing = replace(sim.boxes["b"].passing, others=False)
    role.forward = None
    assert told(sim)[1] == ("stop-forwarding", "passes no packets on any more (ip_forward)")


def test_what_a_firewall_lost_is_drift_and_the_file_stays(role: Role) -> None:
    sim = fleet(role, Passing(drops=(CHAIN,)))
    sim.apply(sim.plan())
    box = sim.boxes["b"]
    box.passes(["sysctl 4"])
    words = "passes packets on between peers (nft: filter/forward)"
    assert told(sim) == [("forward", words)]
    (one,) = drifts(sim.plan(), "b")
    assert str(one) == "forwarding is missing: nft: filter/forward"
    # It is switched off for now: nothing is lacking, and the file knows of it.
    box.passing = replace(box.passing, drops=())
    assert not sim.plan().changes
    # Somebody took a hook out of the file.
    box.passing = Passing(has=("sysctl 4", f"accept {CHAIN} relay"), drops=(CHAIN,))
    assert box.file
    box.file = "".join(li for li in box.file.splitlines(True) if "insert rule" not in li)
    assert [(d.where, d.what) for d in drifts(sim.plan(), "b")] == [("disk", "forwarding")]


def test_hooks_of_others_stay_and_marked_ones_keep_their_place(role: Role) -> None:
    sim = fleet(role, Passing())
    box = sim.boxes["b"]
    assert box.file
    box.file = box.file.replace("[Interface]\n", "[Interface]\nPostUp = /bin/mine # meshtui\n")
    sim.apply(sim.plan())
    hand = box.file + ""
    box.passing = replace(box.passing, drops=("iptables",))
    sim.apply(sim.plan())
    assert "PostUp = /bin/mine # meshtui\n" in box.file and box.file != hand
    lines = box.file.splitlines()
    assert [lines.index(li) for li in marked(sim)] == list(
        range(lines.index(marked(sim)[0]), lines.index(marked(sim)[0]) + 3)
    )
    assert "iptables -w -I FORWARD -i %i -o %i" in marked(sim)[1]
    assert marked(sim)[2].startswith("PreDown = iptables -w -D FORWARD -i %i -o %i")


def test_a_way_out_accepts_what_it_leads_to_and_the_answers(role: Role) -> None:
    role.forward = Forward((V4, V6), (LAN, ip_network("::/0")))
    passing = Passing(drops=(CHAIN, "iptables", "ip6tables"), nat=("nft",))
    sim = fleet(role, passing, v6=True)
    sim.apply(sim.plan())
    has = sim.boxes["b"].passing.has
    assert set(has) == {
        *("sysctl 4", "sysctl 6", f"masquerade nft {V4}", f"masquerade nft {V6}"),
        *(f"accept {CHAIN} {rule}" for rule in ("relay", f"to {LAN}", "to ::/0", "back")),
        *(f"accept iptables {rule}" for rule in ("relay", f"to {LAN}", "back")),
        *(f"accept ip6tables {rule}" for rule in ("relay", "to ::/0", "back")),
    }
    sim.boxes["b"].reboot()
    assert set(sim.boxes["b"].passing.has) == set(has) and not sim.plan().changes
    role.forward = Forward()
    assert told(sim)[1][1].startswith("passes less on (masquerade ")
    sim.apply(sim.plan())
    assert len(sim.boxes["b"].passing.has) == 5 and not sim.plan().changes


def test_an_uplink_goes_on_listening_to_its_router(role: Role) -> None:
    sim = fleet(role, Passing(listens=("eth0.7",)), v6=True)
    box = sim.boxes["b"]
    assert of_b(sim).work
    sim.apply(sim.plan())
    # Before the host forwards: what the router told would be gone by then.
    assert box.passing.has == ("accept_ra eth0.7", "sysctl 4", "sysctl 6")
    box.passing = replace(box.passing, listens=())
    assert not sim.plan().changes
    box.reboot()
    assert box.passing.has == ("accept_ra eth0.7", "sysctl 4", "sysctl 6")
    role.forward = None
    sim.apply(sim.plan())
    assert not box.passing.has and not marked(sim)


def test_what_cannot_be_had_is_said(role: Role) -> None:
    role.forward = Forward((V4,), (LAN,))
    sim = fleet(role, Passing(locked=("inet:firewalld:filter_FORWARD",)))
    notes = " ".join(of_b(sim).notes)
    assert "inet firewalld filter_FORWARD can be changed only by what made it" in notes
    assert "it cannot masquerade: neither nft nor iptables" in notes
    sim.apply(sim.plan())
    assert not sim.plan().changes


def test_no_name_of_a_chain_becomes_a_command(role: Role) -> None:
    evil = ("inet:fil'$(id)':x", "inet:a:b;c", "iptables;id", "ip:a:b/c", "ip:a")
    sim = fleet(role, Passing(has=("accept x;id relay", "masquerade nft $(id)"), drops=evil))
    assert of_b(sim).work
    sim.apply(sim.plan())
    assert "sysctl" in marked(sim)[0] and len(marked(sim)) == 1


def test_the_reply_of_a_host_is_read() -> None:
    lines = [
        *("ra eth0", "has accept_ra eth1", "has sysctl 4", "others", "nat nft"),
        *(f"base {CHAIN}", f"has accept {CHAIN} to {LAN}", f"drops {CHAIN}", "locked inet:f:x"),
    ]
    reply = "@tools\n|wg\n@forward\n" + "".join(f"|{line}\n" for line in lines)
    assert parse_seen("wg0", reply.encode()).passing == Passing(
        has=("accept_ra eth1", "sysctl 4", f"accept {CHAIN} to {LAN}"),
        drops=(CHAIN,),
        locked=("inet:f:x",),
        listens=("eth0",),
        nat=("nft",),
        others=True,
    )


def test_only_those_are_asked_that_may_need_it() -> None:
    mesh = make_mesh(4)
    assert not may_pass(mesh)
    assert may_pass(with_host(replace(mesh, topology="hub"), "b", hub=True)) == {"b"}
    assert may_pass(with_host(replace(mesh, topology="groups"), "c", gateway=True)) == {"c"}
    away = with_host(with_host(mesh, "a", routes=(LAN,)), "d", exit="a")
    assert may_pass(away) == {"a", "d"}
    # One behind NAT meets all others; of two, each other one may come to be the relay.
    one = with_host(mesh, "a", behind_nat=True)
    assert not may_pass(one)
    assert may_pass(with_host(one, "b", behind_nat=True)) == {*"abcd"}
    assert may_pass(replace(mesh, links=(Link(("a", "b"), relay="c"),))) == {*"abcd"}


@given(fleets())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whoever_is_to_pass_on_was_asked_before_anything_was_found(mesh: Mesh) -> None:
    asked = may_pass(replace(mesh, found=Found()))
    assert {name for name, one in wanted(mesh).items() if one.forward or one.exit} <= asked


def with_host(mesh: Mesh, name: str, **more: object) -> Mesh:
    host = replace(mesh.hosts[name], **more)  # type: ignore[arg-type]
    return replace(mesh, hosts={**mesh.hosts, name: host})
