import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshtui.errors import UsageError
from meshtui.store.history import History
from meshtui.store.thin import TIERS, gap, thinned
from tests.store.looks import NOW, Traffic, look, plain

MINUTE, HOUR, DAY = 60, 3600, 86400
ALL = ["a", "b", "dead", "gone", "slow"]


class Clock:
    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return []


@pytest.fixture
def opened(tmp_path, clock, said):
    """Opens the same history as often as a test likes."""
    made = []

    def open_one(**options):
        made.append(History("prod", say=said.append, directory=tmp_path, clock=clock, **options))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def play(history, clock, seconds, step=10, hosts=("a",), make=look):
    """Look at every host for so long."""
    for _ in range(seconds // step):
        clock.now += step
        history.add({host: make(clock.now) for host in hosts})


def ats(moments):
    return [one.at / 1000 - NOW for one in moments]


def test_what_was_seen_is_there_before_and_after_a_restart(opened, clock):
    history = opened()
    for step in range(10):  # more than a batch
        clock.now += 10
        history.add({"a": look(clock.now, rx=step), "b": look(clock.now - 1, to="ac")})
    for _ in range(2):
        assert ats(history.link("a", "b", 0)) == list(range(10, 101, 10))
        assert [flow.rx for flow in history.flows("a", 0)] == [2] * 9  # of two links
        assert history.flows("a", (NOW + 200) * 1000) == history.flows("nobody", 0) == []
        assert [one.rx for one in history.link("a", "b", (NOW + 75) * 1000)] == [7, 8, 9]
        assert history.link("a", "nobody", 0) == history.link("nobody", "a", 0) == []
        past = history.past((NOW + 55) * 1000, ALL)
        assert plain(past["a"]) == plain(look(NOW + 50, rx=4))
        assert plain(past["b"]) == plain(look(NOW + 49, to="ac"))
        history.close()
        history = opened()


def test_moments_are_those_of_the_mesh(opened, clock):
    history = opened()
    assert history.moment() is history.moment(before=1) is history.moment(after=1) is None
    for step in range(1, 9):
        clock.now = NOW + 10 * step
        history.add({"a": look(clock.now - 3), "b": look(clock.now - 1)})
    first = (NOW + 9) * 1000
    assert history.moment() == history.moment(before=first + 1) == first
    assert history.moment(before=first) is None
    walked = [first]
    while (at := history.moment(after=walked[-1])) is not None:
        walked.append(at)
    assert walked == [first + 10_000 * step for step in range(8)]
    while (at := history.moment(before=walked[-1])) is not None:
        assert at == walked[-2]
        walked.pop()
    assert walked == [first]


def test_the_past_leaves_out_who_was_not_seen_for_long(opened, clock):
    history = opened()
    history.add({"gone": look(NOW), "slow": look(NOW), "dead": look(NOW)})
    clock.now += 100
    history.add({"dead": look(clock.now, state="unreachable", link="unknown", age=None)})
    past = history.past((NOW + 101) * 1000, ALL)
    assert set(past) == {"gone", "slow", "dead"}
    assert past["dead"].state == "unreachable"
    assert set(history.past((NOW + 121) * 1000, ALL)) == {"dead"}
    assert history.past((NOW - 1) * 1000, ALL) == {}


def test_hosts_come_and_go_and_change_their_names(opened, clock):
    history = opened()
    for to in ("b", "bc", "bd", ""):
        play(history, clock, 30, make=lambda at, to=to: look(at, to=to))
    history.close()
    history = opened()
    for at, to in ((30, "b"), (60, "bc"), (90, "bd"), (120, "")):
        assert history.past((NOW + at) * 1000, ALL)["a"].to == tuple(to)
    assert ats(history.link("a", "c", 0)) == [40, 50, 60]
    assert ats(history.link("a", "b", 0)) == list(range(10, 91, 10))


def test_when_a_link_last_worked(opened, clock):
    history = opened()

    def last():
        found = history.last_worked("a", "b")
        return None if found is None else found / 1000 - NOW

    assert last() is None
    play(history, clock, 100, make=lambda at: look(at, link="never", age=None))
    assert last() is None
    play(history, clock, 100)
    assert last() == 200
    play(history, clock, 1000, make=lambda at: look(at, link="stale", age=int(at) - NOW - 190))
    assert last() == 200
    # Down for two days: what is left of then is thin, the handshake tells it still.
    play(history, clock, 2 * DAY, 600, make=lambda at: look(at, link="stale", age=int(at - NOW)))
    assert 0 <= last() <= 200
    play(
        history, clock, 10, make=lambda at: look(at, state="unreachable", link="unknown", age=None)
    )
    assert 0 <= last() <= 200
    assert history.last_worked("a", "nobody") is None


def test_a_handshake_is_proof_between_two_looks(opened, clock):
    history = opened()
    history.add({"a": look(NOW, link="up")})
    clock.now = NOW + HOUR
    history.add({"a": look(clock.now, link="stale", age=600)})
    assert history.last_worked("a", "b") == (NOW + HOUR - 600) * 1000


def test_the_older_the_fewer(opened, clock, said):
    history = opened()
    play(history, clock, 2 * HOUR, 60)
    play(history, clock, HOUR, 10)
    for _ in range(10):
        history.flush()
        play(history, clock, 60)
    now, found = clock.now, history.link("a", "b", 0)
    recent = [one for one in found if one.at / 1000 > now - 15 * MINUTE]
    older = [one for one in found if one.at / 1000 <= now - 30 * MINUTE]
    assert len(recent) == 90
    spacing = {(b.at - a.at) / 1000 for a, b in pairwise(older)}
    assert spacing == {60.0}
    assert len(older) == pytest.approx(160, abs=2)
    assert not said


def test_a_month_is_kept_and_no_more(opened, clock):
    history = opened()
    play(history, clock, 40 * DAY, 6 * HOUR)
    play(history, clock, 2 * DAY, 5 * MINUTE)
    found = [one.at / 1000 for one in history.link("a", "b", 0)]
    assert found == sorted(set(found))
    assert clock.now - 30 * DAY - 12 * HOUR <= found[0] <= clock.now - 29 * DAY
    # Before yesterday: one an hour, or as few as there were. A look at the edge of what is
    # thinned at once may be one too many.
    hourly = [at for at in found if at < clock.now - DAY - 12 * HOUR]
    assert sum(b - a < HOUR - 1 for a, b in pairwise(hourly)) < 6
    assert sum(b - a == HOUR for a, b in pairwise(hourly)) > 6
    # Every moment that one can go to has something to show.
    at = history.moment()
    while at is not None:
        assert set(history.past(at, ALL)) == {"a"}, at
        at = history.moment(after=at)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=50), st.sampled_from(TIERS))
