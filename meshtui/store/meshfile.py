"""`mesh.toml` to a `Mesh`: everything that is wrong with it at once, or a mesh that holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from meshtui.mesh.checks import check
from meshtui.mesh.model import (
    DEFAULT_INTERFACE,
    DEFAULT_PORT,
    NAT_KEEPALIVE,
    Device,
    Host,
    Keys,
    Link,
    Mesh,
)
from meshtui.mesh.problem import Problem, in_order, key_path
from meshtui.store import fields
from meshtui.store.document import parse_text, read_text
from meshtui.store.errors import FileError
from meshtui.store.readers import described
from meshtui.store.section import Section
from meshtui.wg.endpoint import Endpoint

if TYPE_CHECKING:
    from meshtui.wg.interface import Network


_ONLY = "expected only [mesh], [hosts.…], [peers.…] and [[links]]"


class _Defaults(NamedTuple):
    """What [mesh] says for every host that does not say it itself."""

    listen_port: int = DEFAULT_PORT
    keys: Keys = "host"
    persistent_keepalive: int = 0
    mtu: int | None = None


def load(path: Path) -> Mesh:
    """The mesh in the file; FileError holds every problem there is.

    Addresses that the file leaves out are left out here: see `mesh.addresses.allocate`.
    """
    return parse(read_text(path), path)


def parse(text: str, path: Path) -> Mesh:
    """The mesh that `text` says; `path` names the file in messages."""
    document = parse_text(text, path)
    problems: list[Problem] = []
    mesh = _mesh(document, problems)
    problems += _checked(mesh, document, {problem.key for problem in problems})
    if problems:
        raise FileError(
            path, in_order(problems, _names(document, "hosts"), _names(document, "peers"))
        )
    return mesh


def _checked(mesh: Mesh, document: dict[str, object], said: set[str]) -> list[Problem]:
    """What `check` finds, less what only follows from a problem that was said already."""
    found = check(mesh)
    if not found:
        return []
    follows = {"mesh.networks"} if said & {"mesh", "mesh.networks"} else set()
    follows |= {"hosts"} & said
    # A host that takes a wrong value from [mesh] is not where a person would look for it.
    inherited = {
        key_path("hosts", name, field.key): key_path("mesh", field.key)
        for name, host in (_table(document.get("hosts")) or {}).items()
        for field in fields.BOTH
        if field.key not in (_table(host) or {})
    }
    found = [p._replace(key=inherited.get(p.key, p.key)) for p in found]
    return [problem for problem in dict.fromkeys(found) if problem.key not in follows]


def _mesh(document: dict[str, object], problems: list[Problem]) -> Mesh:
    others = [key for key in document if key not in ("mesh", "hosts", "peers", "links")]
    problems += [Problem(key_path(key), _unknown(key)) for key in others]
    table = _table(document.get("mesh"))
    if table is None:
        expected = "expected [mesh] with a name and networks"
        found = (
            "missing" if "mesh" not in document else f"{described(document['mesh'])} is not a table"
        )
        problems.append(Problem("mesh", f"{found}; {expected}"))
        table = {}
        section = Section(("mesh",), table, [])
    else:
        section = Section(("mesh",), table, problems)
    section.refuse_others(fields.MESH_FIELDS)
    networks, whole = section.items(fields.NETWORKS)
    defaults = _Defaults(
        listen_port=section.get(fields.LISTEN_PORT, DEFAULT_PORT),
        keys=section.get(fields.KEYS, "host"),
        persistent_keepalive=section.get(fields.PERSISTENT_KEEPALIVE, 0),
        mtu=section.get(fields.MTU, None),
    )
    return Mesh(
        name=section.required(fields.NAME, "mesh"),
        # Half of the networks would make every host's address look wrong.
        networks=networks if whole else (),
        interface=section.get(fields.INTERFACE, DEFAULT_INTERFACE),
        topology=section.get(fields.TOPOLOGY, "full"),
        preshared_keys=section.get(fields.PRESHARED_KEYS, False),
        hosts={
            name: _host(name, section, networks if whole else (), defaults)
            for name, section in _tables(document, "hosts", "server-a", problems)
        },
        links=_links(document.get("links", []), problems),
        peers={
            name: _device(name, section, networks if whole else ())
            for name, section in _tables(document, "peers", "phone", problems)
        },
        relay=section.get(fields.RELAY, None),
        hosts_file=section.get(fields.HOSTS_FILE, False),
    )


def _tables(
    document: dict[str, object], key: str, example: str, problems: list[Problem]
) -> Iterator[tuple[str, Section]]:
    """The members' own tables in [hosts] or [peers], by name."""
    written = _table(document.get(key, {}))
    if written is None:
        found = described(document[key])
        expected = f"expected one such as [{key}.{example}]"
        problems.append(Problem(key, f"{found} is not a table; {expected}"))
        return
    for name, value in written.items():
        table = _table(value)
        if table is None:
            path = key_path(key, name)
            expected = f"expected [{path}] and its keys below"
            problems.append(Problem(path, f"{described(value)} is not a table; {expected}"))
        yield name, Section((key, name), table or {}, problems)


