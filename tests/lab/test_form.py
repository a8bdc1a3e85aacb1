"""From a host list to a verified mesh, on real hosts."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from meshtui_on import (
    apply,
    conf,
    directions,
    edit,
    handshakes,
    meshtui,
    on,
    plan,
    set_mesh,
    status,
)

import meshtui as meshtui_package
from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]


def test_three_hosts_are_formed_verified_and_left_alone(lab: MakeLab) -> None:
    one = lab(3)
    assert plan(one)["changes"] == 12
    assert directions(apply(one)) == (6, 6)
    before = [handshakes(one, host.name) for host in one.hosts]
    again = apply(one)
    assert again["changes"] == 0 and again["directions"] == []
    plan(one, code=0)
    assert [handshakes(one, host.name) for host in one.hosts] == before
    seen = status(one)
    assert {host["state"] for host in seen["hosts"].values()} == {"up"}
    assert {link["state"] for link in seen["links"]} == {"up"} and len(seen["links"]) == 6


def test_files_are_private_and_nothing_else_is_left_behind(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    stat = on(one, "server-a", "stat", "-c", "%a", "/etc/wireguard", "/etc/wireguard/wg0.conf")
    assert stat.split() == ["700", "600"]
    assert on(one, "server-a", "ls", "-A", "/etc/wireguard").split() == ["wg0.conf"]
    assert on(one, "server-a", "ls", "-A", "/var/lib/meshtui/wg0").split() == ["last"]


@pytest.mark.parametrize(
    "networks", [["fd10:6d65:7368::/64"], ["10.0.0.0/24", "fd10:6d65:7368::/64"]]
)
def test_each_family_is_pinged(lab: MakeLab, networks: list[str]) -> None:
    one = lab(3, networks=networks)
    result = apply(one)
    assert directions(result) == (6, 6)
    for direction in result["directions"]:
        assert direction["detail"].count(" ms") == len(networks)


def test_ten_hosts(lab: MakeLab) -> None:
    result = apply(lab(10))
    assert directions(result) == (90, 90)
    # A collision of handshakes would cost 5 s more.
    assert result["seconds"] < 20


def test_keys_made_by_the_operator(lab: MakeLab) -> None:
    one = lab(3)
    set_mesh(one, 'keys = "operator"')
    assert directions(apply(one)) == (6, 6)
    assert apply(one)["changes"] == 0


def test_every_link_gets_a_preshared_key_of_its_own(lab: MakeLab) -> None:
    one = lab(3)
    set_mesh(one, "preshared_keys = true")
    assert directions(apply(one)) == (6, 6)
    psks = set()
    for host in one.hosts:
        lines = on(one, host.name, "wg", "show", "wg0", "preshared-keys").splitlines()
        psks |= {line.split()[1] for line in lines}
        assert conf(one, host.name).count("PresharedKey = ") == 2
    assert len(psks) == 3 and "(none)" not in psks
    assert apply(one)["changes"] == 0


def test_preshared_keys_come_to_a_running_mesh(lab: MakeLab) -> None:
    one = lab(3)
    apply(one)
    set_mesh(one, "preshared_keys = true")
    assert directions(apply(one)) == (6, 6)
    assert plan(one, code=0)["changes"] == 0


def test_a_host_that_lost_its_interface_gets_it_back_with_its_key(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    key = status(one)["hosts"]["server-b"]["public_key"]
    one.kill("server-b")
    one.boot("server-b")
    assert status(one, code=1)["hosts"]["server-b"]["state"] == "no-interface"
    assert directions(apply(one)) == (2, 2)
    assert status(one)["hosts"]["server-b"]["public_key"] == key


def test_a_host_that_was_rebuilt_gets_a_new_key_everywhere(lab: MakeLab) -> None:
    one = lab(3)
    apply(one)
    old = status(one)["hosts"]["server-b"]["public_key"]
    on(one, "server-b", "wg-quick", "down", "wg0")
    on(one, "server-b", "rm", "/etc/wireguard/wg0.conf")
    assert directions(apply(one)) == (6, 6)
    assert status(one)["hosts"]["server-b"]["public_key"] != old
    assert old not in conf(one, "server-a") + on(one, "server-a", "wg", "show", "wg0", "peers")


def test_the_way_of_one_host_is_by_sudo(lab: MakeLab) -> None:
    one = lab(2)
    edit(one, "root@203.0.113.2", "admin@203.0.113.2")
    assert directions(apply(one)) == (2, 2)


def test_init_makes_the_file_that_apply_takes(lab: MakeLab) -> None:
    one = lab(3)
    targets = ["root@203.0.113.1", "web=root@203.0.113.2:22", "server-c"]
    meshtui(one, "init", "-f", "new.toml", "--ipv6", *targets)
    done = meshtui(one, "-f", "new.toml", "apply", "--yes")
    assert "6 of 6 directions up" in done.stderr
    assert "web" in meshtui(one, "status", "-f", "new.toml").stdout


def test_the_file_that_meshtui_writes_is_one_for_plain_wg_quick(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    on(one, "server-a", "wg-quick", "down", "wg0")
    on(one, "server-a", "wg-quick", "up", "wg0")
    assert apply(one)["changes"] == 0
    assert "1 received" in on(one, "server-a", "ping", "-c1", "-w5", "10.0.0.2")


def test_nobody_is_asked_where_there_is_no_terminal(lab: MakeLab) -> None:
    one = lab(2)
    for words in (["apply"], ["apply", "--json"]):
        assert "--yes" in meshtui(one, *words, code=2, stdin=subprocess.DEVNULL).stderr


def carry_meshtui(lab: Lab, host: str) -> None:
    """Hosts do not see the checkout: put what the command line loads into the host's /opt."""
    site = Path(sysconfig.get_path("platlib"))
    names = "asyncssh cryptography cffi _cffi_backend* rich pygments markdown_it mdurl"
    names += " platformdirs typing_extensions.py"
    found = [path.name for name in names.split() for path in site.glob(name)]
    root = Path(meshtui_package.__file__).parents[1]
    tar = ["tar", "-c", "--exclude=__pycache__", "-C", site, *found, "-C", root, "meshtui"]
    packed = subprocess.run(tar, capture_output=True, check=True).stdout
    lab.on(host, ["tar", "-x", "-C", "/opt"], input=packed, text=False, check=True)


def test_the_machine_that_meshtui_runs_on_is_a_host_too(lab: MakeLab) -> None:
    """meshtui on server-a: that one is `local`, the other is reached from there."""
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    if not Path(python).exists():
        pytest.skip(f"no {python}, and a host sees no other one of the machine's")
    one = lab(2)
    carry_meshtui(one, "server-a")
    key = (one.path / "id_ed25519").read_text()
    on(one, "server-a", "mkdir", "-p", "-m", "700", "/root/.ssh", "/root/mesh")
    write = ["sh", "-c", "umask 077; rm -f /root/.ssh/*; cat >/root/.ssh/id_ed25519"]
    one.on("server-a", write, input=key, check=True)
    there = ["env", "--chdir=/root/mesh", "PYTHONPATH=/opt", python, "-m", "meshtui"]
    init = ["init", "server-a=local", "root@203.0.113.2", "--endpoint", "server-a=203.0.113.1"]
    done = one.on("server-a", [*there, *init])
    assert done.returncode == 0, done.stderr
    done = one.on("server-a", [*there, "--accept-new-host-keys", "apply", "--yes"], timeout=60)
    assert "2 of 2 directions up" in done.stderr, done.stderr
    assert one.on("server-a", [*there, "plan"]).returncode == 0
