"""mesh.toml is read again while meshtui runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshtui.errors import MeshError
from meshtui.fleet.fleet import Fleet
from meshtui.plan.model import Plan, PlanInputs
from tests.plan.sim import public

TOP = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n'
A = f'[hosts.a]\nssh = "root@192.0.2.1"\npublic_key = "{public("a")}"\n'
B = '[hosts.b]\nssh = "root@192.0.2.2"\n'
C = '[hosts.c]\nssh = "root@192.0.2.3"\n'


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    (tmp_path / "mesh.toml").write_text(TOP + A + B)

    async def refuse(_: object) -> bool:
        return False

    made = Fleet(tmp_path / "mesh.toml", refuse)
    yield made
    await made.close()


async def test_nothing_new(fleet: Fleet) -> None:
    mesh = fleet.mesh
    assert not fleet.reload()
    os.utime(fleet.path)
    assert not fleet.reload(), "touched, and still the same"
    assert fleet.mesh == mesh


async def test_hosts_come_and_go_and_the_rest_keep_their_connections(fleet: Fleet) -> None:
    a, b = fleet._sessions["a"], fleet._sessions["b"]
    fleet._keys["b"] = public("b, as it says")
    fleet.path.write_text(TOP + A + C)
    assert fleet.reload() and not fleet.reload()
    assert list(fleet.mesh.hosts) == ["a", "c"]
    assert fleet._sessions["a"] is a and list(fleet._sessions) == ["a", "c"]
    assert fleet._keys == {"a": public("a")}
    fleet.path.write_text(TOP + A.replace("192.0.2.1", "192.0.2.9") + B)
    assert fleet.reload()
    assert fleet._sessions["a"] is not a and fleet._sessions["a"].ssh == "root@192.0.2.9"
    assert fleet._sessions["b"] is not b


async def test_a_key_in_the_file_counts_until_the_host_says_another(fleet: Fleet) -> None:
    fleet.path.write_text(TOP + A.replace(public("a"), public("new")) + B)
    assert fleet.reload()
    assert fleet._keys["a"] == public("new")
    fleet._keys["a"] = public("as it says")
    fleet.path.write_text(TOP + A + B)
    assert fleet.reload()
    assert fleet._keys["a"] == public("as it says")


async def test_a_wrong_file_changes_nothing_and_is_told_once(fleet: Fleet) -> None:
    mesh, sessions = fleet.mesh, dict(fleet._sessions)
    fleet.path.write_text(TOP + A + "[hosts.b]\nssh = 7\n")
    with pytest.raises(MeshError, match=r"hosts\.b\.ssh"):
        fleet.reload()
    assert not fleet.reload()
    assert fleet.mesh is mesh and fleet._sessions == sessions
    fleet.path.unlink()
    with pytest.raises(MeshError):
        fleet.reload()
    # What was wrong may be as it was before, of the same size and age.
    fleet.path.write_text(TOP + A + B)
    assert not fleet.reload()
    fleet.path.write_text(TOP + A)
    assert fleet.reload()


async def test_a_plan_of_before_is_refused(fleet: Fleet) -> None:
    plan = Plan("m", "wg0", (), inputs=PlanInputs(fleet.mesh, fleet._written, {}, {}))
    fleet.path.write_text(TOP + A + B + C)
    assert fleet.reload()
    with pytest.raises(MeshError, match="changed since this was planned"):
        await anext(fleet.apply(plan))


async def test_no_file_is_taken_while_an_apply_is_under_way(fleet: Fleet) -> None:
    fleet.applying = True
    fleet.path.write_text(TOP + A + B + C)
    assert not fleet.reload()
    fleet.applying = False
    assert fleet.reload()


@pytest.mark.parametrize("text", [A + B + C, A, A + B.replace("192.0.2.2", "192.0.2.9")])
async def test_hosts_edited_during_an_apply_are_told_of_after_it(fleet: Fleet, text: str) -> None:
    plan = Plan("m", "wg0", (), public_keys={"a": public("a")})
    fleet.applying = True
    fleet.path.write_text(TOP + text)
    # Of a host that is gone it says that nothing was written.
    with contextlib.suppress(MeshError):
        fleet._write_back(plan)
    assert not fleet.reload()
    fleet.applying = False
    assert fleet.reload() and not fleet.reload()


async def test_what_an_apply_itself_writes_is_nothing_new(fleet: Fleet) -> None:
    before = fleet.path.read_text()
    fleet._write_back(Plan("m", "wg0", (), public_keys={"a": public("a"), "b": public("b")}))
    assert fleet.path.read_text() != before
    assert not fleet.reload()


async def test_how_a_person_gets_there(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.path.write_text(
        TOP
        + '[hosts.a]\nssh = "local"\nendpoint = "none"\n'
        + '[hosts.b]\nssh = "admin@[2001:db8::1]:2222"\n'
        + '[hosts.c]\nssh = "bastion-menu@prod"\n'
    )
    assert fleet.reload()
    monkeypatch.setenv("SHELL", "/bin/zsh")
    assert fleet.ssh_argv("a") == ["/bin/zsh"]
    assert fleet.ssh_argv("b") == ["ssh", "-l", "admin", "-p", "2222", "--", "2001:db8::1"]
    assert fleet.ssh_argv("c") == ["ssh", "-l", "bastion-menu", "--", "prod"]
    monkeypatch.delenv("SHELL")
    assert fleet.ssh_argv("a") == ["/bin/sh"]


async def test_the_same_ssh_config_as_meshtui_itself(tmp_path: Path) -> None:
    (tmp_path / "mesh.toml").write_text(TOP + A)

    async def refuse(_: object) -> bool:
        return False

    fleet = Fleet(tmp_path / "mesh.toml", refuse, tmp_path / "my config")
    assert fleet.ssh_argv("a") == [
        *("ssh", "-F", str(tmp_path / "my config"), "-l", "root", "--", "192.0.2.1")
    ]
    await fleet.close()


async def test_a_host_that_is_gone_is_told_of_and_nothing_is_noted(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    fleet.path.write_text(TOP + A)
    assert fleet.reload()
    gone = r"^b is no longer in mesh\.toml$"
    with pytest.raises(MeshError, match=gone):
        fleet.run(["a", "b"], "true")
    assert not (tmp_path / "state").exists()
    with pytest.raises(MeshError, match=gone):
        fleet.ssh_argv("b")
    for ask in (
        fleet.inspect("b"),
        *(fleet.ping("a", "b"), fleet.ping("b", "a")),
        *(fleet.path_mtu("a", "b"), fleet.path_mtu("b", "a")),
    ):
        with pytest.raises(MeshError, match=gone):
            await ask
