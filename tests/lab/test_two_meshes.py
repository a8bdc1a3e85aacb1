"""Two meshes on the same hosts, each of an interface and a file of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from confirmed import settled
from meshtui_on import apply, directions, edit, handshakes, meshtui, on, plan
from state import State

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]
MakeLab = Callable[..., Lab]
NAMES = ["server-a", "server-b", "server-c"]
OFFICE = ("-f", "office.toml")


def second(
    lab: Lab, *, interface: str = "wg1", port: int = 51821, network: str = "10.1.0.0/24"
) -> None:
    """Write office.toml for the same hosts."""
    hosts = "".join(f'\n[hosts.{host.name}]\nssh = "root@{host.v4}"\n' for host in lab.hosts)
    (lab.path / "office.toml").write_text(
        f'[mesh]\nname = "office"\ninterface = "{interface}"\nnetworks = ["{network}"]\n'
        f"listen_port = {port}\nhosts_file = true\n{hosts}"
    )


def of_the_first(lab: Lab) -> dict[str, State]:
    """All that the hosts have of the mesh in mesh.toml."""
    return {n: replace(one, files="") for n, one in settled(lab, NAMES, 10).items()}


def refused(lab: Lab) -> str:
    """Why nothing can be done on any host."""
    said = meshtui(lab, "plan", *OFFICE, code=3).stdout
    assert said.count("left as it is") == 3
    return said


def test_two_meshes_live_together(lab: MakeLab) -> None:
    one = lab(3)
    apply(one)
    before = of_the_first(one)
    shook = {name: handshakes(one, name) for name in NAMES}

    # What only one of them can have.
    second(one, port=51820)
    assert "wg0 listens on UDP port 51820 there already" in refused(one)
    second(one, network="10.0.0.0/16")
    assert "10.0.0.0/24 leads to wg0 there" in refused(one)
    second(one, interface="wg0", network="10.1.0.0/24")
    assert "wg0 is kept by meshtui for another mesh there, in 10.0.0.0/24" in refused(one)
    assert of_the_first(one) == before

    second(one)
    assert directions(apply(one, *OFFICE)) == (6, 6)
    assert of_the_first(one) == before
    assert {name: handshakes(one, name) for name in NAMES} == shook
    plan(one, code=0)
    plan(one, *OFFICE, code=0)

    # What is done to one of them is no news to the other.
    edit(one, "[mesh]\n", "[mesh]\nhosts_file = true\n")
    apply(one)
    now = of_the_first(one)
    meshtui(one, "set", "server-a", "--mtu", "1380", "--yes", *OFFICE)
    assert of_the_first(one) == now
    assert " mtu 1380 " in on(one, "server-a", "ip", "link", "show", "wg1")
    names = on(one, "server-a", "cat", "/etc/hosts")
    assert "10.0.0.2 server-b" in names and "10.1.0.2 server-b" in names
    meshtui(one, "remove", "server-c", "--yes", *OFFICE)
    left = on(one, "server-c", "sh", "-c", "ls /etc/wireguard; cat /etc/hosts")
    assert "wg1" not in left and "10.0.0.3 server-c" in left and "10.1.0" not in left
    assert {name: handshakes(one, name) for name in NAMES} == shook
    assert json.loads(meshtui(one, "drift", "--json", code=0).stdout) == {n: [] for n in NAMES}

    done = meshtui(one, "status", "-f", "mesh.toml", *OFFICE, code=2)
    assert "takes one -f FILE" in done.stderr
