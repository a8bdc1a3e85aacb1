"""Hosts that are reached by both families: the first choice, and what they fall back to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from meshtui_on import apply, conf, directions, edit, meshtui, on, plan

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
A, B, C = "server-a", "server-b", "server-c"


@pytest.fixture(scope="module")
def three(lab: Callable[..., Lab]) -> Lab:
    """Each with an endpoint of both families, IPv6 first."""
    one = lab(3)
    for host in one.hosts:
        at = f'["[{host.v6}]:51820", "{host.v4}:51820"]'
        edit(one, f"[hosts.{host.name}]\n", f"[hosts.{host.name}]\nendpoint = {at}\n")
    return one


def used(lab: Lab) -> dict[tuple[str, str], int]:
    """(from, to) -> the IP version that the running interface has for it."""
    keys = {on(lab, h.name, "wg", "show", "wg0", "public-key").strip(): h.name for h in lab.hosts}
    found = {}
    for host in lab.hosts:
        for line in on(lab, host.name, "wg", "show", "wg0", "endpoints").splitlines():
            key, at = line.split("\t")
            found[host.name, keys[key]] = 6 if at.startswith("[") else 4
    return found


DROP = """
table inet families {{
    chain blocked {{
        type filter hook input priority -300
        ip6 saddr {} udp dport 51820 drop
    }}
}}
"""


def drop_v6(lab: Lab, at: str, of: str) -> None:
    """Drop what comes over IPv6 by UDP at one host from another."""
    lab.on(at, ["nft", "-f", "-"], input=DROP.format(lab.host(of).v6), check=True)


def test_a_pair_whose_first_choice_is_blocked_uses_the_other(three: Lab) -> None:
    drop_v6(three, A, B)
    drop_v6(three, B, A)
    said = apply(three)
    assert directions(said) == (6, 6)
    assert used(three) == {
        (one, other): 4 if {one, other} == {A, B} else 6
        for one in (A, B, C)
        for other in (A, B, C)
        if one != other
    }
    for host in (A, B):
        assert conf(three, host).count("# by IPv4: IPv6 does not get through (meshtui)\n") == 1
    assert "does not get through" not in conf(three, C)
    assert plan(three, code=0)["changes"] == 0
    assert f"by IPv4 to {B}: IPv6 does not get through" in meshtui(three, "plan").stdout


def test_with_the_other_order_all_move_and_back_again(three: Lab) -> None:
    for host in (A, B):
        on(three, host, "nft", "delete", "table", "inet", "families")
    text = (three.path / "mesh.toml").read_text()
    for host in three.hosts:
        six, four = f'"[{host.v6}]:51820"', f'"{host.v4}:51820"'
        edit(three, f"{six}, {four}", f"{four}, {six}")
    assert directions(apply(three)) == (6, 6)
    assert set(used(three).values()) == {4}
    assert "does not get through" not in conf(three, A)
    (three.path / "mesh.toml").write_text(text)
    assert directions(apply(three)) == (6, 6)
    assert set(used(three).values()) == {6}
    plan(three, code=0)
