"""Sets of a mesh's members as one number each: bit i stands for the i-th member.

1,000 members have a million pairs; as numbers, what a whole row of them has in common is
one operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def mask_of(places: Iterable[int]) -> int:
    """The set of these places."""
    mask = 0
    for place in places:
        mask |= 1 << place
    return mask


def places_of(mask: int) -> Iterator[int]:
    """The places in the set, rising."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
