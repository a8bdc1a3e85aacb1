"""What `meshtui status` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from rich.console import Console
from rich.text import Text

from meshtui.cli.columns import print_columns
from meshtui.cli.drift import drift_json, print_drift
from meshtui.cli.parser import MOST_COMPARED
from meshtui.cli.paths import Path, Through, along, paths, through_others
from meshtui.fleet.events import HostDrift, HostPolled, LinkStatus
from meshtui.fleet.recover import standing
from meshtui.inert import inert
from meshtui.mesh.model import Mesh
from meshtui.store.changes import changes, owed
from meshtui.store.journal import Journal
from meshtui.tui.words import NONE, age_mid, bytes_long
from meshtui.wg.health import HEALTHY

_LIMIT = 600
#: As many as anybody reads of what is not healthy.
_MOST = 200

#: Colour and sign, as on the screen: never colour alone.
_STYLE = {
    "up": ("green", "●"),
    "idle": ("cyan", "○"),
    "stale": ("yellow", "◐"),
    "never": ("red", "×"),
    "missing": ("magenta", "∅"),
    "unknown": ("dim", "?"),
    "no-interface": ("yellow", "○"),
    "unreachable": ("red", "×"),
    "refused": ("yellow", "!"),
    "not-installed": ("magenta", "∅"),
    "seen": ("green", "◆"),
    "away": ("dim", "◇"),
}


def compares(mesh: Mesh, asked: bool | None) -> bool:
    """Whether drift is looked for; `asked`: what the command line says of it, if anything."""
    return len(mesh.hosts) <= MOST_COMPARED if asked is None else asked


def healthy(mesh: Mesh, polled: Iterable[HostPolled]) -> bool:
    """Whether every direction is up, or idle for want of anything to say, also through others.

    How a disabled host is matters to nobody, nor does whether a device is there.
    """
    polled = list(polled)
    return (
        all(link.state in HEALTHY for one in polled for link in between_hosts(mesh, one))
        and all(one.host.state == "up" or mesh.hosts[one.host.name].disabled for one in polled)
        and not through_others(mesh, polled, HEALTHY).poor
    )


def between_hosts(mesh: Mesh, polled: HostPolled) -> list[LinkStatus]:
    """A host's directions, less those to devices."""
    return [link for link in polled.links if link.to in mesh.hosts]


def left_over(mesh: str) -> dict[str, Any]:
    """What earlier changes left to do: one that was broken off, and hosts that are owed one."""
    found = changes(Journal(mesh).read())
    left = standing(mesh)
    return {"standing": left.text if left else None, "owed": owed(found)}


def as_json(
    mesh: Mesh, polled: Sequence[HostPolled], drift: Mapping[str, HostDrift], now: datetime
) -> dict[str, Any]:
    """The contract of `meshtui status --json`: one entry per host, one per direction.

    `drift` is empty where it was not asked for; its entries are null then.
    """
    return {
        "mesh": mesh.name,
        **left_over(mesh.name),
        "interface": mesh.interface,
        "taken_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "hosts": {
            one.host.name: {
                "state": one.host.state,
                "disabled": mesh.hosts[one.host.name].disabled,
                "addresses": list(one.host.addresses),
                "public_key": one.host.public_key,
                "listen_port": one.host.listen_port,
                "error": one.host.error,
                "drift": drift_json(drift[one.host.name]) if one.host.name in drift else None,
            }
            for one in polled
        },
        "links": [
            {
                "from": link.from_,
                "to": link.to,
                "state": link.state,
                "latest_handshake_age": link.latest_handshake_age,
                "transfer_rx": link.transfer_rx,
                "transfer_tx": link.transfer_tx,
                "endpoint": link.endpoint,
            }
            for one in polled
            for link in between_hosts(mesh, one)
        ],
        "paths": [
            {"from": path.from_, "to": path.to, "via": list(path.via), "state": path.state}
            for path in paths(mesh, polled)
        ],
        "peers": {name: _peer_json(mesh, name, polled) for name in mesh.peers},
    }


def _peer_json(mesh: Mesh, name: str, polled: Iterable[HostPolled]) -> dict[str, Any]:
    """A device: nobody asks it, so it is as each of its hosts sees it."""
    device = mesh.peers[name]
    seen = [link for one in polled for link in one.links if link.to == name]
    return {
        "state": "seen" if any(link.state == "up" for link in seen) else "away",
        "disabled": device.disabled,
        "addresses": [str(address.ip) for address in device.addresses],
        "public_key": device.public_key,
        "seen_by": [
            {
                "from": link.from_,
                "state": link.state,
                "latest_handshake_age": link.latest_handshake_age,
                "transfer_rx": link.transfer_rx,
                "transfer_tx": link.transfer_tx,
                "endpoint": link.endpoint,
            }
            for link in seen
        ],
    }


