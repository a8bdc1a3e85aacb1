"""One table of `mesh.toml`, read field by field, noting every problem on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from meshtui.mesh.problem import Problem, key_path
from meshtui.store.fields import Field
from meshtui.store.readers import Wrong, described

T = TypeVar("T")

#: What people name the keys that must not be here, spelt without `_` and `-`.
_SECRETS = {"privatekey", "presharedkey", "psk", "secretkey", "password", "passphrase"}


class Section:
    """Reads a table's fields; what is wrong goes to `problems`, and the default is used instead."""

    def __init__(
        self, path: tuple[str, ...], table: dict[str, object], problems: list[Problem]
    ) -> None:
        self._path = path
        self._table = table
        self._problems = problems

    def get(self, field: Field[T], default: T) -> T:
        """The field's value, or `default` where it is left out or wrong."""
        if field.key not in self._table:
            return default
        try:
            return field.read(self._table[field.key])
        except Wrong as wrong:
            self._wrong(field, wrong)
            return default

    def has(self, field: Field[object]) -> bool:
        """Whether the table has the field, right or wrong."""
        return field.key in self._table

    def required(self, field: Field[T], default: T) -> T:
        """As `get`, but leaving it out is a problem."""
        if field.key not in self._table:
            self.problem(field.key, f"missing; expected {field.expected}")
        return self.get(field, default)

    def items(self, field: Field[T]) -> tuple[tuple[T, ...], bool]:
        """The good items of the field's list, and whether all were good."""
        value = self._table.get(field.key, [])
        if not isinstance(value, list):
            expected = f"a list in brackets, each item {field.expected}"
            self.problem(field.key, f"{described(value)} is not a list; expected {expected}")
            return (), False
        found: list[T] = []
        for item in value:
            try:
                found.append(field.read(item))
            except Wrong as wrong:
                self._wrong(field, wrong)
        return tuple(found), len(found) == len(value)

    def refuse_others(self, fields: Sequence[Field[object]]) -> None:
        """Note every key that is none of `fields`. Their values are never shown."""
        known = [field.key for field in fields]
        for key in self._table:
            if key not in known:
                self.problem(key, self._unknown(key, known))

    def problem(self, key: str, message: str) -> None:
        """Note that the value of `key` is wrong."""
        self._problems.append(Problem(key_path(*self._path, key), message))

    def _wrong(self, field: Field[object], wrong: Wrong) -> None:
        self.problem(field.key, f"{wrong.found}; expected {wrong.expected or field.expected}")

    def _unknown(self, key: str, known: list[str]) -> str:
        plain = key.lower().replace("_", "").replace("-", "")
        if plain in _SECRETS:
            return (
                "mesh.toml holds no secret; take this out, and if the file was ever shared or "
                "committed, replace what it gave away (hosts make their own keys)"
            )
        if isinstance(self._table[key], dict) and self._path[0] in ("hosts", "peers"):
            meant = key_path(
                self._path[0], ".".join((*self._path[1:], *_down(key, self._table[key])))
            )
            return f"an unknown table; a name with dots in it goes in quotes: [{meant}]"
        return "an unknown key" + did_you_mean(key, known)


def _down(key: str, value: object) -> list[str]:
    """The name that someone meant who wrote [hosts.a.example.com] without quotes."""
    names = [key]
    while isinstance(value, dict) and len(value) == 1:
        name, value = next(iter(value.items()))
        if isinstance(value, dict):
            names.append(str(name))
    return names


def did_you_mean(key: str, known: list[str]) -> str:
    """`; did you mean listen_port?`, or what there is to choose from."""
    import difflib  # only needed when something is wrong

    close = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; expected one of {', '.join(known)}"
