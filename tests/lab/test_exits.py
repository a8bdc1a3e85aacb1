"""A way out through another host: of a device, and of a host that is reached from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confirmed import settled
from flow import Flow
from meshtui_on import apply, conf, edit, meshtui, on, plan
from test_change import without

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
BROKEN_OFF = str(Path(__file__).with_name("broken_off.py"))
HOSTS = ("server-a", "server-b", "server-c")
#: Of the Internet: it knows no way into the mesh, and says who calls.
ELSEWHERE = "server-d"
EXIT = 'exit = "server-b"\n'

_LISTEN = """
import socket
server = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
while True:
    client, address = server.accept()
    client.sendall(address[0].removeprefix("::ffff:").encode())
    client.close()
"""
_CALL = """
import socket, sys
with socket.create_connection((sys.argv[1], 80), timeout=3) as one:
    print(one.recv(100).decode())
"""


@pytest.fixture(scope="module")
def mesh(lab: Callable[..., Lab]) -> Iterator[Lab]:
    """Three hosts, server-b leads to everywhere; one machine elsewhere; one behind a router."""
    one = lab(4, networks=("10.0.0.0/24", "fd10::/64"), outside=1)
    without(one, ELSEWHERE)
    edit(one, "[hosts.server-b]\n", '[hosts.server-b]\nroutes = ["0.0.0.0/0", "::/0"]\n')
    # What comes in where nothing would go out is dropped: many distributions are so strict.
    on(one, "server-a", "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1")
    apply(one)
    listen = [*one.enter(ELSEWHERE), "python3", "-c", _LISTEN]
    with subprocess.Popen(listen, stdout=subprocess.PIPE) as listening:
        assert listening.stdout and listening.stdout.readline()
        yield one
        listening.kill()


def seen_as(lab: Lab, host: str, to: str) -> str:
    """Whom the machine elsewhere takes `host` for."""
    return on(lab, host, "python3", "-c", _CALL, to).strip()


def ways_out(lab: Lab, host: str) -> list[str]:
    there = lab.host(ELSEWHERE)
    return [seen_as(lab, host, to) for to in (there.v4, there.v6)]


def own(lab: Lab, host: str) -> list[str]:
    return [lab.host(host).v4, lab.host(host).v6]


def kernel(lab: Lab, host: str) -> str:
    """All that decides where packets of the host go."""
    script = """
        for f in 4 6; do ip -$f rule; ip -$f route show table all | grep -v ' table local '; done
        wg show wg0 fwmark; wg show wg0 allowed-ips | sort; nft -s list ruleset
    """
    lines = on(lab, host, "sh", "-c", script).splitlines()
    # Its link-local address is another one each time.
    return "".join(f"{line}\n" for line in lines if "fe80" not in line)


def has_ssh(lab: Lab, host: str) -> bool:
    """Whether the operator, from outside, gets in by the public address."""
    ssh = ["ssh", "-F", "ssh_config", "-o", "ConnectTimeout=5", lab.host(host).v4, "true"]
    return lab.run(ssh).returncode == 0


def give_exit(lab: Lab) -> None:
    edit(lab, "[hosts.server-a]\n", f"[hosts.server-a]\n{EXIT}")


def take_exit(lab: Lab) -> None:
    edit(lab, EXIT, "")


@pytest.fixture
def one(mesh: Lab) -> Iterator[Lab]:
    """Afterwards server-a leaves by itself, as if it had never been otherwise."""
    text, before = (mesh.path / "mesh.toml").read_text(), kernel(mesh, "server-a")
    assert ways_out(mesh, "server-a") == own(mesh, "server-a")
    yield mesh
    (mesh.path / "mesh.toml").write_text(text)
    apply(mesh)
    assert ways_out(mesh, "server-a") == own(mesh, "server-a")
    assert kernel(mesh, "server-a") == before
    assert not any(word in conf(mesh, "server-a") for word in ("PostUp", "0.0.0.0/0", "::/0"))


@contextmanager
def logged_in(lab: Lab) -> Iterator[None]:
    """One SSH login to server-a by its public address, which must outlast what is done."""
    alive = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3"]
    argv = ["ssh", "-F", "ssh_config", *alive, lab.host("server-a").v4, "cat"]
    with subprocess.Popen(lab.command(argv), stdin=-1, stdout=-1, text=True) as ssh:
        assert ssh.stdin and ssh.stdout

        def answers() -> bool:
            assert ssh.stdin and ssh.stdout
            print("still there", file=ssh.stdin, flush=True)
            return ssh.stdout.readline() == "still there\n"

        assert answers()
        yield
        assert answers()
        ssh.kill()


def test_a_host_leaves_through_its_exit_and_is_reached_as_before(one: Lab) -> None:
    with logged_in(one), Flow(one, HOSTS) as flow:
        give_exit(one)
        said = meshtui(one, "plan", code=3).stdout
        assert "all else that it sends goes through server-b (IPv4, IPv6); answers from" in said
        apply(one)
        assert ways_out(one, "server-a") == own(one, "server-b")
        assert has_ssh(one, "server-a")
        plan(one, code=0)
        take_exit(one)
        words = "what it sends goes no longer through an exit"
        assert words in meshtui(one, "plan", code=3).stdout
        apply(one)
        assert ways_out(one, "server-a") == own(one, "server-a")
    assert flow.lost == 0, flow.lost_in


def test_after_a_boot_wg_quick_alone_does_the_same(one: Lab) -> None:
    give_exit(one)
    apply(one)
    live = kernel(one, "server-a")
    one.kill("server-a")
    one.boot("server-a")
    on(one, "server-a", "wg-quick", "up", "wg0")
    assert has_ssh(one, "server-a")
    on(one, "server-a", "ping", "-c", "1", "-i", "0.2", "-w", "5", "10.0.0.2")
    assert ways_out(one, "server-a") == own(one, "server-b")
    plan(one, code=0)
    assert sorted(map(rule, kernel(one, "server-a").splitlines())) == sorted(
        map(rule, live.splitlines())
    )
    on(one, "server-a", "wg-quick", "down", "wg0")
    assert "lookup main suppress" not in on(one, "server-a", "ip", "rule")
    assert one.host("server-a").v4 not in on(one, "server-a", "ip", "rule")
    on(one, "server-a", "wg-quick", "up", "wg0")


def rule(line: str) -> str:
    """Without the priority, of which the kernel chose another."""
    return line.split(":\t")[-1]


@pytest.mark.long
def test_silence_takes_it_back(one: Lab) -> None:
    with logged_in(one), Flow(one, HOSTS) as flow:
        before = kernel(one, "server-a")
        give_exit(one)
        kill(one, "before ready on server-a")
        assert ways_out(one, "server-a") == own(one, "server-b")
        assert has_ssh(one, "server-a")
        settled(one, HOSTS, 20)
        assert kernel(one, "server-a") == before
        # So it does where the exit was about to end.
        apply(one)
        before = kernel(one, "server-a")
        take_exit(one)
        kill(one, "before ready on server-a")
        assert ways_out(one, "server-a") == own(one, "server-a")
        settled(one, HOSTS, 20)
        assert kernel(one, "server-a") == before
        assert ways_out(one, "server-a") == own(one, "server-b")
    # Beside other tests a ping or two are lost as it goes back.
    assert max(flow.gaps.values()) <= 0.1, flow.gaps


def kill(lab: Lab, at: str) -> None:
    """Apply, and end meshtui at that point; hosts go back 4 s later."""
    done = lab.run([sys.executable, BROKEN_OFF, at, "kill", "4", "apply", "--yes"])
    assert done.returncode == -9, done.stderr


def test_what_somebody_took_of_it_is_drift_and_comes_back(one: Lab) -> None:
    give_exit(one)
    apply(one)
    on(one, "server-a", "ip", "rule", "del", "from", one.host("server-a").v4, "table", "main")
    mark = on(one, "server-a", "wg", "show", "wg0", "fwmark").strip()
    on(one, "server-a", "ip", "-6", "rule", "del", "not", "fwmark", mark)
    # Nobody reaches it there any more: what repairs it comes by IPv6, which leaves as ever.
    assert not has_ssh(one, "server-a")
    assert ways_out(one, "server-a")[1] == own(one, "server-a")[1]
    on(one, "server-a", "ip", "rule", "add", "from", "203.0.113.1", "table", "main")
    said = meshtui(one, "drift", "server-a", code=3).stdout
    assert "exit is missing: IPv6" in said and "answers from" not in said
    apply(one)
    assert ways_out(one, "server-a") == own(one, "server-b")


def test_a_host_that_leaves_the_mesh_leaves_by_itself(one: Lab) -> None:
    give_exit(one)
    apply(one)
    text = (one.path / "mesh.toml").read_text()
    assert not json.loads(meshtui(one, "remove", "server-a", "--yes", "--json").stdout)["failed"]
    assert ways_out(one, "server-a") == own(one, "server-a")
    assert "suppress_prefixlength" not in on(one, "server-a", "ip", "rule")
    (one.path / "mesh.toml").write_text(text)
    # It comes back as a new host, which wg-quick brings up with its exit.
    apply(one)
    assert ways_out(one, "server-a") == own(one, "server-b")
    assert has_ssh(one, "server-a")
    plan(one, code=0)


def test_a_device_leaves_through_its_exit(mesh: Lab, tmp_path: Path) -> None:
    out, outside = tmp_path / "laptop.conf", "outside-1"
    there = mesh.host(ELSEWHERE).v4
    assert seen_as(mesh, outside, there) == mesh.host(outside).v4
    add = ("add", "laptop", "--peer", "--exit", "server-b", "--out", str(out), "--yes")
    meshtui(mesh, *add)
    write = "umask 077; mkdir -p /etc/wireguard; cat >/etc/wireguard/wg0.conf"
    mesh.on(outside, ["sh", "-c", write], input=out.read_text(), check=True)
    on(mesh, outside, "wg-quick", "up", "wg0")
    on(mesh, outside, "ping", "-c", "1", "-i", "0.2", "-w", "5", "10.0.0.2")
    assert seen_as(mesh, outside, there) == mesh.host("server-b").v4
    on(mesh, outside, "wg-quick", "down", "wg0")
    assert seen_as(mesh, outside, there) == mesh.host(outside).v4
    meshtui(mesh, "remove", "laptop", "--yes")
