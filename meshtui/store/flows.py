"""How many bytes a host moved between one look and the next, from its links' counters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from meshtui.store.samples import Run, Sample


class Flow(NamedTuple):
    """Bytes of all links together. Times are milliseconds since the epoch."""

    start: int
    end: int
    rx: int
    tx: int


def flows(stretches: Iterable[Run | Sequence[Sample]]) -> list[Flow]:
    """What was moved from look to look, in the stretches and from each to the next.

    Looks at a host that did not answer are passed over. Where no link can tell, there
    is no flow. Stretches may overlap: a flow that would end before it begins is left out.
    """
    found: list[Flow] = []
    last: Sample | None = None
    for stretch in stretches:
        if isinstance(stretch, Run) and (grown := stretch.grown()):
            # Everything grew, as it mostly does: only the ends are looked at one by one.
            found += map(Flow, stretch.times, stretch.times[1:], *grown)
            told, inner = [stretch.look(0), stretch.look(-1)], []
        else:
            looks = stretch.samples() if isinstance(stretch, Run) else stretch
            told = [look for look in looks if any(rx >= 0 for rx in look.rx)]
            inner = list(pairwise(told))
        if last is not None and told:
            inner.append((last, told[0]))
        for before, after in inner:
            _add(found, before, after)
        last = told[-1] if told else last
    return found


def _add(found: list[Flow], before: Sample, after: Sample) -> None:
    if before.at >= after.at:
        return
    if before.to == after.to:
        pairs = [(place, place) for place in range(len(after.to))]
    else:
        places = {name: place for place, name in enumerate(before.to)}
        pairs = [(places[to], place) for place, to in enumerate(after.to) if to in places]
    rx = _grown((before.rx[old], after.rx[new]) for old, new in pairs)
    tx = _grown((before.tx[old], after.tx[new]) for old, new in pairs)
    if rx is not None and tx is not None:
        found.append(Flow(before.at, after.at, rx, tx))


def _grown(pairs: Iterable[tuple[int, int]]) -> int | None:
    # A counter that fell back belongs to a peer, or an interface, that was made anew
    # meanwhile: what it moved is not known. Below 0: there was no number.
    grown = [new - old for old, new in pairs if 0 <= old <= new]
    return sum(grown) if grown else None
