"""Changes to interfaces that run: live, and only what mesh.toml speaks of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from flow import Flow
from meshtui_on import apply, conf, directions, edit, handshakes, meshtui, on, plan, status

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]

STRANGER = "WVJgt1cpsqm2tNZdZ3SxzRXcW4X1k0dQ3nvAq1JZDUs="


def without(lab: Lab, host: str) -> str:
    """Take a host out of mesh.toml; the text that puts it back."""
    text = (lab.path / "mesh.toml").read_text()
    found = re.search(rf"\n\[hosts\.{host}\]\n(?:[^\[\n].*\n)*", text)
    assert found
    (lab.path / "mesh.toml").write_text(text.replace(found[0], ""))
    return found[0]


def index(lab: Lab, host: str) -> str:
    """The interface's number: another one after a restart."""
    return on(lab, host, "cat", "/sys/class/net/wg0/ifindex")


def test_a_host_is_added_and_removed_without_touching_the_others(lab: MakeLab) -> None:
    one = lab(4)
    last = without(one, "server-d")
    assert directions(apply(one)) == (6, 6)
    before = {name: handshakes(one, name) for name in ("server-a", "server-b", "server-c")}
    numbers = {name: index(one, name) for name in before}

    with (one.path / "mesh.toml").open("a") as file:
        file.write(last)
    done = apply(one)
    assert directions(done) == (12, 12)
    assert done["receipt"] == {"there": 6, "renewed": 0, "lost": 0}
    (first, second) = json.loads(meshtui(one, "log", "--json").stdout)
    assert (first["number"], first["ok"], first["receipt"][:4]) == (1, True, "0 of")
    assert second["receipt"] == "0 of 6 sessions that were there renewed a handshake"
    assert any(step.startswith("add-peer server-d") for step in second["steps"]["server-a"])
    for name, peers in before.items():
        now = handshakes(one, name)
        assert len(now) == 3 and {key: now[key] for key in peers} == peers
        assert index(one, name) == numbers[name]

    without(one, "server-d")
    shown = plan(one)
    assert {step["action"] for step in shown["hosts"]["server-a"]} == {"write-file", "remove-peer"}
    apply(one)
    assert {name: handshakes(one, name) for name in before} == before
    assert "server-d" not in conf(one, "server-a")


