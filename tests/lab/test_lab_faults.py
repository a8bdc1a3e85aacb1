"""Each fault does to a host what its name says, and to no other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from meshtui.errors import MeshError
from meshtui.lab import Lab, faults

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def two(lab: Callable[..., Lab]) -> Lab:
    return lab(2)


def ssh(lab: Lab, target: str, words: str, **kw: object) -> subprocess.CompletedProcess[str]:
    return lab.run(["ssh", "-oBatchMode=yes", "-oConnectTimeout=2", target, words], **kw)


def test_full_disk(two: Lab) -> None:
    ssh(two, "server-a", "echo old >/etc/wireguard/wg0.conf")
    faults.fill_disk(two, "server-a")
    done = ssh(two, "server-a", "head -c 8192 /dev/zero >/etc/wireguard/new")
    assert "No space left" in done.stderr
    assert ssh(two, "server-a", "cat /etc/wireguard/wg0.conf").stdout == "old\n"
    assert ssh(two, "server-b", "echo x >/etc/wireguard/new").returncode == 0
    faults.free_disk(two, "server-a")
    assert ssh(two, "server-a", "echo x >/etc/wireguard/new").returncode == 0


def test_read_only_etc(two: Lab) -> None:
    faults.read_only_etc(two, "server-a")
    assert "Read-only" in ssh(two, "server-a", "echo x >/etc/wireguard/new2").stderr
    faults.writable_etc(two, "server-a")
    assert ssh(two, "server-a", "echo x >/etc/wireguard/new2").returncode == 0


def test_no_wg(two: Lab) -> None:
    faults.remove_wg(two, "server-a")
    assert ssh(two, "server-a", "wg").returncode == 127
    assert ssh(two, "server-b", "command -v wg-quick").returncode == 0
    faults.restore_wg(two, "server-a")
    assert ssh(two, "server-a", "wg; command -v wg-quick").returncode == 0


def test_new_host_key(lab: Callable[..., Lab]) -> None:
    one = lab(1)
    old = one.on("server-a", ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout.strip()
    assert faults.new_host_key(one, "server-a") != old
    assert "HOST IDENTIFICATION HAS CHANGED" in ssh(one, "server-a", "true").stderr


@pytest.mark.parametrize("shell", ["/usr/bin/fish", "/usr/bin/tcsh", "/bin/sh"])
def test_users_and_shells(two: Lab, shell: str) -> None:
    if two.on("server-a", ["test", "-x", shell]).returncode != 0:
        pytest.skip(f"{shell} is not installed")
    user = shell.rpartition("/")[2]
    faults.add_user(two, "server-a", user, shell=shell)
    assert ssh(two, f"{user}@203.0.113.1", "echo $0; id -un").stdout.endswith(f"{user}\n")
    assert "password is required" in ssh(two, f"{user}@203.0.113.1", "sudo -n true").stderr
    faults.set_shell(two, "server-b", "root", shell)
    assert two.on("server-b", ["grep", f"^root:.*:{shell}$", "/etc/passwd"]).returncode == 0
    assert ssh(two, "server-b", "id -un").stdout == "root\n"


def test_sudo_with_a_password_or_freely(two: Lab) -> None:
    faults.add_user(two, "server-a", "asked", sudo="password")
    faults.add_user(two, "server-a", "free", sudo="free")
    assert ssh(two, "asked@203.0.113.1", "sudo -n true").returncode == 1
    done = ssh(two, "asked@203.0.113.1", "sudo -S id -un", input=f"{faults.SUDO_PASSWORD}\n")
    assert done.stdout == "root\n"
    assert ssh(two, "free@203.0.113.1", "sudo -n id -un").stdout == "root\n"


def test_a_fault_that_fails_says_so(two: Lab) -> None:
    with pytest.raises(MeshError, match=r"server-a: add-user failed: .*exists"):
        faults.add_user(two, "server-a", "admin")


def heard(lab: Lab, source: str, target: str) -> bool:
    """Whether a UDP datagram gets from one host to another."""
    listen = (
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 5999));"
        "print('ready', flush=True); s.settimeout(1); print(s.recv(9).decode())"
    )
    send = (
        "import socket, sys;"
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'hi', (sys.argv[1], 5999))"
    )

    def python(host: str, code: str) -> list[str]:
        return ["nsenter", f"--net={lab.host(host).namespace}", sys.executable, "-c", code]

    ear = subprocess.Popen(
        python(target, listen), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert ear.stdout
    assert ear.stdout.readline() == "ready\n"
    subprocess.run([*python(source, send), lab.host(target).v4], check=True, timeout=10)
    return "hi" in ear.communicate(timeout=5)[0]


def test_udp_one_way(two: Lab) -> None:
    faults.block_udp(two, "server-a", "server-b")
    assert not heard(two, "server-a", "server-b")
    assert heard(two, "server-b", "server-a")
    assert ssh(two, "server-b", "true").returncode == 0
    faults.clear_network(two)
    assert heard(two, "server-a", "server-b")


def test_frozen_link(two: Lab) -> None:
    faults.freeze_link(two, "server-a")
    faults.freeze_link(two, "server-a")  # twice is once
    assert "timed out" in ssh(two, "server-a", "true").stderr
    assert ssh(two, "server-b", "true").returncode == 0
    faults.thaw_link(two, "server-a")
    assert ssh(two, "server-a", "true").returncode == 0
