"""Wanted, on disk and running as texts: equal where nothing differs, and not where it does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from meshtui.errors import Unreachable
from meshtui.plan.compare import OTHER, Texts, three_ways
from meshtui.plan.model import PlanInputs
from meshtui.plan.seen import Seen
from meshtui.wg.dump import LivePeer
from tests.plan import fleets
from tests.plan.fleets import FOREIGN, HARMLESS, formed, make_mesh
from tests.plan.fleets import fleets as any_fleet
from tests.plan.sim import NOW, Sim, key


def texts(sim: Sim, name: str = "a") -> Texts:
    """As `inspect` asks for it: of the other hosts only the keys are known."""
    seen: dict[str, Seen | Unreachable] = {n: Unreachable("not asked") for n in sim.mesh.hosts}
    found = sim.boxes[name].seen()
    assert isinstance(found, Seen)
    return three_ways(PlanInputs(sim.mesh, sim.mesh, {**seen, name: found}, sim.resolved), name)


@pytest.mark.parametrize("psk", [False, True])
@pytest.mark.parametrize("v6", [False, True])
def test_a_formed_mesh_reads_three_times_the_same(psk: bool, v6: bool) -> None:
    sim = formed(make_mesh(3, v6=v6, psk=psk))
    for name in sim.mesh.hosts:
        found = texts(sim, name)
        assert found.wanted == found.disk == found.running
        assert not found.notes
    lines = texts(sim).wanted.splitlines()
    assert lines[:2] == ["[Interface]", "Address = 10.0.0.1/24"]
    assert lines[lines.index("# b") - 1] == "[Peer]" and lines[lines.index("# b") - 2] == ""
    assert "PrivateKey = (hidden)" in lines
    assert ("PresharedKey = (hidden)" in lines) == psk


def changed(one: str | None, other: str | None) -> tuple[list[str], list[str]]:
    """The lines that only the one has, and those that only the other has."""
    first, second = (one or "").splitlines(), (other or "").splitlines()
    return [li for li in first if li not in second], [li for li in second if li not in first]


def test_what_somebody_set_by_hand_shows_in_what_runs_alone() -> None:
    sim = formed(make_mesh(3))
    live, b = sim.boxes["a"].live, sim.mesh.hosts["b"].public_key or ""
    assert live
    live.put(LivePeer(FOREIGN, False, None, ("10.9.0.0/16",), 0, 0, 0, 0))
    live.peers[b] = live.peers[b]._replace(persistent_keepalive=7)
    live.port = 7777
    found = texts(sim)
    assert found.wanted == found.disk
    gone, new = changed(found.disk, found.running)
    assert gone == ["ListenPort = 51820"]
    assert new == [
        "ListenPort = 7777",
        "PersistentKeepalive = 7",
        "# unknown",
        f"PublicKey = {FOREIGN}",
        "AllowedIPs = 10.9.0.0/16",
    ]


def test_order_case_and_spelling_are_no_difference() -> None:
    sim = formed(make_mesh(4, v6=True))
    plain = texts(sim).disk
    box = sim.boxes["a"]
    assert box.file and box.live
    first, *peers = box.file.split("\n[Peer]\n")
    text = "\n[Peer]\n".join([first, *reversed(peers)]).replace("AllowedIPs", "allowedips")
    text = text.replace("fd10::2/128", "FD10:0::2").replace("\n", "\r\n")
    box.file = text.replace("10.0.0.3/32, fd10::3/128", "fd10::3/128,10.0.0.3")
    box.live.peers = dict(reversed(box.live.peers.items()))
    found = texts(sim)
    assert found.wanted == found.disk == found.running == plain


def test_one_that_roamed_shows_where_and_one_without_an_endpoint_does_not() -> None:
    sim = formed(make_mesh(3))
    c = replace(sim.mesh.hosts["c"], endpoint=None, behind_nat=True)
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, "c": c})
    box = sim.boxes["a"]
    assert box.file and box.live
    box.file = box.file.replace("Endpoint = 203.0.113.3:51820\n", "")
    b = sim.mesh.hosts["b"].public_key or ""
    box.live.peers[b] = box.live.peers[b]._replace(
        endpoint="198.51.100.9:4500", latest_handshake=NOW - 5
    )
    found = texts(sim)
    assert changed(found.wanted, found.running) == (
        ["Endpoint = 203.0.113.2:51820"],
        ["Endpoint = 198.51.100.9:4500"],
    )
    assert found.wanted == found.disk
    assert len(found.notes) == 1 and "b was last heard at 198.51.100.9:4500" in found.notes[0]


def test_a_name_is_what_it_resolves_to() -> None:
    sim = formed(make_mesh(2))
    fleets.moved(sim, "b", 1)
    sim.apply(sim.plan())
    found = texts(sim)
    assert "Endpoint = a.example.com:51820" in found.wanted
    assert found.wanted == found.disk == found.running


def test_secrets_that_differ_say_so_and_are_still_hidden() -> None:
    sim = formed(make_mesh(2, psk=True))
    live, b = sim.boxes["a"].live, sim.mesh.hosts["b"].public_key or ""
    assert live
    live.private, live.psk[b] = key("other"), key("by hand")
    found = texts(sim)
    assert changed(found.disk, found.running)[0] == [
        f"PrivateKey = {OTHER}",
        f"PresharedKey = {OTHER}",
    ]
    everything = f"{found.wanted}{found.disk}{found.running}"
    assert key("other") not in everything and key("by hand") not in everything


def test_hooks_and_comments_stand_where_they_are() -> None:
    sim = formed(make_mesh(2))
    box = sim.boxes["a"]
    fleets.hooks(sim, "a", 1)
    assert box.file
    box.file = box.file.replace("[Peer]", "# the one in the cellar\n[Peer]")
    box.live = None
    box.up()
    found = texts(sim)
    assert found.wanted == found.disk
    assert changed(found.disk, found.running) == (
        [
            "PostUp = iptables -A FORWARD -i %i -j ACCEPT; true",
            "DNS = 10.0.0.1, corp.example",
            "Table = auto",
            "# the one in the cellar",
        ],
        [],
    )
    assert any("hooks" in note for note in found.notes)


def test_an_mtu_counts_where_somebody_set_it() -> None:
    sim = formed(make_mesh(2))
    assert "MTU" not in (texts(sim).running or "")
    fleets.moved(sim, "a", 5)
    found = texts(sim)
    assert "MTU = 1380" in found.wanted and "MTU = 1420" in (found.running or "")
    assert "MTU" not in (found.disk or "")


@pytest.mark.parametrize("damage", [fleets.save_config, fleets.no_wg_quick, fleets.clone])
def test_a_host_that_is_left_alone_says_why(damage: fleets.Damage) -> None:
    sim = formed(make_mesh(3))
    damage(sim, "a", 0)
    found = texts(sim)
    assert found.notes and "# b" in found.wanted and found.disk and found.running


def test_a_fresh_host_and_one_without_a_sensible_file() -> None:
    sim = fleets.fresh(make_mesh(2))
    found = texts(sim)
    assert found.disk is None and found.running is None
    assert "PrivateKey = (made on the host)" in found.wanted
    assert "no key of its own known of b" in found.notes[0]
    sim.boxes["a"].file = "PrivateKey = x\n\x1b[31m[red]nonsense\n"
    found = texts(sim)
    assert found.disk == "PrivateKey = (hidden)\n␛[31m[red]nonsense\n"
    assert "is not a wg-quick file" in found.notes[0]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(any_fleet())
def test_any_fleet_can_be_told(sim: Sim) -> None:
    for name, box in sim.boxes.items():
        if not isinstance(box.seen(), Seen):
            continue
        found = texts(sim, name)
        assert found.wanted.startswith("[Interface]\n")
        assert (found.disk is None) == (box.file is None)
        assert (found.running is None) == (box.live is None)
        secrets = [*(box.live.psk.values() if box.live else ()), box.live and box.live.private]
        for secret in filter(None, secrets):
            assert secret not in f"{found.wanted}{found.disk}{found.running}{found.notes}"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(any_fleet(damages=tuple(HARMLESS)))
def test_what_was_applied_is_on_disk_as_wanted(sim: Sim) -> None:
    plan = sim.apply(sim.plan())
    for host in plan.hosts:
        if not host.problem:
            found = texts(sim, host.host)
            assert found.wanted == found.disk
