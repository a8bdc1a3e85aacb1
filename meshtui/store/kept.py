"""Every mesh.toml that was applied, so that `undo` can go back to it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.store.atomic import put_private

#: So many are kept; the oldest go.
MOST = 500


def sha256_of(text: str) -> str:
    """What a text is known by."""
    return hashlib.sha256(text.encode()).hexdigest()


class Kept:
    """Texts by their SHA-256, in a directory of their own. mesh.toml holds no secret."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, text: str) -> str:
        """Keep `text`; its SHA-256. MeshError: it cannot be written."""
        data, sha256 = text.encode(), sha256_of(text)
        path = self._path(sha256)
        try:
            if path.exists():
                os.utime(path)
            else:
                put_private(path, data)
            old = sorted(self._directory.glob("*.toml"), key=lambda p: p.stat().st_mtime)
            for each in old[:-MOST]:
                each.unlink(missing_ok=True)
        except OSError as error:
            raise MeshError(
                f"{path} cannot be written: {error.strerror or error}",
                hint="nothing is changed without it: see that its directory is writable",
            ) from error
        return sha256

    def text(self, sha256: str) -> str:
        """What was kept. MeshError: it is gone, or is not what it was."""
        path = self._path(sha256)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise MeshError(
                f"the mesh.toml of then is not kept any more: {path}: {error.strerror or error}"
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise MeshError(f"{path} was changed since: it is not what was applied")
        return data.decode()

    def _path(self, sha256: str) -> Path:
        return self._directory / f"{sha256}.toml"
