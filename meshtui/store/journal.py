"""What was about to be done, on disk before it is done: `recover` reads it after a crash."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from meshtui.errors import MeshError, UsageError
from meshtui.mesh.names import is_host_name
from meshtui.store.atomic import sync_directory
from meshtui.store.kept import Kept

_FILE = "journal.jsonl"
_LOCK = "lock"
_KEPT = "applied"


class Journal:
    """A mesh's journal: one JSON object a line, only ever added to.

    Only plan texts, names, times and results go in, never a key or anything made
    of one: the file outlives the change. Nothing here checks that.
    """

    def __init__(self, mesh: str, *, directory: Path | None = None) -> None:
        """The journal of the mesh of that name, in the user's state directory or in `directory`."""
        if not is_host_name(mesh):
            raise UsageError("the mesh's name cannot name a directory")
        if directory is None:
            from platformdirs import user_state_path  # slow to load

            directory = user_state_path("meshtui")
        self._mesh = mesh
        self.path = directory / mesh / _FILE
        self.kept = Kept(self.path.with_name(_KEPT))
        """The files that were applied."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the mesh's lock on this machine; MeshError: another meshtui has it."""
        try:
            self._make_directory()
            handle = os.open(
                self.path.with_name(_LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise self._not_written(error) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise MeshError(
                    "another apply of this mesh is under way on this machine: nothing was changed",
                    hint="wait for its end, then plan again",
                ) from None
            yield
        finally:
            os.close(handle)

    def note(self, event: str, **more: object) -> None:
        """Add what happens now; see `append`."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.append({"at": at, "mesh": self._mesh, "event": event, **more})

    def append(self, entry: Mapping[str, object]) -> None:
        """Add `entry` (with its time: none is added here); on disk when this returns.

        MeshError: it is not on disk, so what it announces must not be done.
        """
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            self._append(line)
        except OSError as error:
            raise self._not_written(error) from error

    def read(self) -> list[dict[str, object]]:
        """Every whole entry, oldest first; a line that a crash cut short is left out."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        entries = []
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries.append(entry)
        return entries

    def _not_written(self, error: OSError) -> MeshError:
        return MeshError(
            f"the journal {self.path} cannot be written: {error.strerror or error}",
            hint="nothing is changed without it: see that its directory is writable",
        )

    def _make_directory(self) -> None:
        # 0700 for each level that is made; mkdir's mode does not reach the parents.
        for directory in reversed([d for d in self.path.parents if not d.exists()]):
            directory.mkdir(mode=0o700, exist_ok=True)
            sync_directory(directory.parent)

    def _append(self, line: bytes) -> None:
        made = not self.path.exists()
        self._make_directory()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self.path, flags, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line  # a crash cut the last one short: it stays alone on its line
            # One write: two meshtui at once do not mix their lines.
            if os.write(handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)
        if made:
            sync_directory(self.path.parent)
