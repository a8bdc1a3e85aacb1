"""The one channel on a connection, or the one process on this machine, that a Shell talks to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Any

import asyncssh

from meshtui.errors import Unreachable
from meshtui.ssh.explain import explain
from meshtui.ssh.shell import BOOT, BOOT_ARGV, Pipes, Shell
from meshtui.ssh.target import Target


class _Stream:
    """An asyncssh stream whose end is told as asyncio's are: by OSError.

    asyncssh hands its own errors to whoever reads or writes when the connection breaks.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def read(self, n: int = -1, /) -> bytes:
        try:
            data: bytes = await self._stream.read(n)
        except asyncssh.Error as error:
            raise ConnectionError(error.reason) from None
        return data

    def write(self, data: bytes, /) -> None:
        self._stream.write(data)

    async def drain(self) -> None:
        try:
            await self._stream.drain()
        except asyncssh.Error as error:
            raise ConnectionError(error.reason) from None


async def start(name: str, target: Target, connection: asyncssh.SSHClientConnection) -> Shell:
    """A shell with root's rights at the end of `connection`; HostError tells why not."""
    try:
        async with asyncio.timeout(target.connect_seconds):
            process = await connection.create_process(BOOT, encoding=None, request_pty=False)
    except TimeoutError:
        raise Unreachable(
            f"{target.host} port {target.port} let us log in, but opened no session "
            f"in {target.connect_seconds:g} s",
            host=target.written,
        ) from None
    except (OSError, asyncssh.Error) as error:
        raise explain(target, error) from None

    def end(kill: bool) -> None:
        if kill:
            # OpenSSH and dropbear pass the signal on to the command's whole group. A
            # channel that is closed already, or a server that takes none, says so.
            with contextlib.suppress(OSError):
                process.kill()
        connection.abort()

    stdin, stdout, stderr = map(_Stream, (process.stdin, process.stdout, process.stderr))
    return await _started(Shell(name, Pipes(stdin, stdout, stderr, end)))


async def start_local(name: str) -> Shell:
    """The same on this machine."""
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

    return await _started(Shell(name, Pipes(process.stdin, process.stdout, process.stderr, end)))


async def _started(shell: Shell) -> Shell:
    try:
        await shell.start()
    except BaseException:
        shell.close(kill=True)
        raise
    return shell
