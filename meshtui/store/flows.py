"""How many bytes a host moved between one look and the next, from its links' counters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from meshtui.store.samples import NONE, Run, Sample


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
            told = [look for look in looks if max(look.rx, default=NONE) > NONE]
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
    rx = _grown(before.to, before.rx, after.to, after.rx)
    tx = _grown(before.to, before.tx, after.to, after.tx)
    if rx is not None and tx is not None:
        found.append(Flow(before.at, after.at, rx, tx))


def _grown(
    before: Sequence[str], old: Sequence[int], after: Sequence[str], new: Sequence[int]
) -> int | None:
    if before != after:
        places = {name: place for place, name in enumerate(before)}
        old = [old[places[name]] if name in places else NONE for name in after]
    # A counter that fell back belongs to a peer, or an interface, that was made anew
    # meanwhile: what it moved is not known.
    grown = [n - o for o, n in zip(old, new, strict=True) if NONE < o <= n]
    return sum(grown) if grown else None
