"""How a host's stand-ins (standins/tool) reach this process: named pipes in the host's folder."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

#: At first; a host whose calls are many at once gets more.
_SLOTS = 4
#: How long a caller may take to listen for its answer: after that it was ended.
_PATIENCE_SECONDS = 5.0


class Answer(NamedTuple):
    """What a tool says, and how it ends."""

    status: int
    out: bytes = b""
    err: bytes = b""


Call = Callable[[str, Sequence[str], bytes], Awaitable[Answer]]


class Calls:
    """The pipes of the host whose folder is `host`; `call` answers what comes by them."""

    def __init__(self, host: Path, call: Call) -> None:
        self._folder = host / "calls"
        self._call = call
        self._asked = -1
        self._buffer = b""
        self._slots = 0
        self._under_way: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Make the pipes and listen."""
        self._folder.mkdir(mode=0o700)
        os.mkfifo(self._folder / "asked", 0o600)
        # For writing too: else it would end with the first caller.
        self._asked = os.open(self._folder / "asked", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._asked, self._readable)
        self._more_slots(_SLOTS)

    def close(self) -> None:
        """Answer nobody any more."""
        if self._asked >= 0:
            asyncio.get_running_loop().remove_reader(self._asked)
            os.close(self._asked)
            self._asked = -1
        self.drop()

    def drop(self) -> None:
        """Forget what is under way: who asked was ended."""
        for task in self._under_way:
            task.cancel()

    def _more_slots(self, count: int) -> None:
        for n in range(self._slots, self._slots + count):
            os.mkfifo(self._folder / f"{n}.in", 0o600)
            os.mkfifo(self._folder / f"{n}.out", 0o600)
        self._slots += count

    def _readable(self) -> None:
        *lines, self._buffer = (self._buffer + os.read(self._asked, 65536)).split(b"\n")
        for line in lines:
            task = asyncio.create_task(self._serve(line.decode("utf-8", "surrogateescape")))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _serve(self, line: str) -> None:
        slot, pid, request = line.split(" ", 2)
        if slot == str(self._slots - 1):
            self._more_slots(self._slots)
        try:
            stdin = b""
            if request == "+":
                first, _, stdin = (await self._rest(slot)).partition(b"\n")
                request = first.decode("utf-8", "surrogateescape").split(" ", 2)[2]
            tool, *argv = request.split("\t")
            try:
                answer = await self._call(tool, argv, stdin)
            except Exception as error:
                # A fault of the demo's: told, without what may be a key, or its caller would hang.
                name = type(error).__name__
                answer = Answer(70, err=f"{tool}: the demo cannot do that: {name}\n".encode())
            if answer.out and (pipe := _stdout(pid)) is not None:
                await _write(pipe, answer.out)
                answer = answer._replace(out=b"")
            await self._say(slot, _told(answer))
        finally:
            self._free(slot)

    async def _rest(self, slot: str) -> bytes:
        """What comes by N.in, up to its NUL."""
        pipe = os.open(self._folder / f"{slot}.in", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            data = bytearray()
            while not data.endswith(b"\0"):
                try:
                    data += os.read(pipe, 65536)
                except BlockingIOError:
                    await _ready(pipe, write=False)
            return bytes(data[:-1])
        finally:
            os.close(pipe)

    async def _say(self, slot: str, data: bytes) -> None:
        pipe = await self._listener(slot)
        if pipe is not None:
            await _write(pipe, data)

    async def _listener(self, slot: str) -> int | None:
        """The caller's end of N.out; None: it was ended before it listened."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_SECONDS
        while loop.time() < until:
            try:
                return os.open(
                    self._folder / f"{slot}.out", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
                )
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            await asyncio.sleep(0.001)
        return None

    def _free(self, slot: str) -> None:
        """The slot is the next caller's, but who had it may read its own pipe to the end."""
        out = self._folder / f"{slot}.out"
        out.unlink()
        if slot.startswith("pid"):
            (self._folder / f"{slot}.in").unlink()
        else:
            os.mkfifo(out, 0o600)
            (self._folder / f"{slot}.lock").unlink()


def _told(answer: Answer) -> bytes:
    err = answer.err.splitlines()
    head = b"%d %d %s" % (answer.status, len(err), b"out" if answer.out else b"-")
    return b"\n".join((head, *err, answer.out))


def _stdout(pid: str) -> int | None:
    """The pipe that a caller's stdout is: who answers into it spares the caller a program.

    None: it is no pipe, or nobody reads it, or this machine does not say.
    """
    try:
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        pipe = os.open(f"/proc/{int(pid)}/fd/4", flags)
    except OSError:
        return None
    if stat.S_ISFIFO(os.fstat(pipe).st_mode):
        return pipe
    os.close(pipe)
    return None


async def _write(pipe: int, data: bytes) -> None:
    """Write all of it, and close the pipe."""
    try:
        while data:
            try:
                data = data[os.write(pipe, data) :]
            except BlockingIOError:
                await _ready(pipe, write=True)
    except BrokenPipeError:
        # It wanted no more of it, as `head` does; or it was ended.
        return
    finally:
        os.close(pipe)


async def _ready(pipe: int, *, write: bool) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    add, remove = (
        (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)
    )
    add(pipe, ready.set)
    try:
        await ready.wait()
    finally:
        remove(pipe)
