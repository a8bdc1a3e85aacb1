"""The demo's WireGuard talks to a real one: wireguard-go, in a namespace of its own."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from meshtui.demo import echo
from meshtui.demo.device import Device
from meshtui.demo.wire.timers import Timers
from meshtui.lab import Lab
from meshtui.wg.dump import LivePeer, parse_dump
from meshtui.wg.endpoint import Endpoint

pytestmark = pytest.mark.lab

_NEW_NET = 0x4000_0000
#: Ours are short, so that keys are renewed while a test looks; those of wireguard-go are not.
QUICK = Timers(rekey_after_time=0.5, rekey_timeout=0.1, jitter=0.01)
PSK = os.urandom(32)
V4, V6 = ("10.9.0.1", "10.9.0.2"), ("fd09::1", "fd09::2")
"""Addresses in the tunnel: wireguard-go's, then ours."""


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Sockets made meanwhile are in the network `namespace`, and stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/self/ns/net").open() as ours, Path(namespace).open() as theirs:
        assert libc.setns(theirs.fileno(), _NEW_NET) == 0
        try:
            yield
        finally:
            assert libc.setns(ours.fileno(), _NEW_NET) == 0


async def until(done: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.01)


class Pair:
    """wireguard-go's `wg8` on one host, and a device in the network of another."""

    def __init__(self, lab: Lab, timers: Timers) -> None:
        self.lab = lab
        self.real, self.ours = lab.hosts
        self.replies: list[echo.Echo] = []
        self.device = Device(os.urandom(32), self.received, timers=timers)
        self.key = b""

    def received(self, packet: bytes, public_key: bytes) -> None:
        assert public_key == self.key
        reply, seen = echo.answer(packet), echo.parse(packet)
        if reply:
            self.device.send(reply)
        elif seen:
            self.replies.append(seen)

    async def begin(self, *, psk: bytes | None = None, calls: str) -> None:
        """Set both ends up; only that which `calls`, "real" or "ours", knows where to."""
        made = (
            "ip link delete wg8 2>/dev/null; wireguard-go wg8 >/dev/null 2>&1;"
            "wg genkey | wg set wg8 private-key /dev/stdin listen-port 51820;"
            f"ip address add {V4[0]}/24 dev wg8; ip address add {V6[0]}/64 dev wg8 nodad;"
            "ip link set wg8 up; wg show wg8 public-key"
        )
        self.key = b64decode(await self.on("sh", "-c", made))
        assert self.ours.namespace
        with inside(self.ours.namespace):
            await self.device.open(self.ours.v4, 51820)
        assert self.device.public_key
        self.peer = b64encode(self.device.public_key).decode()
        words = ["allowed-ips", f"{V4[1]},{V6[1]}"]
        if calls == "real":
            words += ["endpoint", f"{self.ours.v4}:51820"]
        if psk:
            words += ["preshared-key", "/dev/stdin"]
        await self.set(*words, secret=psk)
        self.device.set_peer(
            self.key,
            endpoint=Endpoint(self.real.v4, 51820) if calls == "ours" else None,
            preshared_key=psk,
            allowed_ips=[ip_network(V4[0]), ip_network(V6[0])],
        )

    async def on(self, *argv: str, fails: bool = False, **kw: object) -> str:
        """Run `argv` where wireguard-go is."""
        done = await asyncio.to_thread(self.lab.on, self.real.name, argv, **kw)
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return str(done.stdout)

    async def set(self, *words: str, secret: bytes | None = None) -> None:
        stdin = b64encode(secret).decode() if secret else ""
        await self.on("wg", "set", "wg8", "peer", self.peer, *words, input=stdin)

    async def ping(self, number: int, *, source: str = "") -> None:
        """Ask wireguard-go's host, in both families."""
        for v, (far, near) in enumerate((V4, V6)):
            ends = ip_address((source if not v else "") or near), ip_address(far)
            request = echo.Echo(*ends, False, 4, number, b"x" * 100)
            assert self.device.send(request.pack()) == "sent"

    async def pinged(self, number: int) -> None:
        """Ask it, and wait for the answers."""
        self.replies.clear()
        await self.ping(number)
        await until(lambda: sum(r.sequence == number for r in self.replies) == 2)

    async def real_pings(self, count: int = 3) -> None:
        """Let it ask us, in both families, without a loss."""
        for address in (V4[1], V6[1]):
            await self.on("ping", "-c", str(count), "-i", "0.02", "-s", "1300", "-W", "5", address)

    @property
    def seen(self) -> LivePeer:
        """The real end, as ours sees it."""
        return only_peer(self.device.dump())

    async def real_sees(self) -> LivePeer:
        return only_peer(await self.on("wg", "show", "wg8", "dump"))


