"""The internet between a demo's hosts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from meshtui.demo import network
from meshtui.demo.network import Network, Port
from meshtui.errors import MeshError
from meshtui.wg.endpoint import Endpoint
from tests.demo.hosts import until

A, B = "203.0.113.11", "203.0.113.12"
ROUTER, OTHER_ROUTER = "198.51.100.250", "198.51.100.251"


class Net:
    """Ports by the names of their hosts, all 51820, and what came to each from where."""

    def __init__(self) -> None:
        self.network = Network()
        self.got: dict[str, list[tuple[bytes, Endpoint]]] = {}
        self.ports: dict[str, Port] = {}

    def join(self, name: str, address: str, provider: str = "fra", nat: str | None = None) -> Port:
        self.network.join(name, address, provider, nat=nat)
        return self.bind(name)

    def bind(self, name: str, port: int = 51820) -> Port:
        def received(data: bytes, source: Endpoint) -> None:
            self.got.setdefault(name, []).append((data, source))

        self.ports[name] = self.network.uplink(name).bind("", port, received)
        return self.ports[name]

    async def comes(self, name: str, data: bytes) -> Endpoint:
        """Where it was seen to come from."""
        await until(lambda: any(data == each for each, _ in self.got.get(name, [])))
        return next(source for each, source in self.got[name] if each == data)

    async def nothing_comes(self, name: str) -> None:
        """What is sent now comes after all that was sent before: until then there is nothing."""
        self.network.join("last", "203.0.113.99", "fra")
        last = self.bind("last")
        uplink = self.network.uplink(name)
        nat, uplink.nat = uplink.nat, None
        last.send(b"last", Endpoint(uplink.address, 51820))
        if nat:
            self.network._at[uplink.address] = uplink
            last.send(b"last", Endpoint(uplink.address, 51820))
        await self.comes(name, b"last")
        uplink.nat = nat
        assert [data for data, _ in self.got[name] if data != b"last"] == []


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    made = Net()
    yield made
    for port in made.ports.values():
        port.close()
    assert not made.network.real


def at(address: str, port: int = 51820) -> Endpoint:
    return Endpoint(address, port)


async def test_what_is_sent_comes_from_its_sender(net: Net) -> None:
    a, b = net.join("a", A), net.join("b", B)
    a.send(b"one", at(B))
    assert await net.comes("b", b"one") == at(A)
    b.send(b"two", at(A))
    assert await net.comes("a", b"two") == at(B)


async def test_where_nobody_is(net: Net) -> None:
    a = net.join("a", A)
    net.join("b", B)
    for nobody in (at(B, 51821), at("203.0.113.77"), at("2001:db8::1"), at("127.0.0.1")):
        a.send(b"lost", nobody)
    await net.nothing_comes("b")


async def test_a_direction_that_is_blocked(net: Net) -> None:
    a, b = net.join("a", A), net.join("b", B)
    net.network.block("a", "b")
    a.send(b"lost", at(B))
    b.send(b"back", at(A))
    await net.comes("a", b"back")
    await net.nothing_comes("b")
    assert net.network.round_trip(a.uplink, B) is net.network.round_trip(b.uplink, A) is None
    net.network.block("a", "b", on=False)
    a.send(b"through", at(B))
    await net.comes("b", b"through")


async def test_a_host_that_is_down(net: Net) -> None:
    a, b = net.join("a", A), net.join("b", B)
    net.network.down("b")
    a.send(b"lost", at(B))
    b.send(b"lost", at(A))
    assert net.network.round_trip(a.uplink, B) is None
    await net.nothing_comes("a")
    net.network.down("b", on=False)
    a.send(b"through", at(B))
    await net.comes("b", b"through")
    assert net.got["b"] == [(b"through", at(A))]


async def test_a_host_whose_packets_are_late(net: Net) -> None:
    a, b = net.join("a", A), net.join("b", B)
    net.network.slow("b", 0.4)
    start = asyncio.get_running_loop().time()
    b.send(b"late", at(A))
    a.send(b"in time", at(B))
    await net.comes("b", b"in time")
    assert not net.got.get("a")
    await net.comes("a", b"late")
    assert asyncio.get_running_loop().time() - start >= 0.4
    for near, far in ((a, B), (b, A)):
        took = net.network.round_trip(near.uplink, far)
        assert took and 0.4 < took < 0.41
    net.network.slow("b", 0.0)
    assert (net.network.round_trip(a.uplink, B) or 1) < 0.01


async def test_one_that_goes_down_before_it_comes(net: Net) -> None:
    a = net.join("a", A)
    net.join("b", B)
    a.send(b"lost", at(B))
    net.network.down("b")
    await asyncio.sleep(0.05)
    assert not net.got


async def test_nat_lets_in_only_whom_it_sent_to(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = net.join("a", A), net.join("b", B)
    inside = net.join("inside", "192.168.1.10", nat=ROUTER)
    inside.send(b"out", at(A))
    outside = await net.comes("a", b"out")
    assert outside.host == ROUTER and outside.port != 51820
    b.send(b"lost", outside)
    a.send(b"lost", at("192.168.1.10"))
    a.send(b"lost", at(ROUTER))
    a.send(b"in", outside)
    assert await net.comes("inside", b"in") == at(A)
    # The same mapping for whomever it sends to.
    inside.send(b"out too", at(B))
    assert await net.comes("b", b"out too") == outside
    b.send(b"in too", outside)
    await net.comes("inside", b"in too")
    assert [data for data, _ in net.got["inside"]] == [b"in", b"in too"]
    # As long as it remembers; the mapping stays.
    monkeypatch.setattr(network, "NAT_SECONDS", 0.0)
    assert not inside.lets_in(at(A))
    inside.send(b"again", at(A))
    assert await net.comes("a", b"again") == outside
    inside.close()
    again = net.bind("inside")
    again.send(b"after a while", at(A))
    assert await net.comes("a", b"after a while") == outside
    assert not again.lets_in(at(B)) and network.Port.lets_in(a, at(B))


async def test_two_behind_nat(net: Net) -> None:
    one = net.join("one", "192.168.1.10", nat=ROUTER)
    two = net.join("two", "192.168.2.10", nat=OTHER_ROUTER)
    ends = one.uplink.outside(51820), two.uplink.outside(51820)
    assert ends[0] != ends[1]
    one.send(b"lost", ends[1])
    await asyncio.sleep(0.05)
    assert not net.got
    two.send(b"now", ends[0])
    assert await net.comes("one", b"now") == ends[1]
    one.send(b"and now", ends[1])
    assert await net.comes("two", b"and now") == ends[0]


async def test_how_far_it_is(net: Net) -> None:
    a, b = net.join("a", A, "fra"), net.join("b", B, "sgp")
    near = net.join("near", "203.0.113.13", "fra")
    ways = [net.network.delay(*ends) for ends in ((a.uplink, b.uplink), (b.uplink, a.uplink))]
    for way in ways:
        assert way is not None and 0.079 <= way <= 0.079 * 1.05
    close = net.network.delay(a.uplink, near.uplink)
    assert close is not None and close < 0.001
    there_and_back = net.network.round_trip(a.uplink, B)
    assert there_and_back is not None and 0.158 <= there_and_back <= 0.166
    loop = asyncio.get_running_loop()
    began = loop.time()
    a.send(b"far", at(B))
    await net.comes("b", b"far")
    assert loop.time() - began >= 0.079


async def test_what_another_program_sends(net: Net) -> None:
    a = net.join("a", A)
    wrong: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign:
        foreign.sendto(b"foreign", a.real)
    await net.nothing_comes("a")
    assert not wrong


async def test_a_port_is_one_s(net: Net) -> None:
    a = net.join("a", A)
    with pytest.raises(MeshError, match="Address already in use"):
        net.bind("a")
    other = a.uplink.bind("", 0, lambda *_: None)
    assert other.port == 32768
    other.close()
    a.close()
    net.bind("a")
