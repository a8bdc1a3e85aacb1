"""Hosts behind routers of their own, and machines that nobody reaches over SSH."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from typing import Literal

import pytest

from meshtui.errors import MeshError, UsageError
from meshtui.lab import Lab, faults, names, power, procs
from meshtui.lab.paths import lab_path

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def four(lab: Callable[..., Lab]) -> Lab:
    """Two public hosts, two behind NAT, and a machine outside."""
    return lab(4, nat=2, outside=1)


def out(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Tunnels:
    """WireGuard by hand on some hosts, without meshtui: keys, interfaces, peers."""

    def __init__(self, lab: Lab, hosts: Sequence[str]) -> None:
        self.lab = lab
        self.keys: dict[str, str] = {}
        for host in hosts:
            made = (
                "wg-quick down wg8 2>/dev/null; umask 077; wg genkey >/etc/wireguard/key8;"
                "printf '[Interface]\nListenPort = 51820\nPostUp = wg set %%i private-key"
                " /etc/wireguard/key8\n' >/etc/wireguard/wg8.conf;"
                "wg-quick up wg8 2>/dev/null; wg pubkey </etc/wireguard/key8"
            )
            self.keys[host] = out(lab.on(host, ["sh", "-c", made]))

    def peer(self, at: str, of: str, endpoint: str | None = None) -> None:
        """Give `at` the peer `of`; with an endpoint it calls at once, and each second."""
        words = ["wg", "set", "wg8", "peer", self.keys[of]]
        if endpoint:
            words += ["endpoint", endpoint, "persistent-keepalive", "1"]
        out(self.lab.on(at, words))

    def handshake(self, at: str, of: str) -> bool:
        return dict(self._shown(at, "latest-handshakes"))[self.keys[of]] != "0"

    def received(self, at: str, of: str) -> int:
        """Bytes that `at` had from `of`."""
        return int(dict(self._shown(at, "transfer"))[self.keys[of]])

    def endpoint(self, at: str, of: str) -> str:
        """Where `at` last heard `of`."""
        return dict(self._shown(at, "endpoints"))[self.keys[of]]

    def _shown(self, at: str, what: str) -> list[tuple[str, str]]:
        shown = out(self.lab.on(at, ["wg", "show", "wg8", what]))
        return [(words[0], words[1]) for line in shown.splitlines() if (words := line.split())]


def wait(done: Callable[[], bool], what: str, seconds: float = 5) -> None:
    procs.wait_until(done, seconds, what.__str__)


def seen_by(tunnels: Tunnels, publics: Sequence[str], private: Sequence[str]) -> dict[str, str]:
    """Connect each of `private` to each of `publics`; return where the first one sees it."""
    for public in publics:
        for host in private:
            tunnels.peer(public, host)
            tunnels.peer(host, public, f"{tunnels.lab.host(public).v4}:51820")
    for public in publics:
        for host in private:
            wait(lambda at=public, of=host: tunnels.handshake(at, of), f"{host} at {public}")  # type: ignore[misc]
    return {host: tunnels.endpoint(publics[0], host) for host in private}


def test_who_is_where(four: Lab) -> None:
    assert [host.inner for host in four.hosts] == [None, None, "192.168.3.2", "192.168.4.2"]
    assert [host.name for host in four.outside] == ["outside-1"]
    mesh = tomllib.loads((four.path / "mesh.toml").read_text())
    assert mesh["hosts"] == {
        "server-a": {"ssh": "root@203.0.113.1"},
        "server-b": {"ssh": "root@203.0.113.2"},
        "server-c": {"ssh": "root@203.0.113.3", "endpoint": "none"},
        "server-d": {"ssh": "root@203.0.113.4", "endpoint": "none"},
    }
    shown = out(four.on("server-c", ["ip", "-o", "address", "show", "scope", "global"]))
    assert re.findall(r"inet6? (\S+)", shown) == ["192.168.3.2/24"]
    again = Lab.attach(four.name)
    assert (again.hosts, again.outside) == (four.hosts, four.outside)


@pytest.mark.parametrize("target", ["server-c", "root@203.0.113.3"])
def test_ssh_goes_through_the_router(four: Lab, target: str) -> None:
    assert out(four.run(["ssh", "-oBatchMode=yes", target, "hostname"])) == "server-c"


def test_it_calls_out_and_is_not_called(four: Lab) -> None:
    for target in ("203.0.113.1", "192.168.3.1"):
        out(four.on("server-c", ["ping", "-c1", "-W2", target]))
    ping = ["ping", "-c1", "-W1"]
    assert four.on("server-a", [*ping, "203.0.113.3"]).returncode == 1
    assert four.on("server-a", [*ping, "192.168.3.2"]).returncode == 1
    assert four.on("server-d", [*ping, "192.168.3.2"]).returncode == 1
    assert not answers(four, "server-a", "203.0.113.3", 51820)


def answers(lab: Lab, host: str, address: str, port: int) -> bool:
    """Whether a UDP datagram to that closed port brings an error back: it was let in."""
    code = (
        "import socket, sys; s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(1)\n"
        "s.connect((sys.argv[1], int(sys.argv[2]))); s.send(b'hi')\n"
        "try: s.recv(9)\n"
        "except ConnectionRefusedError: print('refused')\n"
        "except TimeoutError: print('silence')\n"
    )
    enter = ["nsenter", f"--net={lab.host(host).namespace}", sys.executable, "-c", code]
    done = subprocess.run(
        [*enter, address, str(port)], capture_output=True, text=True, timeout=10, check=True
    )
    return "refused" in done.stdout


def test_two_behind_nat_meet_where_a_public_host_sees_them(four: Lab) -> None:
    c, d = "server-c", "server-d"
    tunnels = Tunnels(four, ["server-a", "server-b", c, d])
    seen = seen_by(tunnels, ["server-a", "server-b"], [c, d])
    for host in (c, d):
        assert seen[host].startswith(f"{four.host(host).v4}:")
        assert tunnels.endpoint("server-b", host) == seen[host]  # one port, whoever looks
    tunnels.peer(c, d, seen[d])
    tunnels.peer(d, c, seen[c])
    wait(lambda: tunnels.handshake(c, d) and tunnels.handshake(d, c), "no direct tunnel")
    met = tunnels.received(d, c)
    wait(lambda: tunnels.received(d, c) > met, "nothing goes through the hole")

    # The router forgets: another port, and the hole is lost.
    faults.forget_mapping(four, c)
    wait(lambda: tunnels.endpoint("server-a", c) != seen[c], "the old port is still in use")
    heard = tunnels.received(d, c)
    with pytest.raises(MeshError, match="as it should"):
        wait(lambda: tunnels.received(d, c) > heard, "nothing, as it should be,", 2.5)
    out(four.run(["ssh", "-oBatchMode=yes", c, "true"]))
    faults.forget_mapping(four, c)
    with pytest.raises(MeshError, match="no router"):
        faults.forget_mapping(four, "server-a")


def test_blocked_udp(four: Lab) -> None:
    tunnels = Tunnels(four, ["server-a", "server-d"])
    faults.block_udp(four, "server-d")
    tunnels.peer("server-a", "server-d")
    tunnels.peer("server-d", "server-a", "203.0.113.1:51820")
    with pytest.raises(MeshError):
        wait(lambda: tunnels.handshake("server-a", "server-d"), "nothing", 2)
    out(four.run(["ssh", "-oBatchMode=yes", "server-d", "true"]))
    faults.unblock_udp(four, "server-d")
    wait(lambda: tunnels.handshake("server-a", "server-d"), "nothing after unblocking", 10)


def test_a_host_behind_nat_loses_power(four: Lab) -> None:
    out(four.on("server-d", ["sh", "-c", "echo kept >/etc/wireguard/note"]))
    four.kill("server-d")
    silent = four.run(["ssh", "-oConnectTimeout=1", "server-d", "true"])
    assert "timed out" in silent.stderr
    four.boot("server-d")
    assert out(four.run(["ssh", "server-d", "cat /etc/wireguard/note"])) == "kept"
    out(four.on("server-d", ["ping", "-c1", "-W2", "203.0.113.1"]))


def test_a_machine_outside_has_no_sshd(four: Lab) -> None:
    phone = four.outside[0].name
    assert four.on(phone, ["test", "-e", "/run/sshd.pid"]).returncode == 1
    assert out(four.on(phone, ["ls", "-A", "/etc/wireguard", "/etc/ssh"])).split() == [
        "/etc/ssh:", "sshd_config", "/etc/wireguard:"
    ]  # fmt: skip
    tunnels = Tunnels(four, ["server-a", phone])
    seen = seen_by(tunnels, ["server-a"], [phone])
    assert seen[phone].startswith("203.0.113.5:")
    assert phone not in (four.path / "ssh_config").read_text()
    four.kill(phone)
    four.boot(phone)
    out(four.on(phone, ["ping", "-c1", "-W2", "203.0.113.1"]))


_TWO_SIDES = """
set -e
sysctl -qw net.ipv4.ip_forward=1
for side in 1 2; do
    ip netns add side$side
    ip link add side$side type veth peer name eth0 netns side$side
    ip address add 10.77.$side.1/24 dev side$side
    ip link set side$side up
    ip -n side$side address add 10.77.$side.2/24 dev eth0
    ip -n side$side link set eth0 up
    ip -n side$side route add default via 10.77.$side.1
