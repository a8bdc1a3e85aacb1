"""asyncssh's and the system's errors, told as what happened and what to do next."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import asyncssh

from meshtui.errors import HostError, Refused, Unreachable
from meshtui.ssh.target import Target

_TOO_MANY = "Too many authentication failures"


def explain(
    target: Target, error: Exception, trouble: Sequence[str] = (), proxy_said: str = ""
) -> HostError:
    """The HostError that says what `error` means for a login at `target`.

    `trouble` is why keys were not offered, if some were not; `proxy_said` what the
    ProxyCommand printed.
    """
    where = f"{target.host} port {target.port}"
    if isinstance(error, asyncssh.PermissionDenied):
        hint = "; ".join(trouble) or f"does `ssh -l {target.user} {target.host}` log in with a key?"
        return Refused(
            f"{where} refuses the login as {target.user}", host=target.written, hint=hint
        )
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return Refused(
            f"host key of {where} is not to be trusted: {error.reason}", host=target.written
        )
    if isinstance(error, TimeoutError):
        return Unreachable(
            f"{where} did not answer in {target.connect_seconds:.0f} s",
            host=target.written,
            hint="is it up, and does a firewall drop SSH?",
        )
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"{target.host} cannot be resolved: {error.strerror}",
            host=target.written,
            hint="is the name right?",
        )
    if target.proxy_command and isinstance(error, asyncssh.ConnectionLost | OSError):
        return Unreachable(
            f"ProxyCommand gave no connection to {where}: {proxy_said or 'it said nothing'}",
            host=target.written,
            hint="see its ProxyCommand in ~/.ssh/config",
        )
    if target.jumps and isinstance(error, asyncssh.ChannelOpenError):
        return Unreachable(
            f"{where} cannot be reached through jump host {target.jumps[-1]}: {error.reason}",
            host=target.written,
            hint="does the jump host allow it (AllowTcpForwarding)?"
            if error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
            else "does sshd run there?",
        )
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(
            f"{where} refuses connections", host=target.written, hint="does sshd run there?"
        )
    if isinstance(error, asyncssh.ChannelOpenError):
        return Refused(
            f"{where} opens no session: {error.reason}",
            host=target.written,
            hint="see MaxSessions and ForceCommand in its sshd_config",
        )
    if isinstance(error, asyncssh.DisconnectError) and _TOO_MANY in error.reason:
        return Refused(
            f"{where} refuses the login as {target.user}: {error.reason}",
            host=target.written,
            hint="the agent holds more keys than it lets one try: name the right one with "
            "IdentityFile, and set IdentitiesOnly yes, in ~/.ssh/config",
        )
    if isinstance(error, asyncssh.DisconnectError):
        return Unreachable(f"{where} ended the connection: {error.reason}", host=target.written)
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        return Unreachable(f"{where}: {reason}", host=target.written)
    return Unreachable(f"{where}: {type(error).__name__}: {error}", host=target.written)
