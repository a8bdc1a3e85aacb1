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
    """Its router's, if it is behind one; empty in a lab of IPv6 alone."""
    v6: str
    """Empty behind a router."""
    pid: int | None = None
    """Its PID 1 as the machine counts; None while it is powered off."""
    inner: str | None = None
    """Behind a router with NAT: the address that it has itself; None: it has no such router."""
    outside: bool = False
    """Whether it has no sshd and mesh.toml knows nothing of it: a phone, a laptop."""

    @property
    def address(self) -> str:
        """Where it is reached, IPv4 if it has any."""
        return self.v4 or self.v6

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


def plan(
    count: int,
    *,
    nat: int = 0,
    symmetric: bool = False,
    v6: bool = False,
    outside: int = 0,
) -> tuple[LabHost, ...]:
    """The hosts of a lab, then its outside machines. See `Lab.up`; UsageError as there."""
    names = (*host_names(count), *outside_names(count, outside))
    if not 0 <= nat <= count:
        raise UsageError(f"{nat} of {count} hosts cannot be behind NAT", hint=f"0 to {count} can")
    if symmetric and not nat + outside:
        raise UsageError("symmetric is said of NAT, and no host is behind any", hint="--nat 2")
    if v6 and nat:
        raise UsageError(
            "routers with NAT are for IPv4, and --v6 leaves none", hint="--nat or --v6, not both"
        )
    hosts = []
    for number, name in enumerate(names, 1):
        away = number > count
        v4, public_v6 = addresses(number)
        if not v6 and (away or number > count - nat):
            hosts.append(LabHost(name, v4, "", inner=f"192.168.{number}.2", outside=away))
        else:
            hosts.append(LabHost(name, "" if v6 else v4, public_v6, outside=away))
    return tuple(hosts)


def outside_names(count: int, outside: int) -> tuple[str, ...]:
    """outside-1, outside-2, ... next to `count` hosts; UsageError where there is no room."""
    if not 0 <= outside <= MAX_HOSTS - count:
        raise UsageError(f"{outside} machines outside of {count} hosts: no room")
    return tuple(f"outside-{number}" for number in range(1, outside + 1))


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
