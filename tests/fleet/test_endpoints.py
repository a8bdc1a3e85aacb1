"""Where the other hosts reach a host, as far as only a lookup tells."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from meshtui.fleet.observe import endpoints
from meshtui.mesh.model import Mesh
from meshtui.ssh.connect import Connector
from tests.plan.fleets import make_mesh


def ask(mesh: Mesh, goes_to: str) -> tuple[Mesh, Any, Any]:
    """`endpoints` where ssh goes to `goes_to` for every host."""

    async def resolve(_: str) -> SimpleNamespace:
        return SimpleNamespace(host=goes_to)

    connector = cast("Connector", SimpleNamespace(resolve=resolve))
    return asyncio.run(endpoints(mesh, connector))


def without_endpoints() -> Mesh:
    mesh = make_mesh(2)
    hosts = {name: replace(host, endpoint=None) for name, host in mesh.hosts.items()}
    return replace(mesh, hosts=hosts)


def test_where_ssh_goes_is_the_endpoint() -> None:
    mesh, _, troubles = ask(without_endpoints(), "203.0.113.9")
    assert not troubles and str(mesh.hosts["a"].endpoint).startswith("203.0.113.9:")


def test_an_alias_that_leads_into_the_mesh_itself_is_refused() -> None:
    mesh = without_endpoints()
    inside = str(next(iter(mesh.hosts.values())).addresses[0].ip)
    _, _, troubles = ask(mesh, inside)
    assert "would lead into itself" in troubles["a"].what and troubles["a"].hint


@pytest.mark.parametrize("name", ["a..b", "x" * 70])
def test_a_name_that_is_none_is_that_hosts_trouble(name: str) -> None:
    _, _, troubles = ask(without_endpoints(), name)
    assert "cannot be resolved: not a DNS name" in troubles["a"].what
