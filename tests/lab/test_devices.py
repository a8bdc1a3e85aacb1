"""Members that nobody reaches over SSH: what they import works with plain wg-quick."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from meshtui_on import apply, conf, directions, meshtui, on, plan, set_mesh
from test_change import without
from test_secrets import Argvs

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]
MakeLab = Callable[..., Lab]
OUTSIDE = "server-c"
HOSTS = ("server-a", "server-b")


@pytest.fixture
def formed(lab: MakeLab) -> Lab:
    """Two hosts in a mesh with preshared keys, and one machine outside."""
    one = lab(3)
    without(one, OUTSIDE)
    set_mesh(one, "preshared_keys = true")
    assert directions(apply(one)) == (2, 2)
    return one


def put(lab: Lab, file: Path) -> None:
    """As a person does: the file is put there, and wg-quick brings it up."""
    write = "umask 077; mkdir -p /etc/wireguard; cat >/etc/wireguard/wg0.conf"
    lab.on(OUTSIDE, ["sh", "-c", write], input=file.read_text(), check=True)
    on(lab, OUTSIDE, "wg-quick", "up", "wg0")


def addresses(lab: Lab) -> list[str]:
    text = (lab.path / "mesh.toml").read_text()
    return re.findall(r'addresses = \["([^"]+)"', text)


def ping(lab: Lab, host: str, address: str) -> bool:
    return lab.on(host, ["ping", "-c", "1", "-W", "1", address]).returncode == 0


def reach(lab: Lab, own: str, *, yes: bool = True) -> None:
    """Whether the machine outside and each host reach each other by now, or no more."""
    for i, host in enumerate(HOSTS):
        deadline = time.monotonic() + 15
        there = addresses(lab)[i]
        # Which of both ends begins must not matter once it has called.
        while (ping(lab, OUTSIDE, there) and ping(lab, host, own)) != yes:
            assert time.monotonic() < deadline, (host, yes)


def test_a_device_is_added_used_given_another_key_and_removed(formed: Lab, tmp_path: Path) -> None:
    one, out = formed, tmp_path / "phone.conf"
    file = one.path / "mesh.toml"
    before = file.read_text()

    # Nobody would see the key: refused before anything is changed.
    assert "--out" in meshtui(one, "add", "phone", "--peer", "--yes", code=2).stderr
    assert "--out" in meshtui(one, "add", "phone", "--peer", "--yes", "--json", code=2).stderr
    assert file.read_text() == before and not out.exists()

    argvs = Argvs()
    argvs.start()
    done = meshtui(one, "add", "phone", "--peer", "--out", str(out), "--yes", code=0)
    assert "[peers.phone]" in done.stdout
    text = out.read_text()
    assert out.stat().st_mode & 0o777 == 0o600
    keys = re.findall(r"(?:PrivateKey|PresharedKey) = (\S+)", text)
    assert len(keys) == 3, "its own, and one for each host"
    argvs.over.set()
    argvs.join()
    kept = one.path / "state"
    state = b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())
    assert b"phone" in state, "the journal"
    for key in keys:
        assert key not in done.stdout + done.stderr + file.read_text()
        assert not any(key.encode() in seen for seen in argvs.seen)
        assert key.encode() not in state

    put(one, out)
    own = re.findall(r"Address = ([\d.]+)/32", text)[0]
    reach(one, own)
    plan(one, code=0)
    assert directions(apply(one)) == (0, 0)

    # Once more without the key, and never over a file that is there.
    shown = meshtui(one, "export", "peer", "phone", code=0).stdout
    assert "# PrivateKey = (on phone)" in shown and f"Address = {own}/32" in shown
    assert (
        "there already" in meshtui(one, "export", "peer", "phone", "--out", str(out), code=2).stderr
    )
    assert out.read_text() == text

    # Another key: the old one is of no use then.
    new = tmp_path / "new.conf"
    meshtui(one, "rotate", "phone", "--out", str(new), "--yes", code=0)
    assert new.read_text().splitlines()[2] != text.splitlines()[2]
    assert conf(one, "server-a").count("# meshtui: phone") == 1
    on(one, OUTSIDE, "wg-quick", "down", "wg0")
    put(one, out)
    assert not ping(one, OUTSIDE, addresses(one)[0])
    on(one, OUTSIDE, "wg-quick", "down", "wg0")
    put(one, new)
    reach(one, own)

    meshtui(one, "rename", "phone", "tablet", "--yes", code=0)
    assert "# meshtui: tablet" in conf(one, "server-a")
    reach(one, own)
    meshtui(one, "disable", "tablet", "--yes", code=0)
    reach(one, own, yes=False)
    meshtui(one, "remove", "tablet", "--yes", code=0)
    assert file.read_text() == before
    for host in HOSTS:
        assert len(on(one, host, "wg", "show", "wg0", "peers").split()) == 1
        assert "tablet" not in conf(one, host)
    plan(one, code=0)


def test_a_machine_joins_by_a_line_pasted_there(formed: Lab) -> None:
    one = formed
    line = json.loads(meshtui(one, "invite", "office", "--json", code=0).stdout)["line"]
    assert json.loads(meshtui(one, "invite", "office", "--json").stdout)["line"] == line
    plan(one, code=0)
    done = one.on(OUTSIDE, ["dash", "-c", line])
    assert done.returncode == 0, done.stderr
    key = on(one, OUTSIDE, "wg", "show", "wg0", "public-key").strip()
    assert done.stdout.splitlines()[-1].endswith(f"add --peer office --public-key {key}")
    again = one.on(OUTSIDE, ["dash", "-c", line])
    assert again.returncode == 1 and "there already: nothing was changed" in again.stderr

    done = meshtui(one, "add", "--peer", "office", "--public-key", key, "--yes", code=0)
    assert "# PrivateKey = (on office)" in done.stdout
    own = re.findall(r"inet ([\d.]+)/", on(one, OUTSIDE, "ip", "addr", "show", "wg0"))[0]
    reach(one, own)
    plan(one, code=0)
    assert "has a key already" in meshtui(one, "invite", "office", code=2).stderr
    meshtui(one, "remove", "office", "--yes", code=0)
    reach(one, own, yes=False)
