"""Where each key and value of a TOML text stands, so that one can be changed and all else stay.

Works on text that tomllib has accepted: it finds places, it does not validate.
(tomlkit was tried: it puts a new key after the comment that belongs to the next table.)
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

Path = tuple[str, ...]

_BLANK = re.compile(r"[ \t]*")
#: Blanks, line ends and comments: what may stand between the items of a list.
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]*[^,\]}#\s]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TO_END = re.compile(r"[^\n]*\n?")
_COMMENT = re.compile(rf"(?:{_STRING.pattern})|(#[^\r\n]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value: offsets into the text."""

    path: Path
    """From the root of the document, through headers, dots and inline tables."""
    key: int
    """Where the key begins."""
    last: int
    """Where the last part of a dotted key begins: `c` in `a.b.c = 1`."""
    value: int
    end: int
    inline: bool
    """Whether it stands inside an inline table."""


@dataclass(frozen=True, slots=True)
class Header:
    """A table's `[header]`."""

    path: Path
    start: int
    end: int


def entries(text: str) -> Iterator[Entry | Header]:
    """Every header and key/value of the document, in the text's order."""
    table: Path = ()
    place = _skip_gap(text, 1 if text.startswith("\ufeff") else 0)
    while place < len(text):
        if text[place] == "[":
            double = text.startswith("[[", place)
            table, _, end = _key(text, _skip(text, place + 1 + double))
            end = text.index("]", end) + 1 + double
            yield Header(table, place, end)
        else:
            found = list(_entry(text, place, table, inline=False))
            yield from found
            end = found[0].end
        place = _skip_gap(text, end)


def items(text: str, value: int) -> list[tuple[int, int]]:
    """Where each item of the list that begins at `value` begins and ends."""
    found = []
    place = _skip_gap(text, value + 1)
    while text[place] != "]":
        end = _value_end(text, place)
        found.append((place, end))
        place = _skip_gap(text, end)
        if text[place] == ",":
            place = _skip_gap(text, place + 1)
    return found


def comments(text: str) -> list[str]:
    """Every comment, in order."""
    return [match[1] for match in _COMMENT.finditer(text) if match[1] is not None]


def before(text: str, place: int) -> str:
    """What stands before `place` on its line: indentation, or the first parts of a dotted key."""
    return text[text.rfind("\n", 0, place) + 1 : place].removeprefix("\ufeff")


def line_end(text: str, place: int) -> int:
    """Where the next line begins, or the text ends."""
    match = _TO_END.match(text, place)
    return match.end() if match else len(text)


def _entry(text: str, place: int, table: Path, *, inline: bool) -> Iterator[Entry]:
    """The entry at `place`, then those inside its inline table."""
    parts, last, end = _key(text, place)
    value = _skip(text, text.index("=", end) + 1)
    path = (*table, *parts)
    yield Entry(path, place, last, value, _value_end(text, value), inline)
    if text[value] != "{":
        return
    inner = _skip_gap(text, value + 1)
    while text[inner] != "}":
        found = list(_entry(text, inner, path, inline=True))
        yield from found
        inner = _skip_gap(text, found[0].end)
        if text[inner] == ",":
            inner = _skip_gap(text, inner + 1)


def parts(text: str, place: int) -> list[tuple[int, int]]:
    """Where each part of the dotted key at `place` begins and ends."""
    found = []
    while True:
        match = _BARE.match(text, place) or _STRING.match(text, place)
        if match is None:
            raise ValueError(f"no key at offset {place}")
        found.append(match.span())
        dot = _skip(text, match.end())
        if text[dot : dot + 1] != ".":
            return found
        place = _skip(text, dot + 1)


def header_key(text: str, header: Header) -> int:
    """Where the key of a table's header begins."""
    return _skip(text, header.start + 1 + text.startswith("[[", header.start))


def _key(text: str, place: int) -> tuple[Path, int, int]:
    """A dotted key: its parts, where the last part begins, and where the key ends."""
    found = parts(text, place)
    return tuple(said(text[start:end]) for start, end in found), found[-1][0], found[-1][1]


def said(part: str) -> str:
    """What a part of a key says, or a text: it may stand in quotes."""
    if part[0] not in "\"'":
        return part
    text: str = tomllib.loads(f"k = {part}")["k"]
    return text


def _value_end(text: str, place: int) -> int:
    if text[place] in "[{":
        return _bracket_end(text, place)
    match = _STRING.match(text, place) or _SCALAR.match(text, place)
    if match is None:
        raise ValueError(f"no value at offset {place}")
    return match.end()


def _bracket_end(text: str, place: int) -> int:
    depth = 0
    while True:
        if match := _STRING.match(text, place):
            place = match.end()
            continue
        if text[place] == "#":
            place = line_end(text, place)
            continue
        depth += (text[place] in "[{") - (text[place] in "]}")
        place += 1
        if depth == 0:
            return place


def _skip(text: str, place: int) -> int:
    match = _BLANK.match(text, place)
    return match.end() if match else place


def _skip_gap(text: str, place: int) -> int:
    match = _GAP.match(text, place)
    return match.end() if match else place
