"""What goes through a tunnel, what does not, and what `wg set` does to it."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import ip_network

import pytest

from meshtui.demo.wire.engine import Engine
from meshtui.demo.wire.messages import mac1_key
from meshtui.demo.wire.show import dump, showconf
from meshtui.demo.wire.timers import Moment, Timers
from meshtui.wg.dump import parse_dump
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.keys import keypair
from tests.demo.world import EPOCH, World, ping

PSK = b"p" * 32


@pytest.fixture
def world() -> World:
    return World()


def both(world: World, **what: object) -> None:
    for end, far in ((world.a, world.b), (world.b, world.a)):
        end.engine.set_peer(far.key, world.now, **what)  # type: ignore[arg-type]


def shook(world: World) -> tuple[int, int]:
    """The latest handshake as `a` and as `b` have it."""
    a, b = (next(iter(end.engine.peers.values())) for end in (world.a, world.b))
    return a.latest_handshake, b.latest_handshake


def test_a_first_packet_waits_for_the_handshake_and_arrives(world: World) -> None:
    world.send(world.a, world.b)
    assert world.b.got == [ping(1, 2)]
    assert [kind for _, kind in world.kinds(world.a)] == [1, 4]
    assert [kind for _, kind in world.kinds(world.b)] == [2]
    assert shook(world) == (EPOCH + 100, EPOCH + 100)
    world.send(world.b, world.a)
    assert world.a.got == [ping(2, 1)]


def test_counters_are_those_of_linux(world: World) -> None:
    world.send(world.a, world.b, b"x" * 20)  # 48 bytes, with headers; 3 blocks.
    (peer,) = world.a.engine.peers.values()
    assert (peer.tx, peer.rx) == (148 + 48 + 32, 92)
    (peer,) = world.b.engine.peers.values()
    assert (peer.rx, peer.tx) == (148 + 48 + 32, 92)


def test_an_answer_with_nothing_to_follow_is_confirmed_by_a_keepalive(world: World) -> None:
    world.a.engine.set_peer(world.b.key, world.now, persistent_keepalive=25)
    world.settle()
    assert [kind for _, kind in world.kinds(world.a)] == [1, 4]
    assert world.b.got == []
    assert all(shook(world))
    (peer,) = world.b.engine.peers.values()
    assert peer.rx == 148 + 32


@pytest.mark.parametrize(("ours", "theirs"), [(PSK, PSK), (PSK, None), (None, PSK)])
def test_preshared_keys_must_be_the_same(
    world: World, ours: bytes | None, theirs: bytes | None
) -> None:
    world.a.engine.set_peer(world.b.key, world.now, preshared_key=ours)
    world.b.engine.set_peer(world.a.key, world.now, preshared_key=theirs)
    world.send(world.a, world.b)
    assert bool(world.b.got) == (ours == theirs)
    assert all(shook(world)) == (ours == theirs)
    if ours != theirs:
        same = ours or bytes(32)
        world.b.engine.set_peer(world.a.key, world.now, preshared_key=same)
        world.go(5)
        assert world.b.got == [ping(1, 2)]


def test_a_new_preshared_key_leaves_the_session_alone(world: World) -> None:
    world.send(world.a, world.b)
    world.a.engine.set_peer(world.b.key, world.now, preshared_key=PSK)
    world.send(world.a, world.b)
    assert len(world.b.got) == 2
    assert [kind for _, kind in world.kinds(world.a)] == [1, 4, 4]


def test_a_wrong_public_key_gets_no_answer(world: World) -> None:
    world.b.engine.set_private_key(b"z" * 32)
    world.send(world.a, world.b)
    assert not world.kinds(world.b)


def test_who_is_no_peer_gets_no_answer(world: World) -> None:
    world.b.engine.set_peer(world.a.key, world.now, remove=True)
    world.send(world.a, world.b)
    assert not world.kinds(world.b)


def test_a_wrong_mac1_gets_no_answer(world: World) -> None:
    world.a.engine.send(ping(1, 2), world.now)
    (call,) = world.take(world.a)
    changed = call.data[:-32] + bytes(32)
    world.put(changed, world.b, world.a.at)
    assert world.take(world.b) == []
    world.put(call.data, world.b, world.a.at)
    assert len(world.take(world.b)) == 1


def test_a_handshake_counts_once_and_an_older_one_not_at_all(world: World) -> None:
    calls = []
    for _ in range(2):
        world.a.engine.send(ping(1, 2), world.now)
        calls += [out.data for out in world.take(world.a)]
        world.time += 5
    world.put(calls[1], world.b, world.a.at)
    assert len(world.take(world.b)) == 1
    for call in calls:
        world.put(call, world.b, world.a.at)
    assert world.take(world.b) == []


def test_a_packet_counts_once_and_a_replayed_one_roams_nowhere(world: World) -> None:
    world.send(world.a, world.b)
    _, _, last = world.wire[-1]
    elsewhere = Endpoint("198.51.100.9", 9)
    world.put(last.data, world.b, elsewhere)
    world.put(last.data[:-1] + bytes([last.data[-1] ^ 1]), world.b, elsewhere)
    assert len(world.b.got) == 1
    (peer,) = world.b.engine.peers.values()
    assert peer.endpoint == world.a.at
    assert peer.rx == 148 + 48 + 32


def test_a_source_that_is_not_the_peers_is_dropped(world: World) -> None:
    world.a.engine.set_peer(world.b.key, world.now, allowed_ips=[ip_network("10.0.0.0/24")])
    world.send(world.a, world.b)
    assert world.a.engine.send(ping(9, 2), world.now) == "sent"
    assert world.a.engine.send(b"\x45" + ping(1, 2)[1:], world.now) == "sent"
    world.settle()
    assert world.b.got == [ping(1, 2)] * 2
    world.b.engine.set_peer(world.a.key, world.now, allowed_ips=[ip_network("10.0.0.9")])
    world.a.engine.send(ping(9, 2), world.now)
    world.settle()
    assert len(world.b.got) == 3


def test_it_answers_from_wherever_it_was_heard_last(world: World) -> None:
    world.send(world.a, world.b)
    world.a.at = Endpoint("203.0.113.7", 7)
    world.send(world.a, world.b)
    world.send(world.b, world.a)
    assert world.a.got == [ping(2, 1)]
    assert [kind for _, kind in world.kinds(world.b)] == [2, 4]


def test_an_unknown_endpoint_is_learnt() -> None:
    world = World()
    world.b.engine.set_peer(world.a.key, world.now, remove=True)
    world.b.engine.set_peer(world.a.key, world.now, allowed_ips=[ip_network("10.0.0.1")])
    assert world.b.engine.send(ping(2, 1), world.now) == "no-endpoint"
    world.send(world.a, world.b)
    world.send(world.b, world.a)
    assert world.a.got == [ping(2, 1)]


def test_two_that_begin_at_once_both_come_through(world: World) -> None:
    world.a.engine.send(ping(1, 2), world.now)
    world.b.engine.send(ping(2, 1), world.now)
    (from_a,), (from_b,) = world.take(world.a), world.take(world.b)
    world.put(from_a.data, world.b, world.a.at)
    world.put(from_b.data, world.a, world.b.at)
    world.settle()
    assert (world.a.got, world.b.got) == ([ping(2, 1)], [ping(1, 2)])
    world.send(world.a, world.b)
    world.send(world.b, world.a)
    assert len(world.a.got) == len(world.b.got) == 2


def test_a_new_private_key_needs_a_new_handshake(world: World) -> None:
    world.send(world.a, world.b)
    old = world.a.key
    world.a.engine.set_private_key(bytes([1]) * 32)
    world.send(world.a, world.b)
    assert len(world.b.got) == 2, "the same one changes nothing"
    assert [kind for _, kind in world.kinds(world.a)] == [1, 4, 4]
    world.a.engine.set_private_key(b"n" * 32)
    # The far end may still send under the old one: nothing on its way is lost.
    world.send(world.b, world.a)
    assert len(world.a.got) == 1
    world.b.engine.set_peer(old, world.now, remove=True)
    world.b.engine.set_peer(world.a.key, world.now, allowed_ips=[ip_network("10.0.0.1")])
    world.send(world.a, world.b)
    assert len(world.b.got) == 3
    world.a.engine.set_private_key(None)
    assert dump(world.a.engine, 0).startswith("(none)\t(none)\t0\toff\n")
    world.send(world.a, world.b)
    assert len(world.b.got) == 3


def test_peers_are_set_as_wg_sets_them(world: World) -> None:
    engine, now = world.a.engine, world.now
    one, two = mac1_key(b"1"), mac1_key(b"2")  # Any 32 bytes are a public key.
    net, other = ip_network("10.1.0.0/16"), ip_network("fd00::/64")
    engine.set_peer(one, now, update_only=True)
    engine.set_peer(world.a.key, now)
    assert list(engine.peers) == [world.b.key]
    engine.set_peer(one, now, allowed_ips=[net, other])
    engine.set_peer(two, now, allowed_ips=[net])
    texts = {key: [p.text for p in peer.allowed] for key, peer in engine.peers.items()}
    assert texts[one] == ["fd00::/64"]
    assert texts[two] == ["10.1.0.0/16"]
    engine.set_peer(one, now, allowed_ips=[net], replace_allowed_ips=True, update_only=True)
    assert [[p.text for p in peer.allowed] for peer in engine.peers.values()][1:] == [
        ["10.1.0.0/16"],
        [],
    ]
    engine.set_private_key(b"1" * 32)
    engine.set_peer(one, now, remove=True)
    engine.set_peer(one, now, remove=True)
    assert list(engine.peers) == [world.b.key, two]


def test_a_private_key_takes_away_the_peer_that_has_it(world: World) -> None:
    world.b.engine.set_private_key(bytes([1]) * 32)
    assert not world.b.engine.peers


def test_a_peer_removed_forgets_what_it_had(world: World) -> None:
    world.send(world.a, world.b)
    world.b.engine.set_peer(world.a.key, world.now, remove=True)
    world.send(world.a, world.b)
    assert len(world.b.got) == 1
    assert world.b.engine.send(ping(2, 1), world.now) == "no-peer"
    assert not world.b.engine._shared.indices


def test_down_nothing_goes_and_up_it_begins_anew(world: World) -> None:
    world.send(world.a, world.b)
    both(world, persistent_keepalive=5)
    world.a.engine.down()
    assert world.a.engine.send(ping(1, 2), world.now) == "down"
    world.go(30)
    assert not [at for at, _ in world.kinds(world.a, 100) if at > 0]
    world.time += 100
    world.a.engine.up(world.now)
    world.settle()
    assert shook(world) == (EPOCH + 230, EPOCH + 230)


def test_a_key_of_no_use_calls_nobody() -> None:
    engine = Engine(Timers(), lambda n: b"r" * n)
    now = Moment(0, EPOCH)
    engine.set_private_key(b"k" * 32)
    engine.up(now)
    engine.set_peer(bytes(32), now, endpoint=Endpoint("192.0.2.1", 1), persistent_keepalive=1)
    assert engine.take() == []


def test_it_reads_as_wg_shows_it() -> None:
    world = World(Timers(jitter=0))
    world.send(world.a, world.b)
    both(world, preshared_key=PSK, persistent_keepalive=25)
    world.b.engine.set_peer(world.a.key, world.now, allowed_ips=[ip_network("fd00::1")])
    text = dump(world.b.engine, 51820)
    live = parse_dump("wg0", text.replace(b64encode(PSK).decode(), "set"))
    private, public = keypair(bytes([2]) * 32)
    assert live.public_key == public
    (peer,) = live.peers.values()
    assert peer.public_key == b64encode(world.a.key).decode()
    assert peer[1:5] == (True, "192.0.2.1:51820", ("10.0.0.1/32", "fd00::1/128"), EPOCH + 100)
    assert peer.persistent_keepalive == 25
    assert showconf(world.b.engine, 51820) == (
        "[Interface]\nListenPort = 51820\n"
        f"PrivateKey = {private.reveal()}\n\n"
        f"[Peer]\nPublicKey = {peer.public_key}\nPresharedKey = {b64encode(PSK).decode()}\n"
        "AllowedIPs = 10.0.0.1/32, fd00::1/128\nEndpoint = 192.0.2.1:51820\n"
        "PersistentKeepalive = 25\n"
    )
