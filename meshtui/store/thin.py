"""What is kept of the past: the older, the fewer looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from meshtui.store.historyfile import transaction, used
from meshtui.store.samples import Run, Sample, pack, runs

_SECOND = 1000
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3600 * _SECOND, 24 * 3600 * _SECOND


class Tier(NamedTuple):
    """In milliseconds: how old a look gets before it is thinned, how far apart looks are kept.

    `run` is how much of the time stands in one row: what is thinned at once.
    """

    keep: int
    step: int
    run: int


#: 1,203 looks at a host in all. A mesh of 100 hosts with a fifth of its links busy keeps the
#: whole month in 64 MiB; with all of them busy the size bounds it to about one week.
TIERS = (
    Tier(15 * _MINUTE, 10 * _SECOND, _MINUTE),
    Tier(3 * _HOUR, _MINUTE, 10 * _MINUTE),
    Tier(_DAY, 5 * _MINUTE, 30 * _MINUTE),
    Tier(30 * _DAY, _HOUR, 12 * _HOUR),
)
_LAST = len(TIERS) - 1
#: Looks at one host further apart than this, and than two steps, are a gap.
_GAP = 2 * _MINUTE
#: Of the limit: room for the next minutes.
_FULL = 0.9
_ROWS = 100


def gap(age: int) -> int:
    """How far apart looks of that age may be before the time between counts as not seen."""
    step = next((tier.step for tier in TIERS if age < tier.keep), TIERS[-1].step)
    return max(_GAP, 2 * step)


def insert(connection: sqlite3.Connection, host: str, tier: int, samples: Iterable[Sample]) -> None:
    """Write looks at one host, as few rows as can be."""
    connection.executemany(
        "INSERT INTO runs (host, since, until, tier, packed) VALUES (?, ?, ?, ?, ?)",
        [(host, run[0].at, run[-1].at, tier, pack(run)) for run in runs(samples)],
    )


def thin(connection: sqlite3.Connection, now: int, most: int) -> None:
    """Drop what is too old, and thin `most` stretches of a host's past: little at a time."""
    with transaction(connection):
        for tier in range(len(TIERS)):
            connection.execute(
                "DELETE FROM runs WHERE tier = ? AND since < ?", (tier, now - TIERS[-1].keep)
            )
        _thin_moments(connection, now)
    for tier in range(_LAST):
        length = TIERS[tier + 1].run
        # Only whole stretches; the rest follows when it is old enough.
        edge = (now - TIERS[tier].keep) // length * length
        due = connection.execute(
            "SELECT DISTINCT host, (since - 1) / ? FROM runs WHERE tier = ? AND since <= ? LIMIT ?",
            (length, tier, edge, most),
        ).fetchall()
        most -= len(due)
        for host, stretch in due:
            _thin_one(connection, host, tier, stretch * length, (stretch + 1) * length)


def _thin_one(connection: sqlite3.Connection, host: str, tier: int, low: int, high: int) -> None:
    where = "WHERE host = ? AND tier = ? AND since > ? AND since <= ?", (host, tier, low, high)
    with transaction(connection):
        rows = connection.execute(f"SELECT packed FROM runs {where[0]}", where[1])  # noqa: S608
        samples = [sample for (packed,) in rows for sample in Run(packed).samples()]
        insert(connection, host, tier + 1, thinned(samples, TIERS[tier + 1].step))
        connection.execute(f"DELETE FROM runs {where[0]}", where[1])  # noqa: S608


def thinned(samples: Iterable[Sample], step: int) -> list[Sample]:
    """The last look of each `step` milliseconds, by time."""
    kept: dict[int, Sample] = {}
    for sample in sorted(samples, key=lambda sample: sample.at):
        kept[_step(sample.at, step)] = sample
    return list(kept.values())


def _step(at: int, step: int) -> int:
    # The moment that ends a step belongs to it.
    return (at - 1) // step


def _thin_moments(connection: sqlite3.Connection, now: int) -> None:
    oldest = [
        connection.execute("SELECT min(since) FROM runs WHERE tier = ?", (tier,)).fetchone()[0]
        for tier in range(len(TIERS))
    ]
    first = min((at for at in oldest if at is not None), default=None)
    if first is not None:
        connection.execute("DELETE FROM moments WHERE at < ?", (first,))
    for tier, coarser in pairwise(TIERS):
        high = now - tier.keep
        connection.execute(
            "DELETE FROM moments WHERE at <= ?1 AND at NOT IN"
            " (SELECT max(at) FROM moments WHERE at <= ?1 GROUP BY (at - 1) / ?2)",
            (high, coarser.step),
        )


def make_room(connection: sqlite3.Connection, limit: int, size: int) -> None:
    """Drop the oldest until `size` bytes more fit well."""
    while used(connection) + size > _FULL * limit:
        done = connection.execute(
            "DELETE FROM runs WHERE rowid IN"
            " (SELECT rowid FROM runs ORDER BY tier DESC, since LIMIT ?)",
            (_ROWS,),
        )
        if not done.rowcount:
            return
