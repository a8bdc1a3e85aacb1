"""The known_hosts format: which lines are about a name, and how a new one is written.

asyncssh's own reader decodes every key of the file before it looks at a name: 80 ms
for 2,000 lines, for each host; and one line that is none makes it give up.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Marker = Literal["", "@cert-authority", "@revoked"]
_MARKERS = ("@cert-authority", "@revoked")


@dataclass(frozen=True, slots=True)
class Line:
    """A line about one or more names: `key` is `TYPE BASE64`, not checked."""

    marker: Marker
    names: str
    key: str


@dataclass(frozen=True, slots=True)
class _Lines:
    """A file's lines, by how their names are compared."""

    exact: dict[str, list[Line]] = field(default_factory=dict)
    patterns: list[Line] = field(default_factory=list)
    hashed: list[tuple[bytes, bytes, Line]] = field(default_factory=list)


def lines_for(text: str, name: str) -> Iterator[Line]:
    """The lines of a known_hosts file that are about `name`: a host, or `[host]:port`."""
    name = name.lower()
    lines = _read(text)
    yield from lines.exact.get(name, ())
    yield from (line for line in lines.patterns if _matches(line.names, name))
    for salt, digest, line in lines.hashed:
        if hmac.digest(salt, name.encode(), "sha1") == digest:
            yield line


# A mesh's hosts share a file or two: read once, not once a host.
@lru_cache(maxsize=4)
def _read(text: str) -> _Lines:
    lines = _Lines()
    for raw in text.split("\n"):
        words = raw.split()
        marker = words.pop(0) if words and words[0] in _MARKERS else ""
        # What is no line is passed over, as `ssh` does.
        if len(words) < 3 or words[0][0] in "#@":
            continue
        line = Line(marker, words[0].lower(), f"{words[1]} {words[2]}")  # type: ignore[arg-type]
        if words[0].startswith("|"):
            if salted := _salted(words[0]):
                lines.hashed.append((*salted, line))
        elif re.search(r"[*?!]", words[0]):
            lines.patterns.append(line)
        else:
            for name in line.names.split(","):
                lines.exact.setdefault(name, []).append(line)
    return lines


def _salted(name: str) -> tuple[bytes, bytes] | None:
    """Salt and digest of `|1|SALT|DIGEST`."""
    parts = name.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return None
    try:
        return base64.b64decode(parts[2], validate=True), base64.b64decode(parts[3], validate=True)
    except ValueError:
        return None


def _matches(patterns: str, name: str) -> bool:
    """`a,*.b,!c`: some pattern fits, and none of those with a `!`."""
    fits = False
    for pattern in patterns.split(","):
        if _pattern(pattern.removeprefix("!")).fullmatch(name):
            if pattern.startswith("!"):
                return False
            fits = True
    return fits


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    """Only `*` and `?` are special; brackets are part of `[host]:port`."""
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."))


def hashed(name: str) -> str:
    """`|1|SALT|HMAC-SHA1(SALT, name)`: OpenSSH's HashKnownHosts."""
    salt = os.urandom(20)
    digest = hmac.digest(salt, name.lower().encode(), hashlib.sha1)
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
