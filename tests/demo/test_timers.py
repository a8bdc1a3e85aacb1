"""WireGuard's timers, in a time that only the test moves."""

from __future__ import annotations

from itertools import pairwise

import pytest

from meshtui.demo.wire.timers import Timers
from tests.demo.world import World, ping

BEGIN = 100.0


@pytest.fixture
def world() -> World:
    """Two ends with a session, made by `a` at second 0."""
    world = World()
    world.send(world.a, world.b)
    world.wire.clear()
    return world


def test_a_call_that_is_not_answered_is_repeated_for_90_seconds() -> None:
    world = World()
    world.loss = lambda _: True
    world.send(world.a, world.b)
    world.go(300)
    assert world.kinds(world.a, BEGIN) == [(5.0 * n, 1) for n in range(20)]
    # And what waited is given up, so that a later packet begins anew and comes alone.
    world.loss = lambda _: False
    world.send(world.a, world.b, b"later")
    assert world.b.got == [ping(1, 2, b"later")]


def test_repeated_calls_are_jittered() -> None:
    world = World(Timers())
    world.loss = lambda _: True
    world.send(world.a, world.b)
    world.go(60)
    times = [at for at, _ in world.kinds(world.a)]
    gaps = {round(b - a, 3) for a, b in pairwise(times)}
    assert len(gaps) > 5
    assert all(5 <= gap <= 5.334 for gap in gaps)


def test_what_waits_is_sent_in_order_and_of_too_much_the_oldest_is_lost() -> None:
    world = World()
    for number in range(200):
        world.a.engine.send(ping(1, 2, bytes([number])), world.now)
    world.settle()
    assert world.b.got == [ping(1, 2, bytes([number])) for number in range(72, 200)]


def test_data_is_answered_with_a_keepalive_after_10_seconds(world: World) -> None:
    world.go(60)
    assert world.kinds(world.b, BEGIN) == [(10, 4)]
    assert world.kinds(world.a) == [], "a keepalive needs no answer"


def test_more_data_meanwhile_is_answered_once_more(world: World) -> None:
    world.go(3)
    world.send(world.a, world.b)
    world.go(60)
    assert world.kinds(world.b, BEGIN) == [(10, 4), (20, 4)]


def test_data_sent_back_is_answer_enough(world: World) -> None:
    world.go(5)
    world.send(world.b, world.a)
    world.go(60)
    assert world.kinds(world.b, BEGIN) == [(5, 4)]
    assert world.kinds(world.a, BEGIN) == [(15, 4)]


def test_data_that_nothing_answers_leads_to_a_handshake_after_15_seconds(world: World) -> None:
    world.loss = lambda _: True
    world.go(21)
    assert world.kinds(world.a, BEGIN) == [(15, 1), (20, 1)]


def test_the_initiator_rekeys_what_it_sends_after_120_seconds(world: World) -> None:
    world.go(119)
    for end, far in ((world.a, world.b), (world.b, world.a)):
        world.send(end, far)
    assert not [kind for _, kind in world.kinds(world.a) if kind == 1]
    world.go(2)
    world.send(world.b, world.a)
    assert not [kind for _, kind in world.kinds(world.b) if kind == 1], "not its turn"
    world.send(world.a, world.b)
    assert world.kinds(world.a, BEGIN)[-3:] == [(121, 4), (121, 1), (121, 4)]
    world.send(world.b, world.a)
    assert (len(world.a.got), len(world.b.got)) == (3, 3)


def test_the_initiator_rekeys_what_it_only_receives_after_165_seconds(world: World) -> None:
    # Its other timers stand still: with a keepalive it would rekey for having sent.
    sent: list[int] = []
    while not sent:
        world.time += 1
        world.b.engine.send(ping(2, 1), world.now)
        for out in world.take(world.b):
            world.put(out.data, world.a, world.b.at)
        sent = [out.data[0] for out in world.take(world.a)]
    assert (world.time, sent) == (BEGIN + 165, [1])


