"""A file is either what it was or what it should be, also when the power goes."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from meshtui.errors import MeshError, UsageError


def replace_file(path: Path, data: bytes, *, was: bytes) -> None:
    """Put `data` in the place of the file, which must still hold `was`.

    A symbolic link stays, its target changes. Mode stays, and owner where the
    operator may set it. MeshError: nothing was written, and why.
    """
    target = path.resolve()
    if not os.access(target, os.W_OK):
        # A rename would get around this, against what the mode is there to say.
        raise MeshError(f"{path} is read-only: nothing was written", hint="chmod u+w, then again")
    try:
        temporary = _beside(target, data, like=target)
        try:
            if target.read_bytes() != was:
                raise MeshError(
                    f"{path} was changed by someone else just now: nothing was written",
                    hint="run the same again",
                )
            os.replace(temporary, target)  # noqa: PTH105  (tests make exactly this call fail)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(target.parent)
    except OSError as error:
        raise _not_written(path, error) from error


def create_file(path: Path, data: bytes, *, force: bool = False) -> None:
    """Make the file; UsageError if there is one, but for `force`. MeshError: why it failed."""
    if force and path.exists():
        replace_file(path, data, was=path.read_bytes())
        return
    there = UsageError(
        f"{path} is there already: nothing was written",
        hint="--force replaces it, -f names another",
    )
    if os.path.lexists(path):
        raise there
    try:
        temporary = _beside(path, data, like=None)
        try:
            # Unlike a rename, a link never replaces what someone else just made.
            os.link(temporary, path)
        finally:
            temporary.unlink()
        sync_directory(path.parent)
    except FileExistsError:
        raise there from None
    except OSError as error:
        raise _not_written(path, error) from error


def reserve_private(path: Path) -> int:
    """A new file that is its owner's alone, open to write. UsageError: it is there already.

    MeshError: why it can't be.
    """
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already: nothing was written", hint="name another file"
        ) from None
    except OSError as error:
        raise _not_written(path, error) from error


def create_private(path: Path, data: bytes) -> None:
    """Make a file that is its owner's alone. As `reserve_private`; also where it is full."""
    handle = reserve_private(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def put_private(path: Path, data: bytes) -> None:
    """Make or replace a file that is its owner's alone, and its directory. OSError: why not."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = _beside(path, data, like=None, mode=0o600)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _beside(path: Path, data: bytes, *, like: Path | None, mode: int = 0o666) -> Path:
    """A new file in the same directory, on disk before this returns."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    # 0666 less the umask is as any editor would make it: mesh.toml holds no secret.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            if like is not None:
                status = like.stat()
                with suppress(PermissionError):  # only root gives files away
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
                os.fchmod(file.fileno(), status.st_mode & 0o7777)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def sync_directory(path: Path) -> None:
    """Put the directory's list of names on disk: a new name is lost in a crash without it."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _not_written(path: Path, error: OSError) -> MeshError:
    return MeshError(
        f"{path} cannot be written: {error.strerror or error}",
        hint=f"see that {path.absolute().parent} is there, writable, and has room",
    )