def print_status(
    mesh: Mesh, polled: Sequence[HostPolled], drift: Mapping[str, HostDrift], *, every_link: bool
) -> None:
    """Hosts as a table, then the directions that are not healthy, or all; then the drift."""
    console = Console(highlight=False)
    links = [link for one in polled for link in between_hosts(mesh, one)]
    ways = through_others(mesh, polled, HEALTHY)
    up = sum(one.host.state == "up" for one in polled)
    good = sum(link.state in HEALTHY for link in links)
    console.print(
        f"{mesh.name} ({mesh.interface}): {up} of {len(polled)} hosts up,"
        f" {good} of {len(links)} directions healthy{_through_others(ways)}",
        markup=False,
    )
    _print_hosts(console, mesh, polled, drift)
    shown = [link for link in links if every_link or link.state not in HEALTHY]
    most = len(links) if every_link else _MOST
    # A host that cannot be asked is one fault, not one for each of its directions.
    if not every_link:
        shown = [link for link in shown if link.state != "unknown"]
    if shown:
        _print_links(console, shown[:most])
        _more(console, len(shown) - most, "such directions")
    if every_link:
        listed, count = paths(mesh, polled), 0
    else:
        # What is fine stays so where the unknown counts as fine, too.
        broken = through_others(mesh, polled, HEALTHY | {"unknown"}) if ways.poor else ways
        listed, count = list(along(mesh, polled, islice(broken.ends, _MOST))), broken.poor
    if listed:
        _print_paths(console, listed)
        _more(console, count - _MOST, "such paths")
    if mesh.peers:
        _print_peers(console, mesh, polled)
    for one in polled:
        if one.host.error:
            console.print(Text(f"{one.host.name}: {one.host.error}", style="yellow"))
    left = left_over(mesh.name)
    if left["standing"]:
        console.print(Text(inert(left["standing"], _LIMIT), style="bold red"))
    for host, why in left["owed"].items():
        text = f"{inert(host)} is owed the latest change: {inert(why, _LIMIT)}"
        console.print(Text(text, style="yellow"))
    told = [drift[one.host.name] for one in polled if one.host.state == "up" and drift]
    if any(one.heeded or one.error for one in told):
        print_drift(told)


def _print_hosts(
    console: Console, mesh: Mesh, polled: Sequence[HostPolled], drift: Mapping[str, HostDrift]
) -> None:
    numbers = ("links", "handshake", "received", "sent", *(("drift",) if drift else ()))
    rows = []
    for one in polled:
        links = between_hosts(mesh, one)
        ages = [a for link in links if (a := link.latest_handshake_age) is not None]
        good = sum(link.state in HEALTHY for link in links)
        rows.append(
            (
                one.host.name,
                _state(one.host.state, disabled=mesh.hosts[one.host.name].disabled),
                ", ".join(one.host.addresses),
                f"{good}/{len(links)}",
                _span(ages),
                bytes_long(sum(link.transfer_rx or 0 for link in one.links)),
                bytes_long(sum(link.transfer_tx or 0 for link in one.links)),
                *((_count(drift[one.host.name]),) if drift else ()),
            )
        )
    print_columns(console, ("host", "state", "address", *numbers), rows, numbers)


def _count(drift: HostDrift) -> Text:
    if drift.error:
        return Text(NONE)
    count = len(drift.heeded)
    return Text(f"≠ {count}", style="yellow") if count else Text("0")


def _print_links(console: Console, links: Sequence[LinkStatus]) -> None:
    numbers = ("handshake", "received", "sent")
    rows = [
        (
            link.from_,
            link.to,
            _state(link.state),
            age_mid(link.latest_handshake_age),
            bytes_long(link.transfer_rx),
            bytes_long(link.transfer_tx),
            link.endpoint or NONE,
        )
        for link in links
    ]
    print_columns(console, ("from", "to", "state", *numbers, "endpoint"), rows, numbers)


def _more(console: Console, count: int, what: str) -> None:
    if count > 0:
        console.print(f"and {count} more {what}: --links lists them all", style="dim")


def _through_others(ways: Through) -> str:
    return f", {ways.total - ways.poor} of {ways.total} through others" if ways.total else ""


def _print_paths(console: Console, ways: Sequence[Path]) -> None:
    """Those without a tunnel: through whom, and how the worst tunnel on the way does."""
    rows = [(path.from_, path.to, ", ".join(path.via), _state(path.state)) for path in ways]
    print_columns(console, ("from", "to", "via", "state"), rows)


def _print_peers(console: Console, mesh: Mesh, polled: Sequence[HostPolled]) -> None:
    rows = []
    for name, device in mesh.peers.items():
        seen = [link for one in polled for link in one.links if link.to == name]
        there = [link for link in seen if link.state == "up"]
        ages = [a for link in seen if (a := link.latest_handshake_age) is not None]
        addresses = ", ".join(str(address.ip) for address in device.addresses)
        where = ", ".join(f"{link.from_} at {inert(link.endpoint or NONE)}" for link in there)
        rows.append(
            (
                name,
                _state("seen" if there else "away", disabled=device.disabled),
                addresses,
                age_mid(min(ages)) if ages else NONE,
                where or NONE,
            )
        )
    headings = ("peer", "state", "address", "handshake", "seen by")
    print_columns(console, headings, rows, ("handshake",))


def _state(state: str, *, disabled: bool = False) -> Text:
    style, sign = _STYLE[state]
    text = Text(f"{sign} {state}", style=style)
    return text.append(", disabled", "dim") if disabled else text


def _span(ages: Sequence[int]) -> str:
    if not ages:
        return NONE
    youngest, oldest = age_mid(min(ages)), age_mid(max(ages))
    return youngest if youngest == oldest else f"{youngest}-{oldest}"
