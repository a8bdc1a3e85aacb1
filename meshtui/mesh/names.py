"""What may be a name: of a host, of an interface, of where SSH goes."""

from __future__ import annotations

import re

#: What stands in /etc/hosts without surprise, and in a file name.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
#: 10, 10.1 and 10.0.0.1 are all addresses to `ping`.
_NUMBERS = re.compile(r"[0-9.]+")
#: What wg-quick takes (wg-quick/linux.bash, parse_options).
_INTERFACE = re.compile(r"[A-Za-z0-9_=+.-]{1,15}")
#: `wg show` reads the first two as words of its own, the kernel's settings `all` and `default`.
_TAKEN = frozenset({"all", "interfaces", "default"})
#: What OpenSSH refuses in a destination since 9.6, and what no name or user has.
_SHELL = frozenset("'\"`$;&<>|(){}*?!#,/")


def is_host_name(text: str) -> bool:
    """Whether `text` can name a host or a mesh: 1 to 63 letters, digits, `.`, `_` and `-`.

    It begins and ends with a letter or digit and is more than a number. ASCII
    only, so that no two names look alike.
    """
    return _HOST.fullmatch(text) is not None and _NUMBERS.fullmatch(text) is None


def is_interface_name(text: str) -> bool:
    """Whether wg-quick, `wg` and the kernel all take `text` as an interface."""
    return (
        _INTERFACE.fullmatch(text) is not None
        and not text.startswith(("-", "."))
        and text not in _TAKEN
    )


def is_ssh_target(text: str) -> bool:
    """Whether `text` can go to `ssh` as a destination, and be nothing else to it or to a shell."""
    user, _, host = text.rpartition("@")
    return (
        0 < len(text) <= 255
        and host != ""
        and not user.startswith("-")
        and not host.startswith("-")
        and not text.startswith("@")
        # DOMAIN\user is a user; a host with `=` would be a key in the wrong place.
        and "\\" not in host
        and "=" not in host
        and _SHELL.isdisjoint(text)
        and not any(character.isspace() for character in text)
        and not has_invisible(text)
    )


def has_invisible(text: str) -> bool:
    """Whether `text` holds a character that a screen hides or obeys.

    Controls, bidi marks, zero-width and unassigned characters, spaces other than the plain one.
    """
    return not text.isprintable()
