"""Members that nobody reaches over SSH, put into `mesh.toml`, given a key, renamed, taken out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshtui.errors import UsageError
from meshtui.mesh.addresses import allocate
from meshtui.mesh.model import Mesh
from meshtui.mesh.problem import shown
from meshtui.store import fields, spans
from meshtui.store.document import parse_text, read_text
from meshtui.store.edit import (
    NOTHING,
    Draft,
    parsed,
    refuse_name,
    refuse_unknown,
    with_member,
    without_member,
)
from meshtui.store.edit_keys import checked, read_option, with_value
from meshtui.store.linktables import without_links
from meshtui.store.meshfile import parse


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for a new peer, as a person typed it."""

    public_key: str | None = None
    """None: it has no key yet, and nobody has a tunnel with it."""
    addresses: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    exit: str | None = None
    routes: tuple[str, ...] = ()


def add_peer(path: Path, name: str, asked: Asked) -> Draft:
    """`name` behind the last peer, or its key where it has none yet. UsageError: what is wrong."""
    before = read_text(path)
    mesh = parse(before, path)
    values = _values(asked)
    document: dict[str, Any] = parse_text(before, path)
    if name in mesh.peers and mesh.peers[name].public_key is None:
        own = document["peers"][name]
        if other := next((key for key in values if key not in ("public_key", *own)), None):
            raise UsageError(
                f"{name} was invited without {other}: {NOTHING}",
                hint=f"write that into mesh.toml, or meshtui remove {name} and begin again",
            )
        after = before
        for key, value in values.items():
            after = with_value(after, ("peers", name), key, value)
        own |= values
    else:
        refuse_name(mesh, name)
        if not asked.addresses:
            said = allocate(parsed(_with_table(before, name, values), path)).peers[name]
            # In the file from now on: what the device imports names it.
            values = {"addresses": [str(address.ip) for address in said.addresses], **values}
        after = _with_table(before, name, values)
        document.setdefault("peers", {})[name] = values
    return checked(path, before, after, document, f"a table [peers.{name}]")


def _with_table(text: str, name: str, values: dict[str, Any]) -> str:
    # What JSON writes for texts and lists of them, TOML reads.
    written = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    return with_member(text, "peers", name, written)


def remove_peer(path: Path, name: str) -> Draft:
    """`name` taken out, with its comments."""
    before = read_text(path)
    mesh = parse(before, path)
    after = without_member(without_links(before, name), "peers", name)
    document: dict[str, Any] = parse_text(before, path)
    del document["peers"][name]
    if not any(place.path[:1] == ("peers",) for place in spans.entries(after)):
        del document["peers"]
    if links := [link for link in document.pop("links", ()) if name not in link["between"]]:
        document["links"] = links
    draft = checked(path, before, after, document, f"{name} taken out")
    key = mesh.peers[name].public_key
    note = f"what {name} has of the mesh stays on it, and no host answers to it any more"
    return Draft(before, draft.after, left={key: name} if key else {}, note=note)


def new_key(path: Path, name: str, public_key: str) -> Draft:
    """Another key for `name`. UsageError: there is no such peer."""
    before = read_text(path)
    mesh = parse(before, path)
    refuse_no_peer(mesh, name)
    document: dict[str, Any] = parse_text(before, path)
    document["peers"][name]["public_key"] = public_key
    after = with_value(before, ("peers", name), "public_key", public_key)
    draft = checked(path, before, after, document, f"another public_key of {name}")
    old = mesh.peers[name].public_key
    note = f"what {name} has now works until the hosts have the new key; it imports the new one"
    left = {old: f"{name} (its former key)"} if old else {}
    return Draft(before, draft.after, left=left, note=note)


def refuse_no_peer(mesh: Mesh, name: str) -> None:
    """UsageError where there is no such peer."""
    if name in mesh.peers:
        return
    if name in mesh.hosts:
        raise UsageError(f"{name} is a host, which meshtui reaches itself: {NOTHING}")
    if not mesh.peers:
        raise UsageError(
            f"the mesh has no peers without SSH: {NOTHING}",
            hint=f"meshtui add --peer {shown(name)}",
        )
    refuse_unknown(mesh, name)


def _values(asked: Asked) -> dict[str, Any]:
    """The table's keys, read as the file's would be, but told of by the option's name."""
    values: dict[str, Any] = {}
    for key, option, field, items in (
        ("addresses", "--address", fields.ADDRESSES, asked.addresses),
        ("through", "--through", fields.THROUGH, asked.through),
        ("routes", "--route", fields.ROUTES, asked.routes),
    ):
        for item in items:
            read_option(option, item, field)
        if items:
            values[key] = list(items)
    if asked.exit is not None:
        values["exit"] = asked.exit
    if asked.public_key is not None:
        read_option("--public-key", asked.public_key, fields.PUBLIC_KEY)
        values["public_key"] = asked.public_key
    return values
