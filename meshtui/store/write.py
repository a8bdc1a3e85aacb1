"""Into `mesh.toml` goes what meshtui found out, and every other byte of it stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from meshtui.errors import MeshError
from meshtui.mesh.model import Device, Host, Member, Mesh
from meshtui.mesh.problem import Problem, key_of, key_path
from meshtui.store import spans
from meshtui.store.atomic import create_file, replace_file
from meshtui.store.document import read_text
from meshtui.store.errors import FileError
from meshtui.store.meshfile import parse
from meshtui.store.render import render
from meshtui.store.spans import Entry, Header
from meshtui.wg.interface import Address

M = TypeVar("M", Host, Device)

_NOTHING = "nothing was written"

Table = tuple[str, ...]
"""Where a table is: `("mesh",)`, `("hosts", "server-a")`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is now known of a host or device; None leaves the file as it is."""

    addresses: tuple[Address, ...] | None = None
    """All of them: those in the file stay, the others are added behind."""
    public_key: str | None = None
    behind_nat: bool = False
    """Of a host: `endpoint = "none"`, unless the file has an endpoint."""


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def create(path: Path, mesh: Mesh, *, force: bool = False) -> None:
    """Write a new file that says `mesh`; UsageError where there is one already, but for `force`.

    FileError: the mesh is not one that `load` would take.
    """
    text = render(mesh)
    if parse(text, path) != mesh:
        raise MeshError(f"{path} would not say what was asked for: {_NOTHING}")
    create_file(path, text.encode(), force=force)


def write_back(path: Path, found: Mapping[str, Found]) -> bool:
    """Add what was found out to the file as it is now; whether that changed anything.

    Only `addresses`, `public_key` and `endpoint` of the members named change; an edit made
    meanwhile stays. FileError: the file has become wrong, lacks a member, or has
    other addresses for it; MeshError: it cannot be written. Nothing is then.
    """
    before = read_text(path)
    mesh = parse(before, path)
    _refuse_moved(path, mesh, found)
    after = updated(before, mesh, found)
    if after == before:
        return False
    _verify(path, before, after, mesh, found)
    replace_file(path, after.encode(), was=before.encode())
    return True


def updated(text: str, mesh: Mesh, found: Mapping[str, Found]) -> str:
    """`text`, which says `mesh`, with what was found out."""
    places = list(spans.entries(text))
    newline = newline_of(text)
    edits = [
        edit
        for name, new in found.items()
        for edit in _member_edits(text, places, mesh.members[name], new, newline)
    ]
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def with_keys(text: str, table: Table, keys: dict[str, str]) -> str:
    """`text` with these keys, which it lacks, behind those that the table has."""
    edit = _insert(text, list(spans.entries(text)), table, keys, newline_of(text))
    return text[: edit.start] + edit.text + text[edit.end :]


def newline_of(text: str) -> str:
    """What most lines of `text` end in."""
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"


def _refuse_moved(path: Path, mesh: Mesh, found: Mapping[str, Found]) -> None:
    """What the operator wrote counts: a host taken out, an address given meanwhile."""
    problems = []
    for name, new in found.items():
        if name not in mesh.members:
            problems.append(
                Problem(key_path("hosts", name), f"not in the file any more; {_NOTHING}")
            )
        elif new.addresses is not None:
            problems += [
                Problem(
                    key_of(mesh.members[name], "addresses"),
                    f"{address.ip} was not there when the plan was made; {_NOTHING}",
                )
                for address in mesh.members[name].addresses
                if address not in new.addresses
            ]
    if problems:
        raise FileError(path, problems, hint="the file was changed meanwhile: plan and apply again")


def _member_edits(
    text: str, places: list[Entry | Header], member: Member, new: Found, newline: str
) -> Iterator[_Edit]:
    table = ("hosts" if isinstance(member, Host) else "peers", member.name)
    own = {entry.path[2]: entry for entry in _fields(places, table)}
    missing: dict[str, str] = {}
    added = [a for a in new.addresses or () if a not in member.addresses]
    if added and (entry := own.get("addresses")):
        yield from _extend(text, entry, added, newline)
    elif added:
        missing["addresses"] = "[" + ", ".join(f'"{a.ip}"' for a in added) + "]"
    if new.public_key and new.public_key != member.public_key:
        if entry := own.get("public_key"):
            quote = text[entry.value]
            yield _Edit(entry.value, entry.end, quote + new.public_key + quote)
        else:
            missing["public_key"] = f'"{new.public_key}"'
    if new.behind_nat and "endpoint" not in own:
        missing["endpoint"] = '"none"'
    if missing:
        yield _insert(text, places, table, missing, newline)


def _fields(places: list[Entry | Header], table: Table) -> list[Entry]:
    return [p for p in places if isinstance(p, Entry) and p.path[:-1] == table]


def _extend(text: str, entry: Entry, added: list[Address], newline: str) -> Iterator[_Edit]:
    """Add items to a list in the way that it is laid out."""
    there = spans.items(text, entry.value)
    if not there:
        yield _Edit(entry.value + 1, entry.value + 1, ", ".join(f'"{a.ip}"' for a in added))
        return
    start, end = there[-1]
    prefixed = "/" in text[start:end]
    quote = text[start]
    written = [f"{quote}{a if prefixed else a.ip}{quote}" for a in added]
    indent = spans.before(text, start)
    if indent.strip():
        yield _Edit(end, end, "".join(f", {item}" for item in written))
        return
    # One item a line: its comma and comment stay on its line, the new ones go below.
    comma = text.startswith(",", end)
    if not comma:
        yield _Edit(end, end, ",")
    below = spans.line_end(text, end)
    lines = f",{newline}".join(f"{indent}{item}" for item in written)
    yield _Edit(below, below, lines + ("," if comma else "") + newline)


def _insert(
    text: str, places: list[Entry | Header], table: Table, missing: dict[str, str], newline: str
) -> _Edit:
    """Add keys behind the last one that the table has, written as that one is."""
    if inside := _fields(places, table):
        last = inside[-1]
        if last.inline:
            return _Edit(last.end, last.end, "".join(f", {k} = {v}" for k, v in missing.items()))
        start = spans.before(text, last.last)
        return _below(text, last.end, start, missing, newline)
    own = next(place for place in places if place.path == table)
    if isinstance(own, Entry):  # name = {}
        inner = ", ".join(f"{k} = {v}" for k, v in missing.items())
        return _Edit(own.value, own.end, "{ " + inner + " }")
    return _below(text, own.end, spans.before(text, own.start), missing, newline)


def _below(text: str, place: int, start: str, missing: dict[str, str], newline: str) -> _Edit:
    below = spans.line_end(text, place)
    lines = [f"{start}{key} = {value}" for key, value in missing.items()]
    if text[:below].endswith("\n"):
        return _Edit(below, below, "".join(line + newline for line in lines))
    return _Edit(below, below, "".join(newline + line for line in lines))


def _verify(path: Path, before: str, after: str, mesh: Mesh, found: Mapping[str, Found]) -> None:
    """Nothing is written that does not say exactly what was asked, comments and all."""
    asked = replace(
        mesh,
        hosts={name: _with(host, found.get(name)) for name, host in mesh.hosts.items()},
        peers={name: _with(device, found.get(name)) for name, device in mesh.peers.items()},
    )
    try:
        said = parse(after, path)
    except FileError as error:
        hint = f"so it would be with what was found out: {_NOTHING}"
        raise FileError(path, error.problems, hint=hint) from error
    if said != asked or spans.comments(after) != spans.comments(before):
        raise MeshError(
            f"{path} is written in a way that meshtui cannot add to: {_NOTHING}",
            hint="write what it found out of " + ", ".join(found) + " into it by hand",
        )


def _with(member: M, new: Found | None) -> M:
    if new is None:
        return member
    added = tuple(a for a in new.addresses or () if a not in member.addresses)
    told = replace(
        member,
        addresses=member.addresses + added,
        public_key=new.public_key or member.public_key,
    )
    if isinstance(told, Host) and new.behind_nat and told.endpoint is None:
        return replace(told, behind_nat=True)
    return told
