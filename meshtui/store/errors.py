"""What is wrong with a file that the operator wrote: all of it, a line each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from meshtui.errors import TEXT_LIMIT, UsageError
from meshtui.inert import inert
from meshtui.mesh.problem import Problem, shown


class FileError(UsageError):
    """`mesh.toml` cannot be used as it is. `str()` gives one line per problem."""

    def __init__(self, path: Path, problems: Iterable[Problem], *, hint: str | None = None) -> None:
        self.path = path
        self.problems = tuple(problems)
        name = str(path) if str(path).isprintable() else shown(str(path))
        self._lines = [inert(f"{name}: {p}", TEXT_LIMIT) for p in self.problems]
        super().__init__(self._lines[0] if self._lines else name, hint=hint)

    def __str__(self) -> str:
        then = f" ({self.hint})" if self.hint else ""
        return "\n".join(self._lines) + then
