"""One request/response channel to a host: ask a verb of scripts/, get its whole answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Protocol

from meshtui.errors import CommandFailed, HostError, NotInstalled, Refused, Unreachable

#: The login shell may be bash, fish, csh or busybox: what it must understand is
#: single quotes. What they hold reads a length, then that many bytes of program.
_LOAD = (
    'IFS= read -r n && s=$(dd bs="$n" count=1 iflag=fullblock 2>/dev/null'
    ' || dd bs=1 count="$n" 2>/dev/null) && eval "$s"'
)
_AS_ROOT = 'if [ "$(id -u)" = 0 ]; then exec sh -c "$0"; else exec sudo -n -- sh -c "$0"; fi'
BOOT = f"exec sh -c '{_AS_ROOT}' '{_LOAD}'"
BOOT_ARGV = ("sh", "-c", _AS_ROOT, _LOAD)

#: More than a mesh of 1,000 hosts needs; a host that sends more is cut off.
_MOST_BYTES = 8 << 20
_NOISE_BYTES = 1 << 20
GREETING_SECONDS = 15.0

#: The exit status of a verb that misses a program, as in any shell.
_MISSING = 127


class Reader(Protocol):
    """What asyncio's and asyncssh's streams share."""

    async def read(self, n: int = -1, /) -> bytes:
        """Up to `n` bytes; nothing at the end."""
        ...


class Writer(Protocol):
    """What asyncio's and asyncssh's streams share."""

    def write(self, data: bytes, /) -> None:
        """Queue `data`."""

    async def drain(self) -> None:
        """Wait until the queue is short."""


@dataclass(frozen=True, slots=True)
class Pipes:
    """A running `BOOT` and how to end it."""

    stdin: Writer
    stdout: Reader
    stderr: Reader
    end: Callable[[bool], None]
    """Drop the connection; if true, kill what runs there first."""


@cache
def program() -> bytes:
    """All of scripts/, as one program that serves requests once it has said hello."""
    folder = resources.files("meshtui.ssh") / "scripts"
    names = ("serve", "look", "observe", "stage", "change", "verify", "start")
    return b"".join((folder / f"{name}.sh").read_bytes() for name in names)


class Shell:
    """Answers one request at a time. After any failure of the channel it stays closed."""

    def __init__(self, host: str, pipes: Pipes) -> None:
        self.host = host
        self._pipes = pipes
        self._turn = asyncio.Lock()
        self._out = bytearray()
        self._err = bytearray()
        self._more_err = asyncio.Event()
        self._draining = asyncio.create_task(self._drain_stderr(), name=f"stderr of {host}")
        self.closed = False

    async def start(self, deadline: float = GREETING_SECONDS) -> None:
        """Load the program as root. Refused if sudo or the login shell says no."""
        nonce = secrets.token_hex(16)
        try:
            async with asyncio.timeout(deadline):
                self._send(b"%d\n%s%s\n" % (len(program()), program(), nonce.encode()))
                await self._read_to(f"{nonce}\n".encode(), _NOISE_BYTES)
        except TimeoutError:
            self.close(kill=True)
            raise Unreachable(
                f"logged in, but no shell answered in {deadline:.0f} s",
                host=self.host,
                hint="does the login shell start a menu or wait for input?",
            ) from None
        except (EOFError, OSError):
            # What it said on its way out may still be under way.
            await asyncio.wait({self._draining}, timeout=1)
            self.close()
            raise _refusal(self.host, _tail(self._err) or _tail(self._out)) from None
        self._out.clear()

    async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
        """What `verb` prints, once it ended with status 0.

        Raises Unreachable when the channel breaks or `deadline` seconds pass: then
        nobody knows whether it was done. CommandFailed or NotInstalled when the verb
        says that it failed.
        """
        if any(not arg or any(c.isspace() or not c.isprintable() for c in arg) for arg in args):
            raise ValueError("an argument holds a space or a control character")
        async with self._turn:
            if self.closed:
                raise Unreachable("not connected", host=self.host)
            token = secrets.token_hex(8)
            self._err.clear()
            header = " ".join((token, str(len(data)), verb, *args))
            try:
                async with asyncio.timeout(deadline):
                    self._send(header.encode("ascii") + b"\n" + data)
                    await self._pipes.stdin.drain()
                    answer = await self._read_to(f"\n{token} ".encode(), _MOST_BYTES)
                    status = int(await self._read_to(b"\n", 64))
                    said = await self._complaint(token) if status else ""
            except TimeoutError:
                self.close(kill=True)
                raise Unreachable(
                    f"no answer to `{verb}` in {deadline:.0f} s: not known whether it was done",
                    host=self.host,
                ) from None
            except (EOFError, OSError, ValueError) as error:
                self.close()
                raise Unreachable(
                    f"connection lost during `{verb}`: not known whether it was done ({error})",
                    host=self.host,
                ) from None
            except asyncio.CancelledError:
                # Half an answer is still under way: the channel is of no more use.
                self.close()
                raise
        if status == _MISSING:
            raise NotInstalled(said or f"`{verb}` misses a program", host=self.host)
        if status:
            raise CommandFailed(said or f"`{verb}` ended with status {status}", host=self.host)
        return answer

    def close(self, *, kill: bool = False) -> None:
        """End the channel. What runs on it ends its step by itself, or is killed."""
        if not self.closed:
            self.closed = True
            self._draining.cancel()
            self._pipes.end(kill)

    def _send(self, data: bytes) -> None:
        self._pipes.stdin.write(data)

    async def _read_to(self, mark: bytes, most: int) -> bytes:
        """Everything before `mark`, which is taken too."""
        searched = 0
        while (at := self._out.find(mark, searched)) < 0:
            searched = max(0, len(self._out) - len(mark) + 1)
            if len(self._out) > most:
                raise OSError(f"more than {most >> 20} MiB of output")
            chunk = await self._pipes.stdout.read(65536)
            if not chunk:
                raise EOFError("the host closed it")
            self._out += chunk
        found = bytes(self._out[:at])
        del self._out[: at + len(mark)]
        return found

    async def _complaint(self, token: str) -> str:
        """What the verb said on stderr, which ends with `token`."""
        mark = f"\n{token}\n".encode()
        while (at := self._err.find(mark)) < 0:
            self._more_err.clear()
            await self._more_err.wait()
        return _tail(self._err[:at])

    async def _drain_stderr(self) -> None:
        """Keep reading, else a host that says much there would block its own answer."""
        while chunk := await self._pipes.stderr.read(65536):
            self._err += chunk
            if len(self._err) > _NOISE_BYTES:
                del self._err[: -_NOISE_BYTES // 2]
            self._more_err.set()


def _tail(raw: bytes | bytearray, lines: int = 6) -> str:
    """The last lines of what a host said, on one line."""
    text = raw.decode("utf-8", "replace").strip()
    return "; ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


def _refusal(host: str, said: str) -> HostError:
    if "sudo" in said and ("not found" in said or "No such file" in said):
        return Refused(
            "not root, and there is no sudo", host=host, hint="log in as root, or install sudo"
        )
    if "sudo" in said or "password is required" in said:
        return Refused(
            f"sudo says no: {said}",
            host=host,
            hint="log in as root, or let this user run sudo without a password (NOPASSWD)",
        )
    return Refused(
        f"logged in, but the login shell ran no command: {said or 'it said nothing'}", host=host
    )
