"""An ssh_config that says nothing but what stands there: read here, and once.

`ssh -G` is a program a host, and there may be no `ssh` at all. What a file with tokens, patterns,
Match or Include means is for `ssh` to say.
"""

from __future__ import annotations

import getpass
import re
from functools import lru_cache
from pathlib import Path

#: A word in which there is nothing that ssh would expand, or take for several.
_WORD = r"[^\s\"'%$~*?!]+"
#: The keys that are read here, and which of their values.
_VALUES = {
    "addressfamily": "any|inet|inet6",
    "connecttimeout": r"\d+",
    "globalknownhostsfile": _WORD,
    "hostkeyalias": _WORD,
    "hostname": r"[a-z0-9.:_-]+",
    "identitiesonly": "yes|no",
    "identityfile": _WORD,
    "loglevel": _WORD,
    "port": r"\d+",
    "stricthostkeychecking": _WORD,
    "user": _WORD,
    "userknownhostsfile": _WORD,
}
_LINE = re.compile(r"\s*(\w+)\s*[\s=]\s*(.*?)\s*")
#: What `ssh -G` prints where nothing is said (OpenSSH 9).
_DEFAULTS = {
    "port": ["22"],
    "identityfile": [
        f"~/.ssh/id_{kind}" for kind in ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk")
    ],
    "userknownhostsfile": ["~/.ssh/known_hosts ~/.ssh/known_hosts2"],
    "globalknownhostsfile": ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"],
}

_Block = tuple[frozenset[str], tuple[tuple[str, str], ...]]


def answer(config: Path | None, host: str, user: str | None, port: int | None) -> str | None:
    """What `ssh -G` would print of `host`, as far as target.py reads it.

    `config` is read alone, as with `ssh -F`; None: there is none. None is answered where it
    is not plain, or cannot be read.
    """
    if host != host.lower():
        return None
    try:
        blocks = _blocks(config, config.stat().st_mtime_ns) if config else ()
    except (OSError, ValueError):
        return None
    said: dict[str, list[str]] = {}
    if user:
        said["user"] = [user]
    if port:
        said["port"] = [str(port)]
    for names, options in blocks:
        if host not in names and "*" not in names:
            continue
        for key, value in options:
            # The first that is said counts, but for what there may be several of.
            values = said.setdefault(key, [value])
            if key == "identityfile" and value not in values:
                values.append(value)
    found = {"host": [host], "hostname": [host], "user": [getpass.getuser()], **_DEFAULTS, **said}
    return "".join(f"{key} {value}\n" for key, values in found.items() for value in values)


@lru_cache(maxsize=8)
def _blocks(config: Path, _changed: int) -> tuple[_Block, ...]:
    """The Host blocks of a file; ValueError: it is not plain."""
    names, options = frozenset("*"), list[tuple[str, str]]()
    blocks: list[_Block] = []
    for line in config.read_text("utf-8").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(line)
        key, value = found[1].lower(), found[2]
        if key == "host":
            blocks.append((names, tuple(options)))
            names, options = frozenset(value.split()), []
            if not all(name == "*" or re.fullmatch(_WORD, name) for name in names):
                raise ValueError(line)
        elif re.fullmatch(_VALUES.get(key, "(?!)"), value):
            options.append((key, value))
        else:
            raise ValueError(line)
    blocks.append((names, tuple(options)))
    return tuple(blocks)
