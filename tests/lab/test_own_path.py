"""A host that the operator reaches through the very tunnel that changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from meshtui_on import apply, directions, edit, meshtui, plan

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]


def test_ssh_that_comes_in_by_the_interface_is_told(lab: MakeLab) -> None:
    one = lab(3)
    assert directions(apply(one)) == (6, 6)
    edit(one, "[hosts.server-b]\n", "[hosts.server-b]\npersistent_keepalive = 20\n")
    told = plan(one)["impact"]
    assert (told["own_path"], told["links"]) == ([], {})

    # The same server, by its mesh address, which only server-a leads to.
    host = one.host("server-b")
    config = one.path / "ssh_config"
    inside = f"HostName 10.0.0.2\n HostKeyAlias {host.v4}\n ProxyJump server-a"
    config.write_text(f"Host {host.v4}\n {inside}\n{config.read_text()}")
    edit(one, "[hosts.server-b]\n", f'[hosts.server-b]\nendpoint = "{host.v4}:51820"\n')
    told = plan(one)["impact"]
    assert told["own_path"] == ["server-b"]
    said = meshtui(one, "plan", code=3).stdout
    assert "own path     reached through wg0 itself: server-b\n" in said
    assert directions(apply(one)) == (6, 6)
    assert plan(one, code=0)["impact"]["own_path"] == []
