"""Hosts behind NAT that can't meet: who relays for them, and who does when that host is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from meshtui_on import apply, edit, meshtui, on, plan, set_mesh, status
from test_nat import C, D, count, passed, peer, ping

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
RELAYS = ("server-a", "server-b")
LINK = f'\n[[links]]\nbetween = ["{C}", "{D}"]\nrelay = "server-b"\n'


@pytest.fixture(scope="module")
def mesh(lab: Callable[..., Lab]) -> Lab:
    """Routers that give each destination another port."""
    one = lab(4, nat=2, symmetric=True)
    apply(one)
    return one


@pytest.fixture
def four(mesh: Lab) -> Iterator[Lab]:
    """As mesh.toml was at first, again afterwards."""
    path = mesh.path / "mesh.toml"
    text = path.read_text()
    yield mesh
    path.write_text(text)


def carries(lab: Lab) -> str:
    """Who relays between the two, both ways: one host, and nobody else."""
    for relay in RELAYS:
        count(lab, relay)
    assert ping(lab, C, D, 5) and ping(lab, D, C, 5)
    found = {relay: passed(lab, relay) for relay in RELAYS}
    [carrier] = [relay for relay, number in found.items() if number]
    assert found[carrier] == 20
    return carrier


def test_they_reach_each_other_and_the_plan_says_through_whom(four: Lab) -> None:
    carrier = carries(four)
    for host, far in ((C, D), (D, C)):
        assert not peer(four, host, far, "allowed-ips")
        assert f"through {carrier} to {far}" in meshtui(four, "plan").stdout
    # What is no tunnel is no direction that could be unhealthy.
    assert [link["state"] for link in status(four)["links"]] == ["up"] * 10
    assert plan(four, code=0)["changes"] == 0


def test_the_path_is_told_as_it_should_be_and_as_it_is(four: Lab) -> None:
    carrier = carries(four)
    ways = (
        f"{C} → {carrier} → {D}  (10.0.0.3 to 10.0.0.4)\n"
        f"{D} → {carrier} → {C}  (10.0.0.4 to 10.0.0.3)\n"
    )
    assert meshtui(four, "path", C, D, "--now").stdout == ways
    assert meshtui(four, "path", C, D).stdout.startswith(f"{C} → server-")
    on(four, carrier, "sysctl", "-qw", "net.ipv4.ip_forward=0")
    said = meshtui(four, "path", C, D, "--now", code=1).stdout
    assert f"{carrier} does not forward to {D}\n  meshtui apply" in said
    apply(four)
    assert meshtui(four, "path", C, D, "--now").stdout == ways


@pytest.mark.long
@pytest.mark.parametrize("where", ["mesh", "host", "link"])
def test_the_relay_that_is_named_carries(four: Lab, where: str) -> None:
    # The one that carries now is not the one that is named.
    path, text = four.path / "mesh.toml", (four.path / "mesh.toml").read_text()
    set_mesh(four, 'relay = "server-a"')
    apply(four)
    assert carries(four) == "server-a"
    if where == "mesh":
        edit(four, 'relay = "server-a"', 'relay = "server-b"')
    elif where == "host":
        edit(four, f"[hosts.{D}]\n", f'[hosts.{D}]\nrelay = "server-b"\n')
    else:
        path.write_text(path.read_text() + LINK)
    apply(four)
    assert carries(four) == "server-b"
    assert plan(four, code=0)["changes"] == 0
    # Without a name it stays where it is: nothing is moved without need.
    path.write_text(text)
    assert plan(four, code=0)["changes"] == 0
    assert carries(four) == "server-b"


@pytest.mark.long
def test_the_relay_is_gone_and_another_takes_over(four: Lab) -> None:
    first = carries(four)
    other = next(relay for relay in RELAYS if relay != first)
    four.kill(first)
    try:
        apply(four, code=1)
        count(four, other)
        assert ping(four, C, D, 5) and ping(four, D, C, 5)
        assert passed(four, other) == 20
        said = meshtui(four, "plan", code=1).stdout
        assert f"through {other} to {D}" in said
    finally:
        four.boot(first)
    on(four, first, "wg-quick", "up", "wg0")
    apply(four)
    assert carries(four) == other
