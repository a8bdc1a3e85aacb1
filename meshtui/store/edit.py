"""A host put into `mesh.toml`, taken out or renamed, and every other byte of the file stays."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from meshtui.errors import MeshError, UsageError
from meshtui.mesh.model import Host, Link, Mesh
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

_NOTHING = "nothing was written"


@dataclass(frozen=True, slots=True)
class Draft:
    """What `mesh.toml` would say; nothing is written before `write`."""

    before: str
    after: str
    gone: Host | None = None
    """The host that it says no more."""

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
    _refuse_name(mesh, name)
    fields = {"ssh": _quoted(_read(readers.ssh_target, ssh, "--ssh"))}
    if endpoint is not None:
        _read(readers.endpoint, endpoint, "--endpoint")
        fields["endpoint"] = _quoted(endpoint)
    if addresses:
        for address in addresses:
            _read(readers.address, address, "--address")
        fields["addresses"] = "[" + ", ".join(map(_quoted, addresses)) + "]"
    after = with_host(before, name, fields)
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
            f"{name} is the last host of the mesh: {_NOTHING}",
            hint="a mesh has at least one; take it down on the host itself:"
            f" wg-quick down {mesh.interface}",
        )
    after = without_host(without_links(before, name), name)
    left = {other: host for other, host in mesh.hosts.items() if other != name}
    links = tuple(link for link in mesh.links if name not in link.between)
    if parsed(after, path) != replace(mesh, hosts=left, links=links):
        raise refused(path, f"{name} taken out")
    return Draft(before, after, mesh.hosts[name])


def rename_host(path: Path, old: str, new: str) -> Draft:
    """`old` called `new`. UsageError: there is none, or what is wrong with the new name."""
    before = read_text(path)
    mesh = parse(before, path)
    refuse_unknown(mesh, old)
    if old == new:
        raise UsageError(f"{old} is its name already: {_NOTHING}")
    _refuse_name(mesh, new, but=old)
    after = with_link_name(with_name(before, old, new), old, new)
    # SSH goes to the name where nothing else is said, and where it goes does not change.
    if not any(place.path == ("hosts", old, "ssh") for place in spans.entries(before)):
        after = with_keys(after, ("hosts", new), {"ssh": _quoted(old)})
    hosts = {new if n == old else n: host for n, host in mesh.hosts.items()}
    hosts[new] = replace(hosts[new], name=new)
    links = tuple(_renamed(link, old, new) for link in mesh.links)
    said = parsed(after, path)
    if said != replace(mesh, hosts=hosts, links=links) or list(said.hosts) != list(hosts):
        raise refused(path, f"{new} in the place of {old}")
    return Draft(before, after)


def refuse_unknown(mesh: Mesh, name: str) -> None:
    """UsageError, with the nearest name, where there is no such host."""
    if name in mesh.hosts:
        return
    close = difflib.get_close_matches(name.lower(), {n.lower(): n for n in mesh.hosts}, n=1)
    near = next((n for n in mesh.hosts if close and n.lower() == close[0]), None)
    known = ", ".join([*mesh.hosts][:8]) + (", …" if len(mesh.hosts) > 8 else "")
    raise UsageError(
        f"there is no host {shown(name)} in the mesh: {_NOTHING}",
        hint=f"did you mean {near}?" if near else f"there are {known}",
    )


def _renamed(link: Link, old: str, new: str) -> Link:
    one, other = (new if name == old else name for name in link.between)
    return replace(link, between=(one, other))


def _refuse_name(mesh: Mesh, name: str, but: str | None = None) -> None:
    if not is_host_name(name):
        raise UsageError(
            f"{shown(name)} is not a name for a host: {_NOTHING}",
            hint="up to 63 letters, digits, dots, hyphens and underscores, and not a number",
        )
    if same := next((n for n in mesh.hosts if n.lower() == name.lower() and n != but), None):
        raise UsageError(
            f"there is a host {same} already: {_NOTHING}",
            hint="`meshtui plan` says whether it lacks anything; give the new one another name",
        )


def _read(reader: readers.Reader[object], text: str, option: str) -> str:
    try:
        reader(text)
    except Wrong as wrong:
        expected = {
            "--ssh": 'one such as "root@203.0.113.1" or an alias',
            "--endpoint": 'one such as "203.0.113.1:51820", or "none" behind NAT',
            "--address": 'one such as "10.0.0.2"',
        }[option]
        raise UsageError(
            f"{option} {wrong.found}: {_NOTHING}", hint=f"expected {expected}"
        ) from None
    return text


def parsed(after: str, path: Path) -> Mesh:
    """What the file would say. FileError: what would be wrong with it."""
    try:
        return parse(after, path)
    except FileError as error:
        raise FileError(path, error.problems, hint=f"so it would be: {_NOTHING}") from error


def refused(path: Path, what: str) -> MeshError:
    """Where the text came out otherwise than asked for."""
    return MeshError(
        f"{path} is written in a way that meshtui cannot change: {_NOTHING}",
        hint=f"write it by hand, with {what}, then meshtui apply",
    )


def _quoted(text: str) -> str:
    # What JSON escapes, TOML's basic strings escape alike.
    return json.dumps(text, ensure_ascii=False)


# -- the text


def with_host(text: str, name: str, fields: dict[str, str]) -> str:
    """`text` with a host behind the last one, written as that one is."""
    places = list(spans.entries(text))
    newline = newline_of(text)
    hosts = [place for place in places if place.path[:1] == ("hosts",) and len(place.path) > 1]
    last = hosts[-1]
    tables = [
        place for place in places if isinstance(place, Header) and place.path == last.path[:2]
    ]
    if tables:
        return _add_table(text, places, tables[-1], name, fields, newline)
    owner = next(p for p in hosts if p.path == last.path[:2] or p is last)
    assert isinstance(owner, Entry)
    inline = "{ " + ", ".join(f"{key} = {value}" for key, value in fields.items()) + " }"
    if len(owner.path) == 2 and owner.inline:  # hosts = { a = {...} }
        end = owner.end
        return f"{text[:end]}, {key_path(name)} = {inline}{text[end:]}"
    # Dotted keys, in [hosts] or at the top; or a line `name = {...}` in [hosts].
    header = cuts.header_of(places, owner)
    own = key_path(name) if header and header.path == ("hosts",) else key_path("hosts", name)
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


def without_host(text: str, name: str) -> str:
    """`text` without the host, the comments directly above and inside it."""
    places = list(spans.entries(text))
    own = ("hosts", name)
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


def with_name(text: str, old: str, new: str) -> str:
    """`text` with the host's name changed wherever it stands as a key."""
    places = list(spans.entries(text))
    found = []
    for place in places:
        if place.path[:2] != ("hosts", old):
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


def _add_table(
    text: str,
    places: list[Entry | Header],
    last: Header,
    name: str,
    fields: dict[str, str],
    newline: str,
) -> str:
    start = spans.before(text, last.start)
    own = [p for p in places if isinstance(p, Entry) and cuts.header_of(places, p) is last]
    inner, equals = start, " = "
    if own:
        inner = spans.before(text, own[0].key)
        equals = re.sub(r".*?([ \t]*=[ \t]*)$", r"\1", text[own[0].last : own[0].value])
    lines = [f"{start}[{key_path('hosts', name)}]"]
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
