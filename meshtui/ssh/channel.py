"""The one channel on a connection, or the one process on this machine, that a Shell talks to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
from typing import Any

import asyncssh

from meshtui.errors import Unreachable
from meshtui.ssh.explain import explain
from meshtui.ssh.shell import BOOT, BOOT_ARGV, KILL, Pipes, Shell
from meshtui.ssh.target import Target

_KILL_SECONDS = 5.0


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


async def start(
    name: str,
    target: Target,
    connection: asyncssh.SSHClientConnection,
    background: set[asyncio.Task[None]],
) -> Shell:
    """A shell with root's rights at the end of `connection`; HostError tells why not.

    `background` holds what is still to be done for a shell that was closed.
    """
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

    def end(group: int | None) -> None:
        if group is None:
            connection.abort()
            return
        # dropbear passes the signal on to the command's whole group, OpenSSH does so
        # unless the login is root's. A channel that is closed already says so.
        with contextlib.suppress(OSError):
            process.kill()
        if group > 1:
            task = asyncio.create_task(_kill(connection, group), name=f"kill on {name}")
            background.add(task)
            task.add_done_callback(background.discard)
        else:
            connection.abort()

    stdin, stdout, stderr = map(_Stream, (process.stdin, process.stdout, process.stderr))
    return await _started(Shell(name, Pipes(stdin, stdout, stderr, end)))


async def _kill(connection: asyncssh.SSHClientConnection, group: int) -> None:
    """Kill a process group at the end of `connection`, by a second channel; then hang up."""
    try:
        async with asyncio.timeout(_KILL_SECONDS):
            await connection.run(KILL % group, request_pty=False, stdin=asyncssh.DEVNULL)
    except (OSError, asyncssh.Error):
        # The line is dead, or the host allows one session only: the command was already
        # reported as one of which nobody knows whether it was done.
        return
    finally:
        connection.abort()


async def start_local(name: str, background: set[asyncio.Task[None]]) -> Shell:
    """The same on this machine."""
    environ = _as_sshd_has_it()
    process = await asyncio.create_subprocess_exec(
        *BOOT_ARGV,
        env=environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    stdin = process.stdin

    async def finish(group: int | None) -> None:
        # Without a group, it ends with its stdin, once its step is done.
        if group is not None:
            killer = await asyncio.create_subprocess_exec(
                *("sh", "-c", KILL % (group or process.pid)), env=environ
            )
            await killer.wait()
        await process.wait()

    def end(group: int | None) -> None:
        stdin.close()
        task = asyncio.create_task(finish(group), name=f"end of {name}")
        background.add(task)
        task.add_done_callback(background.discard)

    return await _started(Shell(name, Pipes(process.stdin, process.stdout, process.stderr, end)))


def _as_sshd_has_it() -> dict[str, str]:
    """The environment, with USER being who we are: `su` and `runuser` leave another's name."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = ""
    return {**os.environ, "USER": name}


async def _started(shell: Shell) -> Shell:
    try:
        await shell.start()
    except BaseException:
        shell.close(kill=True)
        raise
    return shell
