"""The history's SQLite file: made, opened, and put aside where it is damaged or not ours."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds to wait while another meshtui writes.
_BUSY = 2.0
_PAGE = 1024
_APPLICATION = 0x6D657368  # "mesh"
_VERSION = 1
#: `runs`: some looks at one host in a row (`samples.pack`); times are milliseconds since the
#: epoch. `moments`: when the mesh was looked at, for whoever goes back step by step.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    host TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
    tier INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_host ON runs (host, since);
CREATE INDEX IF NOT EXISTS by_age ON runs (tier DESC, since, host);
CREATE TABLE IF NOT EXISTS moments (at INTEGER PRIMARY KEY);
"""

_MASK = 0xFF  # SQLite's extended codes have the plain one below
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Foreign(Exception):
    """A database, but not one of this version of meshtui."""


def open_history(path: Path, limit: int) -> sqlite3.Connection:
    """The database at `path`, made where there is none, of `limit` bytes at most.

    Its directory is made 0700, the file 0600. OSError, sqlite3.Error, Foreign: why not.
    """
    for directory in reversed([d for d in path.parents if not d.exists()]):
        directory.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    with suppress(FileExistsError):
        # SQLite would make it readable by others; -wal and -shm get the modes that it has.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(path, flags, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
    try:
        _prepare(connection, limit)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, limit: int) -> None:
    found = number(connection, "PRAGMA application_id"), number(connection, "PRAGMA user_version")
    if found != (_APPLICATION, _VERSION):
        if found != (0, 0) or number(connection, "SELECT count(*) FROM sqlite_master"):
            raise Foreign("it is not a history of this version of meshtui")
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
    # A power cut may lose the last minutes, never the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {4 << 20}")
    connection.execute(f"PRAGMA max_page_count = {limit // _PAGE}")


def number(connection: sqlite3.Connection, query: str) -> int:
    """The one number that `query` asks for."""
    (found,) = connection.execute(query).fetchone()
    return int(found)


def used(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    pages = number(connection, "PRAGMA page_count") - number(connection, "PRAGMA freelist_count")
    return pages * _PAGE


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; nobody else writes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # A full disk has rolled it back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def damaged(error: Exception) -> bool:
    """Whether the file itself is at fault: a new one is better than this."""
    if isinstance(error, sqlite3.Error):
        code = _code(error)
        # No such table, no such column: SQLite has no code of their own for them.
        return code in _DAMAGED or code == sqlite3.SQLITE_ERROR
    return not isinstance(error, OSError)


def busy(error: Exception) -> bool:
    """Whether only another meshtui was in the way."""
    return isinstance(error, sqlite3.Error) and _code(error) in _BUSY_CODES


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _MASK


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is at `path`; None: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def put_aside(path: Path) -> Path:
    """Rename the database to `.broken`, in the place of an earlier one; where it is now."""
    aside = path.with_name(f"{path.name}.broken")
    # The log first: a new database must never meet the log of this one.
    for end in ("-wal", "-shm", ""):
        target = aside.with_name(aside.name + end)
        try:
            path.with_name(path.name + end).replace(target)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
    return aside
