"""Hosts that systemd boots: a server as it comes from a provider."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from meshtui.errors import MeshError
from meshtui.lab import Lab, cgroups, down, image, names, procs
from meshtui.lab.paths import lab_path, marker

pytestmark = [pytest.mark.lab, pytest.mark.systemd]


@pytest.fixture(scope="module")
def two(lab: Callable[..., Lab]) -> Lab:
    return lab(2, systemd=True)


def ssh(lab: Lab, target: str, words: str) -> str:
    done = lab.run(["ssh", "-oBatchMode=yes", "-oConnectTimeout=5", target, words])
    assert done.returncode == 0, done.stderr
    return str(done.stdout).strip()


def test_systemd_runs_and_nothing_failed(two: Lab) -> None:
    for host in two.hosts:
        assert ssh(two, host.name, "systemctl is-system-running --wait") == "running"
        assert ssh(two, f"root@{host.v4}", "hostname; cat /proc/1/comm") == f"{host.name}\nsystemd"
    assert ssh(two, "admin@server-b", "sudo -n id -un") == "root"
    ids = {ssh(two, host.name, "cat /etc/machine-id") for host in two.hosts}
    assert len(ids) == 2


def test_each_systemd_has_its_own_tree(two: Lab) -> None:
    """Stopping a service on one host stops it there only."""
    for host in two.hosts:
        ssh(two, host.name, "systemd-run --quiet --unit=probe sleep 1000")
    ssh(two, "server-a", "systemctl stop probe")
    assert ssh(two, "server-b", "systemctl is-active probe") == "active"
    ssh(two, "server-b", "systemctl stop probe; sysctl -w net.ipv4.ip_forward=1")


def test_an_enabled_tunnel_is_back_after_power_cut_and_reboot(two: Lab) -> None:
    for host in two.hosts:
        ssh(two, host.name, "umask 077; wg genkey >/etc/wireguard/key")
    keys = [ssh(two, host.name, "wg pubkey </etc/wireguard/key") for host in two.hosts]
    for number, (host, other, key) in enumerate(
        zip(two.hosts, two.hosts[::-1], keys[::-1], strict=True), 1
    ):
        text = (
            f"[Interface]\nAddress = 10.9.0.{number}/24\nListenPort = 51820\n"
            "PostUp = wg set %i private-key /etc/wireguard/key\n"
            f"[Peer]\nPublicKey = {key}\nAllowedIPs = 10.9.0.0/24\nEndpoint = {other.v4}:51820\n"
        )
        two.on(host.name, ["sh", "-c", "cat >/etc/wireguard/wg0.conf"], input=text, check=True)
        ssh(two, host.name, "systemctl enable --quiet --now wg-quick@wg0")
    ssh(two, "server-a", "ping -c1 -W5 10.9.0.2")

    before = two.host("server-a").pid
    two.kill("server-a")
    assert two.host("server-a").pid is None
    two.boot("server-a")
    assert two.host("server-a").pid not in (None, before)
    assert ssh(two, "server-a", "systemctl is-system-running --wait") == "running"
    ssh(two, "server-a", "ping -c1 -W5 10.9.0.2")

    booted = two.host("server-b").pid
    two.on("server-b", ["systemctl", "reboot"])
    procs.wait_until(lambda: two.host("server-b").pid not in (None, booted), 30, lambda: "no boot")
    procs.wait_until(
        lambda: two.on("server-b", ["ping", "-c1", "-W1", "10.9.0.1"]).returncode == 0,
        30,
        lambda: "no tunnel after the reboot",
    )


def test_it_leaves_nothing(lab_name: str) -> None:
    left = sorted(Path("/run").glob("systemd/*"))
    one = Lab.up(1, name=lab_name, systemd=True)
    assert cgroups.of_lab(lab_name)
    init = one.hosts[0].pid
    one.down()
    assert cgroups.of_lab(lab_name) == []
    assert procs.inside(marker(lab_name)) == []
    assert procs.process(init or 0) is None
    assert not lab_path(lab_name).exists()
    assert sorted(Path("/run").glob("systemd/*")) == left


_UP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from meshtui.lab import Lab, image
image.CACHE = Path(sys.argv[3])
Lab.up(1, name=sys.argv[2], systemd=True)
"""


def test_killed_while_debootstrap_runs(
    lab_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "CACHE", tmp_path)
    root = str(Path(names.__file__).parents[2])
    up = subprocess.Popen([sys.executable, "-c", _UP, root, lab_name, str(tmp_path)])
    procs.wait_until(
        lambda: bool(list(tmp_path.glob(".building-*/debootstrap"))), 30, lambda: "no debootstrap"
    )
    up.send_signal(signal.SIGKILL)
    up.wait(10)
    builders = procs.holding(lab_path(lab_name) / "lock")
    assert builders
    assert down(lab_name)
    assert [each for each in builders if each.alive] == []
    assert list(tmp_path.glob(".building-*")) == []


def test_where_packages_come_from() -> None:
    told = "mirror:/a/ one main\nmirror:/b/ two main\nmirror:/b/ two universe\nmirror:/c/ two main"
    found = image.source(told, "two")
    assert (found.mirror, found.components) == ("mirror:/b/", ("main", "universe"))
    with pytest.raises(MeshError, match="apt knows no packages of three"):
        image.source(told, "three")
