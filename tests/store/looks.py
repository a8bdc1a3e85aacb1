"""Looks at a host, for tests of the history."""

from __future__ import annotations

import random
from collections.abc import Sequence

from meshtui.store.samples import Sample, column

NOW = 1_800_000_000
"""Epoch seconds."""


def look(
    at: float = NOW,
    to: Sequence[str] = ("b", "c"),
    state: str = "up",
    link: str = "up",
    age: int | None = 5,
    rx: int | None = 100,
    tx: int | None = 200,
) -> Sample:
    """One look in which all links are alike."""
    n = len(to)
    return Sample(
        round(at * 1000),
        state,  # type: ignore[arg-type]
        tuple(to),
        (link,) * n,  # type: ignore[arg-type]
        column([age] * n),
        column([rx] * n),
        column([tx] * n),
    )


def plain(sample: Sample) -> tuple[object, ...]:
    """To compare: a column is a list or an array."""
    return (*sample[:4], *map(list, sample[4:]))


class Traffic:
    """A host whose links are busy, at random: what packs worst."""

    def __init__(self, to: Sequence[str], seed: int = 0, busy: float = 1.0) -> None:
        self.to = tuple(to)
        self._random = random.Random(seed)
        self._rates = [
            10 ** self._random.uniform(3, 7) if self._random.random() < busy else 1.5 for _ in to
        ]
        self._rx = [self._random.randrange(10**6, 10**11) for _ in to]
        self._tx = [self._random.randrange(10**6, 10**11) for _ in to]
        self._at: float | None = None

    def look(self, at: float) -> Sample:
        seconds = at - self._at if self._at is not None else 0
        self._at = at
        for counters in (self._rx, self._tx):
            for place, rate in enumerate(self._rates):
                counters[place] += int(rate * seconds * self._random.uniform(0.2, 2))
        n = len(self.to)
        ages = [(int(at) + 13 * place) % 125 for place in range(n)]
        return Sample(
            round(at * 1000),
            "up",
            self.to,
            ("up",) * n,
            column(ages),
            column(self._rx),
            column(self._tx),
        )
