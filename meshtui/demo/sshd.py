"""A demo host's SSH server: logs its one operator in as root, and runs what comes by /bin/sh."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import asyncssh

from meshtui.demo.folder import Folder

_CHUNK = 65536
#: What meshtui starts reads the length of a program first, then the program, then requests.
_LOADS = "read -r n"
_REQUEST = re.compile(rb"([!-~]+) ([0-9]+) (run_command )?([^\n]*\n)")
#: A file that cannot grow stands for a full disk. Its signal would end who writes.
_BEFORE = "trap '' XFSZ; "
_FULL = "ulimit -S -f 0; "
_TOO_LARGE, _NO_SPACE = b"File too large", b"No space left on device"


@dataclass(slots=True)
class Weather:
    """What a host suffers from, as far as SSH shows it."""

    full: bool = False
    delay: float = 0.0
    """Seconds that all it says comes late."""


class Sshd:
    """One host's: whoever has the key `operator` may log in."""

    def __init__(
        self,
        folder: Folder,
        environ: Mapping[str, str],
        host_key: asyncssh.SSHKey,
        operator: asyncssh.SSHKey,
    ) -> None:
        self.weather = Weather()
        self._folder = folder
        self._environ = environ
        self._host_key = host_key
        self._operator = operator
        self._listener: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._running: set[asyncio.subprocess.Process] = set()
        self.port = 0

    async def listen(self) -> None:
        """Be at 127.0.0.1, at the port it had before, if any."""
        keys = asyncssh.import_authorized_keys(self._operator.export_public_key().decode())
        self._listener = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            reuse_address=True,
            server_factory=lambda: _Server(self._connections),
            server_host_keys=[self._host_key],
            authorized_client_keys=keys,
            process_factory=self._process,
            encoding=None,
            line_editor=False,
            compression_algs=None,
            login_timeout=20,
        )
        self.port = self._listener.get_port()

    def close(self) -> None:
        """Hang up on everybody, and end all that runs here."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            connection.abort()
        for process in self._running:
            end_group(process.pid)

    async def run(self, *argv: str) -> None:
        """Start what nobody is connected to, in a session of its own, with the host's disk."""
        before = _BEFORE + (_FULL if self.weather.full else "")
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", f'{before}exec "$@"', "sh", *argv),
            env=self._environ,
            cwd=self._folder.path / "root",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        self._running.add(process)
        try:
            await process.wait()
        finally:
            self._running.discard(process)

    async def _process(self, session: asyncssh.SSHServerProcess[bytes]) -> None:
        command = self._folder.lead_in((session.command or "sh").encode()).decode()
        before = _BEFORE + (_FULL if self.weather.full else "")
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", before + command),
            env=self._environ,
            cwd=self._folder.path / "root",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin and process.stdout and process.stderr
        self._running.add(process)
        taking = asyncio.create_task(self._take(session, process))
        try:
            await asyncio.gather(
                self._tell(process.stdout, session.stdout),
                self._tell(process.stderr, session.stderr),
            )
            status = await process.wait()
        finally:
            taking.cancel()
            self._running.discard(process)
        if status < 0:
            session.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
        else:
            session.exit(status)

    async def _take(
        self, session: asyncssh.SSHServerProcess[bytes], process: asyncio.subprocess.Process
    ) -> None:
        """Hand on what the client sends, with the host's paths in what is to be run."""
        source, sink = session.stdin, process.stdin
        assert sink
        pieces = self._pieces(source) if _LOADS in (session.command or "") else _chunks(source)
        try:
            async for data in pieces:
                sink.write(data)
                await sink.drain()
        except asyncssh.SignalReceived as received:
            end_group(process.pid, signal.Signals[f"SIG{received.signal}"])
        except (OSError, asyncssh.Error, asyncio.IncompleteReadError):
            # Either end went away: the other one is told by what follows.
            pass
        finally:
            sink.close()

    async def _pieces(self, source: asyncssh.SSHReader[bytes]) -> AsyncIterator[bytes]:
        """All that comes for a program that serves requests, and the program itself."""
        program = self._folder.lead_in(await source.readexactly(int(await source.readline())))
        yield b"%d\n" % len(program) + program
        while line := await source.readline():
            if match := _REQUEST.fullmatch(line):
                data = await source.readexactly(int(match[2]))
                if match[3]:
                    data = self._folder.lead_in(data)
                line = b"%b %d %b%b" % (match[1], len(data), match[3] or b"", match[4]) + data
            yield line

    async def _tell(self, source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
        """Hand on what the host says, with no path of this machine in it."""
        outward = self._folder.out_of()
        while data := await source.read(_CHUNK):
            data = outward.feed(data)
            if self.weather.full:
                data = data.replace(_TOO_LARGE, _NO_SPACE)
            if self.weather.delay:
                await asyncio.sleep(self.weather.delay)
            # Nobody listens any more: it runs on to its end all the same, as on any host.
            with contextlib.suppress(OSError, asyncssh.Error):
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError, asyncssh.Error):
            sink.write(outward.end())


async def _chunks(source: asyncssh.SSHReader[bytes]) -> AsyncIterator[bytes]:
    while data := await source.read(_CHUNK):
        yield data


class _Server(asyncssh.SSHServer):
    """Keeps the set of who is connected."""

    def __init__(self, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._connection)


def end_group(group: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal a process group; it may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
