"""One thing that is wrong in `mesh.toml`: at which key, and how."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from meshtui.mesh.names import has_invisible

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HOST = re.compile(r'hosts\.("(?:\\.|[^"\\])*"|[A-Za-z0-9_-]+)')
#: A WireGuard key, or most of one: what someone pasted into the wrong place may be private.
_KEYLIKE = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_LONGEST = 60


class Problem(NamedTuple):
    """A key's path such as `hosts.server-b.addresses`, and what is wrong with its value.

    `key` is empty where it is about the file as a whole.
    """

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


def key_path(*parts: str) -> str:
    """The path as TOML writes it: a part that is not a bare key stands in quotes."""
    return ".".join(part if _plain(part) else shown(part, ascii_only=True) for part in parts)


def _plain(part: str) -> bool:
    return _BARE.fullmatch(part) is not None and _KEYLIKE.search(part) is None


def shown(text: str, *, ascii_only: bool = False) -> str:
    r"""`text` in quotes, fit for a screen: no control characters, nothing long, nothing like a key.

    Characters that a screen hides or obeys become `\x1b` or `\u202e`; with
    `ascii_only` also letters that look like others.
    """
    text = _KEYLIKE.sub("(a key?)", text)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    return '"' + "".join(_visible(character, ascii_only) for character in text) + '"'


def _visible(character: str, ascii_only: bool) -> str:
    if character in '"\\':
        return "\\" + character
    if has_invisible(character) or (ascii_only and not character.isascii() and character != "…"):
        # unicode_escape also knows the short forms: \n, \t, \r.
        return character.encode("unicode_escape").decode("ascii")
    return character


def in_order(problems: Iterable[Problem], names: Iterable[str]) -> list[Problem]:
    """The mesh's problems first, then each host's, in the order of `names`, then the links'."""
    order = {key_path("hosts", name): place for place, name in enumerate(names)}

    def place(problem: Problem) -> int:
        if problem.key.partition(".")[0] == "links":
            return len(order)
        match = _HOST.match(problem.key)
        return order.get(match[0], -1) if match else -1

    return sorted(problems, key=place)
