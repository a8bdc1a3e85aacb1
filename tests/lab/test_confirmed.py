"""Changes that go wrong are taken back by the hosts themselves, and by who made them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from confirmed import Stopped, settled
from meshtui_on import apply, edit, meshtui, on, plan
from state import states

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
HOSTS = ("server-a", "server-b", "server-c")


@pytest.fixture(scope="module")
def mesh(lab: MakeLab) -> Lab:
    one = lab(3)
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    apply(one)
    return one


@pytest.fixture
def one(mesh: Lab) -> Iterator[Lab]:
    """The mesh; its mesh.toml and ssh_config come back afterwards."""
    files = [mesh.path / name for name in ("mesh.toml", "ssh_config")]
    before = [file.read_text() for file in files]
    was = settled(mesh, HOSTS, 5)
    yield mesh
    for file, text in zip(files, before, strict=True):
        file.write_text(text)
    if settled(mesh, HOSTS, 20) != was:
        apply(mesh)


def through_the_mesh(lab: Lab, host: str) -> None:
    """SSH reaches server-b by its mesh address only, from server-a."""
    at = lab.host(host)
    config = lab.path / "ssh_config"
    inside = f"HostName 10.0.0.2\n HostKeyAlias {at.v4}\n ProxyJump server-a"
    config.write_text(f"Host {at.v4}\n {inside}\n{config.read_text()}")
    edit(lab, f"[hosts.{host}]\n", f'[hosts.{host}]\nendpoint = "{at.v4}:51820"\n')


def wrong_address(lab: Lab) -> None:
    edit(lab, '"10.0.0.2"', '"10.0.0.9"')


def test_an_endpoint_that_nobody_answers_from_is_taken_back(one: Lab) -> None:
    """Every ping gets through all the same: the peer speaks first."""
    before, text = settled(one, HOSTS, 5), (one.path / "mesh.toml").read_text()
    set_it = ("set", "server-b", "--endpoint", "203.0.113.77", "--yes", "--json")
    said = json.loads(meshtui(one, *set_it, code=1).stdout)["reverted"]
    assert "server-b speaks to " in said and "not from 203.0.113.77:51820" in said
    assert settled(one, HOSTS, 5) == before
    assert (one.path / "mesh.toml").read_text() == text


@pytest.mark.long
def test_a_change_that_cuts_its_own_path_comes_back(one: Lab) -> None:
    through_the_mesh(one, "server-b")
    before = settled(one, HOSTS, 5)
    wrong_address(one)
    text = (one.path / "mesh.toml").read_text()
    assert plan(one)["impact"]["own_path"] == ["server-b"]

    done = meshtui(one, "apply", "--yes", "--confirm-within", "0", code=2)
    assert "server-b: reached through wg0 itself" in done.stderr
    assert "--confirm-within 10" in done.stderr
    assert states(one, HOSTS) == before

    result = apply(one, "--confirm-within", "10", code=1)
    assert "server-b" in result["reverted"], result
    assert settled(one, HOSTS, 25) == before
    assert (one.path / "mesh.toml").read_text() == text


def test_so_it_does_when_meshtui_is_killed_right_after(one: Lab) -> None:
    through_the_mesh(one, "server-b")
    before = settled(one, HOSTS, 5)
    wrong_address(one)
    with Stopped(one, "before change on server-b", "apply", "--yes") as it:
        # Who leads there was changed before, and is cut off from it by that already.
        assert "10.0.0.9/32" in on(one, "server-a", "wg", "show", "wg0", "allowed-ips")
        it.kill()
    assert settled(one, HOSTS, 12) == before


@pytest.mark.long
def test_a_port_that_a_firewall_drops_takes_all_back(one: Lab) -> None:
    rules = "add table inet fw; add chain inet fw in { type filter hook input priority 0; };"
    on(one, "server-c", "nft", f"{rules} add rule inet fw in udp dport 52000 drop")
    before, path = settled(one, HOSTS, 5), one.path / "mesh.toml"
    text = path.read_text()
    done = meshtui(one, "set", "server-c", "--port", "52000", "--yes", "--json", code=1)
    assert "server-c" in json.loads(done.stdout)["reverted"]
    assert settled(one, HOSTS, 15) == before
    assert path.read_text() == text

    edit(one, "[hosts.server-c]\n", "[hosts.server-c]\nlisten_port = 52000\n")
    text = path.read_text()
    assert "server-c" in apply(one, code=1)["reverted"]
    assert settled(one, HOSTS, 15) == before
    # It was the operator's own edit: that stays, to be put right.
    assert path.read_text() == text
    on(one, "server-c", "nft", "delete table inet fw")


@pytest.mark.long
def test_a_second_operator_is_told_who_is_at_it(one: Lab) -> None:
    other = one.path / "other"
    other.mkdir(exist_ok=True)
    edit(one, "keepalive = 20", "keepalive = 21")
    before = settled(one, HOSTS, 5)
    (other / "mesh.toml").write_text((one.path / "mesh.toml").read_text())
    bob = ("env", "LOGNAME=bob", f"XDG_STATE_HOME={other}", sys.executable, "-m", "meshtui")

    def his(*args: str, code: int) -> str:
        done = one.run([*bob, "-f", other / "mesh.toml", *args])
        assert done.returncode == code, done.stdout + done.stderr
        return str(done.stdout + done.stderr)

    at = "after arm on server-c"
    with Stopped(one, at, "apply", "--yes", within=40, env=["LOGNAME=ann"]) as it:
        said = his("apply", "--yes", code=1)
        told = re.search(
            r"ann@\S+ is changing this host \(change (\w+), pending, begun \d+ s", said
        )
        assert told and "nothing was changed" in said and "recover --break" in said, said
        now = states(one, HOSTS)
        assert {host: replace(state, left="") for host, state in now.items()} == before
        his("status", code=0)
        his("plan", code=3)
        assert "no host is under change 0123abcd" in his("recover", "--break", "0123abcd", code=1)
        it.kill()
    # Its window is far from over.
    his("recover", "--break", told[1], code=0)
    assert settled(one, HOSTS, 3) == before
    assert "6 of 6 directions up" in his("apply", "--yes", code=0)
    assert on(one, "server-a", "wg", "show", "wg0", "persistent-keepalive").count("\t21\n") == 2
    # The first one's own machine knows of it, too, and finds nothing left to end.
    meshtui(one, "recover")


def test_the_lock_of_one_who_was_killed_ends_by_itself(one: Lab) -> None:
    before = settled(one, HOSTS, 5)
    edit(one, "keepalive = 20", "keepalive = 21")
    with Stopped(one, "after the note change", "apply", "--yes") as it:
        it.kill()
    assert settled(one, HOSTS, 12) == before
    apply(one)
