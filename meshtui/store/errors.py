"""What is wrong with a file that the operator wrote: all of it, a line each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from meshtui.errors import UsageErrors
from meshtui.mesh.problem import Problem, shown


class FileError(UsageErrors):
    """`mesh.toml` or `settings.toml` cannot be used. `str()` gives one line per problem."""

    def __init__(self, path: Path, problems: Iterable[Problem], *, hint: str | None = None) -> None:
        self.path = path
        self.problems = tuple(problems)
        name = str(path) if str(path).isprintable() else shown(str(path))
        super().__init__((f"{name}: {problem}" for problem in self.problems), hint=hint)