def test_thinning_keeps_order_and_the_last_of_each_step(times, tier):
    samples = [look(at / 1000) for at in times]
    kept = [one.at for one in thinned(samples, tier.step)]
    assert kept == sorted(set(kept))
    assert max(times) in kept
    steps = [(at - 1) // tier.step for at in kept]
    assert steps == sorted(set(steps)) == sorted({(at - 1) // tier.step for at in times})
    assert [one.at for one in thinned(thinned(samples, tier.step), tier.step)] == kept


def test_the_file_stays_within_its_limit(opened, clock, tmp_path, said):
    """A month of 100 hosts whose links are all busy, in a file too small for it."""
    limit = 2 << 20
    history = opened(limit=limit)
    names = [f"node-{n:03}" for n in range(100)]
    hosts = {
        name: Traffic([to for to in names if to != name], seed=n) for n, name in enumerate(names)
    }
    biggest = 0
    for _ in range(30):
        clock.now += DAY
        history.add({name: host.look(clock.now) for name, host in hosts.items()})
        biggest = max(biggest, history.path.stat().st_size if history.path.exists() else 0)
    history.close()
    assert biggest <= limit
    assert history.path.stat().st_size > limit / 2
    history = opened(limit=limit)
    # The newest is what is left, of every host.
    assert len(history.past(clock.now * 1000, names)) == 100
    found = [one.at / 1000 for one in history.link("node-000", "node-099", 0)]
    assert found[-1] == clock.now
    assert NOW + DAY < found[0] < clock.now - DAY
    assert history.moment() / 1000 >= found[0] - DAY
    assert not said


def test_a_clock_that_is_set_back(opened, clock, said):
    history = opened()
    play(history, clock, 100)
    clock.now -= 300
    play(history, clock, 100)
    # What is still to come by the clock now is not shown.
    assert history.moment(after=clock.now * 1000) is None
    assert ats(history.link("a", "b", 0)) == [at - 200 for at in range(10, 101, 10)]
    assert history.past(clock.now * 1000, ALL)["a"].at == clock.now * 1000
    assert history.last_worked("a", "b") == clock.now * 1000
    clock.now += 600
    play(history, clock, 100)
    found = ats(history.link("a", "b", 0))
    assert found == sorted(found)
    assert len(found) == 30
    play(history, clock, HOUR, 60)
    assert not said


@pytest.mark.parametrize("now", [0.0, 10.0, 4_000_000_000.0])
def test_a_clock_that_is_far_off(opened, clock, said, now):
    history = opened()
    clock.now = now
    play(history, clock, 200)
    assert len(history.link("a", "b", 0)) == 20
    assert history.past(clock.now * 1000, ALL)
    assert not said


def test_two_at_once(opened, clock, said):
    one, two = opened(), opened()
    for _ in range(60):
        clock.now += 10
        one.add({"a": look(clock.now, rx=1)})
        two.add({"a": look(clock.now + 0.5, rx=2)})
    clock.now += 1
    one.flush()
    two.flush()
    for history in (one, two):
        assert [m.rx for m in history.link("a", "b", 0)] == [1, 2] * 60
    play(one, clock, HOUR)
    two.add({"a": look(clock.now)})
    two.flush()
    assert not said


def test_another_that_writes_is_waited_for_and_nothing_is_lost(opened, clock, said, tmp_path):
    history = opened()
    play(history, clock, 60)
    history.flush()
    other = sqlite3.connect(history.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    history._opened().execute("PRAGMA busy_timeout = 1")
    play(history, clock, 60)
    history.flush()
    assert len(history.link("a", "b", 0)) == 12
    other.execute("ROLLBACK")
    other.close()
    history.close()
    assert len(opened().link("a", "b", 0)) == 12
    assert not said


def test_the_gap_grows_with_the_steps():
    assert [
        gap(1000 * age) // 1000 for age in (-5, 0, 16 * MINUTE, 4 * HOUR, 2 * DAY, 60 * DAY)
    ] == [
        120,
        120,
        120,
        600,
        7200,
        7200,
    ]


@pytest.mark.parametrize("name", ["..", "../prod", "", "a/b"])
def test_a_name_that_leaves_the_directory_is_refused(tmp_path, name):
    with pytest.raises(UsageError):
        History(name, say=print, directory=tmp_path)
