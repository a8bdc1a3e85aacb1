"""Rates from counters: never negative, never invented."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.fleet.traffic import traffic
from meshtui.store.flows import flows
from meshtui.store.samples import Run, Sample, column, pack, runs


def look(
    at: float, rx: list[int | None], tx: list[int | None] | None = None, to: str = ""
) -> Sample:
    names = tuple(to or "abcdefgh"[: len(rx)])
    tx = rx if tx is None else tx
    n = len(names)
    return Sample(
        round(at * 1000), "up", names, ("up",) * n, column([1] * n), column(rx), column(tx)
    )


def rates(samples: list[Sample], since: float = 0, step: float = 10, now: float = 60) -> list:
    found = traffic(flows([samples]), since, step, now, lambda _age: 25.0)
    # Packed, all in one or one by one, they tell the same.
    packed = [Run(pack(run)) for run in runs(samples)]
    assert traffic(flows(packed), since, step, now, lambda _age: 25.0) == found
    single = [Run(pack([one])) for one in samples]
    assert traffic(flows(single), since, step, now, lambda _age: 25.0) == found
    assert [one.at for one in found] == [since + step * (n + 1) for n in range(len(found))]
    return [(one.rx, one.tx) for one in found]


def test_the_bytes_of_all_links_over_the_seconds_between_two_looks() -> None:
    looks = [look(at, [at * 100, at * 7], [at * 10, 0]) for at in range(0, 61, 10)]
    assert rates(looks) == [(107.0, 10.0)] * 6
    assert rates(looks, step=30) == [(107.0, 10.0)] * 2
    assert rates(looks, step=4, since=20, now=40) == [(107.0, 10.0)] * 5


def test_looks_and_steps_need_not_fall_together() -> None:
    assert rates([look(5, [0]), look(15, [1000]), look(25, [1000])], now=30) == [
        (100.0, 100.0),
        (50.0, 50.0),
        (0.0, 0.0),
    ]


@pytest.mark.parametrize("step", [0.1, 1 / 3, 7.7, 60])
def test_a_whole_number_of_steps_is_one(step: float) -> None:
    now = 1_800_000_000.123
    assert len(traffic([], now - 60 * step, step, now, lambda _: 1.0)) == 60


def test_a_gap_is_not_known() -> None:
    nothing = (None, None)
    assert rates([look(0, [0]), look(30, [99])]) == [nothing] * 6
    assert rates([]) == [nothing] * 6
    assert rates([look(5, [1])]) == [nothing] * 6
    looks = [look(0, [0]), look(10, [100]), look(40, [900]), look(50, [1000])]
    assert rates(looks) == [(10, 10), nothing, nothing, nothing, (10, 10), nothing]


def test_a_host_that_did_not_answer_is_passed_over() -> None:
    looks = [look(0, [0]), look(10, [None]), look(20, [200]), look(30, [None])]
    assert rates(looks, now=40) == [(10, 10), (10, 10), (None, None), (None, None)]


def test_a_peer_made_anew_is_left_out_of_that_step() -> None:
    looks = [look(0, [5000, 0]), look(10, [10, 100]), look(20, [20, 200])]
    assert rates(looks, now=20) == [(10, 10), (11, 11)]


def test_an_interface_made_anew_tells_nothing_of_that_step() -> None:
    assert rates([look(0, [5000]), look(10, [0]), look(20, [50])], now=20) == [(None, None), (5, 5)]


def test_links_are_told_apart_by_name_when_the_mesh_changes() -> None:
    looks = [
        look(0, [100, 0], to="ab"),
        look(10, [200, 0, 99_999], to="bac"),
        look(20, [7], to="d"),
    ]
    assert rates(looks, now=20) == [(20.0, 20.0), (None, None)]


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.lists(st.integers(-1, 10**6), min_size=2, max_size=2)),
        max_size=12,
    ),
    st.floats(0.5, 50),
)
def test_no_rate_is_negative_or_higher_than_any_that_there_was(
    found: list[tuple[int, list[int]]], step: float
) -> None:
    looks = [
        look(at, [None if n < 0 else n for n in numbers])
        for at, numbers in sorted(found, key=lambda one: one[0])
    ]
    told = rates(looks, step=step, now=100)
    seen = [one for one in looks if max(one.rx) >= 0]
    fastest = max(
        (
            sum(new - old for old, new in zip(a.rx, b.rx, strict=True) if 0 <= old <= new)
            * 1000
            / (b.at - a.at)
            for a, b in pairwise(seen)
            if b.at > a.at
        ),
        default=0,
    )
    assert all(rx is None or 0 <= rx <= fastest * 1.000001 for rx, _ in told)
