"""A host that passes packets on: through its firewall, until the role ends, and after a boot."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confirmed import settled
from meshtui_on import apply, conf, edit, meshtui, on, plan

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
BROKEN_OFF = str(Path(__file__).with_name("broken_off.py"))
HOSTS = ("server-a", "server-b", "server-c")
#: In the network behind server-b.
ENTER = ("sh", "-c", 'nsenter -t "$(cat /run/outside)" -n sh -ec "$0"')
HUB = "[hosts.server-b]\n"
MARK = "# meshtui: forward"

#: What an operator may have: it drops, but for what that person lets through.
FIREWALL = """
table inet filter
flush table inet filter
table inet filter {
    chain forward {
        type filter hook forward priority 0; policy drop;
        ip saddr 203.0.113.9 counter accept comment "by hand"
    }
    chain input { type filter hook input priority 0; policy accept; }
}
"""


@pytest.fixture(scope="module")
def mesh(lab: Callable[..., Lab]) -> Lab:
    one = lab(3, networks=("10.0.0.0/24", "fd10::/64"))
    apply(one)
    return one


@pytest.fixture
def one(mesh: Lab) -> Iterator[Lab]:
    """mesh.toml makes server-b the hub of all, and its firewall drops; afterwards it is none."""
    load(mesh)
    before = passing(mesh)
    assert "ip_forward = 0" in before and "all.forwarding = 0" in before
    path = mesh.path / "mesh.toml"
    text = path.read_text()
    edit(mesh, 'topology = "full"', 'topology = "hub"')
    edit(mesh, HUB, f"{HUB}hub = true\n")
    yield mesh
    # Without the role it is as if it had never been.
    path.write_text(text)
    apply(mesh)
    assert passing(mesh) == before and MARK not in conf(mesh, "server-b")


def load(lab: Lab) -> None:
    """Load the firewall of server-b as at boot: what is not in it is gone."""
    lab.on("server-b", ["nft", "-f", "-"], input=FIREWALL, check=True)


def passing(lab: Lab) -> str:
    """All that says whether server-b passes packets on, as its tools tell it."""
    keys = "net.ipv4.ip_forward net.ipv6.conf.all.forwarding"
    return on(lab, "server-b", "sh", "-c", f"nft -s list ruleset; sysctl {keys}")


def reaches(lab: Lab, host: str, address: str, seconds: int = 5) -> bool:
    ping = ["ping", "-c", "1", "-i", "0.2", "-w", str(seconds), address]
    return lab.on(host, ping).returncode == 0


def assert_carried(lab: Lab) -> None:
    assert reaches(lab, "server-a", "10.0.0.3") and reaches(lab, "server-a", "fd10::3")
    assert reaches(lab, "server-c", "10.0.0.1") and reaches(lab, "server-c", "fd10::1")


def test_a_relay_lets_its_peers_reach_each_other(one: Lab) -> None:
    said = meshtui(one, "plan", code=3).stdout
    words = "passes packets on between peers (ip_forward, IPv6 forwarding, nft: filter/forward)"
    assert words in said
    apply(one)
    assert_carried(one)
    plan(one, code=0)
    counted = on(one, "server-b", "nft", "list", "chain", "inet", "filter", "forward")
    assert counted.index("meshtui:wg0 relay") < counted.index("by hand")


def test_what_a_reload_of_the_firewall_took_is_drift_and_comes_back(one: Lab) -> None:
    apply(one)
    load(one)
    assert not reaches(one, "server-a", "10.0.0.3", 1)
    said = meshtui(one, "drift", "server-b", code=3).stdout
    assert "forwarding is missing: nft: filter/forward" in said
    file = conf(one, "server-b")
    apply(one)
    assert_carried(one)
    # While the firewall is off nothing is missing, and the file still knows of it.
    on(one, "server-b", "nft", "flush", "ruleset")
    plan(one, code=0)
    assert_carried(one)
    assert conf(one, "server-b") == file
    load(one)
    apply(one)


@pytest.mark.long
def test_silence_takes_it_back(one: Lab) -> None:
    before = passing(one), settled(one, HOSTS, 5)
    kill(one, "after change on server-b")
    assert "meshtui:wg0 relay" in passing(one)
    was = settled(one, HOSTS, 20)
    assert (passing(one), was) == before
    # So it does where the role was about to end.
    apply(one)
    before = passing(one), settled(one, HOSTS, 5)
    is_no_hub(one)
    kill(one, "after change on server-b")
    assert "meshtui:wg0" not in passing(one) and "ip_forward = 0" in passing(one)
    was = settled(one, HOSTS, 20)
    assert (passing(one), was) == before
    assert_carried(one)


def is_no_hub(lab: Lab) -> None:
    edit(lab, 'topology = "hub"', 'topology = "full"')
    edit(lab, f"{HUB}hub = true\n", HUB)


def kill(lab: Lab, at: str) -> None:
    """Apply, and end meshtui at that point; hosts go back 4 s later."""
    done = lab.run([sys.executable, BROKEN_OFF, at, "kill", "4", "apply", "--yes"])
    assert done.returncode == -9, done.stderr


def test_after_a_boot_wg_quick_alone_brings_it_back_and_takes_it_away(one: Lab) -> None:
    apply(one)
    rules = passing(one)
    one.kill("server-b")
    one.boot("server-b")
    load(one)
    on(one, "server-b", "wg-quick", "up", "wg0")
    assert passing(one) == rules
    # The others hear of its new sessions as soon as it speaks.
    assert reaches(one, "server-b", "10.0.0.1") and reaches(one, "server-b", "10.0.0.3")
    assert_carried(one)
    plan(one, code=0)
    on(one, "server-b", "wg-quick", "down", "wg0")
    assert "meshtui" not in passing(one)
    # A firewall that is loaded later, or never, keeps no interface down.
    on(one, "server-b", "nft", "flush", "ruleset")
    on(one, "server-b", "wg-quick", "up", "wg0")
    load(one)
    said = meshtui(one, "drift", "server-b", code=3).stdout
    assert "forwarding is missing: nft: filter/forward" in said


def test_a_way_out_masquerades_what_goes_where_it_may(one: Lab) -> None:
    on(
        one,
        "server-b",
        *("sh", "-ec"),
        """
        unshare --net sleep 100 >/dev/null 2>&1 & echo $! >/run/outside
        until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
        ip link add out type veth peer name in netns $!
        ip address add 192.0.2.1/24 dev out
        ip link set out up
        nsenter -t $! -n sh -ec 'ip address add 192.0.2.2/24 dev in; ip link set in up'
        """,
    )
    edit(one, HUB, f'{HUB}routes = ["192.0.2.0/24"]\n')
    try:
        apply(one)
        plan(one, code=0)
        # It knows no way back into the mesh: what came was masqueraded.
        assert reaches(one, "server-a", "192.0.2.2")
        assert_carried(one)
        # Nobody out there reaches in by it.
        on(
            one,
            "server-b",
            *ENTER,
            "ip route add 10.0.0.0/24 via 192.0.2.1; ping -c1 -w2 192.0.2.1",
        )
        assert one.on("server-b", [*ENTER, "ping -c 1 -w 1 10.0.0.1"]).returncode
        on(one, "server-b", "nft", "delete", "table", "ip", "meshtui-wg0")
        said = meshtui(one, "drift", "server-b", code=3).stdout
        assert "forwarding is missing: masquerade 10.0.0.0/24" in said
        apply(one)
        assert reaches(one, "server-a", "192.0.2.2")
        on(one, "server-b", "wg-quick", "down", "wg0")
        assert "meshtui" not in passing(one)
        on(one, "server-b", "wg-quick", "up", "wg0")
        assert reaches(one, "server-b", "10.0.0.1") and reaches(one, "server-a", "192.0.2.2")
    finally:
        on(one, "server-b", "sh", "-c", "kill $(cat /run/outside)")


@pytest.mark.skipif(not shutil.which("iptables"), reason="iptables is not installed")
def test_iptables_is_told_where_it_keeps_the_rules(one: Lab) -> None:
    script = """
        for tool in iptables ip6tables; do
            $tool -P FORWARD DROP
            $tool -A FORWARD -p tcp --dport 9 -j ACCEPT
        done
    """
    on(one, "server-b", "sh", "-ec", script)
    listed = ["sh", "-c", "iptables -S; ip6tables -S"]
    before = on(one, "server-b", *listed)
    assert "iptables: FORWARD, ip6tables: FORWARD" in meshtui(one, "plan", code=3).stdout
    apply(one)
    assert_carried(one)
    plan(one, code=0)
    with_rules = on(one, "server-b", *listed)
    assert with_rules.count('"meshtui:wg0 relay"') == 2
    on(one, "server-b", "wg-quick", "down", "wg0")
    assert on(one, "server-b", *listed) == before
    on(one, "server-b", "wg-quick", "up", "wg0")
    assert on(one, "server-b", *listed) == with_rules
    # Nothing drops any more: the rules are known all the same, and end with the role.
    on(one, "server-b", "sh", "-c", "ip6tables -P FORWARD ACCEPT; ip6tables -D FORWARD 2")
    is_no_hub(one)
    apply(one)
    assert "meshtui" not in on(one, "server-b", *listed)
    on(one, "server-b", "sh", "-c", "nft delete table ip filter; nft delete table ip6 filter")


def test_an_uplink_keeps_the_routes_that_a_router_told_it(one: Lab) -> None:
    key = "net.ipv6.conf.up0.accept_ra"
    script = f"""
        ip link add up0 type veth peer name up1
        ip link set up0 up && ip link set up1 up
        ip -6 route add default via fe80::1 dev up0 proto ra metric 4096
        sysctl -qw {key}=1
    """
    on(one, "server-b", "sh", "-ec", script)
    try:
        assert "accept_ra of up0" in meshtui(one, "plan", code=3).stdout
        apply(one)
        assert on(one, "server-b", "sysctl", "-n", key) == "2\n"
        plan(one, code=0)
        is_no_hub(one)
        apply(one)
        assert on(one, "server-b", "sysctl", "-n", key) == "1\n"
    finally:
        on(one, "server-b", "ip", "link", "del", "up0")


def test_a_host_that_leaves_passes_nothing_on(one: Lab) -> None:
    before = passing(one)
    is_no_hub(one)
    edit(one, HUB, f'{HUB}routes = ["192.0.2.0/24"]\n')
    apply(one)
    assert "ip_forward = 1" in passing(one)
    text = (one.path / "mesh.toml").read_text()
    try:
        said = json.loads(meshtui(one, "remove", "server-b", "--yes", "--json").stdout)
        assert not said["failed"]
        assert passing(one) == before
    finally:
        (one.path / "mesh.toml").write_text(text)
        apply(one)
