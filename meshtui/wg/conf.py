"""wg-quick files, edited in place: whatever is not changed stays to the letter.

Source for the format: wg-quick(8) and its `parse_options`; keys and headings
match in any case, `#` begins a comment anywhere, a key may stand several times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Heading = Literal["", "interface", "peer"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading's lines: the comments right above it, itself, and all up to the next."""

    heading: Heading
    lines: tuple[str, ...]

    def every(self, key: str) -> tuple[str, ...]:
        """The value of each line that sets `key`, as it stands."""
        return tuple(v for line in self.lines if (v := _value(line, key)) is not None)

    def values(self, key: str) -> tuple[str, ...]:
        """All values of `key`, lists split at their commas."""
        return tuple(part for v in self.every(key) for one in v.split(",") if (part := one.strip()))

    def get(self, key: str) -> str | None:
        """The value of `key`; of several the last, as `wg` takes it. None: it is not there."""
        found = self.every(key)
        return found[-1] if found else None

    def has(self, text: str) -> bool:
        """Whether a line reads just `text`."""
        return any(line.strip() == text for line in self.lines)

    def put(self, key: str, values: Sequence[str]) -> Section:
        """With `key` set to `values`, one a line, where it stood or else at the end.

        A line that says one of them already stays as it is; the one line that takes
        the one value keeps its comment.
        """
        old = [(i, line) for i, line in enumerate(self.lines) if _value(line, key) is not None]
        right = {_value(line, key): line for _, line in old}
        comment = ""
        if len(old) == len(values) == 1:
            _, hash_, text = old[0][1].rstrip("\r").partition("#")
            comment = f" #{text}" if hash_ else ""
        new = [right.get(v) or f"{key} = {v}{comment}{self.ending}" for v in values]
        at = old[0][0] if old else self._end
        gone = {i for i, _ in old}
        return self._with(
            *(line for i, line in enumerate(self.lines) if i < at and i not in gone),
            *new,
            *(line for i, line in enumerate(self.lines) if i >= at and i not in gone),
        )

    def insert(self, line: str) -> Section:
        """With `line` right below the heading."""
        at = self._title + 1
        return self._with(*self.lines[:at], line + self.ending, *self.lines[at:])

    @property
    def _title(self) -> int:
        return next(i for i, line in enumerate(self.lines) if _heading(line) == self.heading)

    @property
    def _end(self) -> int:
        """Behind the last setting: what follows may be about the next section."""
        settings = (i for i, line in enumerate(self.lines) if "=" in line.partition("#")[0])
        return max(settings, default=self._title) + 1

    @property
    def ending(self) -> str:
        """What the lines end in before the newline: files from Windows have one more byte."""
        return "\r" if self.lines[self._title].endswith("\r") else ""

    def _with(self, *lines: str) -> Section:
        return replace(self, lines=lines)


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
        add = (replace(one, lines=tuple(line + ending for line in one.lines)) for one in new)
        return ConfFile((*self.sections, *add))

    def __str__(self) -> str:
        return "".join(f"{line}\n" for section in self.sections for line in section.lines)


def parse(text: str) -> ConfFile:
    """Read a wg-quick file. ValueError says on which line it is none."""
    sections: list[Section] = []
    heading: Heading = ""
    lines: list[str] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        found = _heading(line)
        if found is None:
            bare = line.partition("#")[0].strip()
            if bare and ("=" not in bare or not heading):
                raise ValueError(f"line {number} is neither a heading nor `key = value`")
            lines.append(line)
            continue
        # Comments right above a heading speak of what follows.
        above = len(lines)
        while above and lines[above - 1].lstrip().startswith("#") and not _marks(lines[above - 1]):
            above -= 1
        if lines[:above]:
            sections.append(Section(heading, tuple(lines[:above])))
        heading, lines = found, [*lines[above:], line]
    sections.append(Section(heading, tuple(lines)))
    count = sum(section.heading == "interface" for section in sections)
    if count != 1:
        raise ValueError(f"it has {count} [Interface] sections instead of one")
    return ConfFile(tuple(sections))


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


def _value(line: str, key: str) -> str | None:
    name, equals, value = line.partition("#")[0].partition("=")
    if not equals or "".join(name.split()).lower() != key.lower():
        return None
    return value.strip()