def test_a_session_is_over_after_180_seconds_both_ways(world: World) -> None:
    world.b.engine.send(ping(2, 1), world.now)
    (late,) = world.take(world.b)
    world.time = BEGIN + 179
    world.b.engine.send(ping(2, 1), world.now)
    (just,) = world.take(world.b)
    world.put(just.data, world.a, world.b.at)
    assert len(world.a.got) == 1
    world.time = BEGIN + 180
    world.put(late.data, world.a, world.b.at)
    assert len(world.a.got) == 1
    world.take(world.a)
    world.b.engine.send(ping(2, 1), world.now)
    assert [out.data[0] for out in world.take(world.b)] == [1]


def test_keys_are_forgotten_after_three_times_that(world: World) -> None:
    world.loss = lambda _: True
    world.go(539)
    assert world.a.engine._shared.indices
    world.go(1)
    assert not world.a.engine._shared.indices
    assert not world.b.engine._shared.indices


def test_what_is_in_flight_over_a_rekey_still_arrives(world: World) -> None:
    world.time = BEGIN + 121
    world.b.engine.send(ping(2, 1, b"old"), world.now)
    (held,) = world.take(world.b)
    world.send(world.a, world.b)
    assert [kind for _, kind in world.kinds(world.a)] == [4, 1, 4]
    world.put(held.data, world.a, world.b.at)
    assert world.a.got == [ping(2, 1, b"old")]


def test_a_persistent_keepalive_is_sent_whenever_nothing_else_was() -> None:
    world = World(persistent_keepalive=25)
    world.settle()
    world.go(60)
    assert world.kinds(world.b, BEGIN) == [(0, 1), (0, 4), (25, 4), (50, 4)]
    world.send(world.b, world.a)
    world.go(35)
    assert world.kinds(world.b, BEGIN)[4:] == [(60, 4), (95, 4)], "25 after the answer"
    world.b.engine.set_peer(world.a.key, world.now, persistent_keepalive=0)
    world.go(100)
    assert len(world.kinds(world.b)) == 6


def test_a_link_kept_alive_is_never_older_than_a_healthy_one() -> None:
    world = World(persistent_keepalive=25)
    (peer,) = world.b.engine.peers.values()
    for _ in range(1000):
        world.go(1)
        assert world.now.wall - peer.latest_handshake <= 145


def test_it_never_gives_up_a_peer_that_is_to_be_kept_alive() -> None:
    world = World()
    world.loss = lambda _: True
    world.b.engine.set_peer(world.a.key, world.now, persistent_keepalive=25)
    world.go(1000)
    world.loss = lambda _: False
    world.go(30)
    (peer,) = world.b.engine.peers.values()
    assert peer.latest_handshake > 0


def test_many_messages_lead_to_a_handshake_and_too_many_are_not_sent() -> None:
    world = World(Timers(jitter=0, rekey_after_messages=3, reject_after_messages=5))
    world.send(world.a, world.b)
    world.time += 6
    for _ in range(2):
        world.send(world.a, world.b)
    assert [kind for _, kind in world.kinds(world.a)] == [1, 4, 4, 4]
    world.loss = lambda out: out.data[0] == 1
    for _ in range(4):
        world.send(world.a, world.b)
    assert [kind for _, kind in world.kinds(world.a)][4:] == [4, 1, 4]
    assert len(world.b.got) == 5
    world.loss = lambda _: False
    world.go(5)
    assert len(world.b.got) == 7


def test_shortened_times_are_kept() -> None:
    world = World(Timers(jitter=0, rekey_after_time=1, rekey_timeout=0.1), persistent_keepalive=1)
    world.go(10)
    assert sum(kind == 1 for _, kind in world.kinds(world.b)) >= 5


def test_a_clock_set_back_is_not_heard_until_it_is_right(world: World) -> None:
    """As in the field: handshakes with an old timestamp are taken for replayed ones."""
    world.go(180)
    now = world.now
    world.a.engine.send(ping(1, 2), now._replace(wall=now.wall - 3600))
    (call,) = world.take(world.a)
    world.put(call.data, world.b, world.a.at)
    assert world.take(world.b) == []
