"""One host's settings, a link and a host changed on a mesh that runs; all else notices nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from meshtui_on import apply, conf, directions, handshakes, meshtui, on, plan, status

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]
MakeLab = Callable[..., Lab]


def change(lab: Lab, *args: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(meshtui(lab, *args, "--yes", "--json").stdout)
    return result


def undisturbed(result: dict[str, Any]) -> int:
    """How many sessions were there that were to stay; none of them may have noticed."""
    receipt = result["receipt"]
    assert (receipt["renewed"], receipt["lost"]) == (0, 0)
    count: int = receipt["there"]
    return count


def test_set_disable_and_enable_on_a_running_mesh(lab: MakeLab) -> None:
    one = lab(3)
    file = one.path / "mesh.toml"
    assert directions(apply(one)) == (6, 6)
    formed = file.read_text()
    key = {name: host["public_key"] for name, host in status(one)["hosts"].items()}
    before = {name: handshakes(one, name) for name in key}

    # Shown, with nobody to ask.
    done = meshtui(one, "set", "server-a", "--keepalive", "15", code=2)
    assert "+persistent_keepalive = 15" in done.stdout and "keepalive off -> 15" in done.stdout
    assert "--yes" in done.stderr and file.read_text() == formed

    result = change(one, "set", "server-a", "--keepalive", "15", "--port", "51999")
    assert directions(result) == (6, 6) and undisturbed(result) == 6
    assert "\npersistent_keepalive = 15\n" in file.read_text()
    assert on(one, "server-a", "wg", "show", "wg0", "listen-port") == "51999\n"
    assert on(one, "server-a", "wg", "show", "wg0", "persistent-keepalive").count("\t15\n") == 2
    ends = on(one, "server-b", "wg", "show", "wg0", "endpoints")
    assert f"{key['server-a']}\t{one.host('server-a').v4}:51999" in ends
    assert "ListenPort = 51999" in conf(one, "server-a")
    assert {name: handshakes(one, name) for name in key} == before
    plan(one, code=0)
    # Said already: nothing to do, and nobody to ask.
    done = meshtui(one, "set", "server-a", "--keepalive", "15")
    assert "nothing to do" in done.stdout
    change(one, "set", "server-b", "--mtu", "1380")
    assert " mtu 1380 " in on(one, "server-b", "ip", "link", "show", "wg0")
    assert "MTU = 1380" in conf(one, "server-b")
    change(one, "set", "server-b", "--mtu", "default")
    assert "MTU" not in conf(one, "server-b")
    plan(one, code=0)
    result = change(one, "set", "server-a", "--keepalive", "off", "--port", "default")
    assert directions(result) == (6, 6) and undisturbed(result) == 6
    assert file.read_text() == formed

    result = change(one, "disable", "server-b", "server-a")
    assert directions(result) == (4, 4) and undisturbed(result) == 4
    assert '\n[[links]]\nbetween = ["server-b", "server-a"]\ndisabled = true\n' in file.read_text()
    assert key["server-b"] not in handshakes(one, "server-a")
    assert key["server-a"] not in handshakes(one, "server-b")
    assert key["server-b"] not in conf(one, "server-a")
    assert handshakes(one, "server-c") == before["server-c"]
    now = status(one)
    pairs = {(link["from"], link["to"]) for link in now["links"]}
    assert len(pairs) == 4 and ("server-a", "server-b") not in pairs
    plan(one, code=0)
    # Another name is another name there, too.
    change(one, "rename", "server-b", "web")
    assert 'between = ["web", "server-a"]' in file.read_text()
    change(one, "rename", "web", "server-b")

    result = change(one, "enable", "server-a", "server-b")
    assert directions(result) == (6, 6) and undisturbed(result) == 4
    assert file.read_text() == formed
    assert handshakes(one, "server-c") == before["server-c"]

    was = handshakes(one, "server-a")
    result = change(one, "disable", "server-c")
    assert directions(result) == (2, 2) and undisturbed(result) == 2
    assert "\ndisabled = true\n" in file.read_text()
    assert handshakes(one, "server-c") == {}
    assert on(one, "server-c", "ip", "-br", "address", "show", "wg0").split()[2] == "10.0.0.3/24"
    assert handshakes(one, "server-a") == {key["server-b"]: was[key["server-b"]]}
    now = status(one)
    told = {name: (host["state"], host["disabled"]) for name, host in now["hosts"].items()}
    assert told == {n: ("up", n == "server-c") for n in key} and len(now["links"]) == 2
    text = meshtui(one, "status").stdout
    assert "up, disabled" in text and "2 of 2 directions healthy" in text and "0/0" in text
    plan(one, code=0)

    # Taken back by undo as well as by enable.
    assert directions(change(one, "undo")) == (6, 6)
    assert file.read_text() == formed
    change(one, "disable", "server-c")
    result = change(one, "enable", "server-c")
    assert directions(result) == (6, 6) and undisturbed(result) == 2
    assert file.read_text() == formed
    assert handshakes(one, "server-a")[key["server-b"]] == was[key["server-b"]]
    plan(one, code=0)