def only_peer(dump: str) -> LivePeer:
    """The one peer in it, with its keys masked as hosts do."""
    masked = re.sub(r"^(\S+)\t[\w+/]+=\t(?=.*\t.*\t)", r"\1\tset\t", dump, flags=re.M)
    (peer,) = parse_dump("wg8", masked).peers.values()
    return peer


@pytest.fixture(scope="module")
def hosts(lab: Callable[..., Lab]) -> Lab:
    return lab(2)


@pytest.fixture
async def pair(hosts: Lab, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    pair = Pair(hosts, getattr(request, "param", Timers()))
    yield pair
    pair.device.close()


@pytest.mark.parametrize("psk", [None, PSK], ids=["plain", "preshared"])
@pytest.mark.parametrize("calls", ["ours", "real"])
async def test_both_can_begin_and_echoes_are_answered_both_ways(
    pair: Pair, calls: str, psk: bytes | None
) -> None:
    await pair.begin(psk=psk, calls=calls)
    if calls == "ours":
        await pair.pinged(1)
        await pair.real_pings()
    else:
        await pair.real_pings()
        await pair.pinged(1)
    real = await pair.real_sees()
    assert pair.seen.preshared == real.preshared == bool(psk)
    assert abs(pair.seen.latest_handshake - time.time()) < 10
    assert abs(pair.seen.latest_handshake - real.latest_handshake) <= 1
    await until(lambda: pair.seen.transfer_rx >= real.transfer_tx)
    # Both count in the same way, once nothing is on its way.
    real = await pair.real_sees()
    assert (pair.seen.transfer_rx, pair.seen.transfer_tx) == (real.transfer_tx, real.transfer_rx)
    assert real.endpoint == f"{pair.ours.v4}:51820"
    assert pair.seen.endpoint == f"{pair.real.v4}:51820"


@pytest.mark.parametrize("pair", [QUICK], indirect=True)
async def test_no_echo_is_lost_while_keys_are_renewed(pair: Pair) -> None:
    await pair.begin(psk=PSK, calls="ours")
    await pair.pinged(0)
    first = pair.seen.latest_handshake
    for number in range(1, 200):
        await pair.pinged(number)
        await asyncio.sleep(0.015)
    await pair.real_pings(20)
    assert pair.seen.latest_handshake >= first + 2


@pytest.mark.long
async def test_the_real_one_renews_keys_when_it_is_its_turn(pair: Pair) -> None:
    await pair.begin(psk=PSK, calls="real")
    await pair.real_pings()
    first = pair.seen.latest_handshake
    until_ = time.time() + 125
    while time.time() < until_:
        await pair.real_pings(1)
        await asyncio.sleep(1)
    assert 118 <= pair.seen.latest_handshake - first <= 123
    assert abs(pair.seen.latest_handshake - (await pair.real_sees()).latest_handshake) <= 1
    await pair.pinged(1)


async def test_each_end_can_be_made_to_shake_hands_again(pair: Pair) -> None:
    await pair.begin(calls="ours")
    await pair.pinged(1)
    await pair.set("remove")
    await pair.set("allowed-ips", f"{V4[1]},{V6[1]}", "endpoint", f"{pair.ours.v4}:51820")
    rx = pair.seen.transfer_rx
    await pair.real_pings()
    assert pair.seen.transfer_rx > rx + 148
    await pair.pinged(2)
    # And ours, by another private key.
    new = os.urandom(32)
    old = pair.peer
    pair.device.set_private_key(new)
    assert pair.device.public_key
    pair.peer = b64encode(pair.device.public_key).decode()
    await pair.on("wg", "set", "wg8", "peer", old, "remove")
    await pair.set("allowed-ips", f"{V4[1]},{V6[1]}")
    await pair.pinged(3)
    await pair.real_pings()


async def test_each_end_follows_the_other_to_another_port(pair: Pair) -> None:
    await pair.begin(calls="ours")
    await pair.pinged(1)
    assert pair.ours.namespace
    with inside(pair.ours.namespace):
        pair.device.listen_port = 51999
    await pair.pinged(2)
    assert (await pair.real_sees()).endpoint == f"{pair.ours.v4}:51999"
    await pair.real_pings()
    await pair.on("wg", "set", "wg8", "listen-port", "51777")
    await pair.real_pings()
    assert pair.seen.endpoint == f"{pair.real.v4}:51777"
    await pair.pinged(3)


async def test_another_preshared_key_lets_nothing_through(pair: Pair) -> None:
    await pair.begin(psk=PSK, calls="ours")
    pair.device.set_peer(pair.key, preshared_key=os.urandom(32))
    await pair.ping(1)
    await pair.on("ping", "-c", "1", "-W", "1", V4[1], fails=True)
    assert pair.seen.latest_handshake == (await pair.real_sees()).latest_handshake == 0
    assert (await pair.real_sees()).transfer_rx > 0, "it knew who called"
    assert not pair.replies
    pair.device.set_peer(pair.key, preshared_key=PSK)
    await pair.pinged(2)


async def test_a_source_outside_allowed_ips_is_dropped_by_either(pair: Pair) -> None:
    await pair.begin(calls="ours")
    await pair.pinged(1)
    pair.replies.clear()
    await pair.ping(2, source="10.9.0.77")
    await until(lambda: pair.replies)
    await pair.on("ip", "address", "add", "10.9.0.66/24", "dev", "wg8")
    await pair.on("ping", "-c", "1", "-W", "1", "-I", "10.9.0.66", V4[1], fails=True)
    assert [reply.source.version for reply in pair.replies] == [6]
    await pair.real_pings()


async def test_it_is_shown_as_wg_shows_it(pair: Pair) -> None:
    """The same settings in both, and the same text to the letter."""
    keys = [os.urandom(32) for _ in range(3)]
    nets = [["10.1.0.0/16", "fd01::/64"], ["10.1.0.0/16", "10.2.0.1/32"], []]
    ends = [Endpoint("192.0.2.1", 5), None, Endpoint("2001:db8::1", 6)]
    made = "ip link delete wg8 2>/dev/null; wireguard-go wg8 >/dev/null 2>&1"
    await pair.on("sh", "-c", made)
    for key, allowed, end in zip(keys, nets, ends, strict=True):
        pair.device.set_peer(
            key,
            endpoint=end,
            preshared_key=PSK if end else None,
            allowed_ips=[ip_network(net) for net in allowed],
            persistent_keepalive=25 if end else 0,
        )
        words = ["wg", "set", "wg8", "peer", b64encode(key).decode()]
        words += ["allowed-ips", ",".join(allowed)]
        if end:
            words += ["endpoint", str(end), "preshared-key", "/dev/stdin"]
            words += ["persistent-keepalive", "25"]
        await pair.on(*words, input=b64encode(PSK).decode())
    private = os.urandom(32)
    pair.device.set_private_key(private)
    pair.device.listen_port = 51820
    words = ["wg", "set", "wg8", "private-key", "/dev/stdin", "listen-port", "51820"]
    await pair.on(*words, input=b64encode(private).decode())
    assert settings(pair.device.dump()) == settings(await pair.on("wg", "show", "wg8", "dump"))
    conf = await pair.on("wg", "showconf", "wg8")
    assert sections(pair.device.showconf()) == sections(conf)


def settings(dump: str) -> list[str]:
    """Its lines without what was sent; wireguard-go calls at once, and gives peers in no order."""
    lines = hidden(dump).splitlines()
    return sorted(re.sub(r"(\t[0-9]+){3}\t(?=\w+$)", "\t", line) for line in lines)


def sections(conf: str) -> list[str]:
    return sorted(block.strip("\n") for block in hidden(conf).split("\n\n"))


def hidden(text: str) -> str:
    """With the digest of each key in its place: what differs is printed."""
    return re.sub(r"[\w+/]{43}=", lambda key: sha256(key[0].encode()).hexdigest(), text)
