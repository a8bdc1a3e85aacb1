"""A host put into `mesh.toml`, taken out or renamed, and every other byte of the file stays."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

from meshtui.errors import MeshError, UsageError
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.names import is_host_name
from meshtui.mesh.problem import key_path, shown
from meshtui.store import cuts, readers, spans
from meshtui.store.atomic import replace_file
from meshtui.store.document import read_text
from meshtui.store.errors import FileError
from meshtui.store.linktables import with_link_name, without_links
from meshtui.store.meshfile import parse
from meshtui.store.readers import Wrong
from meshtui.store.spans import Entry, Header
from meshtui.store.write import newline_of, with_keys

Kind = Literal["hosts", "peers"]
"""The tables that members stand in."""

_MENTIONING = (("mesh",), ("hosts",), ("peers",), ("links",))

NOTHING = "nothing was written"

Typed = TypeVar("Typed", str, str | list[str])


@dataclass(frozen=True, slots=True)
class Draft:
    """What `mesh.toml` would say; nothing is written before `write`."""

    before: str
    after: str
    gone: Host | None = None
    """The host that it says no more."""
    left: Mapping[str, str] = field(default_factory=dict)
    """Keys of members without SSH that are of no use any more -> the member."""
    note: str = ""
    """What else follows from it, and is done by nobody."""

    def write(self, path: Path) -> None:
        """Put it in the file's place. MeshError: someone changed that since, or it can't be."""
        replace_file(path, self.after.encode(), was=self.before.encode())

    def take_back(self, path: Path) -> None:
        """Put back what was there before. MeshError: someone changed it since, or it can't be."""
        replace_file(path, self.before.encode(), was=self.after.encode())


def add_host(
    path: Path, name: str, ssh: str, endpoint: str | None = None, addresses: Collection[str] = ()
) -> Draft:
    """`name` behind the last host, in the file's style. UsageError: what is wrong with it."""
    before = read_text(path)
    mesh = parse(before, path)
    refuse_name(mesh, name)
    fields = {"ssh": _quoted(_read(readers.ssh_target, ssh, "--ssh"))}
    if endpoint is not None:
        _read(readers.endpoints, listed(endpoint), "--endpoint")
        fields["endpoint"] = _quoted(listed(endpoint))
    if addresses:
        for address in addresses:
            _read(readers.address, address, "--address")
        fields["addresses"] = "[" + ", ".join(map(_quoted, addresses)) + "]"
    after = with_member(before, "hosts", name, fields)
    said = parsed(after, path)
    host = said.hosts.get(name)
    # What [mesh] says for all hosts holds for this one, too; the rest is as it was.
    if host is None or not (
        said == replace(mesh, hosts={**mesh.hosts, name: host})
        and list(said.hosts) == [*mesh.hosts, name]
        and (host.ssh, host.public_key, host.behind_nat) == (ssh, None, endpoint == "none")
        and (host.endpoint is None) == (endpoint in (None, "none"))
        and len(host.addresses) == len(addresses)
    ):
        raise refused(path, f"a table for {name}")
    return Draft(before, after)


def remove_host(path: Path, name: str) -> Draft:
    """`name` taken out, with its comments. UsageError: there is none, or no other."""
    before = read_text(path)
    mesh = parse(before, path)
    refuse_unknown(mesh, name)
    if len(mesh.hosts) == 1:
        raise UsageError(
            f"{name} is the last host of the mesh: {NOTHING}",
            hint="a mesh has at least one; take it down on the host itself:"
            f" wg-quick down {mesh.interface}",
        )
    after = without_member(without_links(before, name), "hosts", name)
    left = {other: host for other, host in mesh.hosts.items() if other != name}
    links = tuple(link for link in mesh.links if name not in link.between)
    if parsed(after, path) != replace(mesh, hosts=left, links=links):
        raise refused(path, f"{name} taken out")
    return Draft(before, after, mesh.hosts[name])


def rename(path: Path, old: str, new: str) -> Draft:
    """The member `old` called `new`, wherever it is named. UsageError: why it can't be."""
    before = read_text(path)
    mesh = parse(before, path)
    refuse_unknown(mesh, old)
    if old == new:
        raise UsageError(f"{old} is its name already: {NOTHING}")
    refuse_name(mesh, new, but=old)
    kind: Kind = "peers" if old in mesh.peers else "hosts"
    after = with_link_name(with_name(with_mentions(before, old, new), kind, old, new), old, new)
    # SSH goes to the name where nothing else is said, and where it goes does not change.
    entries = spans.entries(before)
    if kind == "hosts" and not any(place.path == ("hosts", old, "ssh") for place in entries):
        after = with_keys(after, ("hosts", new), {"ssh": _quoted(old)})
    said, named = parsed(after, path), _named(mesh, old, new)
    order = [*said.hosts, *said.peers] == [*named.hosts, *named.peers]
    if said != named or not order:
        raise refused(path, f"{new} in the place of {old}")
    return Draft(before, after)


