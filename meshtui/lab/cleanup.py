"""Taking a lab away, whatever state it is in."""

from __future__ import annotations

import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.lab import cgroups, image, procs
from meshtui.lab.locks import Lock, try_lock
from meshtui.lab.paths import BASE, lab_path, marker

_DEADLINE = 30.0


def down(name: str) -> bool:
    """Take away everything of the lab `name`, also a crashed or half-made one.

    Ends its processes, and what still runs in its operator namespace; its
    namespaces, mounts and links go with them; then its files. Returns whether
    there was anything. Raises MeshError if something resists for 30 s, or if
    the caller itself runs inside the lab.
    """
    path = lab_path(name)
    if procs.am_inside(marker(name)):
        raise MeshError(
            f"this runs inside the lab {name!r} and would end itself",
            hint="run it outside of `meshtui lab run`",
        )
    # First whoever holds the lock: the keeper, and an `up` under way with all
    # that it is just starting. Once it is free nothing new can come.
    lock = _take(path / "lock")
    try:
        ended = _end_visitors(name) | cgroups.remove(name)
        if lock is None and not ended and not path.exists():
            return False
        if path.exists():
            shutil.rmtree(path)
    finally:
        if lock is not None:
            lock.close()
    image.sweep()
    with suppress(OSError):  # other labs live there, or it is gone already
        BASE.rmdir()
    return True


def _take(path: Path) -> Lock | None:
    """End everyone who holds the lock until it is ours; None if there is no lab."""
    deadline = time.monotonic() + _DEADLINE
    while path.parent.exists():
        try:
            lock = try_lock(path)
        except FileNotFoundError:
            continue
        if lock is not None:
            return lock
        procs.end(procs.holding(path), _DEADLINE)
        if time.monotonic() > deadline:
            raise MeshError(f"{path} stays locked, by nobody that can be seen")
        time.sleep(0.005)
    return None


def _end_visitors(name: str) -> bool:
    """End what is left in the lab's mount namespaces: asked first, then made to."""
    visitors = procs.inside(marker(name))
    for visitor in visitors:
        visitor.kill(signal.SIGTERM)
    patience = time.monotonic() + 1
    while time.monotonic() < patience and any(visitor.alive for visitor in visitors):
        time.sleep(0.01)
    deadline = time.monotonic() + _DEADLINE
    while left := procs.inside(marker(name)):
        procs.end(left, _DEADLINE)
        if time.monotonic() > deadline:
            raise MeshError(f"processes keep appearing in the lab {name!r}")
    return bool(visitors)
