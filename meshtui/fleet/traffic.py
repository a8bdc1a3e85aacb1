"""A host's rates, step by step, from what it moved between looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from meshtui.fleet.reports import TrafficSample
from meshtui.store.flows import Flow


def traffic(
    flows: Iterable[Flow], since: float, step: float, now: float, gap: Callable[[float], float]
) -> list[TrafficSample]:
    """Rates in steps of `step` seconds, from `since` to `now`.

    What was moved between two looks is spread evenly over the time between them, unless
    they are further apart than `gap(age)` seconds: then nothing is known of it.
    """
    # A bit more: a whole number of steps is one, also where floats make it a bit less.
    count = max(0, int((now - since) / step + 1e-6))
    rx, tx, covered = [0.0] * count, [0.0] * count, [0.0] * count
    for flow in flows:
        start, end = flow.start / 1000, flow.end / 1000
        if not 0 < end - start <= gap(now - end):
            continue
        for place in range(max(0, int((start - since) / step)), count):
            low = since + place * step
            if low >= end:
                break
            share = min(end, low + step) - max(start, low)
            if share > 0:
                covered[place] += share
                rx[place] += flow.rx * share / (end - start)
                tx[place] += flow.tx * share / (end - start)
    return [
        TrafficSample(
            since + step * (place + 1),
            rx[place] / covered[place] if covered[place] else None,
            tx[place] / covered[place] if covered[place] else None,
        )
        for place in range(count)
    ]
