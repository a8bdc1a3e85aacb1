"""What `mesh.toml` says of a host or a link changed, and every other byte of the file stays."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from meshtui.errors import UsageError
from meshtui.mesh.model import DEFAULT_PORT
from meshtui.store import cuts, fields, linktables, readers, spans
from meshtui.store.document import parse_text, read_text
from meshtui.store.edit import Draft, Kind, listed, parsed, refuse_unknown, refused
from meshtui.store.fields import Field
from meshtui.store.meshfile import parse
from meshtui.store.readers import Wrong
from meshtui.store.spans import Entry
from meshtui.store.write import Table, with_keys
from meshtui.wg.endpoint import Endpoint

DEFAULT = "default"
"""Takes a key out: what [mesh] says, or nobody, holds for the host."""
OFF = "off"
NONE = "none"

Value = str | int | bool | list[str] | None
"""Of a key; None: the host has none."""


def set_host(
    path: Path,
    name: str,
    *,
    endpoint: str | None = None,
    port: str | None = None,
    addresses: Collection[str] = (),
    keepalive: str | None = None,
    mtu: str | None = None,
    exit_host: str | None = None,
) -> Draft:
    """Give the host what is not None, as a person typed it. UsageError: what is wrong with it.

    An endpoint that names the port listened on goes along with that.
    """
    before = read_text(path)
    refuse_unknown(mesh := parse(before, path), name)
    if name in mesh.peers:
        raise UsageError(
            f"{name} is a peer without SSH: nothing was written",
            hint=f"write it into [peers.{name}], apply, and meshtui export peer {name}",
        )
    document: dict[str, Any] = parse_text(before, path)
    of_all, own = document["mesh"], document["hosts"][name]
    values: dict[str, Value] = {}
    if port is not None:
        number = values["listen_port"] = _number("--port", port, fields.LISTEN_PORT)
        default = of_all.get("listen_port", DEFAULT_PORT)
        had = own.get("endpoint", "none")
        moved = [
            str(Endpoint(at.host, number or default))
            if at.host and at.port == own.get("listen_port", default)
            else text
            for text, at in zip(_items(had), readers.endpoints(had), strict=True)
        ]
        if moved != _items(had):
            values["endpoint"] = moved if isinstance(had, list) else moved[0]
    if endpoint is not None:
        values["endpoint"] = None if endpoint == DEFAULT else listed(endpoint)
        if endpoint != DEFAULT:
            read_option("--endpoint", listed(endpoint), fields.ENDPOINT)
    if addresses:
        for address in addresses:
            read_option("--address", address, fields.ADDRESSES)
        values["addresses"] = list(addresses)
    if keepalive == OFF:
        values["persistent_keepalive"] = 0 if of_all.get("persistent_keepalive") else None
    elif keepalive is not None:
        seconds = _number("--keepalive", keepalive, fields.PERSISTENT_KEEPALIVE)
        values["persistent_keepalive"] = seconds
    if mtu is not None:
        values["mtu"] = _number("--mtu", mtu, fields.MTU)
    if exit_host is not None:
        values["exit"] = None if exit_host in (DEFAULT, NONE) else exit_host
        read_option("--exit", exit_host, fields.EXIT)
    if not values:
        raise UsageError(
            f"nothing to set for {name}",
            hint="--endpoint, --port, --address, --keepalive, --mtu or --exit says what",
        )
    return _with_values(path, before, name, values)


def set_mtu(path: Path, mtu: str) -> Draft:
    """Give [mesh] an MTU, and hosts with a larger one of their own that of all.

    UsageError: it is none.
    """
    before = read_text(path)
    parse(before, path)
    document: dict[str, Any] = parse_text(before, path)
    number, after = _number("--mtu", mtu, fields.MTU), before
    if document["mesh"].get("mtu") != number:
        after = with_value(after, ("mesh",), "mtu", number)
        document["mesh"]["mtu"] = number
    for name, own in document["hosts"].items():
        if own.get("mtu", 0) > (number or 0):
            after = with_value(after, ("hosts", name), "mtu", None)
            del own["mtu"]
    return checked(path, before, after, document, f"mtu = {number} in [mesh]")


def switch_member(path: Path, name: str, *, disabled: bool) -> Draft:
    """Take a member out of the mesh for now, or back in. UsageError: there is none."""
    before = read_text(path)
    mesh = parse(before, path)
    refuse_unknown(mesh, name)
    of_peer = name in mesh.peers
    value = {"disabled": True if disabled else None}
    draft = _with_values(path, before, name, value, "peers" if of_peer else "hosts")
    if of_peer and disabled:
        note = f"what {name} has of the mesh stays on it, and no host answers to it meanwhile"
        return replace(draft, note=note)
    if of_peer and mesh.preshared_keys and mesh.peers[name].disabled:
        note = f"its preshared keys went with its tunnels: meshtui rotate {name} makes new ones"
        return replace(draft, note=note)
    return draft


def switch_link(path: Path, one: str, other: str, *, disabled: bool) -> Draft:
    """Take a link out of the mesh for now, or back in. UsageError: those are not two hosts."""
    before = read_text(path)
    mesh = parse(before, path)
    refuse_unknown(mesh, one)
    refuse_unknown(mesh, other)
    if one == other:
        raise UsageError(f"{one} is there twice: a link has two ends")
    document: dict[str, Any] = parse_text(before, path)
    links: list[dict[str, Any]] = document.get("links", [])
    own = next((link for link in links if set(link["between"]) == {one, other}), None)
    if disabled:
        after = linktables.with_link_disabled(before, one, other)
        if own is None:
            links = [*links, {"between": [one, other], "disabled": True}]
        else:
            own["disabled"] = True
    else:
        after = linktables.without_links(before, one, other)
        links = [link for link in links if link is not own]
    document.pop("links", None)
    if links:
        document["links"] = links
    return checked(path, before, after, document, "a [[links]] table")


def _with_values(
    path: Path, before: str, name: str, values: Mapping[str, Value], kind: Kind = "hosts"
) -> Draft:
    document: dict[str, Any] = parse_text(before, path)
    own, after = document[kind][name], before
    for key, value in values.items():
        if own.get(key) == value:
            continue
        after = with_value(after, (kind, name), key, value)
        if value is None:
            del own[key]
        else:
            own[key] = value
    return checked(path, before, after, document, f"{', '.join(values)} of {name} as asked for")


def checked(path: Path, before: str, after: str, document: dict[str, Any], what: str) -> Draft:
    """MeshError where the new text does not say just what `document` does."""
    parsed(after, path)
    if parse_text(after, path) != document:
        raise refused(path, what)
    return Draft(before, after)


def with_value(text: str, table: Table, key: str, value: Value) -> str:
    """`text` with `key` of the table so, where it stands or as a new one; None: without."""
    places = spans.entries(text)
    own = next((p for p in places if isinstance(p, Entry) and p.path == (*table, key)), None)
    # What JSON writes for these, TOML reads.
    written = json.dumps(value, ensure_ascii=False)
    if own is None:
        return with_keys(text, table, {key: written})
    if value is not None:
        return text[: own.value] + written + text[own.end :]
    if own.inline:
        start, end = cuts.item(text, own)
        return text[:start] + text[end:]
    line = own.key - len(spans.before(text, own.key))
    return cuts.cut(text, line, spans.line_end(text, own.end))


def _items(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _number(option: str, text: str, field: Field[int]) -> int | None:
    """None: the word that takes the key out."""
    if text == DEFAULT:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    read_option(option, number, field)
    return int(number)


def read_option(option: str, value: object, field: Field[object]) -> None:
    """UsageError where `value` is none for `field`."""
    try:
        field.read(value)
    except Wrong as wrong:
        expected = field.expected.removesuffix(", without quotes")
        raise UsageError(
            f"{option} {wrong.found}: nothing was written", hint=f"expected {expected}"
        ) from None