def _named(mesh: Mesh, old: str, new: str) -> Mesh:
    """The mesh with `new` for the name `old`."""

    def name(one: str) -> str:
        return new if one == old else one

    def or_none(one: str | None) -> str | None:
        return None if one is None else name(one)

    hosts = [
        replace(h, name=name(h.name), relay=or_none(h.relay), exit=or_none(h.exit))
        for h in mesh.hosts.values()
    ]
    peers = [
        replace(
            p, name=name(p.name), exit=or_none(p.exit), through=tuple(name(t) for t in p.through)
        )
        for p in mesh.peers.values()
    ]
    links = [
        replace(x, between=(name(x.between[0]), name(x.between[1])), relay=or_none(x.relay))
        for x in mesh.links
    ]
    return replace(
        mesh,
        hosts={host.name: host for host in hosts},
        peers={peer.name: peer for peer in peers},
        links=tuple(links),
        relay=or_none(mesh.relay),
    )


def refuse_unknown(mesh: Mesh, name: str) -> None:
    """UsageError, with the nearest name, where there is no such member."""
    members = [*mesh.hosts, *mesh.peers]
    if name in members:
        return
    close = difflib.get_close_matches(name.lower(), [n.lower() for n in members], n=1)
    near = next((n for n in members if close and n.lower() == close[0]), None)
    known = ", ".join(members[:8]) + (", …" if len(members) > 8 else "")
    raise UsageError(
        f"there is no host {shown(name)} in the mesh: {NOTHING}",
        hint=f"did you mean {near}?" if near else f"there are {known}",
    )


def refuse_name(mesh: Mesh, name: str, but: str | None = None) -> None:
    """UsageError where it is no name for a member, or another's than `but`'s."""
    if not is_host_name(name):
        raise UsageError(
            f"{shown(name)} is not a name for a host: {NOTHING}",
            hint="up to 63 letters, digits, dots, hyphens and underscores, and not a number",
        )
    members = (*mesh.hosts, *mesh.peers)
    if same := next((n for n in members if n.lower() == name.lower() and n != but), None):
        what = "host" if same in mesh.hosts else "peer"
        raise UsageError(
            f"there is a {what} {same} already: {NOTHING}",
            hint="`meshtui plan` says whether it lacks anything; give the new one another name",
        )


def listed(endpoint: str) -> str | list[str]:
    """What a person typed as an endpoint; of several, with commas in between, a list."""
    words = [word.strip() for word in endpoint.split(",")]
    return words if len(words) > 1 else endpoint


def _read(reader: readers.Reader[object], text: Typed, option: str) -> Typed:
    try:
        reader(text)
    except Wrong as wrong:
        expected = {
            "--ssh": 'one such as "root@203.0.113.1" or an alias',
            "--endpoint": 'one such as "203.0.113.1:51820", or "none" behind NAT',
            "--address": 'one such as "10.0.0.2"',
        }[option]
        raise UsageError(
            f"{option} {wrong.found}: {NOTHING}", hint=f"expected {expected}"
        ) from None
    return text


def parsed(after: str, path: Path) -> Mesh:
    """What the file would say. FileError: what would be wrong with it."""
    try:
        return parse(after, path)
    except FileError as error:
        raise FileError(path, error.problems, hint=f"so it would be: {NOTHING}") from error


def refused(path: Path, what: str) -> MeshError:
    """Where the text came out otherwise than asked for."""
    return MeshError(
        f"{path} is written in a way that meshtui cannot change: {NOTHING}",
        hint=f"write it by hand, with {what}, then meshtui apply",
    )


def _quoted(text: str | list[str]) -> str:
    # What JSON escapes, TOML's basic strings escape alike.
    return json.dumps(text, ensure_ascii=False)


# -- the text


