"""One thing that is wrong in `mesh.toml`: at which key, and how."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from meshtui.mesh.model import Host, Member
from meshtui.mesh.names import has_invisible

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_MEMBER = re.compile(r'(?:hosts|peers)\.("(?:\\.|[^"\\])*"|[A-Za-z0-9_-]+)')
#: A WireGuard key, or most of one: what someone pasted into the wrong place may be private.
_KEYLIKE = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_LONGEST = 60
_FEW = 3


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


def listed(names: Sequence[str]) -> str:
    """`server-a, server-b, server-c and 4 more`."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def key_of(member: Member, *rest: str) -> str:
    """The path of a member's table, or of a key in it."""
    table = "hosts" if isinstance(member, Host) else "peers"
    return key_path(table, member.name, *rest)


def in_order(
    problems: Iterable[Problem], hosts: Iterable[str], peers: Iterable[str] = ()
) -> list[Problem]:
    """The mesh's problems first, then each host's, then each peer's, then the links'."""
    keys = [key_path("hosts", name) for name in hosts]
    keys += [key_path("peers", name) for name in peers]
    order = {key: place for place, key in enumerate(keys)}

    def place(problem: Problem) -> int:
        if problem.key.partition(".")[0] == "links":
            return len(order)
        match = _MEMBER.match(problem.key)
        return order.get(match[0], -1) if match else -1

    return sorted(problems, key=place)
