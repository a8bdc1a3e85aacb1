"""Connections: verified, limited in how many are made at once, hops shared."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh

from meshtui.errors import HostError, Refused, UnknownHostKey
from meshtui.ssh import hostkeys
from meshtui.ssh.channel import start, start_local
from meshtui.ssh.explain import explain
from meshtui.ssh.identity import Identities
from meshtui.ssh.proxy import Proxy
from meshtui.ssh.reach import reach
from meshtui.ssh.shell import Shell
from meshtui.ssh.target import Target, resolve, ssh_argv

#: sshd drops connections at random beyond MaxStartups (10:30:100): 8 at once to one
#: server lost none, 10 lost some; 32 in all keeps our own loop smooth. Each server counts
#: its own, and behind one address there may be one at each port.
AT_ONCE = 32
AT_ONCE_PER_SERVER = 8

#: A dead line shows after 4 x 5 s.
_KEEPALIVE_SECONDS = 5
_KEEPALIVE_COUNT = 3

#: What closing waits for at most.
_END_SECONDS = 2.0

#: A hop that failed is not tried again for each host behind it: sshd counts tries.
_HOP_PAUSE_SECONDS = 1.0

#: For so long what `ssh -G` said counts: a change connects to each host twice.
_RESOLVED_SECONDS = 5.0

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
    """Opens shells. One for a whole fleet: it shares hops, keys and limits.

    `ask` decides on an unknown host key; `config` is what `ssh -F` would be given.
    """

    def __init__(self, ask: AskHostKey, config: Path | None = None) -> None:
        self._ask = ask
        self._config = config
        self._identities = Identities()
        self._all = asyncio.Semaphore(AT_ONCE)
        self._each: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE_PER_SERVER)
        )
        self._resolving: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._resolved: dict[str, tuple[float, Target]] = {}
        self._hops: dict[str, asyncio.Task[asyncssh.SSHClientConnection]] = {}
        self._needs: dict[str, str] = {}
        self._failed: dict[str, float] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def resolve(self, written: str) -> Target:
        """Where SSH would go for `written`, as of a few seconds ago."""
        async with self._resolving[written]:
            kept = self._resolved.get(written)
            if kept is None or time.monotonic() - kept[0] > _RESOLVED_SECONDS:
                kept = time.monotonic(), await resolve(written, self._config)
                self._resolved[written] = kept
            return kept[1]

    def ssh_argv(self, written: str) -> list[str]:
        """The command that opens a person's own shell there; Refused: it is no SSH target."""
        if written == LOCAL:
            return [os.environ.get("SHELL") or "/bin/sh"]
        return ssh_argv(written, self._config)

    async def open(self, name: str, written: str) -> Connection:
        """A shell with root's rights on the host `name`; HostError tells why not."""
        try:
            if written == LOCAL:
                return Connection(await start_local(name, self._background), None)
            target = await self.resolve(written)
            connection = await self._connect(target)
            try:
                shell = await start(name, target, connection, self._background)
            except BaseException:
                connection.abort()
                raise
            return Connection(shell, target)
        except HostError as error:
            # Told by the name that the operator gave it.
            raise error.at(name) from None

    async def close(self) -> None:
        """Close hops; shells are closed by whoever opened them."""
        for task in self._hops.values():
            if task.done() and not task.cancelled() and not task.exception():
                task.result().abort()
            task.cancel()
        self._hops.clear()
        if self._background:
            # Kills under way get a moment; then all that is left ends.
            await asyncio.wait(self._background, timeout=_END_SECONDS)
        for left in self._background:
            left.cancel()

    async def _connect(
        self, target: Target, hop_key: str | None = None
    ) -> asyncssh.SSHClientConnection:
        hop = await self._hop(target.jumps, hop_key) if target.jumps else None
        # A bastion counts as the server of all that is behind it.
        gate = self._each[target.jumps[-1] if target.jumps else f"{target.host} {target.port}"]
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
                f"cannot add the host key to {target.new_keys}: {error.strerror}",
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
        if target.proxy_fdpass:
            raise Refused(
                "ProxyUseFdpass is more than meshtui can do",
                host=target.written,
                hint="use a ProxyCommand that passes the data on, or ProxyJump",
            )
        proxy: Proxy | None = None
        reached: socket.socket | None = None
        try:
            async with (
                asyncio.timeout(target.connect_seconds),
                self._identities.for_target(target) as keys,
            ):
                verifier.last_key = keys[-1] if keys else None
                way: dict[str, Any]
                if target.proxy_command:
                    proxy = await Proxy.start(target.proxy_command)
                    way = {"sock": proxy.sock}
                elif hop:
                    way = {"tunnel": hop}
                else:
                    reached = await reach(target)
                    way = {"sock": reached}
                connection = await asyncssh.connect(
                    target.host,
                    target.port,
                    username=target.user,
                    client_factory=lambda: verifier,
                    known_hosts=found.trusted(),
                    # The name that a host's certificate must hold.
                    host_key_alias=target.key_alias or (),
                    server_host_key_algs=found.algorithms(),
                    client_keys=keys or None,
                    agent_path=None,
                    config=None,
                    encryption_algs=_CIPHERS,
                    family=target.family,
                    # One deadline is enough: the one above, for all of it.
                    connect_timeout=None,
                    login_timeout=None,
                    keepalive_interval=_KEEPALIVE_SECONDS,
                    keepalive_count_max=_KEEPALIVE_COUNT,
                    **way,
                )
                if proxy:
                    self._end_with(connection, proxy)
                proxy = reached = None
                return connection
        except asyncssh.HostKeyNotVerifiable as error:
            if verifier.offered is None:
                raise explain(target, error) from None
            raise hostkeys.complaint(target, found, verifier.offered) from None
        except (OSError, asyncssh.Error, ValueError) as error:
            trouble = self._identities.trouble(target)
            said = await proxy.last_words() if proxy and not isinstance(error, TimeoutError) else ""
            raise explain(target, error, trouble, said) from None
        finally:
            if proxy:
                proxy.end()
            if reached:
                reached.close()

    def _end_with(self, connection: asyncssh.SSHClientConnection, proxy: Proxy) -> None:
        """A ProxyCommand need not notice that its connection is over."""

        async def wait() -> None:
            try:
                await connection.wait_closed()
            finally:
                proxy.end()

        task = asyncio.create_task(wait(), name="end of a ProxyCommand")
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _hop(
        self, jumps: tuple[str, ...], waiting: str | None
    ) -> asyncssh.SSHClientConnection:
        """The connection that ends at the last of `jumps`: one for all who need it.

        `waiting` is the hop that needs this one, if it is a hop that does.
        """
        key = ",".join(jumps)
        if waiting is not None:
            self._needs[waiting] = key
            self._check_circle(waiting)
        task = self._hops.get(key)
        if task is None or (task.done() and self._is_over(key, task)):
            task = self._hops[key] = asyncio.create_task(self._open_hop(jumps), name=f"hop {key}")
        try:
            return await asyncio.shield(task)
        except HostError as error:
            told = copy(error)
            told.what = f"jump host {jumps[-1]}: {error.what}"
            raise told from None

    async def _open_hop(self, jumps: tuple[str, ...]) -> asyncssh.SSHClientConnection:
        key = ",".join(jumps)
        try:
            target = await self.resolve(jumps[-1].removeprefix("ssh://"))
            if len(jumps) > 1:
                # The chain is what the operator wrote, not what the last one's own entry adds.
                target = replace(target, jumps=jumps[:-1])
            return await self._connect(target, key)
        except HostError:
            self._failed[key] = asyncio.get_running_loop().time()
            raise

    def _check_circle(self, start: str) -> None:
        """A hop that waits for itself would do so for ever."""
        at: str | None = self._needs[start]
        way = [start]
        while at is not None and at not in way:
            way.append(at)
            at = self._needs.get(at)
        if at == start:
            raise Refused(
                f"ProxyJump goes in a circle: {' -> '.join([*way, start])}",
                hint="give the hop `ProxyJump none`, above, in ~/.ssh/config",
            )

    def _is_over(self, key: str, task: asyncio.Task[asyncssh.SSHClientConnection]) -> bool:
        """Whether to try this hop afresh. A failure holds for a moment, for all behind it."""
        if task.cancelled():
            return True
        if task.exception() is None:
            return task.result().is_closed()
        return asyncio.get_running_loop().time() - self._failed.get(key, 0.0) > _HOP_PAUSE_SECONDS
