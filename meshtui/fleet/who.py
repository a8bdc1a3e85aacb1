"""Who it is that changes the mesh, for the journal and for other operators."""

from __future__ import annotations

import getpass
import re
import socket


def who() -> str:
    """The person at this machine, as far as it knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def owner() -> str:
    """The same for other operators to read on the hosts: one word."""
    return re.sub(r"[^A-Za-z0-9@._-]", "-", f"{who()}@{socket.gethostname()}")[:80]
