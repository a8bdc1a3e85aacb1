"""Which items of drift a person wants to hear no more of: one small file per mesh."""

from __future__ import annotations

import json
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.store.atomic import put_private
from meshtui.store.journal import Journal

_FILE = "ignored.json"


class Ignored:
    """Of one mesh, by id; each with a line that says what it is, for whoever reads the file."""

    def __init__(self, mesh: str, *, directory: Path | None = None) -> None:
        """Beside the mesh's journal, in the user's state directory or in `directory`."""
        self.path = Journal(mesh, directory=directory).path.with_name(_FILE)

    def read(self) -> dict[str, str]:
        """The items, by id. MeshError: the file is not one."""
        try:
            found = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._broken(error) from error
        if not isinstance(found, dict):
            raise self._broken("not what meshtui wrote")
        return {str(key): str(value) for key, value in found.items()}

    def add(self, id_: str, what: str) -> None:
        """Ignore one. MeshError: it cannot be written down."""
        self._write({**self.read(), id_: what})

    def remove(self, id_: str) -> bool:
        """Heed it again; whether it was ignored. MeshError: it cannot be written down."""
        found = self.read()
        if id_ not in found:
            return False
        del found[id_]
        self._write(found)
        return True

    def _write(self, items: dict[str, str]) -> None:
        try:
            put_private(self.path, json.dumps(items, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise MeshError(
                f"{self.path} cannot be written: {error.strerror or error}",
                hint="see that its directory is writable",
            ) from error

    def _broken(self, why: object) -> MeshError:
        return MeshError(
            f"{self.path} cannot be read: {why}",
            hint="move it away: what it ignored is heeded again",
        )