def with_member(text: str, kind: Kind, name: str, fields: dict[str, str]) -> str:
    """`text` with a member behind the last one of its kind, written as that one is.

    The first of its kind comes at the end, as a table.
    """
    places = list(spans.entries(text))
    newline = newline_of(text)
    hosts = [place for place in places if place.path[:1] == (kind,) and len(place.path) > 1]
    if not hosts:
        lines = ["", f"[{key_path(kind, name)}]", *(f"{k} = {v}" for k, v in fields.items())]
        return cuts.insert(text, len(text), lines, newline)
    last = hosts[-1]
    tables = [
        place for place in places if isinstance(place, Header) and place.path == last.path[:2]
    ]
    if tables:
        return _add_table(text, places, tables[-1], key_path(kind, name), fields, newline)
    owner = next(p for p in hosts if p.path == last.path[:2] or p is last)
    assert isinstance(owner, Entry)
    inline = "{ " + ", ".join(f"{key} = {value}" for key, value in fields.items()) + " }"
    if len(owner.path) == 2 and owner.inline:  # hosts = { a = {...} }
        end = owner.end
        return f"{text[:end]}, {key_path(name)} = {inline}{text[end:]}"
    # Dotted keys, in [hosts] or at the top; or a line `name = {...}` in [hosts].
    header = cuts.header_of(places, owner)
    own = key_path(name) if header and header.path == (kind,) else key_path(kind, name)
    indent = re.match(r"[ \t]*", spans.before(text, owner.key))
    start = indent[0] if indent else ""
    if len(owner.path) == 2:
        lines = [f"{start}{own} = {inline}"]
    else:
        lines = [f"{start}{own}.{key} = {value}" for key, value in fields.items()]
    assert isinstance(last, Entry)
    outer = [p for p in hosts if isinstance(p, Entry) and not p.inline][-1]
    assert isinstance(outer, Entry)
    return cuts.insert(text, spans.line_end(text, outer.end), lines, newline)


def without_member(text: str, kind: Kind, name: str) -> str:
    """`text` without the member, the comments directly above and inside it."""
    places = list(spans.entries(text))
    own = (kind, name)
    found: list[tuple[int, int]] = []
    for place in places:
        if place.path[:2] != own:
            continue
        if isinstance(place, Header):
            found.append(cuts.with_comments(text, place.start, cuts.table_end(text, places, place)))
        elif len(place.path) == 2 and place.inline:
            found.append(cuts.item(text, place))
        elif not place.inline and not _is_in_own(places, place):
            found.append(cuts.with_comments(text, place.key, spans.line_end(text, place.end)))
    for start, end in reversed(found):
        text = cuts.cut(text, start, end)
    return text


def with_name(text: str, kind: Kind, old: str, new: str) -> str:
    """`text` with the member's name changed wherever it stands as a key."""
    places = list(spans.entries(text))
    found = []
    for place in places:
        if place.path[:2] != (kind, old):
            continue
        if isinstance(place, Header):
            found.append(spans.parts(text, spans.header_key(text, place))[1])
        elif not _is_in_own(places, place):
            # The name is the last part of `hosts.a = {}`, the one before in `hosts.a.mtu = 1`,
            # and no part of what stands inside `a = {}`.
            parts = spans.parts(text, place.key)
            if len(parts) >= len(place.path) - 1:
                found.append(parts[1 - len(place.path)])
    for start, end in reversed(found):
        text = text[:start] + key_path(new) + text[end:]
    return text


def with_mentions(text: str, old: str, new: str) -> str:
    """`text` with a host's new name wherever another table names it as a relay or a way in."""
    found: list[tuple[int, int]] = []
    for place in spans.entries(text):
        if not isinstance(place, Entry) or place.path[:1] not in _MENTIONING:
            continue
        if place.path[-1] in ("relay", "exit"):
            found.append((place.value, place.end))
        elif place.path[-1] == "through" and text[place.value] == "[":
            found += spans.items(text, place.value)
    for start, end in sorted(found, reverse=True):
        if spans.said(text[start:end]) == old:
            text = text[: start + 1] + new + text[end - 1 :]
    return text


def _add_table(
    text: str,
    places: list[Entry | Header],
    last: Header,
    own_path: str,
    fields: dict[str, str],
    newline: str,
) -> str:
    start = spans.before(text, last.start)
    own = [p for p in places if isinstance(p, Entry) and cuts.header_of(places, p) is last]
    inner, equals = start, " = "
    if own:
        inner = spans.before(text, own[0].key)
        equals = re.sub(r".*?([ \t]*=[ \t]*)$", r"\1", text[own[0].last : own[0].value])
    lines = [f"{start}[{own_path}]"]
    lines += [f"{inner}{key}{equals}{value}" for key, value in fields.items()]
    above = cuts.with_comments(text, last.start, last.end)[0]
    # As far from the one before as that one is from its own.
    if text[:above].endswith(("\n\n", "\n\r\n")):
        lines.insert(0, "")
    return cuts.insert(text, cuts.table_end(text, places, last), lines, newline)


def _is_in_own(places: list[Entry | Header], entry: Entry) -> bool:
    """Whether it stands in a table of its host, and goes with that."""
    header = cuts.header_of(places, entry)
    return header is not None and header.path[:2] == entry.path[:2]
