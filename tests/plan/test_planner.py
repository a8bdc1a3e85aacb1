"""What operators would be hurt by, one by one. Each of these once went wrong, or nearly."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

import pytest

from meshtui.mesh.model import Link
from meshtui.plan.model import HostPlan
from meshtui.plan.planner import make_plan
from meshtui.wg.conf import parse
from meshtui.wg.dump import LivePeer
from meshtui.wg.endpoint import Endpoint
from tests.plan import fleets
from tests.plan.fleets import FOREIGN, formed, fresh, make_mesh
from tests.plan.sim import NOW, Box, Live, Sim, key, public, work_lines


def of(sim: Sim, name: str, prune: bool = False) -> HostPlan:
    return next(host for host in sim.plan(prune).hosts if host.host == name)


def actions(host: HostPlan) -> list[str]:
    return [step.action for step in host.steps]


def changes(host: HostPlan) -> tuple[str, ...]:
    return work_lines(host.work)


def foreign(allowed: str, *, handshake: int = NOW) -> LivePeer:
    return LivePeer(FOREIGN, False, "198.51.100.7:7", (allowed,), handshake, 1, 1, 25)


# -- a host that has nothing ---------------------------------------------------------------


def test_from_nothing_to_a_mesh() -> None:
    sim = fresh(make_mesh(3, psk=True))
    first = sim.plan()
    assert [actions(host) for host in first.hosts] == [["make-key", "write-file", "bring-up"]] * 3
    assert len(first.touched) == 6
    assert not any(host.work and host.work.changes for host in first.hosts)
    last = sim.apply(first)
    assert set(last.public_keys) == {"a", "b", "c"}
    a = sim.boxes["a"].live
    assert a and a.psk[last.public_keys["b"]] == sim.boxes["b"].live.psk[last.public_keys["a"]]  # type: ignore[union-attr]


def test_a_reinstalled_host_stops_nobody() -> None:
    sim = formed(make_mesh(3))
    old = sim.mesh.hosts["b"].public_key or ""
    sim.boxes["b"] = Box()
    plan = sim.plan()
    assert not plan.problems
    # That its former key goes is in the plan that is shown, not only in what is done.
    assert actions(of(sim, "a")) == ["write-file", "remove-peer", "add-peer"]
    sim.apply(plan)
    live = sim.boxes["a"].live
    assert live and old not in live.peers and len(live.peers) == 2
    assert plan.touched == {("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")}


# -- who cannot be asked ---------------------------------------------------------------------


@pytest.mark.parametrize("prune", [False, True])
@pytest.mark.parametrize("marked", [False, True])
def test_a_silent_host_whose_key_is_not_written_down_keeps_its_entries(
    prune: bool, marked: bool
) -> None:
    sim = formed(make_mesh(3))
    key_of_b = sim.mesh.hosts["b"].public_key
    fleets.forget_keys(sim, "b", 0)
    sim.boxes["b"].reachable = False
    if not marked:
        for box in sim.boxes.values():
            box.file = box.file and box.file.replace("# meshtui: ", "# ")
    host = of(sim, "a", prune)
    assert set(actions(host)) <= {"write-back"}
    assert any("b" in note and "owed" in note for note in host.notes)
    sim.apply(sim.plan(prune))
    live = sim.boxes["a"].live
    assert live and key_of_b in live.peers


def test_clones_are_left_alone_by_all() -> None:
    sim = formed(make_mesh(4))
    fleets.clone(sim, "b", 0)  # has a's key now
    plan = sim.plan()
    assert [host.host for host in plan.problems] == ["a", "b"]
    assert "the same key as b" in (plan.problems[0].problem or "")
    assert changes(of(sim, "c")) == ()


def test_a_host_that_left_goes_from_the_others() -> None:
    sim = formed(make_mesh(3))
    fleets.left_the_mesh(sim, "b", 0)
    assert actions(of(sim, "a")) == ["write-file", "remove-peer"]
    sim.apply(sim.plan())
    assert len(sim.boxes["a"].live.peers) == 1  # type: ignore[union-attr]


# -- peers that mesh.toml does not know ------------------------------------------------------


def test_a_foreign_peer_is_left_alone_unless_pruned() -> None:
    sim = formed(make_mesh(2))
    live = sim.boxes["a"].live
    assert live
    live.put(foreign("192.168.7.0/24"))
    sim.boxes["a"].routes.add(ip_network("192.168.7.0/24"))
    kept = of(sim, "a")
    assert kept.steps == () and FOREIGN[:12] in kept.notes[0]
    pruned = of(sim, "a", prune=True)
    assert changes(pruned) == (f"remove-peer {FOREIGN}", "remove-route 192.168.7.0/24")


@pytest.mark.parametrize("where", ["live", "file"])
def test_a_prefix_is_not_taken_from_a_foreign_peer(where: str) -> None:
    sim = formed(make_mesh(3))
    box = sim.boxes["a"]
    assert box.live
    if where == "live":
        box.live.put(foreign("10.0.0.2/32"))
    else:  # after the next boot it would have it
        box.file = f"{box.file}[Peer]\nPublicKey = {FOREIGN}\nAllowedIPs = 10.0.0.2\n"
    host = of(sim, "a")
    assert host.problem and "belongs to b" in host.problem and "--prune" in host.problem
    assert host.work is None
    sim.apply(sim.plan(prune=True))
    assert of(sim, "a").steps == ()
    assert FOREIGN not in box.live.peers and FOREIGN not in (box.file or "")


def test_whoever_is_left_alone_gets_no_new_preshared_key_at_the_other_end() -> None:
    sim = formed(make_mesh(2, psk=True))
    sim.boxes["b"] = Box()
    live, box = sim.boxes["a"].live, sim.boxes["a"]
    assert live
    live.put(foreign("10.0.0.2/32"))
    assert of(sim, "a").problem
    sim.apply(sim.plan())
    assert sim.boxes["b"].live and not sim.boxes["b"].live.psk
    assert of(sim, "b").steps == ()
    assert box.live is live


def test_the_meshs_own_route_stays() -> None:
    # A hub of former days had the whole network.
    sim = formed(make_mesh(2))
    live = sim.boxes["a"].live
    assert live
    live.put(foreign("10.0.0.0/24"))
    assert changes(of(sim, "a", prune=True)) == (f"remove-peer {FOREIGN}",)


# -- endpoints ---------------------------------------------------------------------------------


def at(sim: Sim, endpoint: str | None, seconds: int | None) -> None:
    """b, as a sees it: heard from `endpoint` `seconds` ago."""
    live, one = sim.boxes["a"].live, sim.mesh.hosts["b"].public_key or ""
    assert live
    when = 0 if seconds is None else NOW - seconds
    live.peers[one] = live.peers[one]._replace(endpoint=endpoint, latest_handshake=when)


@pytest.mark.parametrize(
    ("endpoint", "seconds", "told"),
    [
        ("203.0.113.2:51820", None, False),
        ("198.51.100.9:4242", 30, False),  # it talks from there: setting it back cuts it off
        ("198.51.100.9:4242", 210, False),
        ("198.51.100.9:4242", 211, True),
        ("198.51.100.9:4242", None, True),
        (None, None, True),
    ],
)
def test_who_roams_is_left_and_who_is_silent_is_told(
    endpoint: str | None, seconds: int | None, told: bool
) -> None:
    sim = formed(make_mesh(2))
    at(sim, endpoint, seconds)
    host = of(sim, "a")
    key = sim.mesh.hosts["b"].public_key
    expected = (f"endpoint {key} 203.0.113.2:51820", f"call {key} 0")
    assert changes(host) == (expected if told else ())


def test_who_was_moved_is_told_although_it_talks() -> None:
    sim = formed(make_mesh(2))
    at(sim, "203.0.113.2:51820", 5)
    b = replace(sim.mesh.hosts["b"], endpoint=Endpoint("203.0.113.99", 1))
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, "b": b})
    told = (f"endpoint {b.public_key} 203.0.113.99:1", f"call {b.public_key} 0")
    assert changes(of(sim, "a")) == told


def test_a_file_without_endpoint_moves_nobody() -> None:
    sim = formed(make_mesh(2))
    at(sim, "198.51.100.9:4242", 5)
    box = sim.boxes["a"]
    box.file = box.file and box.file.replace("Endpoint = 203.0.113.2:51820\n", "")
    assert actions(of(sim, "a")) == ["write-file"]


def test_an_endpoint_written_in_another_way_is_the_same() -> None:
    mesh = make_mesh(2)
    b = replace(mesh.hosts["b"], endpoint=Endpoint("2001:db8::2", 51820))
    sim = formed(replace(mesh, hosts={**mesh.hosts, "b": b}))
    box = sim.boxes["a"]
    box.file = box.file and box.file.replace("[2001:db8::2]", "[2001:DB8:0::2]")
    assert of(sim, "a").steps == ()


# -- the interface that runs -----------------------------------------------------------------


def test_a_changed_setting_leaves_the_rest_of_the_peer() -> None:
    sim = formed(make_mesh(3))
    one = sim.mesh.hosts["b"].public_key or ""
    live = sim.boxes["a"].live
    assert live
    live.peers[one] = live.peers[one]._replace(persistent_keepalive=7)
    assert changes(of(sim, "a")) == (f"keepalive {one} 0",)
    live.peers[one] = live.peers[one]._replace(persistent_keepalive=0, allowed_ips=())
    assert changes(of(sim, "a")) == (f"allowed-ips {one} 10.0.0.2/32",)


def test_a_new_address_survives_the_old_one() -> None:
    sim = formed(make_mesh(2))
    box = sim.boxes["a"]
    box.addresses = [ip_interface("10.0.0.100/24"), ip_interface("10.0.0.101/24")]
    box.routes.add(ip_network("192.168.9.0/24"))  # somebody's own
    sim.apply(sim.plan())
    assert box.addresses == [ip_interface("10.0.0.1/24")]
    assert ip_network("192.168.9.0/24") in box.routes


def test_a_preshared_key_that_only_runs_comes_into_the_file() -> None:
    sim = formed(make_mesh(2, psk=True))
    for name, other in (("a", "b"), ("b", "a")):
        live = sim.boxes[name].live
        assert live
        live.psk[sim.mesh.hosts[other].public_key or ""] = key("set by hand")
    assert actions(of(sim, "a")) == ["write-file"]
    sim.apply(sim.plan())
    assert f"PresharedKey = {key('set by hand')}" in (sim.boxes["a"].file or "")


def test_made_anew_for_a_preshared_key_it_is_found_where_it_was() -> None:
    mesh = make_mesh(2)
    b = replace(mesh.hosts["b"], endpoint=None, behind_nat=True)
    sim = formed(replace(mesh, hosts={**mesh.hosts, "b": b}))
    at(sim, "198.51.100.9:4242", 5)
    sim.mesh = replace(sim.mesh, preshared_keys=True)
    assert "Endpoint = 198.51.100.9:4242" in changes(of(sim, "a"))


def test_an_interface_without_a_file_keeps_what_it_has() -> None:
    sim = formed(make_mesh(2))
    box = sim.boxes["a"]
    assert box.live
    box.live.fwmark = "0xca6c"
    box.live.put(foreign("192.168.7.0/24")._replace(allowed_ips=()))
    box.addresses.append(ip_interface("192.168.1.1/24"))
    box.file = None
    host = of(sim, "a")
    assert any("systemd-networkd" in note for note in host.notes)
    sim.apply(sim.plan())
    box.reboot()
    assert box.live.fwmark == "0xca6c" and FOREIGN in box.live.peers
    assert ip_interface("192.168.1.1/24") in box.addresses
    assert of(sim, "a").steps == ()


def test_an_mtu_that_mesh_toml_no_longer_says_goes_from_the_file() -> None:
    sim = formed(make_mesh(2, mtu=1380))
    hosts = {name: replace(host, mtu=None) for name, host in sim.mesh.hosts.items()}
    sim.mesh = replace(sim.mesh, hosts=hosts)
    # Of itself, a file keeps what mesh.toml says nothing of.
    plan = sim.plan()
    assert plan.changes == 0 and plan.inputs
    plan = make_plan(replace(plan.inputs, mtu_left=frozenset("b")))
    assert [actions(host) for host in plan.hosts] == [[], ["write-file"]]
    assert plan.hosts[1].notes == ("MTU 1380 runs until wg0 is next brought up",)
    sim.apply(plan)
    assert "MTU" not in (sim.boxes["b"].file or "") and "MTU" in (sim.boxes["a"].file or "")
    assert sim.plan().changes == 0


# -- what is disabled --------------------------------------------------------------------------


def off(sim: Sim, *names: str) -> None:
    """Take a host out for now, or a link."""
    hosts, links = dict(sim.mesh.hosts), ()
    if len(names) == 1:
        hosts[names[0]] = replace(hosts[names[0]], disabled=True)
    else:
        links = (Link((names[0], names[1]), disabled=True),)
    sim.mesh = replace(sim.mesh, hosts=hosts, links=links)


@pytest.mark.parametrize("psk", [False, True])
def test_a_link_goes_and_comes_back_live(psk: bool) -> None:
    sim = formed(make_mesh(3, psk=psk))
    off(sim, "b", "a")
    plan = sim.plan()
    removed = ["write-file", "remove-peer"]
    assert [actions(host) for host in plan.hosts] == [removed, removed, []]
    assert plan.touched == frozenset()
    sim.apply(plan)
    assert sim.plan().changes == 0
    sim.mesh = replace(sim.mesh, links=())
    plan = sim.plan()
    added = ["write-file", "add-peer"]
    assert [actions(host) for host in plan.hosts] == [added, added, []]
    assert plan.touched == {("a", "b"), ("b", "a")}
    sim.apply(plan)
    assert sim.plan().changes == 0


def test_a_disabled_host_stays_up_without_peers() -> None:
    sim = formed(make_mesh(3))
    off(sim, "c")
    plan = sim.plan()
    assert [actions(h).count("remove-peer") for h in plan.hosts] == [1, 1, 2]
    assert not any(host.notes for host in plan.hosts)
    sim.apply(plan)
    live = sim.boxes["c"].live
    assert live and live.peers == {} and sim.boxes["c"].addresses
    # It has a table, an address and a key still; a peer that is nobody's is left alone.
    live.put(foreign("192.168.7.0/24"))
    assert of(sim, "c").steps == () and "left alone" in of(sim, "c").notes[0]


def test_a_disabled_host_that_is_away_is_nobodys_peer() -> None:
    sim = formed(make_mesh(3))
    own = sim.mesh.hosts["c"].public_key
    off(sim, "c")
    sim.boxes["c"].reachable = False
    # Also where its entry was written by hand.
    box = sim.boxes["a"]
    box.file = box.file and box.file.replace("# meshtui: c\n", "")
    plan = sim.apply(sim.plan())
    assert [host.host for host in plan.problems] == ["c"]
    for name in "ab":
        live = sim.boxes[name].live
        assert live and own not in live.peers and (own or "") not in (sim.boxes[name].file or "")


def test_of_an_entry_with_a_key_that_nobody_knows_the_mark_tells() -> None:
    sim = formed(make_mesh(2))
    off(sim, "b")
    sim.boxes["b"].reachable = False
    fleets.forget_keys(sim, "b", 0)
    assert actions(of(sim, "a")) == ["write-file", "remove-peer", "write-back"]


# -- the file ----------------------------------------------------------------------------------

HAND = f"""\
# Oslo, rack 7
[Peer]
# the office
PublicKey = {FOREIGN}
AllowedIPs = 192.168.7.0/24

