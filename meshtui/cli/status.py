"""What `meshtui status` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from meshtui.cli.drift import drift_json, print_drift
from meshtui.fleet.events import HostDrift, HostPolled, LinkStatus
from meshtui.mesh.model import Mesh
from meshtui.tui.words import NONE, age_mid, bytes_long
from meshtui.wg.health import HEALTHY

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
}


def healthy(mesh: Mesh, polled: Iterable[HostPolled]) -> bool:
    """Whether every direction is up, or idle for want of anything to say.

    How a disabled host is matters to nobody.
    """
    return all(link.state in HEALTHY for one in polled for link in one.links) and all(
        one.host.state == "up" or mesh.hosts[one.host.name].disabled for one in polled
    )


def as_json(
    mesh: Mesh, polled: Sequence[HostPolled], drift: Mapping[str, HostDrift], now: datetime
) -> dict[str, Any]:
    """The contract of `meshtui status --json`: one entry per host, one per direction."""
    return {
        "mesh": mesh.name,
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
                "drift": drift_json(drift[one.host.name]),
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
            for link in one.links
        ],
    }


def print_status(
    mesh: Mesh, polled: Sequence[HostPolled], drift: Mapping[str, HostDrift], *, every_link: bool
) -> None:
    """Hosts as a table, then the directions that are not healthy, or all; then the drift."""
    console = Console(highlight=False)
    links = [link for one in polled for link in one.links]
    up = sum(one.host.state == "up" for one in polled)
    good = sum(link.state in HEALTHY for link in links)
    console.print(
        f"{mesh.name} ({mesh.interface}): {up} of {len(polled)} hosts up,"
        f" {good} of {len(links)} directions healthy",
        markup=False,
    )
    console.print(_hosts(mesh, polled, drift))
    shown = [link for link in links if every_link or link.state not in HEALTHY]
    # A host that cannot be asked is one fault, not one for each of its directions.
    if not every_link:
        shown = [link for link in shown if link.state != "unknown"]
    if shown:
        console.print(_links(shown))
    for one in polled:
        if one.host.error:
            console.print(Text(f"{one.host.name}: {one.host.error}", style="yellow"))
    told = [drift[one.host.name] for one in polled if one.host.state == "up"]
    if any(one.heeded or one.error for one in told):
        print_drift(told)


def _hosts(mesh: Mesh, polled: Sequence[HostPolled], drift: Mapping[str, HostDrift]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("host", "state", "address"):
        table.add_column(heading, overflow="fold")
    for heading in ("links", "handshake", "received", "sent", "drift"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in polled:
        ages = [a for link in one.links if (a := link.latest_handshake_age) is not None]
        good = sum(link.state in HEALTHY for link in one.links)
        table.add_row(
            Text(one.host.name),
            _state(one.host.state, disabled=mesh.hosts[one.host.name].disabled),
            Text(", ".join(one.host.addresses)),
            f"{good}/{len(one.links)}",
            _span(ages),
            bytes_long(sum(link.transfer_rx or 0 for link in one.links)),
            bytes_long(sum(link.transfer_tx or 0 for link in one.links)),
            _count(drift[one.host.name]),
        )
    return table


def _count(drift: HostDrift) -> Text:
    if drift.error:
        return Text(NONE)
    count = len(drift.heeded)
    return Text(f"≠ {count}", style="yellow") if count else Text("0")


def _links(links: Sequence[LinkStatus]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("from", "to", "state"):
        table.add_column(heading, overflow="fold")
    for heading in ("handshake", "received", "sent"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("endpoint")
    for link in links:
        table.add_row(
            Text(link.from_),
            Text(link.to),
            _state(link.state),
            age_mid(link.latest_handshake_age),
            bytes_long(link.transfer_rx),
            bytes_long(link.transfer_tx),
            Text(link.endpoint or NONE),
        )
    return table


def _state(state: str, *, disabled: bool = False) -> Text:
    style, sign = _STYLE[state]
    text = Text(f"{sign} {state}", style=style)
    return text.append(", disabled", "dim") if disabled else text


def _span(ages: Sequence[int]) -> str:
    if not ages:
        return NONE
    youngest, oldest = age_mid(min(ages)), age_mid(max(ages))
    return youngest if youngest == oldest else f"{youngest}-{oldest}"
