"""A demo host's SSH server: its one operator is root there, and /bin/sh runs what comes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from meshtui.demo.folder import Folder
from meshtui.demo.terminal import Terminal
from meshtui.spared import spare

_CHUNK = 65536
#: What meshtui starts reads how long a program is, in lines and bytes, then the program, then
#: requests.
_LOADS = "read -r n _"
#: A login shell that only hands on to /bin/sh, as any would understand it.
_HANDS_ON = re.compile(r"exec sh -c '([^']*)' (\w+) '([^']*)'")
_REQUEST = re.compile(rb"([!-~]+) ([0-9]+) (run_command |learn)?([^\n]*\n)")
#: A file that cannot grow stands for a full disk. Its signal would end who writes.
_BEFORE = "trap '' XFSZ; "
_FULL = "ulimit -S -f 0; "
_TOO_LARGE, _NO_SPACE = b"File too large", b"No space left on device"


class Sshd:
    """One host's: whoever has the key `operator` may log in.

    `delay` is by how many seconds all that it says comes late.
    """

    def __init__(
        self,
        folder: Folder,
        environ: Mapping[str, str],
        host_key: asyncssh.SSHKey,
        operator: asyncssh.SSHKey,
    ) -> None:
        self.delay = 0.0
        self.port = 0
        self._full = False
        self._folder = folder
        self._environ = environ
        self._host_key = host_key
        self._operator = operator
        self._listener: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._running: set[int] = set()
        self._starting: set[asyncio.Task[asyncio.subprocess.Process]] = set()

    async def listen(self) -> None:
        """Be at 127.0.0.1, at the port that it had before, if any."""
        self._listener = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            reuse_address=True,
            server_factory=lambda: _Server(self._connections),
            server_host_keys=[self._host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(
                self._operator.export_public_key().decode()
            ),
            process_factory=self._process,
            encoding=None,
            line_editor=False,
            compression_algs=None,
            # What never leaves this machine need not withstand a quantum computer.
            kex_algs=["curve25519-sha256"],
        )
        self.port = self._listener.get_port()

    def close(self) -> None:
        """Hang up on everybody, and end all that runs here."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._hang_up()
        for group in self._running:
            _signal(group, signal.SIGKILL)

    def full(self, on: bool) -> None:
        """Whether files can grow."""
        self._full = on
        if hasattr(resource, "prlimit"):
            for pid in self._running:
                with contextlib.suppress(ProcessLookupError):
                    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0 if on else most, most))
        else:
            # What runs cannot be reached: it is to log in anew.
            self._hang_up()

    async def run(self, *argv: str) -> None:
        """Run to its end what nobody is connected to."""
        process = await self._start(asyncio.subprocess.DEVNULL, 'exec "$@"', *argv)
        async with self._while_it_runs(process):
            await process.wait()

    def _hang_up(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _shell(self, command: str, *args: str) -> tuple[str, ...]:
        before = _BEFORE + (_FULL if self._full else "")
        if match := _HANDS_ON.fullmatch(command):
            # To one that is the same shell: a program less.
            command, *words = match.groups()
            return "/bin/sh", "-c", before + command, *words
        return "/bin/sh", "-c", before + command, "sh", *args

    async def _start(self, pipes: int, command: str, *args: str) -> asyncio.subprocess.Process:
        starting = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *self._shell(command, *args),
                env=self._environ,
                cwd=self._folder.path / "root",
                stdin=pipes,
                stdout=pipes,
                stderr=pipes,
                start_new_session=True,
                # All of ours are closed by exec; one by one it takes long, and we stand still.
                close_fds=False,
            )
        )
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)
        try:
            # Cancelled in between, Python 3.11 would wait for its end and never hear of it.
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_end)
            raise

    async def ended(self) -> None:
        """Return when nothing is about to be started."""
        await asyncio.gather(*self._starting, return_exceptions=True)

    @asynccontextmanager
    async def _while_it_runs(
        self, process: asyncio.subprocess.Process, *beside: Coroutine[Any, Any, None]
    ) -> AsyncIterator[None]:
        """Until then its group can be ended; what it left there, and `beside`, ends with it."""
        self._running.add(process.pid)
        tasks = [asyncio.create_task(one) for one in beside]
        try:
            yield
        finally:
            self._running.discard(process.pid)
            _signal(process.pid, signal.SIGKILL)
            for task in tasks:
                task.cancel()

    async def _process(self, session: asyncssh.SSHServerProcess[bytes]) -> None:
        if session.term_type is not None and session.command is None:
            terminal = Terminal(session)
            process = await terminal.start(self._shell("exec login"), self._environ)
            async with self._while_it_runs(process, terminal.type()):
                await self._tell(terminal.shown(), session.stdout)
                status = await process.wait()
        else:
            command = self._folder.lead_in((session.command or "exec sh").encode()).decode()
            process = await self._start(asyncio.subprocess.PIPE, command)
            assert process.stdout and process.stderr
            async with self._while_it_runs(process, self._take(session, process)):
                await asyncio.gather(
                    self._tell(_chunks(process.stdout), session.stdout),
                    self._tell(_chunks(process.stderr), session.stderr),
                )
                status = await process.wait()
        if status < 0:
            session.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            session.exit(status)

    async def _take(
        self, session: asyncssh.SSHServerProcess[bytes], process: asyncio.subprocess.Process
    ) -> None:
        """Hand on what the client sends, with the host's paths in what is to be run."""
        sink = process.stdin
        assert sink
        loads = _LOADS in (session.command or "")
        pieces = self._pieces(session.stdin) if loads else _chunks(session.stdin)
        try:
            async for data in pieces:
                sink.write(data)
                await sink.drain()
        except asyncssh.SignalReceived as received:
            _signal(process.pid, signal.Signals[f"SIG{received.signal}"])
        except (OSError, asyncssh.Error, asyncio.IncompleteReadError):
            # One end went away: the other learns of it now.
            pass
        finally:
            sink.close()

    async def _pieces(self, source: asyncssh.SSHReader[bytes]) -> AsyncIterator[bytes]:
        """A program, and what comes for it once it serves requests."""
        lines, length = map(int, (await source.readline()).split())
        program = self._folder.lead_in(await source.readexactly(length))
        yield b"%d %d\n%b" % (lines, len(program), program)
        while line := await source.readline():
            if match := _REQUEST.fullmatch(line):
                token, size, shell, rest = match.groups(b"")
                data = await source.readexactly(int(size))
                if shell:
                    data = self._folder.lead_in(data)
                line = b"%b %d %b%b%b" % (token, len(data), shell, rest, data)
            yield line

    async def _tell(self, pieces: AsyncIterator[bytes], sink: asyncssh.SSHWriter[bytes]) -> None:
        """Hand on what the host says, with no path of this machine in it."""
        outward = self._folder.out_of()
        async for piece in pieces:
            data = outward.feed(piece)
            if self._full:
                data = data.replace(_TOO_LARGE, _NO_SPACE)
            if self.delay:
                await asyncio.sleep(self.delay)
            await _send(sink, data)
        await _send(sink, outward.end())


async def _send(sink: asyncssh.SSHWriter[bytes], data: bytes) -> None:
    # Where nobody listens any more, what says it runs to its end all the same.
    with contextlib.suppress(OSError, asyncssh.Error):
        sink.write(data)
        await sink.drain()


async def _chunks(
    source: asyncio.StreamReader | asyncssh.SSHReader[bytes],
) -> AsyncIterator[bytes]:
    while data := await source.read(_CHUNK):
        yield data


class _Server(asyncssh.SSHServer):
    """Keeps the set of who is connected."""

    def __init__(self, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)
        spare(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._connection)


def _end(starting: asyncio.Task[asyncio.subprocess.Process]) -> None:
    if not starting.cancelled() and not starting.exception():
        _signal(starting.result().pid, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    # Its last member may have ended in this moment.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
