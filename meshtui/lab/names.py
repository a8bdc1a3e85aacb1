"""What a lab and its hosts are called, and which addresses they have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import ascii_lowercase

from meshtui.errors import UsageError

MAX_HOSTS = 249
"""203.0.113.250 is the operator's, .254 the switch's."""

V4_NET = "203.0.113"
V6_NET = "2001:db8:113:"
_NAME = re.compile(r"[a-z0-9-]{1,12}")


@dataclass(frozen=True, slots=True)
class LabHost:
    """One host of a lab. Its addresses are the public ones, not those of the mesh."""

    name: str
    v4: str
    v6: str
    pid: int | None
    """Its PID 1 as the machine counts; None while it is powered off."""

    @property
    def namespace(self) -> str | None:
        """Its network namespace, as `nsenter --net=` takes it; None while powered off."""
        return None if self.pid is None else f"/proc/{self.pid}/ns/net"


def check_name(name: str) -> str:
    """Return `name`, or raise UsageError if no lab can be called that."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a lab", hint="1 to 12 characters out of a-z, 0-9 and -"
        )
    return name


def host_names(count: int) -> tuple[str, ...]:
    """server-a to server-z, then server-aa, server-ab, ... Raises UsageError past 249."""
    if count < 1:
        raise UsageError(f"a lab of {count} hosts is none", hint=f"ask for 1 to {MAX_HOSTS}")
    if count > MAX_HOSTS:
        raise UsageError(
            f"a lab has room for {MAX_HOSTS} hosts, not {count}",
            hint=f"its public network {V4_NET}.0/24 has no more addresses",
        )
    letters = [*ascii_lowercase, *(a + b for a in ascii_lowercase for b in ascii_lowercase)]
    return tuple(f"server-{suffix}" for suffix in letters[:count])


def addresses(number: int) -> tuple[str, str]:
    """Public IPv4 and IPv6 address of the host counted `number`, from 1."""
    return f"{V4_NET}.{number}", f"{V6_NET}:{number:x}"
