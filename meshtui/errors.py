"""Everything that can go wrong, told as: what happened, on which host, what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Literal

from meshtui.inert import inert

#: Longest text of an error: what a host said is part of it, and may be anything.
TEXT_LIMIT = 600

HostState = Literal["up", "no-interface", "unreachable", "refused", "not-installed"]


class MeshError(Exception):
    """Something a person must read.

    `what` says what happened, `host` where, `hint` what to do next. None of the
    three may hold a secret. `str()` joins them into one line. Whatever a host put
    into them is harmless to show: control characters are visible, the length bounded.
    """

    def __init__(self, what: str, *, host: str | None = None, hint: str | None = None) -> None:
        self.what = inert(what, TEXT_LIMIT)
        self.host = host
        self.hint = None if hint is None else inert(hint, TEXT_LIMIT)
        super().__init__(self.what)

    def __str__(self) -> str:
        where = f"{inert(self.host)}: " if self.host else ""
        then = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.what}{then}"


class UsageError(MeshError):
    """The command line or `mesh.toml` is wrong: exit code 2."""


class UsageErrors(UsageError):
    """Several things are wrong: `str()` has a line for each."""

    def __init__(self, lines: Iterable[str], *, hint: str | None = None) -> None:
        self._lines = [inert(line, TEXT_LIMIT) for line in lines]
        super().__init__("; ".join(self._lines), hint=hint)

    def __str__(self) -> str:
        then = f" ({self.hint})" if self.hint else ""
        return "\n".join(self._lines) + then


class HostError(MeshError):
    """One host cannot be worked with; the others go on."""

    state: HostState = "unreachable"

    @property
    def why(self) -> str:
        """What happened and what to do next, for where the host is named anyway."""
        return f"{self.what} ({self.hint})" if self.hint else self.what

    def at(self, host: str) -> HostError:
        """The same error, told of `host`: one broken jump host is the error of many."""
        told = copy(self)
        told.host = host
        return told


class Unreachable(HostError):
    """No SSH connection, or it broke: what was asked may or may not have happened."""

    state = "unreachable"


class Refused(HostError):
    """SSH answered and said no: login, sudo, or a host key that is not the known one."""

    state = "refused"


class UnknownHostKey(Refused):
    """The host's key stands in no known_hosts file. `fingerprint` is `SHA256:...`."""

    def __init__(
        self,
        what: str,
        *,
        host: str | None = None,
        hint: str | None = None,
        fingerprint: str = "",
    ) -> None:
        super().__init__(what, host=host, hint=hint)
        self.fingerprint = fingerprint


class NotInstalled(HostError):
    """The host answers but lacks a program that the work needs."""

    state = "not-installed"


class CommandFailed(HostError):
    """A script on the host ended with an exit status other than 0."""

    state = "up"


class Held(CommandFailed):
    """Another change holds the host's lock."""
