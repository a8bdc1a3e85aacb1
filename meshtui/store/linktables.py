"""The `[[links]]` tables in the text of a `mesh.toml`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from meshtui.store import cuts, spans
from meshtui.store.spans import Entry, Header
from meshtui.store.write import newline_of


class _Table(NamedTuple):
    header: Header
    end: int
    """Behind its last line, and the comments that are its own."""
    keys: dict[str, Entry]
    names: dict[str, tuple[int, int]]
    """What `between` says, and where."""


def with_link_disabled(text: str, one: str, other: str) -> str:
    """`text` with a table that disables the link, behind the last table that there is."""
    table = next((t for t in _tables(text) if t.names.keys() == {one, other}), None)
    newline = newline_of(text)
    if table is None:
        places = list(spans.entries(text))
        if any(isinstance(place, Entry) and place.path == ("links",) for place in places):
            return text  # a list of inline tables: no [[links]] can come beside it
        last = next((p for p in reversed(places) if isinstance(p, Header)), None)
        end = cuts.table_end(text, places, last) if last else len(text)
        lines = ["", "[[links]]", f"between = {json.dumps([one, other])}", "disabled = true"]
        return cuts.insert(text, end, lines, newline)
    if said := table.keys.get("disabled"):
        return text[: said.value] + "true" + text[said.end :]
    between = table.keys["between"]
    line = f"{spans.before(text, between.key)}disabled = true"
    return cuts.insert(text, spans.line_end(text, between.end), [line], newline)


def without_links(text: str, *names: str) -> str:
    """`text` without the tables of the links of `names`, nor the comments above and inside."""
    for table in reversed(list(_tables(text))):
        if table.names.keys() >= set(names):
            start, end = cuts.with_comments(text, table.header.start, table.end)
            text = cuts.cut(text, start, end)
    return text


def with_link_name(text: str, old: str, new: str) -> str:
    """`text` with the host's new name in the tables of its links."""
    for table in reversed(list(_tables(text))):
        if old in table.names:
            start, end = table.names[old]
            text = text[: start + 1] + new + text[end - 1 :]
    return text


def _tables(text: str) -> Iterator[_Table]:
    places = list(spans.entries(text))
    for header in places:
        if not isinstance(header, Header) or header.path != ("links",):
            continue
        own = [p for p in places if isinstance(p, Entry) and cuts.header_of(places, p) is header]
        keys = {entry.path[1]: entry for entry in own}
        items = spans.items(text, keys["between"].value)
        names = {spans.said(text[start:end]): (start, end) for start, end in items}
        yield _Table(header, cuts.table_end(text, places, header), keys, names)
