"""One MTU for a mesh whose paths are not all as wide."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from meshtui_on import apply, meshtui, on, plan

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]
MakeLab = Callable[..., Lab]


def test_a_narrow_path_is_found_told_and_mended(lab: MakeLab) -> None:
    one = lab(3)
    apply(one)
    v4 = {host.name: host.v4 for host in one.hosts}
    # A black hole: nobody says that the packets are too big.
    for here, there in (("server-b", "server-c"), ("server-c", "server-b")):
        hook = "type filter hook output priority 0;"
        rule = f'oifname "eth0" ip daddr {v4[there]} meta length > 1452 drop;'
        on(one, here, "nft", f"table inet narrow {{ chain out {{ {hook} {rule} }}; }}")
    found = json.loads(meshtui(one, "mtu", "--json").stdout)
    assert (found["proposed"], found["needed"]) == (1392, True)
    assert found["effects"] == ["server-b–server-c now loses packets above 1392"]
    assert found["links"][0]["between"] == ["server-b", "server-c"] and len(found["links"]) == 3
    assert {link["over"] for link in found["links"]} == {4}
    text = meshtui(one, "mtu").stdout
    assert "mtu = 1392: the path server-b–server-c takes 1452, less 60" in text

    assert "mtu            1420 -> 1392" in meshtui(one, "mtu", "--set", "--yes").stdout
    assert "\nmtu = 1392\n" in (one.path / "mesh.toml").read_text()
    for name in v4:
        assert " mtu 1392 " in on(one, name, "ip", "link", "show", "wg0")
    plan(one, code=0)
    on(one, "server-b", "ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1364", "10.0.0.3")
    assert "every interface has it" in meshtui(one, "mtu", "--set").stdout
