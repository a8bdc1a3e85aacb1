"""Confirmed changes on hosts with systemd: a timer takes them back, and so does a boot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from confirmed import Stopped, settled
from meshtui_on import apply, edit, meshtui, on
from state import state, wait_for

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.systemd]
HOSTS = ("server-a", "server-b")


@pytest.fixture(scope="module")
def mesh(lab: Callable[..., Lab]) -> Lab:
    one = lab(2, systemd=True)
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    apply(one)
    return one


@pytest.fixture
def one(mesh: Lab) -> Iterator[Lab]:
    """The mesh; its mesh.toml comes back afterwards."""
    path = mesh.path / "mesh.toml"
    text = path.read_text()
    yield mesh
    path.write_text(text)
    apply(mesh)


def timers(lab: Lab, host: str) -> str:
    return on(lab, host, "systemctl", "list-units", "--all", "--plain", "--no-legend", "meshtui-*")


def none_left(lab: Lab) -> bool:
    return not any(timers(lab, host).strip() for host in HOSTS)


def test_a_timer_is_there_while_it_is_armed(one: Lab) -> None:
    before = settled(one, HOSTS, 5)
    edit(one, "keepalive = 20", "keepalive = 21")
    with Stopped(one, "after arm on server-b", "apply", "--yes", within=8) as it:
        assert "meshtui-revert-" in on(one, "server-b", "systemctl", "list-timers", "--all")
        it.go_on(0)
    assert none_left(one)
    new = {host: was.become("Keepalive = 20", "Keepalive = 21") for host, was in before.items()}
    assert settled(one, HOSTS, 5) == new
    edit(one, "keepalive = 21", "keepalive = 20")
    with Stopped(one, "after the note verify", "apply", "--yes", within=4) as it:
        it.kill()
    assert settled(one, HOSTS, 15) == new
    wait_for(lambda: none_left(one), 5, lambda: timers(one, "server-a"))


@pytest.mark.parametrize("at", ["after arm on server-b", "after change on server-b"])
def test_a_boot_takes_it_back(one: Lab, at: str) -> None:
    before = settled(one, HOSTS, 5)
    edit(one, "keepalive = 20", "keepalive = 21")
    with Stopped(one, at, "apply", "--yes", within=4) as it:
        one.kill("server-b")
        it.kill()
    one.boot("server-b")
    wait_for(lambda: state(one, "server-b").wg == before["server-b"].wg, 30)
    assert state(one, "server-b").file == before["server-b"].file
    meshtui(one, "recover")
    assert settled(one, HOSTS, 10) == before
