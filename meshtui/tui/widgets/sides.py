"""Texts side by side: which line of one stands beside which line of the others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Aligned(NamedTuple):
    """One line of the picture."""

    texts: tuple[str | None, ...]
    """By side; None: that side has no such line."""
    same: bool
    """Whether all sides that there are read the same here."""


Pair = tuple[int | None, int | None]


def align(*sides: str | None) -> list[Aligned]:
    """Put the lines of all `sides` beside each other; a side that is None differs from nothing.

    All are compared with the first that there is. Of lines that read differently,
    those that set the same key stand side by side.
    """
    there = [i for i, side in enumerate(sides) if side is not None]
    texts = [(sides[i] or "").splitlines() for i in there]
    rows: list[Aligned] = []
    for lines in _together(texts):
        row: list[str | None] = [None] * len(sides)
        for i, line in zip(there, lines, strict=True):
            row[i] = line
        # An empty line says nothing, so that it is missing says nothing either.
        same = len(set(lines)) == 1 or not any(line and line.strip() for line in lines)
        rows.append(Aligned(tuple(row), same))
    return rows


def differences(rows: Sequence[Aligned]) -> list[int]:
    """Where each run of lines that differ begins."""
    return [i for i, row in enumerate(rows) if not row.same and (i == 0 or rows[i - 1].same)]


def unified(rows: Sequence[Aligned]) -> Iterator[tuple[str, str]]:
    """Two sides as one column: lines with `-` (left only), `+` (right only) or ` ` (both)."""
    left: list[str] = []
    right: list[str] = []
    for row in rows:
        if row.same:
            yield from _run(left, right)
            yield " ", next(text for text in row.texts if text is not None)
            continue
        first, second = row.texts
        left += [] if first is None else [first]
        right += [] if second is None else [second]
    yield from _run(left, right)


def _run(left: list[str], right: list[str]) -> Iterator[tuple[str, str]]:
    yield from (("-", text) for text in left)
    yield from (("+", text) for text in right)
    left.clear()
    right.clear()


def _together(texts: Sequence[Sequence[str]]) -> Iterator[tuple[str | None, ...]]:
    if len(texts) < 2:
        yield from ((line,) for line in (texts[0] if texts else ()))
        return
    base, *others = texts
    beside: list[list[str | None]] = [[None] * len(base) for _ in others]
    # What the others have and the first lacks, by the line of the first before which it stands.
    extra: list[list[list[str]]] = [[[] for _ in others] for _ in range(len(base) + 1)]
    for side, lines in enumerate(others):
        place = 0
        for i, j in _pairs(base, lines):
            if i is None:
                assert j is not None
                extra[place][side].append(lines[j])
                continue
            place = i + 1
            beside[side][i] = None if j is None else lines[j]
    for i in range(len(base) + 1):
        if any(extra[i]):
            yield from ((None, *rest) for rest in _together(extra[i]))
        if i < len(base):
            yield (base[i], *(column[i] for column in beside))


def _pairs(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    """Lines that belong together: of sections about the same, the same ones or the same key."""
    starts = _sections(left), _sections(right)
    for pair in _paired(*([_title(section) for _, section in side] for side in starts)):
        (i, ours), (j, theirs) = (
            (0, []) if n is None else side[n] for n, side in zip(pair, starts, strict=True)
        )
        for first, second in _lines(ours, theirs):
            yield None if first is None else i + first, None if second is None else j + second


def _lines(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    for kind, i1, i2, j1, j2 in _matches(left, right):
        if kind == "equal":
            yield from zip(range(i1, i2), range(j1, j2), strict=True)
            continue
        for i, j in _paired(
            *([_key(line) for line in part] for part in (left[i1:i2], right[j1:j2]))
        ):
            yield None if i is None else i1 + i, None if j is None else j1 + j


def _paired(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    """The same texts together, the others alone."""
    for kind, i1, i2, j1, j2 in _matches(left, right):
        if kind == "equal":
            yield from zip(range(i1, i2), range(j1, j2), strict=True)
        else:
            yield from ((i, None) for i in range(i1, i2))
            yield from ((None, j) for j in range(j1, j2))


def _sections(lines: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
    """Where each section begins, and its lines: the comments above its heading are its own."""
    starts = [0]
    for i, line in enumerate(lines):
        if line.startswith("["):
            begin = i
            while begin > starts[-1] and lines[begin - 1].startswith("#"):
                begin -= 1
            if begin > starts[-1]:
                starts.append(begin)
    return [
        (start, lines[start:end])
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def _title(section: Sequence[str]) -> str:
    """What a section is about: the interface, or a peer by its name, or else by its key."""
    before = ""
    for line in section:
        if line.startswith("["):
            if line.lower() == "[peer]":
                named = before.startswith("#")
                return before if named else next((x for x in section if _key(x) == "publickey"), "")
            return line
        before = line
    return ""


def _matches(left: Sequence[str], right: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    # "[Peer]" stands there a hundred times and is no junk.
    return SequenceMatcher(None, left, right, autojunk=False).get_opcodes()


def _key(line: str) -> str:
    return line.partition("=")[0].strip().lower()
