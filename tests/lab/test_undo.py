"""The last change taken back, as a plan like any other."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from meshtui_on import apply, directions, edit, handshakes, meshtui, on, plan
from test_change import without
from test_members import LAST, change, has

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]


def test_the_last_change_is_taken_back_and_that_too(lab: MakeLab) -> None:
    one = lab(4)
    file = one.path / "mesh.toml"
    without(one, LAST)
    assert "nothing was applied" in meshtui(one, "undo", "--yes", code=1).stderr
    apply(one)
    formed = file.read_text()
    before = handshakes(one, "server-a")
    assert "change 1 is the first" in meshtui(one, "undo", "--yes", code=1).stderr

    target = f"root@{one.host(LAST).v4}"
    change(one, "add", LAST, "--ssh", target)
    added = file.read_text()
    # An edit that was not applied is not lost.
    file.write_text(added + "# mine\n")
    assert "was edited since change 2" in meshtui(one, "undo", "--yes", code=1).stderr
    file.write_text(added)

    done = meshtui(one, "undo", code=2)
    assert f"-[hosts.{LAST}]" in done.stdout and "take-down" in done.stdout
    assert file.read_text() == added, "nobody agreed"
    assert directions(change(one, "undo")) == (6, 6)
    assert file.read_text() == formed
    assert handshakes(one, "server-a") == before
    assert not has(one, LAST, "/sys/class/net/wg0")
    plan(one, code=0)

    # To take that back is to add the host again, with a new key: its old one is gone.
    assert directions(change(one, "undo")) == (12, 12)
    assert file.read_text().replace("\n", "").startswith(formed.replace("\n", "")[:200])
    plan(one, code=0)
    numbers = [entry["number"] for entry in json.loads(meshtui(one, "log", "--json").stdout)]
    assert numbers == [1, 2, 3, 4]


def test_a_rename_goes_back_and_takes_nothing_down(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    before = handshakes(one, "server-a")
    change(one, "rename", "server-b", "web")
    done = meshtui(one, "undo", "--yes")
    assert "take-down" not in done.stdout
    assert "[hosts.server-b]" in (one.path / "mesh.toml").read_text()
    assert handshakes(one, "server-a") == before
    plan(one, code=0)


def test_a_setting_goes_back(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    edit(one, "[hosts.server-b]\n", "[hosts.server-b]\nlisten_port = 51999\n")
    apply(one)
    assert on(one, "server-b", "wg", "show", "wg0", "listen-port").strip() == "51999"
    assert directions(change(one, "undo")) == (2, 2)
    assert on(one, "server-b", "wg", "show", "wg0", "listen-port").strip() == "51820"
    assert "51999" not in (one.path / "mesh.toml").read_text()
    # A repair is no change of mesh.toml.
    on(one, "server-b", "wg", "set", "wg0", "listen-port", "51888")
    apply(one)
    assert "did not change mesh.toml" in meshtui(one, "undo", "--yes", code=1).stderr
