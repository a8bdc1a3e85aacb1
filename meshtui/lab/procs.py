"""The lab's processes, as /proc knows them: found by what they hold, never by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from meshtui.errors import MeshError

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process that a number alone does not name: PIDs are used again."""

    pid: int
    started: int
    """Clock ticks after boot."""

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        stat = _stat(self.pid)
        return stat is not None and stat == (self.started, True)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, if it is there."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def _stat(pid: int) -> tuple[int, bool] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # a program's name may hold spaces
    return int(fields[19]), fields[0] not in "ZX"


def process(pid: int) -> Process | None:
    """The process with this PID now, or None."""
    stat = _stat(pid)
    return Process(pid, stat[0]) if stat and stat[1] else None


def recorded(file: Path) -> Process | None:
    """The process whose `PID STARTED` a script wrote to `file`; None if it is not there yet."""
    try:
        words = file.read_text().split()
    except FileNotFoundError:
        return None
    if len(words) != 2 or not all(word.isdigit() for word in words):
        return None
    return Process(int(words[0]), int(words[1]))


def children(parent: Process) -> list[Process]:
    """The processes that `parent`'s main thread has started and not yet seen end."""
    try:
        text = (_PROC / f"{parent.pid}/task/{parent.pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [each for word in text.split() if (each := process(int(word)))]


def is_init(each: Process) -> bool:
    """Whether it is PID 1 of a PID namespace."""
    try:
        status = (_PROC / str(each.pid) / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(line.split()[-1] == "1" for line in status.splitlines() if "NSpid:" in line)


def _each() -> Iterable[int]:
    me = os.getpid()
    return [int(p) for p in os.listdir(_PROC) if p.isdigit() and int(p) != me]  # noqa: PTH208


def holding(file: Path) -> list[Process]:
    """Every other process that has `file` open."""
    try:
        wanted = file.stat()
    except FileNotFoundError:
        return []
    there = (wanted.st_dev, wanted.st_ino)
    return [each for pid in _each() if there in _open_files(pid) and (each := process(pid))]


def _open_files(pid: int) -> set[tuple[int, int]]:
    """Device and inode of each file that `pid` has open."""
    found = set()
    try:
        with os.scandir(_PROC / str(pid) / "fd") as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # closed while we looked
                    stat = entry.stat()
                    found.add((stat.st_dev, stat.st_ino))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return found  # it ended, or hides from root: then it is none that a lab started
    return found


def inside(marker: str) -> list[Process]:
    """Every other process in a mount namespace that has a mount from the lab's directory."""
    return [each for pid in _each() if _mounts(pid, marker) and (each := process(pid))]


def am_inside(marker: str) -> bool:
    """Whether this very process runs inside the lab."""
    return _mounts(os.getpid(), marker)


def _mounts(pid: int, marker: str) -> bool:
    try:
        return marker in (_PROC / str(pid) / "mountinfo").read_text()
    except OSError:
        return False  # it ended while we looked, also half-way (ESRCH, EINVAL)


def wait_until(done: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    """Return as soon as `done()`; after `seconds`, raise MeshError saying `what()` is missing."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not done():
        if time.monotonic() > deadline:
            raise MeshError(f"{what()} after {seconds:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def end(processes: Iterable[Process], seconds: float = 10) -> None:
    """SIGKILL these and wait until they are gone; MeshError if they outlive `seconds`."""
    victims = list(processes)
    for victim in victims:
        victim.kill()
    wait_until(
        lambda: not any(victim.alive for victim in victims),
        seconds,
        lambda: f"processes {[v.pid for v in victims if v.alive]} are still there",
    )
