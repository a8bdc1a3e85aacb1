"""wg-quick files, edited in place: whatever is not changed stays to the letter.

Source for the format: wg-quick(8) and its `parse_options`; keys and headings
match in any case, `#` begins a comment anywhere, a key may stand several times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Heading = Literal["", "interface", "peer"]

_TITLE = re.compile(r"^[^\S\n]*\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading's lines: the comments right above it, itself, and all up to the next."""

    heading: Heading
    lines: tuple[str, ...]
    _read: dict[str, list[tuple[int, str]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What `_settings` found, once: a plan asks each of 40,000 sections many times."""

    def _settings(self) -> dict[str, list[tuple[int, str]]]:
        """Key in lower case -> the number and value of each line that sets it."""
        if not self._read:
            for i, line in enumerate(self.lines):
                name, equals, value = line.partition("#")[0].partition("=")
                if equals:
                    name = "".join(name.split()).lower()
                    self._read.setdefault(name, []).append((i, value.strip()))
        return self._read

    def every(self, key: str) -> tuple[str, ...]:
        """The value of each line that sets `key`, as it stands."""
        return tuple([value for _, value in self._settings().get(key.lower(), ())])

    def values(self, key: str) -> tuple[str, ...]:
        """All values of `key`, lists split at their commas."""
        texts = (value for _, value in self._settings().get(key.lower(), ()))
        return tuple([part for v in texts for one in v.split(",") if (part := one.strip())])

    def get(self, key: str) -> str | None:
        """The value of `key`; of several the last, as `wg` takes it. None: it is not there."""
        found = (self._read or self._settings()).get(key.lower())
        return found[-1][1] if found else None

    def has(self, text: str) -> bool:
        """Whether a line reads just `text`."""
        return any(line.strip() == text for line in self.lines)

    def put(self, key: str, values: Sequence[str]) -> Section:
        """With `key` set to `values`, one a line, where it stood or else at the end.

        A line that says one of them already stays as it is; the one line that takes
        the one value keeps its comment.
        """
        old = dict(self._settings().get(key.lower(), ()))
        right = {value: self.lines[i] for i, value in old.items()}
        comment = ""
        if len(old) == len(values) == 1:
            _, hash_, text = self.lines[min(old)].rstrip("\r").partition("#")
            comment = f" #{text}" if hash_ else ""
        new = [right.get(v) or f"{key} = {v}{comment}{self.ending}" for v in values]
        at = min(old, default=self._end)
        return self._with(
            *self.lines[:at],
            *new,
            *(line for i, line in enumerate(self.lines) if i >= at and i not in old),
        )

    def insert(self, line: str) -> Section:
        """With `line` right below the heading."""
        at = self._title + 1
        return self._with(*self.lines[:at], line + self.ending, *self.lines[at:])

    def mark(self, mark: str, new: Sequence[str]) -> Section:
        """With the lines `new` in the place of those that have `mark` in them, or at the end."""
        old = [i for i, line in enumerate(self.lines) if mark in line]
        if [self.lines[i].strip() for i in old] == list(new):
            return self
        at = min(old, default=self._end)
        return self._with(
            *self.lines[:at],
            *(line + self.ending for line in new),
            *(line for i, line in enumerate(self.lines) if i >= at and i not in old),
        )

    @property
    def _title(self) -> int:
        return next(i for i, line in enumerate(self.lines) if _heading(line) == self.heading)

    @property
    def _end(self) -> int:
        """Behind the last setting: what follows may be about the next section."""
        last = (found[-1][0] for found in self._settings().values())
        return max(last, default=self._title) + 1

    @property
    def ending(self) -> str:
        """What the lines end in before the newline: files from Windows have one more byte."""
        return "\r" if self.lines[self._title].endswith("\r") else ""

    def _with(self, *lines: str) -> Section:
        return Section(self.heading, lines)


@dataclass(frozen=True, slots=True)
class ConfFile:
    """A wg-quick file as its sections, in order."""

    sections: tuple[Section, ...]

    @property
    def interface(self) -> Section:
        """The one [Interface] section."""
        return next(section for section in self.sections if section.heading == "interface")

    @property
    def peers(self) -> tuple[Section, ...]:
        """The [Peer] sections, in order."""
        return tuple(section for section in self.sections if section.heading == "peer")

    def add(self, new: Iterable[Section]) -> ConfFile:
        """With `new` at the end, its lines ending as those that are there."""
        ending = self.interface.ending
        if ending:
            new = (Section(s.heading, tuple(line + ending for line in s.lines)) for s in new)
        return ConfFile((*self.sections, *new))

    def __str__(self) -> str:
        return "".join(["\n".join(section.lines) + "\n" for section in self.sections])


def parse(text: str, known: dict[str, Section] | None = None) -> ConfFile:
    """Read a wg-quick file. ValueError says on which line it is none.

    `known` takes every section and gives it back where it comes again: in the files of
    a full mesh each peer stands 199 times, and is read once.
    """
    known = {} if known is None else known
    sections: list[Section] = []
    starts = [_with_comments(text, found.start()) for found in _TITLE.finditer(text)]
    at = 0
    for end in (*starts, len(text)):
        if block := text[at:end]:
            if block not in known:
                known[block] = _section(block, text.count("\n", 0, at) + 1)
            sections.append(known[block])
        at = end
    count = sum(section.heading == "interface" for section in sections)
    if count != 1:
        raise ValueError(f"it has {count} [Interface] sections instead of one")
    return ConfFile(tuple(sections))


def _section(block: str, first: int) -> Section:
    """The section that `block` is; `first` is the number of its first line."""
    lines = block.removesuffix("\n").split("\n")
    heading: Heading = ""
    for number, line in enumerate(lines, first):
        bare = line.partition("#")[0].strip()
        if bare.startswith("["):
            heading = _heading(line) or ""
        elif bare and ("=" not in bare or not heading):
            raise ValueError(f"line {number} is neither a heading nor `key = value`")
    return Section(heading, tuple(lines))


def _with_comments(text: str, at: int) -> int:
    """Where the comments right above position `at` begin: they speak of what follows."""
    while at:
        above = text.rfind("\n", 0, at - 1) + 1
        line = text[above : at - 1].lstrip()
        if not line.startswith("#") or _marks(line):
            break
        at = above
    return at


def section(heading: Heading, pairs: Iterable[tuple[str, str]], comment: str = "") -> Section:
    """A new section, with an empty line above it."""
    title = {"interface": "[Interface]", "peer": "[Peer]", "": ""}[heading]
    body = [f"{key} = {value}" for key, value in pairs]
    return Section(heading, ("", title, *([comment] if comment else []), *body))


def _marks(line: str) -> bool:
    """The mark that meshtui leaves stands below its heading and belongs there."""
    return line.lstrip().startswith("# meshtui:")


def _heading(line: str) -> Heading | None:
    bare = line.partition("#")[0].strip().lower()
    if not bare.startswith("["):
        return None
    if bare == "[interface]":
        return "interface"
    # `wg` drops all white space before it looks; wg-quick, which reads [Interface], does not.
    if "".join(bare.split()) == "[peer]":
        return "peer"
    raise ValueError(f"unknown section {bare}")
