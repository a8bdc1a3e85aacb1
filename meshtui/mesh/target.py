"""Where SSH goes, as `mesh.toml` and the command line write it: `user@host:port`."""

from __future__ import annotations

import re
from typing import NamedTuple

from meshtui.mesh.names import is_ssh_target
from meshtui.wg.endpoint import is_address

#: `ssh = "local"`: the machine that meshtui runs on.
LOCAL = "local"


class Target(NamedTuple):
    """An SSH destination in its parts. `host` may be an alias of ~/.ssh/config."""

    host: str
    user: str | None = None
    port: int | None = None
    """None: what ~/.ssh/config says, else 22."""

    @property
    def machine(self) -> tuple[str, int | None]:
        """What two targets share when they lead to the same machine.

        The user counts where it holds an `@` or `%`: a bastion's menu reads the machine from it.
        """
        user = self.user or ""
        routed = f"{user}@" if "@" in user or "%" in user else ""
        return routed + self.host.lower(), self.port


def parse_target(text: str) -> Target:
    """Read `alias`, `user@host`, `host:port`, `[2001:db8::1]:22`; ValueError: not one of these."""
    if not is_ssh_target(text):
        raise ValueError("not an SSH destination")
    user, _, rest = text.rpartition("@")
    host, port = rest, None
    if rest.startswith("["):
        match = re.fullmatch(r"\[([^\]]+)\](?::([0-9]{1,5}))?", rest)
        if match is None or not is_address(match[1]):
            raise ValueError("expected [IPv6 address]:port")
        host, port = match[1], match[2]
    elif rest.count(":") == 1:
        host, port = rest.split(":")
        if not host or not re.fullmatch(r"[0-9]{1,5}", port):
            raise ValueError("expected host:port")
    elif ":" in rest and not is_address(rest):
        raise ValueError("more than one colon, but not an IPv6 address")
    if port is not None and not 0 < int(port) < 65536:
        raise ValueError("expected a port from 1 to 65535")
    return Target(host, user or None, None if port is None else int(port))
