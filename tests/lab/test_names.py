"""The names of the mesh in the hosts' /etc/hosts, live with every change."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from confirmed import Stopped, settled
from meshtui_on import apply, edit, meshtui, on, plan, set_mesh

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]
MakeLab = Callable[..., Lab]


def hosts_file(lab: Lab, host: str) -> str:
    return on(lab, host, "cat", "/etc/hosts")


def test_names_come_live_are_kept_and_go(lab: MakeLab) -> None:
    one = lab(3)
    names = ["server-a", "server-b", "server-c"]
    apply(one)
    found = json.loads(meshtui(one, "export", "hosts", "--json").stdout)
    addresses = {entry["name"]: entry["address"] for entry in found}
    assert list(addresses) == names
    lines = [f"{address} {name}" for name, address in addresses.items()]
    assert meshtui(one, "export", "hosts").stdout.splitlines() == lines

    # In a container /etc/hosts is a mount of its own: no other file can take its place.
    on(one, "server-c", "sh", "-c", "cp /etc/hosts /run/h; mount --bind /run/h /etc/hosts")
    before = {name: hosts_file(one, name) for name in names}
    was = settled(one, names, 10)
    set_mesh(one, "hosts_file = true")
    result = apply(one)
    assert (result["receipt"]["renewed"], result["receipt"]["lost"]) == (0, 0)
    block = "\n".join(["# meshtui wg0 begin", *lines, "# meshtui wg0 end", ""])
    assert {n: hosts_file(one, n) for n in names} == {n: before[n] + block for n in names}
    assert settled(one, names, 10) == was
    assert addresses["server-b"] in on(one, "server-a", "getent", "ahosts", "server-b")
    plan(one, code=0)

    # Drift, seen and repaired; what stands around the block is nobody's business of ours.
    on(one, "server-a", "sed", "-i", "/ server-b/s/^/#/", "/etc/hosts")
    on(one, "server-a", "sh", "-c", "echo 192.0.2.1 mine >>/etc/hosts")
    [item] = json.loads(meshtui(one, "drift", "--json", code=3).stdout)["server-a"]
    assert (item["what"], item["wanted"]) == ("/etc/hosts", f"{addresses['server-b']} server-b")
    meshtui(one, "drift", "--repair", item["id"], "--yes")
    assert hosts_file(one, "server-a") == before["server-a"] + block + "192.0.2.1 mine\n"

    # Whose meshtui is gone: the hosts go back by themselves, in /etc/hosts as well.
    now = {name: hosts_file(one, name) for name in names}
    text = (one.path / "mesh.toml").read_text()
    edit(one, "hosts_file = true", "hosts_file = false")
    with Stopped(one, "after the note verify", "apply", "--yes", within=3) as it:
        assert {name: hosts_file(one, name) for name in names[1:]} == {
            name: before[name] for name in names[1:]
        }
        it.kill()
    settled(one, names, 20)
    # What was taken out comes back at the end.
    back = {name: sorted(hosts_file(one, name).splitlines()) for name in names}
    assert back == {name: sorted(text.splitlines()) for name, text in now.items()}
    (one.path / "mesh.toml").write_text(text)
    meshtui(one, "recover")

    meshtui(one, "rename", "server-b", "web", "--yes")
    assert f"{addresses['server-b']} web\n" in hosts_file(one, "server-c")
    assert "server-b" not in hosts_file(one, "server-c")
    meshtui(one, "rename", "web", "server-b", "--yes")
    assert hosts_file(one, "server-b") == now["server-b"]

    meshtui(one, "remove", "server-c", "--yes")
    assert hosts_file(one, "server-c") == before["server-c"]
    assert "server-c" not in hosts_file(one, "server-a")
    edit(one, "hosts_file = true", "hosts_file = false")
    apply(one)
    assert hosts_file(one, "server-b") == before["server-b"]
    plan(one, code=0)
