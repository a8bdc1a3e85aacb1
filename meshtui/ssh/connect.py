"""Connections: verified, limited in how many are made at once, hops shared."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh

from meshtui.errors import HostError, Refused, UnknownHostKey
from meshtui.ssh import hostkeys
from meshtui.ssh.explain import explain
from meshtui.ssh.identity import Identities
from meshtui.ssh.shell import BOOT, BOOT_ARGV, Pipes, Shell
from meshtui.ssh.target import Target, resolve

#: sshd drops connections at random beyond MaxStartups (10:30:100): 8 at once to
#: one address lost none, 10 lost some; 32 in all keeps our own loop smooth.
AT_ONCE = 32
AT_ONCE_PER_ADDRESS = 8

#: A dead line shows after 4 x 5 s.
_KEEPALIVE_SECONDS = 5
_KEEPALIVE_COUNT = 3

#: First in the offer, before all others: a third less client CPU a look than with
#: chacha20-poly1305, for which asyncssh sets up two ciphers a packet.
_CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"

LOCAL = "local"

AskHostKey = Callable[[UnknownHostKey], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Connection:
    """A host's shell, and where SSH went for it (None: this machine)."""

    shell: Shell
    target: Target | None


class Connector:
    """Opens shells. One for a whole fleet: it shares hops, agents and limits.

    `ask` decides on an unknown host key; `config` is what `ssh -F` would be given.
    """

    def __init__(self, ask: AskHostKey, config: Path | None = None) -> None:
        self._ask = ask
        self._config = config
        self._identities = Identities()
        self._all = asyncio.Semaphore(AT_ONCE)
        self._each: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE_PER_ADDRESS)
        )
        self._hops: dict[str, asyncio.Task[asyncssh.SSHClientConnection]] = {}

    async def resolve(self, written: str) -> Target:
        """Where SSH would go for `written`."""
        return await resolve(written, self._config)

    async def open(self, name: str, written: str) -> Connection:
        """A shell with root's rights on the host `name`; HostError tells why not."""
        try:
            if written == LOCAL:
                return Connection(await _open_local(name), None)
            target = await self.resolve(written)
            connection = await self._connect(target)
            try:
                shell = await _start(name, target, connection)
            except BaseException:
                connection.abort()
                raise
            return Connection(shell, target)
        except HostError as error:
            # Told by the name that the operator gave it.
            raise error.at(name) from None

    async def close(self) -> None:
        """Close hops and agents; shells are closed by whoever opened them."""
        for task in self._hops.values():
            if task.done() and not task.cancelled() and not task.exception():
                task.result().abort()
            task.cancel()
        self._hops.clear()
        self._identities.close()

    async def _connect(self, target: Target) -> asyncssh.SSHClientConnection:
        hop = await self._hop(target.jumps) if target.jumps else None
        # A bastion counts as the address of all that is behind it.
        gate = self._each[target.jumps[-1] if target.jumps else target.host]
        found = hostkeys.known(target)
        async with gate, self._all:
            verifier = hostkeys.Verifier()
            try:
                return await self._log_in(target, found, verifier, hop)
            except UnknownHostKey as error:
                unknown, offered = error, verifier.offered
        # Asked without holding a place: a person may take a while.
        if offered is None or not await self._ask(unknown):
            raise unknown
        try:
            await asyncio.to_thread(hostkeys.remember, target, offered)
        except OSError as error:
            raise Refused(
                f"cannot add the host key to {target.known_hosts[0]}: {error.strerror}",
                host=target.written,
            ) from None
        found.keys.append(offered)
        async with gate, self._all:
            return await self._log_in(target, found, hostkeys.Verifier(), hop)

    async def _log_in(
        self,
        target: Target,
        found: hostkeys.Known,
        verifier: hostkeys.Verifier,
        hop: asyncssh.SSHClientConnection | None,
    ) -> asyncssh.SSHClientConnection:
        way: dict[str, Any] = {"tunnel": hop} if hop else {}
        if target.proxy_command:
            way = {"proxy_command": ["sh", "-c", f"exec {target.proxy_command}"]}
        try:
            async with asyncio.timeout(target.connect_seconds):
                return await asyncssh.connect(
                    target.host,
                    target.port,
                    username=target.user,
                    client_factory=lambda: verifier,
                    known_hosts=(found.keys, found.authorities, found.revoked),
                    server_host_key_algs=found.algorithms(),
                    client_keys=await self._identities.for_target(target) or None,
                    agent_path=None,
                    config=None,
                    encryption_algs=_CIPHERS,
                    family=target.family,
                    connect_timeout=target.connect_seconds,
                    login_timeout=target.connect_seconds,
                    keepalive_interval=_KEEPALIVE_SECONDS,
                    keepalive_count_max=_KEEPALIVE_COUNT,
                    **way,
                )
        except asyncssh.HostKeyNotVerifiable as error:
            if verifier.offered is None:
                raise explain(target, error, {}) from None
            raise hostkeys.complaint(target, found, verifier.offered) from None
        except (OSError, asyncssh.Error, ValueError) as error:
            raise explain(target, error, self._identities.unusable) from None

    async def _hop(self, jumps: tuple[str, ...]) -> asyncssh.SSHClientConnection:
        """The connection that ends at the last of `jumps`: one for all who need it."""
        key = ",".join(jumps)
        task = self._hops.get(key)
        if task is None or (task.done() and _is_dead(task)):
            task = self._hops[key] = asyncio.create_task(self._open_hop(jumps), name=f"hop {key}")
        return await asyncio.shield(task)

    async def _open_hop(self, jumps: tuple[str, ...]) -> asyncssh.SSHClientConnection:
        target = await self.resolve(jumps[-1].removeprefix("ssh://"))
        if len(jumps) > 1:
            # The chain is what the operator wrote, not what the last one's own entry adds.
            target = replace(target, jumps=jumps[:-1])
        return await self._connect(target)


def _is_dead(task: asyncio.Task[asyncssh.SSHClientConnection]) -> bool:
    return task.cancelled() or task.exception() is not None or task.result().is_closed()


async def _start(name: str, target: Target, connection: asyncssh.SSHClientConnection) -> Shell:
    try:
        async with asyncio.timeout(target.connect_seconds):
            process = await connection.create_process(BOOT, encoding=None, request_pty=False)
    except (OSError, asyncssh.Error) as error:
        raise explain(target, error, {}) from None

    def end(kill: bool) -> None:
        if kill:
            # OpenSSH and dropbear pass the signal on to the command's whole group. A
            # channel that is closed already, or a server that takes none, says so.
            with contextlib.suppress(OSError):
                process.kill()
        connection.abort()

    shell = Shell(name, Pipes(process.stdin, process.stdout, process.stderr, end))
    await shell.start()
    return shell


async def _open_local(name: str) -> Shell:
    process = await asyncio.create_subprocess_exec(
        *BOOT_ARGV,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    stdin = process.stdin

    def end(kill: bool) -> None:
        stdin.close()
        if kill:
            # What sudo started can't be killed from here, but it ends with its stdin.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    shell = Shell(name, Pipes(process.stdin, process.stdout, process.stderr, end))
    await shell.start()
    return shell
