"""Keys that are changed while everybody talks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from confirmed import Stopped, settled
from flow import Flow
from meshtui_on import apply, conf, edit, meshtui, on, plan, status
from state import states, wait_for

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
HOSTS = ("server-a", "server-b", "server-c", "server-d")
NAME = "server-b"


@pytest.fixture(scope="module")
def mesh(lab: MakeLab) -> Lab:
    one = lab(4)
    edit(one, "[mesh]\n", "[mesh]\npreshared_keys = true\n")
    apply(one)
    return one


def keys(lab: Lab) -> dict[str, str]:
    """What each host's interface says."""
    return {host: on(lab, host, "wg", "show", "wg0", "public-key").strip() for host in HOSTS}


def test_one_host(mesh: Lab) -> None:
    before = keys(mesh)
    with Flow(mesh, HOSTS) as flow:
        meshtui(mesh, "rotate", NAME, "--yes")
    now = keys(mesh)
    assert {host for host in HOSTS if now[host] != before[host]} == {NAME}
    assert not any(lost for way, lost in flow.lost_in.items() if NAME not in way), flow.lost_in
    assert max(flow.gaps.values()) <= 0.25, flow.gaps
    assert not any(before[NAME] in conf(mesh, host) for host in HOSTS)
    plan(mesh, code=0)


def test_preshared_keys_lose_nothing(mesh: Lab) -> None:
    show = ("wg", "show", "wg0", "preshared-keys")
    before = on(mesh, NAME, *show).splitlines()
    with Flow(mesh, HOSTS) as flow:
        meshtui(mesh, "rotate", "--psk", NAME, "--yes")
    shared = set(before) & set(on(mesh, NAME, *show).splitlines())
    assert len(shared) == 0  # only their number: they are keys
    assert flow.lost == 0, flow.lost_in
    plan(mesh, code=0)


@pytest.mark.long
def test_killed_after_the_switch_it_goes_back_to_the_old_key(mesh: Lab) -> None:
    before, old = settled(mesh, HOSTS, 5), keys(mesh)
    # The key that was made waits for the next time.
    waits = replace(before[NAME], left="private.key\n")
    with Stopped(mesh, "after the note verify", "rotate", NAME, "--yes") as it:
        assert keys(mesh)[NAME] != old[NAME]
        it.kill()
    wait_for(lambda: states(mesh, HOSTS) == before | {NAME: waits}, 15)
    meshtui(mesh, "recover")
    status(mesh)
    meshtui(mesh, "rotate", NAME, "--yes")
    assert keys(mesh)[NAME] != old[NAME]
    settled(mesh, HOSTS, 5)


@pytest.mark.long
def test_a_host_that_is_away_is_owed_the_new_key(mesh: Lab) -> None:
    config = mesh.path / "ssh_config"
    config.write_text("ConnectTimeout 3\n" + config.read_text())
    before = keys(mesh)
    mesh.kill("server-d")
    said = meshtui(mesh, "rotate", "--all", "--yes", code=1).stderr
    assert "server-d: it would lose every host" in said, said
    said = meshtui(mesh, "rotate", NAME, "--yes", code=1).stderr
    assert "server-d: " in said and f"it loses {NAME} until it is told the new key" in said, said
    mesh.boot("server-d")
    apply(mesh)
    assert before[NAME] not in conf(mesh, "server-d") and keys(mesh)[NAME] != before[NAME]
    plan(mesh, code=0)


@pytest.mark.long
def test_all_of_them(mesh: Lab) -> None:
    before = keys(mesh)
    with Flow(mesh, HOSTS) as flow:
        meshtui(mesh, "rotate", "--all", "--yes")
    now = keys(mesh)
    assert all(now[host] != before[host] for host in HOSTS)
    assert max(flow.gaps.values()) <= 0.25, flow.gaps
    plan(mesh, code=0)
