"""Files of ssh_config that are plain enough to be read here, exactly: no `ssh -G` a host.

Plain are options from a short list, for literal names and for `*`, in words without quotes,
tokens or variables. Whatever else a file holds, it is left to `ssh` as a whole.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from meshtui.ssh.texts import text_of

#: Those that `Target` has, and those that say nothing of where SSH goes or what it trusts.
_KEYS = frozenset(
    {
        *("hostname", "port", "user", "identityfile", "identitiesonly", "userknownhostsfile"),
        *("globalknownhostsfile", "hostkeyalias", "hashknownhosts", "connecttimeout"),
        *("stricthostkeychecking", "loglevel", "sendenv", "gssapiauthentication", "forwardagent"),
        *("serveraliveinterval", "serveralivecountmax", "addkeystoagent", "compression"),
        "include",
    }
)
_LINE = re.compile(r"\s*([A-Za-z]+)[ \t]+([\w./~:+@* \t-]+?)\s*")
_NAME = re.compile(r"[a-z0-9_.:-]+")
_TRUTH = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_TRUE_OR_NOT = re.compile("|".join(_TRUTH))
_NUMBER = re.compile(r"[0-9]{1,6}")
_VALUES = {
    "hostname": _NAME,
    "port": re.compile(r"[1-9][0-9]{0,4}"),
    "user": re.compile(r"[\w.-]+"),
    "hostkeyalias": _NAME,
    "connecttimeout": _NUMBER,
    "serveraliveinterval": _NUMBER,
    "serveralivecountmax": _NUMBER,
    "identitiesonly": _TRUE_OR_NOT,
    "hashknownhosts": _TRUE_OR_NOT,
    "gssapiauthentication": _TRUE_OR_NOT,
    "forwardagent": _TRUE_OR_NOT,
    "addkeystoagent": _TRUE_OR_NOT,
    "compression": _TRUE_OR_NOT,
    # As in /etc/ssh/ssh_config: it counts where it matches a file.
    "include": re.compile(r"/\S+"),
    "identityfile": re.compile(r"(?:/|~/)\S+"),
    "userknownhostsfile": re.compile(r"none|(?:/|~/)\S+(?:\s+(?:/|~/)\S+)*"),
    "globalknownhostsfile": re.compile(r"none|/\S+(?:\s+/\S+)*"),
}
_DEFAULTS = {
    "userknownhostsfile": "~/.ssh/known_hosts ~/.ssh/known_hosts2",
    "globalknownhostsfile": "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2",
}
#: The ssh of the distributions, and of macOS, and what it reads behind a person's own file.
_SSH = "/usr/bin/ssh"
_EVERYBODYS = Path("/etc/ssh/ssh_config")
_IDENTITIES = ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk")

_Options = list[tuple[int, str, str]]
"""Line number, option, value."""


def usual() -> list[Path] | None:
    """The files that `ssh` reads where none is named to it; None: only ssh can tell."""
    if shutil.which("ssh") != _SSH:
        return None
    try:
        mine = Path(pwd.getpwuid(os.getuid()).pw_dir, ".ssh", "config")
        about = mine.stat()
    except KeyError:
        return None  # As is the user that nobody knows.
    except FileNotFoundError:
        return [_EVERYBODYS]
    except OSError:
        return None  # `ssh` says what is wrong with it.
    # One that others may write to, `ssh` refuses.
    own = about.st_uid in (0, os.getuid()) and not about.st_mode & 0o022
    return [mine, _EVERYBODYS] if own else None


def printed(files: Sequence[Path], host: str, user: str | None, port: int | None) -> str | None:
    """What `ssh -G` would print with `files`, as far as `Target` asks; None: only ssh can tell.

    What an earlier file says counts. `user` and `port` are those of the command line.
    """
    try:
        # As `ssh` does, each file begins with what is for all hosts.
        plain = _read("\nHost *\n".join(text_of(file) for file in files))
    except (OSError, UnicodeDecodeError):
        return None  # `ssh` says what is wrong with it.
    if plain is None or not _NAME.fullmatch(host):
        return None
    blocks, includes = plain
    if any(file for pattern in includes for file in Path("/").glob(pattern[1:])):
        return None
    said: dict[str, str] = {}
    if user:
        said["user"] = user
    if port:
        said["port"] = str(port)
    identities = []
    for _, key, value in sorted(blocks.get(host, []) + blocks.get("*", [])):
        if key == "identityfile":
            identities += [value] if value not in identities else []
        else:
            said.setdefault(key, value)
    try:
        me = pwd.getpwuid(os.getuid())
    except KeyError:
        return None  # As is the user that nobody knows.
    said = {
        "host": host,
        "hostname": host,
        "port": "22",
        "user": me.pw_name,
        **_DEFAULTS,
        **said,
    }
    # `ssh` says these with the home that the system knows, whatever $HOME is.
    said["userknownhostsfile"] = re.sub(
        r"(?<!\S)~(?=/)", lambda _: me.pw_dir, said["userknownhostsfile"]
    )
    identities = identities or [f"~/.ssh/id_{kind}" for kind in _IDENTITIES]
    lines = [*said.items(), *(("identityfile", path) for path in identities)]
    return "".join(f"{key} {value}\n" for key, value in lines)


# A mesh's hosts share it: read once, not once a host.
@lru_cache(maxsize=2)
def _read(text: str) -> tuple[dict[str, _Options], list[str]] | None:
    """Options by the name that they are for, and the files to include; None: it is not plain."""
    blocks: dict[str, _Options] = {}
    includes: list[str] = []
    names = ["*"]
    for number, line in enumerate(text.split("\n")):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        key, value = match[1].lower(), match[2]
        if key == "host":
            names = value.split()
            if not all(name == "*" or _NAME.fullmatch(name) for name in names):
                return None
            # A name that stands there twice is one all the same.
            names = ["*"] if "*" in names else list(dict.fromkeys(names))
            continue
        if key not in _KEYS or (key in _VALUES and not _VALUES[key].fullmatch(value)):
            return None
        if key == "include":
            includes.append(value)
            continue
        for name in names:
            blocks.setdefault(name, []).append((number, key, _TRUTH.get(value, value)))
    return blocks, includes
