"""Rates from counters that were written down now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from meshtui.fleet.reports import TrafficSample
from meshtui.store.samples import Sample


def traffic(
    samples: Sequence[Sample], since: float, step: float, now: float, gap: Callable[[float], float]
) -> list[TrafficSample]:
    """A host's rates in steps of `step` seconds, from `since` to `now`; `samples` by time.

    What lies between two looks is spread evenly over the time between them, unless
    they are further apart than `gap(age)` seconds: then nothing is known of it.
    """
    # A bit more: a whole number of steps is one, also where floats make it a bit less.
    count = max(0, int((now - since) / step + 1e-6))
    rx, tx, covered = [0.0] * count, [0.0] * count, [0.0] * count
    # A host that did not answer has no numbers: what came before and after is compared.
    with_numbers = (sample for sample in samples if any(rx >= 0 for rx in sample.rx))
    for before, after in pairwise(with_numbers):
        start, end = before.at / 1000, after.at / 1000
        moved = _moved(before, after)
        if moved is None or not 0 < end - start <= gap(now - end):
            continue
        for place in range(max(0, int((start - since) / step)), count):
            low = since + place * step
            share = min(end, low + step) - max(start, low)
            if low >= end:
                break
            if share > 0:
                covered[place] += share
                rx[place] += moved[0] * share / (end - start)
                tx[place] += moved[1] * share / (end - start)
    return [
        TrafficSample(
            since + step * (place + 1),
            rx[place] / covered[place] if covered[place] else None,
            tx[place] / covered[place] if covered[place] else None,
        )
        for place in range(count)
    ]


def _moved(before: Sample, after: Sample) -> tuple[int, int] | None:
    """Bytes received and sent between two looks; None: no link can tell."""
    if before.to == after.to:
        rx = list(zip(before.rx, after.rx, strict=True))
        tx = list(zip(before.tx, after.tx, strict=True))
    else:
        places = {name: place for place, name in enumerate(before.to)}
        pairs = [(places[to], place) for place, to in enumerate(after.to) if to in places]
        rx = [(before.rx[old], after.rx[new]) for old, new in pairs]
        tx = [(before.tx[old], after.tx[new]) for old, new in pairs]
    received, sent = _grown(rx), _grown(tx)
    return None if received is None or sent is None else (received, sent)


def _grown(pairs: Iterable[tuple[int, int]]) -> int | None:
    # A counter that fell back belongs to a peer, or an interface, that was made anew
    # meanwhile: what it moved is not known. Below 0: there was no number.
    grown = [new - old for old, new in pairs if 0 <= old <= new]
    return sum(grown) if grown else None
