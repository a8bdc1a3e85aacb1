"""One request/response channel to a host: ask a verb of scripts/, get its whole answer."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from meshtui.errors import CommandFailed, Held, HostError, NotInstalled, Refused, Unreachable

#: The login shell may be bash, fish, csh or busybox: what it must understand is
#: single quotes. What they hold reads two numbers, lines and bytes, and that much of program.
#: It starts no program for that, and has no other way to name a newline than IFS.
_LOAD = (
    'IFS=" " read -r n _ && s= && while [ "$n" -gt 0 ]; do'
    ' IFS= read -r l || exit; s=$s$l${IFS#??} n=$((n - 1)); done && eval "$s"'
)
# $1 is what to run. LC_ALL: what sudo and the shell complain of is told apart by its English.
# What sshd says of the connection is handed on as an argument: sudo would drop it. Who logs
# in as root is: at a host that is asked by many, each program counts.
_AS_ROOT = (
    'LC_ALL=C; export LC_ALL; [ "${USER:-}" = root ] || [ "$(id -u)" = 0 ] ||'
    ' exec sudo -n -- sh -c "$1" meshtui "${SSH_CONNECTION:-}";'
    ' run=$1; set -- "${SSH_CONNECTION:-}"; eval "$run"'
)
#: SIGKILL for a process group, as root; also from any login shell.
KILL = f"exec sh -c '{_AS_ROOT}' meshtui 'kill -s KILL -- -%d'"
BOOT = f"exec sh -c '{_AS_ROOT}' meshtui '{_LOAD}'"
BOOT_ARGV = ("sh", "-c", _AS_ROOT, "meshtui", _LOAD)

#: More than a mesh of 1,000 hosts needs; a host that sends more is cut off.
_MOST_BYTES = 8 << 20
#: What a login may print before it is given up, and how much is kept to tell of it.
_NOISE_BYTES = 16 << 20
_KEPT_BYTES = 64 << 10
GREETING_SECONDS = 15.0

#: The exit status of a verb that misses a program, as in any shell.
_MISSING = 127
#: Of one that finds the host locked.
_HELD = 7


_WORD = re.compile(r"[!-~]+")
#: Of a script: whole lines of comment, blank lines, indentation. Two fifths of it all.
_FOR_READERS = re.compile(rb"^[ \t]*(?:#.*)?\n|^[ \t]+", re.MULTILINE)


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
    end: Callable[[int | None], None]
    """Drop the connection; first kill what runs there, if a process group is given.

    Where that is not known, it is 0.
    """


class _TooMuch(OSError):
    """The host sends more than any answer needs."""


class NotConnected(Unreachable):
    """The channel was closed before anything was sent: asking again is safe."""


#: What every connection needs at once, and what it gets with the first verb that is no look:
#: who only looks, at hundreds of hosts, sends them a fortieth.
_FIRST = ("serve", "look", "start")
_LATER = (
    *("obey", "observe", "facts", "stage", "change", "names", "forward", "exit", "arm", "revert"),
    *("meet", "verify", "run"),
)


def _text(names: Iterable[str]) -> bytes:
    folder = Path(__file__).with_name("scripts")
    text = b"".join((folder / f"{name}.sh").read_bytes() for name in names)
    # Each connection carries it, and each host reads it twice.
    return _FOR_READERS.sub(b"", text)


@cache
def program() -> bytes:
    """The part of scripts/ that serves requests once it has said hello, and can look."""
    return _text(_FIRST)


@cache
def lesson() -> bytes:
    """All other verbs of scripts/: see `learn` in serve.sh."""
    return _text(_LATER)


class Shell:
    """Answers one request at a time. After any failure of the channel it stays closed."""

    def __init__(self, host: str, pipes: Pipes) -> None:
        self.host = host
        self.asked: tuple[str, float] | None = None
        """The verb that the host owes an answer to, and since when (monotonic clock)."""
        self._pipes = pipes
        self._turn = asyncio.Lock()
        self._out = bytearray()
        self._err = bytearray()
        self._more_err = asyncio.Event()
        self._draining = asyncio.create_task(self._drain_stderr(), name=f"stderr of {host}")
        self._closed = False
        self._group = 0
        self._taught = False

    async def start(self) -> None:
        """Load the program as root. Refused if sudo or the login shell says no."""
        nonce = secrets.token_hex(16)
        deadline = GREETING_SECONDS
        try:
            async with asyncio.timeout(deadline):
                lines, size = program().count(b"\n"), len(program())
                self._send(b"%d %d\n%s%s\n" % (lines, size, program(), nonce.encode()))
                await self._skip_to(f"{nonce} ".encode())
                self._group = int(await self._read_to(b"\n", 64))
        except TimeoutError:
            self.close(kill=True)
            raise Unreachable(
                f"logged in, but no shell answered in {deadline:g} s",
                host=self.host,
                hint="does the login shell start a menu or wait for input?",
            ) from None
        except (EOFError, OSError, ValueError):
            # What it said on its way out may still be under way, or unread.
            listening = asyncio.create_task(self._listen())
            await asyncio.wait({self._draining, listening}, timeout=1)
            listening.cancel()
            self.close()
            raise _refusal(self.host, _tail(self._err) or _tail(self._out)) from None
        self._out.clear()

    async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
        """What `verb` prints, once it ended with status 0.

        Raises Unreachable when the channel breaks or `deadline` seconds pass: then
        nobody knows whether it was done. CommandFailed or NotInstalled when the verb
        says that it failed.
        """
        if not all(_WORD.fullmatch(arg) for arg in args):
            raise ValueError("an argument is not one word of printable ASCII")
        async with self._turn:
            if self.closed:
                raise NotConnected("not connected", host=self.host)
            token = secrets.token_hex(8)
            self._err.clear()
            header = " ".join((token, str(len(data)), verb, *args))
            self.asked = verb, time.monotonic()
            try:
                async with asyncio.timeout(deadline):
                    teaches = None if self._taught or verb == "look" else self._teach()
                    self._send(header.encode("ascii") + b"\n" + data)
                    await self._pipes.stdin.drain()
                    if teaches:
                        if (await self._answer(teaches))[1]:
                            raise OSError("the host did not take the script in")
                        self._taught = True
                    answer, status = await self._answer(token)
                    said = await self._complaint(token) if status else ""
            except TimeoutError:
                self.close(kill=True)
                raise Unreachable(
                    f"no answer to `{verb}` in {deadline:g} s: not known whether it was done",
                    host=self.host,
                ) from None
            except (EOFError, OSError, ValueError) as error:
                self.close(kill=isinstance(error, _TooMuch))
                raise Unreachable(
                    f"connection lost during `{verb}`: not known whether it was done ({error})"
                    if not isinstance(error, _TooMuch)
                    else f"`{verb}` was cut off: not known whether it was done ({error})",
                    host=self.host,
                ) from None
            except asyncio.CancelledError:
                # Half an answer is still under way: the channel is of no more use. A step
                # comes to its end; a person's command is not wanted any more.
                self.close(kill=verb == "run_command")
                raise
            finally:
                self.asked = None
        if status == _MISSING:
            raise NotInstalled(said or f"`{verb}` misses a program", host=self.host)
        if status == _HELD:
            raise Held(said, host=self.host)
        if status:
            raise CommandFailed(said or f"`{verb}` ended with status {status}", host=self.host)
        return answer

    @property
    def closed(self) -> bool:
        """Whether it is of no more use; also true once the far end hung up."""
        return self._closed or self._draining.done()

    def close(self, *, kill: bool = False) -> None:
        """End the channel. What runs on it ends its step by itself, or is killed."""
        if not self._closed:
            self._closed = True
            self._draining.cancel()
            self._pipes.end(self._group if kill else None)

    def _teach(self) -> str:
        """Send the other verbs, ahead of what needs them; the token of the answer."""
        token = secrets.token_hex(8)
        self._send(b"%s %d learn\n%s" % (token.encode(), len(lesson()), lesson()))
        return token

    async def _answer(self, token: str) -> tuple[bytes, int]:
        """What was said, and with what status."""
        said = await self._read_to(f"\n{token} ".encode(), _MOST_BYTES)
        return said, int(await self._read_to(b"\n", 64))

    def _send(self, data: bytes) -> None:
        self._pipes.stdin.write(data)

    async def _read_to(self, mark: bytes, most: int) -> bytes:
        """Everything before `mark`, which is taken too."""
        searched = 0
        while (at := self._out.find(mark, searched)) < 0:
            searched = max(0, len(self._out) - len(mark) + 1)
            if len(self._out) > most:
                raise _TooMuch(f"more than {most >> 20} MiB of output")
            chunk = await self._pipes.stdout.read(65536)
            if not chunk:
                raise EOFError("the host closed it")
            self._out += chunk
        found = bytes(self._out[:at])
        del self._out[: at + len(mark)]
        return found

    async def _skip_to(self, mark: bytes) -> None:
        """Pass over all that a login prints, `mark` included."""
        skipped = 0
        while (at := self._out.find(mark)) < 0:
            if len(self._out) > 2 * _KEPT_BYTES:
                skipped += len(self._out) - _KEPT_BYTES
                del self._out[:-_KEPT_BYTES]
            if skipped > _NOISE_BYTES:
                raise Refused(
                    f"logged in, but the login shell prints without end: {_tail(self._out)}",
                    host=self.host,
                    hint="see what its profile and rc files start",
                )
            chunk = await self._pipes.stdout.read(65536)
            if not chunk:
                raise EOFError("the host closed it")
            self._out += chunk
        del self._out[: at + len(mark)]

    async def _listen(self) -> None:
        """What is left to read, for as long as it is worth telling of."""
        with contextlib.suppress(OSError):
            while len(self._out) < _KEPT_BYTES and (chunk := await self._pipes.stdout.read(4096)):
                self._out += chunk

    async def _complaint(self, token: str) -> str:
        """What the verb said on stderr, which ends with `token`."""
        mark = f"\n{token}\n".encode()
        while (at := self._err.find(mark)) < 0:
            self._more_err.clear()
            await self._more_err.wait()
        return _tail(self._err[:at])

    async def _drain_stderr(self) -> None:
        """Keep reading, else a host that says much there would block its own answer."""
        try:
            while chunk := await self._pipes.stderr.read(65536):
                self._err += chunk
                if len(self._err) > 2 * _KEPT_BYTES:
                    del self._err[:-_KEPT_BYTES]
                self._more_err.set()
        except OSError:
            return  # Whoever waits for an answer on stdout hears of it, too.


def _tail(raw: bytes | bytearray, lines: int = 6) -> str:
    """The last lines of what a host said, on one line."""
    text = raw.decode("utf-8", "replace").strip()
    return "; ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


def _refusal(host: str, said: str) -> HostError:
    if "sudo" in said and ("not found" in said or "No such file" in said):
        return Refused(
            "not root, and there is no sudo", host=host, hint="log in as root, or install sudo"
        )
    if "must have a tty" in said:
        return Refused(
            f"sudo says no: {said}",
            host=host,
            hint="log in as root, or set `Defaults:USER !requiretty` for this user in its sudoers",
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