done
"""


def test_a_firewall_forwards_nothing(four: Lab) -> None:
    out(four.on("server-a", ["sh", "-c", _TWO_SIDES]))
    across = ["ip", "netns", "exec", "side1", "ping", "-c1", "-W1", "10.77.2.2"]
    out(four.on("server-a", across))
    tools: list[Literal["nft", "iptables"]] = ["nft"]
    if four.on("server-a", ["which", "iptables"]).returncode == 0:
        tools.append("iptables")
    for tool in tools:
        faults.firewall(four, "server-a", tool)
        assert four.on("server-a", across).returncode == 1
        out(four.run(["ssh", "server-a", "true"]))
        faults.no_firewall(four, "server-a", tool)
        out(four.on("server-a", across))


def test_symmetric_nat_shows_each_another_port(lab: Callable[..., Lab]) -> None:
    four = lab(4, nat=2, symmetric=True)
    c, d = "server-c", "server-d"
    tunnels = Tunnels(four, ["server-a", "server-b", c, d])
    seen = seen_by(tunnels, ["server-a", "server-b"], [c, d])
    assert tunnels.endpoint("server-b", c) != seen[c]
    tunnels.peer(c, d, seen[d])
    tunnels.peer(d, c, seen[c])
    with pytest.raises(MeshError, match="as it should"):
        wait(lambda: tunnels.handshake(c, d), "no tunnel, as it should be,", 6)


def test_ipv6_alone(lab: Callable[..., Lab]) -> None:
    two = lab(2, v6=True, outside=1)
    assert [(host.v4, host.v6) for host in two.hosts] == [
        ("", "2001:db8:113::1"),
        ("", "2001:db8:113::2"),
    ]
    for host in (*two.hosts, *two.outside):
        assert out(two.on(host.name, ["ip", "-4", "-o", "address", "show", "dev", "eth0"])) == ""
    out(two.on("outside-1", ["ping", "-c1", "-W2", "2001:db8:113::1"]))
    done = two.run(two.meshtui("apply", "--yes"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 directions up" in done.stdout + done.stderr
    shown = out(two.on("server-a", ["wg", "show", "wg0", "endpoints"]))
    assert shown.endswith("[2001:db8:113::2]:51820")


@pytest.mark.long
@pytest.mark.systemd
def test_with_systemd(lab: Callable[..., Lab]) -> None:
    one = lab(1, nat=1, outside=1, systemd=True)
    running = ["systemctl", "is-system-running", "--wait"]
    assert out(one.run(["ssh", "server-a", *running])) == "running"
    assert out(one.on("outside-1", running)) == "running"
    assert one.on("outside-1", ["pgrep", "sshd"]).returncode == 1
    one.kill("server-a")
    one.boot("server-a")
    assert "192.168.1.2/24" in out(one.run(["ssh", "server-a", "ip -4 address show dev eth0"]))


def test_a_router_ends_with_its_lab(lab_name: str) -> None:
    with Lab.up(1, name=lab_name, nat=1) as one:
        router = power.far_end(one.path, one.host("server-a"))
        one.kill("server-a")
        assert router.alive
    assert not router.alive
    assert not one.path.exists()


def test_a_router_that_fails_is_named_and_nothing_stays(
    lab_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    impossible = [names.LabHost("server-a", "203.0.113.1", "", inner="192.168.300.2")]
    monkeypatch.setattr("meshtui.lab.lab.plan", lambda *_, **__: impossible)
    with pytest.raises(MeshError, match=r"server-a: no NAT: .*192\.168\.300"):
        Lab.up(1, name=lab_name)
    assert not lab_path(lab_name).exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"nat": 6}, "6 of 5 hosts"),
        ({"nat": -1}, "-1 of 5 hosts"),
        ({"symmetric": True}, "behind any"),
        ({"v6": True, "nat": 1}, "IPv4"),
        ({"outside": 245}, "no room"),
        ({"outside": -1}, "no room"),
    ],
)
def test_nonsense_is_refused(wrong: dict[str, int], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Lab.up(5, name="never", **wrong)  # type: ignore[arg-type]


def test_addresses_are_counted_on() -> None:
    last = names.plan(240, nat=1, outside=9)[-1]
    assert (last.v4, last.inner) == ("203.0.113.249", "192.168.249.2")
    assert socket.inet_pton(socket.AF_INET, last.address)
