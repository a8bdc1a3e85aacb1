import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.store.samples import (
    HOST_STATES,
    LINK_STATES,
    MOST,
    NONE,
    LinkMoment,
    Run,
    Sample,
    Unreadable,
    column,
    pack,
    runs,
)
from tests.store.looks import Traffic, look, plain

numbers = st.one_of(st.none(), st.integers(0, 300), st.integers(0, MOST), st.just(MOST))


@st.composite
def looks(draw):
    """Some looks at the same mesh."""
    to = tuple(draw(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,8}z", fullmatch=True), unique=True)))
    n = len(to)

    def one(at):
        columns = [draw(st.lists(numbers, min_size=n, max_size=n)) for _ in range(3)]
        states = draw(st.lists(st.sampled_from(LINK_STATES), min_size=n, max_size=n))
        state = draw(st.sampled_from(HOST_STATES))
        return Sample(at, state, to, tuple(states), *map(column, columns))

    return [one(at) for at in sorted(draw(st.lists(st.integers(0, 2**45), min_size=1, max_size=5)))]


@given(looks())
def test_what_is_packed_comes_back(samples):
    run = Run(pack(samples))
    assert list(map(plain, run.samples())) == list(map(plain, samples))
    for place, name in enumerate(samples[0].to):
        assert run.link(name) == [
            LinkMoment(s.at, s.states[place], s.ages[place], s.rx[place], s.tx[place])
            for s in samples
        ]
    assert run.link("somebody else") == []
    for at in {s.at + more for s in samples for more in (-1, 0, 1)}:
        last = [s for s in samples if s.at <= at][-1:]
        assert [plain(run.last(at))] * len(last) == list(map(plain, last)) if last else [None]


@given(looks(), st.data())
def test_a_damaged_run_is_an_error_of_one_kind(samples, data):
    """Whatever the disk makes of it: nothing but Unreadable is raised."""
    packed = bytearray(pack(samples))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    try:
        found = list(map(plain, Run(bytes(packed)).samples()))
    except Unreadable:
        pass
    else:
        assert found == list(map(plain, samples))  # that bit did not matter
    # Past zlib's checksum comes only what someone meant to write.
    inner = bytearray(zlib.decompress(pack(samples)))
    inner[data.draw(st.integers(0, len(inner) - 1))] ^= data.draw(st.integers(1, 255))
    for broken in (bytes(inner), bytes(inner[:-1]), b""):
        with contextlib.suppress(Unreadable):
            list(Run(zlib.compress(broken)).samples())


def test_none_and_what_no_counter_can_be():
    assert list(column([None, 0, 10**20])) == [NONE, 0, MOST]
    assert list(column([1, 2**63 - 1])) == [1, MOST]
    assert list(column([])) == []


def test_a_run_ends_where_the_mesh_has_other_members():
    samples = [look(1, "b"), look(2, "bc"), look(3, "bc"), look(4, "b")]
    found = [[s.at for s in run] for run in runs(samples[::-1])]
    assert found == [[1000], [2000, 3000], [4000]]


@pytest.mark.parametrize(("busy", "most"), [(0.0, 3.0), (0.2, 4.5), (1.0, 9.0)])
def test_a_link_costs_few_bytes_a_look(busy, most):
    """What `thin.TIERS` counts on."""
    host = Traffic([f"node-{n:03}" for n in range(99)], busy=busy)
    samples = [host.look(1_800_000_000 + 60 * minute) for minute in range(15)]
    assert len(pack(samples)) / 15 / 99 < most