[Interface]
Address = 10.0.0.1/24 192.168.1.1/24   # ours and the lab's
ListenPort = 51820
PrivateKey = {key("a's")} # do not touch
DNS = 10.0.0.53
MTU = 1380
Table = off
PostUp = iptables -A FORWARD -i %i -j ACCEPT
PostDown = iptables -D FORWARD -i %i -j ACCEPT
"""


def test_a_file_made_by_hand_gets_what_it_lacks_and_no_more() -> None:
    sim = fresh(make_mesh(2))
    box = sim.boxes["a"]
    box.file = HAND
    box.up()
    box.systemd = "enabled"
    host = of(sim, "a")
    assert actions(host) == ["write-file", "add-peer", "write-back"]
    sim.apply(sim.plan())
    assert box.file.startswith(HAND)
    assert box.file.removeprefix(HAND).split("\n")[1:3] == ["[Peer]", "# meshtui: b"]
    assert of(sim, "a").steps == ()


def test_the_same_peer_twice_becomes_once() -> None:
    sim = formed(make_mesh(2))
    box, one = sim.boxes["a"], sim.mesh.hosts["b"].public_key
    box.file = (
        f"{box.file}[Peer]\nPublicKey = {one}\nPresharedKey = {key('p')}\nAllowedIPs = ::/0\n"
    )
    box.down()
    sim.apply(sim.plan())
    (peer,) = parse(box.file).peers
    assert peer.values("AllowedIPs") == ("10.0.0.2/32",) and peer.get("PresharedKey") == key("p")


def test_a_private_key_set_by_a_command_is_not_replaced() -> None:
    sim = formed(make_mesh(2))
    box = sim.boxes["a"]
    box.file = "".join(
        f"{line}\n" for line in (box.file or "").split("\n") if "PrivateKey" not in line
    ).replace(
        "ListenPort",
        "PostUp = wg set %i private-key /root/key\nPostUp = true\nListenPort",
    )
    assert of(sim, "a").steps == ()
    box.down()
    host = of(sim, "a")
    assert host.problem and "wg-quick up wg0" in host.problem


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("SaveConfig = TRUE", "SaveConfig"),
        ("Address = 10.0.0.300/24", "not a wg-quick file"),
        ("hello", "line 7 is neither"),
        ("[Interface]", "2 [Interface] sections"),
        ("PrivateKey = nokey", "not a key"),
    ],
)
def test_a_file_that_cannot_be_worked_with(line: str, why: str) -> None:
    sim = formed(make_mesh(3))
    box = sim.boxes["a"]
    lines = (box.file or "").split("\n")
    box.file = "\n".join([*lines[:5], "", line, *lines[5:]])
    host = of(sim, "a")
    assert host.problem and why in host.problem
    assert host.work is None
    # The others are not concerned.
    assert of(sim, "b").steps == () and of(sim, "b").problem is None


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (Box(tools=frozenset({"wg", "ip", "awk", "sha256sum"})), "wireguard-tools"),
        (Box(live=Live(None, 51820)), "without a private key"),
    ],
)
def test_a_host_that_cannot_be_worked_with(box: Box, why: str) -> None:
    sim = fresh(make_mesh(2))
    sim.boxes["a"] = box
    problem = of(sim, "a").problem
    assert problem and why in problem
    assert actions(of(sim, "b")) == ["make-key", "write-file", "bring-up"]


# -- systemd -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "enabled", "note"),
    [
        ("enabled", False, ""),
        ("enabled-runtime", False, ""),
        ("disabled", True, ""),
        ("linked", True, ""),
        ("masked", False, "is masked"),
        ("static", False, ""),
        ("not-found", False, "no wg-quick@ unit"),
        ("", False, "no wg-quick@ unit"),
        (None, False, "no systemd"),
    ],
)
def test_back_at_boot(state: str | None, enabled: bool, note: str) -> None:
    sim = formed(make_mesh(2))
    box = sim.boxes["a"]
    box.systemd = state
    assert ("enable" in actions(of(sim, "a"))) is enabled
    box.mode = 0o644  # something to do, so that there are notes
    host = of(sim, "a")
    assert host.steps[0].detail.endswith("mode 644 -> 600")
    assert any(note in one for one in host.notes) if note else not host.notes


def test_keys_made_here_are_sent_once() -> None:
    sim = fresh(make_mesh(2, keys="operator"))
    host = of(sim, "a")
    assert host.work and host.work.make_key == "operator"
    assert "PrivateKey = @operator@" in (host.after or "")
    sim.apply(sim.plan())
    assert of(sim, "a").steps == ()
    live = sim.boxes["a"].live
    assert live and live.private and public(live.private) == sim.mesh.hosts["a"].public_key


def test_a_host_that_is_taken_out_goes_also_where_others_wrote_its_entry() -> None:
    sim = formed(make_mesh(3))
    gone = sim.mesh.hosts["b"].public_key or ""
    box = sim.boxes["a"]
    box.file = (box.file or "").replace("# meshtui: b\n", "")
    fleets.left_the_mesh(sim, "b", 0)
    plan = sim.plan()
    assert "(--prune removes it)" in plan.hosts[0].notes[0]
    assert plan.inputs
    plan = make_plan(replace(plan.inputs, left={gone: "b"}))
    assert [actions(host) for host in plan.hosts] == [["write-file", "remove-peer"]] * 2
    assert plan.hosts[0].steps[1].detail.startswith("b ")


def test_a_host_with_another_name_is_called_so_in_the_files() -> None:
    sim = formed(make_mesh(3))
    a, b, c = sim.mesh.hosts.values()
    hosts = {"a": a, "x": replace(b, name="x"), "c": c}
    sim.mesh, sim.boxes["x"] = replace(sim.mesh, hosts=hosts), sim.boxes.pop("b")
    box = sim.boxes["c"]
    box.file = (box.file or "").replace("# meshtui: b\n", "# meshtui: b, in the cellar\n")
    plan = sim.plan()
    # Files only; and whoever wrote more than a name there keeps that.
    assert {h.host: actions(h) for h in plan.hosts} == {"a": ["write-file"], "x": [], "c": []}
    assert not plan.touched
    sim.apply(plan)
    assert "# meshtui: x\n" in (sim.boxes["a"].file or "") and not sim.plan().changes
