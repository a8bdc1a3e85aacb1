"""What a table of `mesh.toml` takes up, with its comments, and how it goes or another comes."""

from __future__ import annotations

import re

from meshtui.store import spans
from meshtui.store.spans import Entry, Header

_COMMENT = re.compile(r"[ \t]*#")


def insert(text: str, place: int, lines: list[str], newline: str) -> str:
    """`text` with `lines` at `place`, where a line begins or the text ends."""
    head, tail = text[:place], text[place:]
    if head.endswith("\n"):
        return head + "".join(line + newline for line in lines) + tail
    return head + "".join(newline + line for line in lines) + tail


def header_of(places: list[Entry | Header], entry: Entry) -> Header | None:
    """The table that an entry stands in; None: the top."""
    found = None
    for place in places:
        if place is entry:
            break
        if isinstance(place, Header):
            found = place
    return found


def table_end(text: str, places: list[Entry | Header], header: Header) -> int:
    """Behind the table's last line and the comments that follow on it at once.

    Those directly above what comes next belong to that.
    """
    own = [p for p in places if isinstance(p, Entry) and header_of(places, p) is header]
    end = spans.line_end(text, own[-1].end if own else header.end)
    below = end
    while _COMMENT.match(text, below):
        below = spans.line_end(text, below)
    rest = text[below : spans.line_end(text, below)]
    return end if rest.strip() else below


def with_comments(text: str, start: int, end: int) -> tuple[int, int]:
    """From the first of the comments directly above `start`; a file's own title is none of them."""
    top = 1 if text.startswith("\ufeff") else 0
    begin = above = max(top, text.rfind("\n", 0, start) + 1)
    while above > top:
        line = max(top, text.rfind("\n", 0, above - 1) + 1)
        if not _COMMENT.match(text, line):
            return above, end
        above = line
    return begin, end


def item(text: str, entry: Entry) -> tuple[int, int]:
    """An item of an inline table, with the comma that it needs no more."""
    behind = re.compile(r"[ \t]*,[ \t]*").match(text, entry.end)
    if behind:
        return entry.key, behind.end()
    before = re.search(r"[ \t]*,[ \t]*$", text[: entry.key])
    return (before.start() if before else entry.key), entry.end


def cut(text: str, start: int, end: int) -> str:
    """Without what is between; of two gaps of blank lines, one is left."""
    head, tail = text[:start], text[end:]
    if head.endswith("\n") or not head.strip("\ufeff"):
        blank = r"(?:[ \t]*\r?\n)+"
        if not tail.strip():
            head = re.sub(rf"(?<=\n){blank}\Z", "", head)
        elif re.search(rf"(?:^|\n){blank}\Z", head):
            tail = re.sub(rf"^{blank}", "", tail)
    return head + tail