def test_strangers_stay_until_pruned(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    on(one, "server-a", "wg", "set", "wg0", "peer", STRANGER, "allowed-ips", "10.0.0.77/32")
    shown = plan(one, code=0)
    assert "not in mesh.toml" in shown["notes"]["server-a"][0]
    # A change elsewhere leaves it alone, too.
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    apply(one)
    assert STRANGER in on(one, "server-a", "wg", "show", "wg0", "peers")
    pruned = plan(one, "--prune")
    assert [step["action"] for step in pruned["hosts"]["server-a"]] == ["remove-peer"]
    apply(one, "--prune")
    assert STRANGER not in on(one, "server-a", "wg", "show", "wg0", "peers")


def test_a_prefix_is_never_taken_from_a_stranger(lab: MakeLab) -> None:
    one = lab(2)
    lines = f"[Peer]\\nPublicKey = {STRANGER}\\nAllowedIPs = 10.0.0.2/32\\n"
    script = (
        "umask 077; mkdir -p /etc/wireguard; key=$(wg genkey);"
        f' printf "[Interface]\\nPrivateKey = $key\\nListenPort = 51820\\n{lines}"'
        " >/etc/wireguard/wg0.conf; wg-quick up wg0"
    )
    on(one, "server-a", "sh", "-c", script)
    was = conf(one, "server-a")
    result = apply(one, code=1)
    assert "--prune" in result["failed"]["server-a"]
    assert conf(one, "server-a") == was
    assert directions(apply(one, "--prune")) == (2, 2)


def test_what_others_wrote_into_the_file_stays(lab: MakeLab) -> None:
    one = lab(2)
    script = (
        "umask 077; mkdir -p /etc/wireguard; key=$(wg genkey); cat >/etc/wireguard/wg0.conf <<EOF\n"
        "# our own remark\n[interface]\nprivatekey=$key\nMTU = 1380\n"
        "PostUp = echo up >/run/hook # on %i\nTable = auto\n\n"
        "# the laptop of the boss\n[Peer]\n"
        f"PublicKey = {STRANGER}\nAllowedIPs = 10.0.0.200/32\nPresharedKey = $(wg genpsk)\n"
        "EOF\nwg-quick up wg0"
    )
    on(one, "server-a", "sh", "-c", script)
    before = conf(one, "server-a")
    assert directions(apply(one)) == (2, 2)
    after = conf(one, "server-a")
    for line in before.splitlines():
        assert line in after.splitlines()
    assert on(one, "server-a", "ip", "-o", "link", "show", "wg0").count("mtu 1380") == 1
    # wg-quick itself takes the file, hook and all.
    on(one, "server-a", "sh", "-c", "rm /run/hook; wg-quick down wg0; wg-quick up wg0")
    on(one, "server-a", "test", "-e", "/run/hook")
    assert apply(one)["changes"] == 0


def test_save_config_is_refused_with_the_reason(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    on(
        one,
        "server-a",
        "sed",
        "-i",
        "s/^ListenPort/SaveConfig = true\\n&/",
        "/etc/wireguard/wg0.conf",
    )
    shown = plan(one, code=1)
    assert "SaveConfig" in shown["problems"]["server-a"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('addresses = ["10.0.0.2"]', 'addresses = ["10.0.0.42"]'),
        ("[hosts.server-b]\n", "[hosts.server-b]\nlisten_port = 51999\n"),
        ("[hosts.server-b]\n", "[hosts.server-b]\npersistent_keepalive = 15\n"),
        ("[hosts.server-b]\n", "[hosts.server-b]\nmtu = 1300\n"),
    ],
)
def test_a_setting_changes_live(lab: MakeLab, old: str, new: str) -> None:
    one = lab(3)
    apply(one)
    numbers = [index(one, host.name) for host in one.hosts]
    others = handshakes(one, "server-a")[status(one)["hosts"]["server-c"]["public_key"]]
    edit(one, old, new)
    assert directions(apply(one)) == (6, 6)
    assert [index(one, host.name) for host in one.hosts] == numbers
    assert handshakes(one, "server-a")[status(one)["hosts"]["server-c"]["public_key"]] == others
    plan(one, code=0)


def test_drift_is_put_right(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    key = status(one)["hosts"]["server-b"]["public_key"]
    on(one, "server-a", "wg", "set", "wg0", "peer", key, "remove")
    on(one, "server-a", "ip", "address", "del", "10.0.0.1/24", "dev", "wg0")
    actions = {step["action"] for step in plan(one)["hosts"]["server-a"]}
    assert actions == {"add-peer", "add-address"}
    assert directions(apply(one)) == (2, 2)


def test_a_peer_that_roamed_is_left_where_it_is(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    on(one, "server-b", "wg", "set", "wg0", "listen-port", "40000")
    on(one, "server-b", "ping", "-c1", "-w5", "10.0.0.1")
    assert ":40000" in on(one, "server-a", "wg", "show", "wg0", "endpoints")
    shown = plan(one)
    assert shown["hosts"]["server-a"] == []
    assert [step["action"] for step in shown["hosts"]["server-b"]] == ["listen-port"]


def test_no_packet_is_lost_on_links_that_are_not_changed(lab: MakeLab) -> None:
    one = lab(5)
    last = without(one, "server-e")
    apply(one)
    with Flow(one, ["server-a", "server-b", "server-c", "server-d"]) as flow:
        with (one.path / "mesh.toml").open("a") as file:
            file.write(last)
        assert directions(apply(one)) == (20, 20)
        meshtui(one, "plan")
        edit(one, "[hosts.server-b]\n", "[hosts.server-b]\npersistent_keepalive = 20\n")
        assert directions(apply(one)) == (20, 20)
        meshtui(one, "remove", "server-e", "--yes")
    assert flow.sent > 12 * 50
    assert flow.lost == 0
