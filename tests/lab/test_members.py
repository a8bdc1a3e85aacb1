"""A host comes into a mesh that runs, and leaves it, by one command each."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from meshtui_on import apply, conf, directions, handshakes, meshtui, on, plan, status
from test_change import without

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
LAST = "server-d"


def change(lab: Lab, *args: str, code: int = 0) -> dict[str, Any]:
    done = meshtui(lab, *args, "--yes", "--json", code=code)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def has(lab: Lab, host: str, path: str) -> bool:
    return lab.on(host, ["test", "-e", path]).returncode == 0


def test_a_host_comes_and_goes_and_the_others_notice_nothing(lab: MakeLab) -> None:
    one = lab(4)
    file = one.path / "mesh.toml"
    without(one, LAST)
    file.write_text(file.read_text() + "\n# the end\n")
    assert directions(apply(one)) == (6, 6)
    formed = file.read_text()
    others = ("server-a", "server-b", "server-c")
    before = {name: handshakes(one, name) for name in others}

    # Nobody to ask: it is shown, and nothing is written.
    target = f"root@{one.host(LAST).v4}"
    done = meshtui(one, "add", LAST, "--ssh", target, code=2)
    assert "--yes" in done.stderr
    assert f"+[hosts.{LAST}]" in done.stdout and "make-key" in done.stdout
    assert file.read_text() == formed
    assert not has(one, LAST, "/etc/wireguard/wg0.conf")

    assert directions(change(one, "add", LAST, "--ssh", target)) == (12, 12)
    said = file.read_text()
    assert f'\n\n[hosts.{LAST}]\nssh = "{target}"\naddresses = ["10.0.0.4"]\npublic_key = "' in said
    assert said.endswith("\n# the end\n")
    assert {link["state"] for link in status(one)["links"]} == {"up"}
    for name, peers in before.items():
        now = handshakes(one, name)
        assert len(now) == 3 and {key: now[key] for key in peers} == peers
    plan(one, code=0)

    done = meshtui(one, "remove", LAST, code=2)
    assert f"-[hosts.{LAST}]" in done.stdout and "take-down" in done.stdout
    assert "PrivateKey = (hidden)" in done.stdout and "--yes" in done.stderr
    assert file.read_text() == said and has(one, LAST, "/sys/class/net/wg0")

    assert directions(change(one, "remove", LAST)) == (6, 6)
    assert file.read_text() == formed
    assert not has(one, LAST, "/sys/class/net/wg0")
    assert not has(one, LAST, "/etc/wireguard/wg0.conf")
    assert not has(one, LAST, "/var/lib/meshtui")
    assert {name: handshakes(one, name) for name in others} == before
    assert LAST not in conf(one, "server-a")
    plan(one, code=0)

    # Another name touches nothing but files.
    shown = meshtui(one, "rename", "server-b", "web", code=2).stdout
    assert "+[hosts.web]" in shown and "get a new session" not in shown
    assert directions(change(one, "rename", "server-b", "web")) == (6, 6)
    assert file.read_text() == formed.replace("server-b", "web")
    assert "# meshtui: web\n" in conf(one, "server-a") and "server-b" not in conf(one, "server-a")
    assert handshakes(one, "server-a") == before["server-a"]
    plan(one, code=0)

    # A host that is off: the others forget it, and what stays there is said.
    config = one.path / "ssh_config"
    config.write_text("ConnectTimeout 2\n" + config.read_text())
    one.kill("server-c")
    result = change(one, "remove", "server-c", code=1)
    assert directions(result) == (2, 2)
    assert list(result["failed"]) == ["server-c"]
    latest = json.loads(meshtui(one, "log", "--json").stdout)[-1]
    assert (list(latest["failed"]), latest["ok"]) == (["server-c"], False)
    for word in ("/etc/wireguard/wg0.conf", "private key", "wg-quick down wg0", "rm -rf"):
        assert word in result["failed"]["server-c"]
    assert "server-c" not in file.read_text() + conf(one, "server-a")
    assert len(handshakes(one, "server-a")) == 1

    # And one that cannot be reached is not added.
    gone = f"root@{one.host('server-c').v4}"
    was = file.read_text()
    done = meshtui(one, "add", "server-c", "--ssh", gone, "--yes", code=1)
    assert "server-c: " in done.stderr and "nothing was written" in done.stderr
    assert file.read_text() == was


def test_what_was_not_seen_is_not_taken_down(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    # Another file than the one that was shown stays, and so does what runs.
    folder = resources.files("meshtui.ssh") / "scripts"
    names = ("observe.sh", "stage.sh", "change.sh", "obey.sh")
    verbs = "\n".join((folder / name).read_text() for name in names)
    for shell in (["sh", "-s"], ["busybox", "sh", "-s"]):
        done = one.on("server-b", shell, input=f"{verbs}\ntake_down wg0 {64 * 'f'}\n")
        assert done.returncode == 9 and "changed since the plan was made" in done.stderr
    assert has(one, "server-b", "/sys/class/net/wg0") and conf(one, "server-b")
    # Somebody else's file, and an interface that meshtui knows nothing of.
    script = "wg-quick down wg0; sed -i '/meshtui/d; s|^PrivateKey.*|PrivateKey = '$(wg genkey)'|'"
    on(one, "server-b", "sh", "-c", f"set -e; {script} /etc/wireguard/wg0.conf; wg-quick up wg0")
    was = conf(one, "server-b")
    done = meshtui(one, "remove", "server-b", "--yes")
    assert "left alone" in done.stdout
    assert conf(one, "server-b") == was and has(one, "server-b", "/sys/class/net/wg0")
    assert not handshakes(one, "server-a")