def _host(name: str, section: Section, networks: tuple[Network, ...], defaults: _Defaults) -> Host:
    section.refuse_others(fields.HOST_FIELDS)
    port = section.get(fields.LISTEN_PORT, defaults.listen_port)
    written = section.get(fields.ENDPOINT, None) or ()
    endpoints = [Endpoint(at.host, at.port or port) for at in written if at.host]
    endpoint = endpoints[0] if endpoints else None
    return Host(
        name=name,
        ssh=section.get(fields.SSH, name),
        addresses=tuple(a.within(networks) for a in section.items(fields.ADDRESSES)[0]),
        endpoint=endpoint,
        second=endpoints[1] if len(endpoints) > 1 else None,
        # Also where it is wrong, or `check` would ask for one.
        behind_nat=endpoint is None and section.has(fields.ENDPOINT),
        public_key=section.get(fields.PUBLIC_KEY, None),
        listen_port=port,
        persistent_keepalive=section.get(
            fields.PERSISTENT_KEEPALIVE, defaults.persistent_keepalive
        ),
        mtu=section.get(fields.MTU, defaults.mtu),
        keys=section.get(fields.KEYS, defaults.keys),
        disabled=section.get(fields.DISABLED, False),
        hub=section.get(fields.HUB, False),
        group=section.get(fields.GROUP, None),
        gateway=section.get(fields.GATEWAY, False),
        relay=section.get(fields.RELAY, None),
        routes=section.items(fields.ROUTES)[0],
        masquerade=section.get(fields.MASQUERADE, True),
        exit=section.get(fields.EXIT, None),
    )


def _device(name: str, section: Section, networks: tuple[Network, ...]) -> Device:
    section.refuse_others(fields.PEER_FIELDS)
    return Device(
        name=name,
        addresses=tuple(a.within(networks) for a in section.items(fields.ADDRESSES)[0]),
        public_key=section.get(fields.PUBLIC_KEY, None),
        through=section.items(fields.THROUGH)[0],
        exit=section.get(fields.EXIT, None),
        endpoint=section.get(fields.PEER_ENDPOINT, None),
        persistent_keepalive=section.get(fields.PERSISTENT_KEEPALIVE, NAT_KEEPALIVE),
        routes=section.items(fields.ROUTES)[0],
        disabled=section.get(fields.DISABLED, False),
    )


def _links(written: object, problems: list[Problem]) -> tuple[Link, ...]:
    expected = "expected [[links]] and its keys below"
    if not isinstance(written, list):
        found = f"{described(written)} is not a list of tables"
        problems.append(Problem("links", f"{found}; {expected}"))
        return ()
    links: list[Link] = []
    for number, value in enumerate(written, 1):
        path = ("links", str(number))
        table = _table(value)
        if table is None:
            problems.append(
                Problem(key_path(*path), f"{described(value)} is not a table; {expected}")
            )
            continue
        section = Section(path, table, problems)
        section.refuse_others(fields.LINK_FIELDS)
        between, whole = section.items(fields.BETWEEN)
        disabled = section.get(fields.DISABLED, False)
        relay = section.get(fields.RELAY, None)
        if whole and len(between) != 2:
            count = "1 name" if len(between) == 1 else f"{len(between)} names"
            section.problem("between", f"it has {count}; expected those of two hosts")
        elif whole:
            links.append(Link((between[0], between[1]), disabled, relay))
    # Without one of them, `check` would count the others wrongly.
    return tuple(links) if len(links) == len(written) else ()


def _table(value: object) -> dict[str, object] | None:
    return value if isinstance(value, dict) else None


def _names(document: dict[str, object], table: str) -> list[str]:
    return list(_table(document.get(table)) or {})


def _unknown(key: str) -> str:
    if key in ("host", "peer"):
        return f"unknown; did you mean [{key}s.…]?"
    return f"unknown; {_ONLY}"
