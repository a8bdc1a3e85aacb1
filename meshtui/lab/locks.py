"""Locks that end with their holder, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from meshtui.lab.procs import wait_until


class Lock:
    """A held lock. Children that inherit `fd` hold it too, until the last one ends."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        """Let go of it, as far as this process is concerned."""
        os.close(self.fd)


def try_lock(path: Path) -> Lock | None:
    """Lock the file `path`, made if missing; None if another process has it.

    Raises FileNotFoundError if its directory is not there.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:  # else the file was taken away in between
            return Lock(fd)
    except BlockingIOError:
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def hold(path: Path, seconds: float) -> Lock:
    """Lock the file `path`, waiting for whoever has it; MeshError after `seconds`."""
    held: list[Lock] = []

    def taken() -> bool:
        lock = try_lock(path)
        held.extend([lock] if lock else [])
        return bool(held)

    wait_until(taken, seconds, lambda: f"{path} is still locked")
    return held[0]
