"""Where the other hosts reach a host, as far as only a lookup tells."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from meshtui.fleet.observe import endpoints
from meshtui.fleet.places import AGAIN, Places
from meshtui.mesh.families import by_family
from meshtui.mesh.model import Mesh
from meshtui.ssh.connect import Connector
from meshtui.wg.endpoint import Endpoint
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


class Names:
    """A DNS that says what a test wants, and counts how often it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.says: dict[str, list[str]] = {}
        self.asked = 0
        self.now = 1000.0
        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", self._answer)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    async def _answer(self, host: str, *_: object, **__: object) -> list[Any]:
        self.asked += 1
        if host not in self.says:
            raise OSError(-2, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in at else socket.AF_INET, socket.SOCK_DGRAM, 0, "", (at, 0))
            for at in self.says[host]
        ]


def test_a_name_gives_an_endpoint_of_each_family_ipv4_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever this machine prefers: what is planned must not depend on where one sits."""
    at = Endpoint("b.example", 9)
    mesh = make_mesh(2)
    mesh = replace(mesh, hosts={**mesh.hosts, "b": replace(mesh.hosts["b"], endpoint=at)})
    dns = Names(monkeypatch)
    dns.says["b.example"] = ["2001:db8::2", "203.0.113.2", "203.0.113.22"]
    placed, resolved, _ = ask(mesh, "203.0.113.9")
    assert by_family(placed.hosts["b"]) == {4: at, 6: Endpoint("2001:db8::2", 9)}
    assert resolved == {at: Endpoint("203.0.113.2", 9)} and dns.asked == 1


def test_a_name_is_looked_up_again_and_who_follows_hears_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dns, moved = Names(monkeypatch), list[float]()
    at = Endpoint("b.example", 51820)
    mesh = make_mesh(3)
    mesh = replace(mesh, hosts={**mesh.hosts, "b": replace(mesh.hosts["b"], endpoint=at)})

    async def run() -> None:
        places = Places(cast("Connector", None), lambda: moved.append(dns.now))

        async def address() -> str:
            return (await places.lately(mesh))[1][at].host

        dns.says["b.example"] = ["203.0.113.2", "203.0.113.22"]
        assert await address() == "203.0.113.2" and dns.asked == 1
        dns.now += AGAIN - 1
        await address()
        assert dns.asked == 1
        # In another order, it is still one of them; nobody to ask is no news.
        dns.now += 1
        dns.says["b.example"].reverse()
        assert await address() == "203.0.113.2" and dns.asked == 2
        dns.now += AGAIN
        said = dns.says.pop("b.example")
        assert await address() == "203.0.113.2" and not moved and said
        dns.now += AGAIN
        dns.says["b.example"] = ["203.0.113.77"]
        assert await address() == "203.0.113.77" and moved == [dns.now]

    asyncio.run(run())
