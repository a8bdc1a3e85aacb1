"""`meshtui mtu`: the path MTU of every link, and one value for the mesh."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from meshtui.fleet.fleet import Fleet
from meshtui.fleet.mtu import MtuReport, probe, report
from meshtui.inert import inert
from meshtui.mesh.wanted import joined
from meshtui.tui.words import NONE, counted


async def measured(fleet: Fleet) -> MtuReport:
    """Probe every link from both ends, telling on stderr how far it is."""
    console = Console(stderr=True, highlight=False)
    count = len(joined(fleet.mesh))
    found = []
    with console.status(f"probing {counted(count, 'direction')}…") as status:
        async for one in probe(fleet.mesh, fleet.path_mtu):
            found.append(one)
            status.update(f"probing {counted(count - len(found), 'direction')}…")
    return report(fleet.mesh, found)


def print_report(found: MtuReport, *, as_json: bool) -> None:
    """The table, the effects, and the value with its reason."""
    if as_json:
        print(json.dumps(_json(found), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("link", overflow="fold")
    for heading in ("interface", "in the tunnel", "path outside", "over", "fits"):
        table.add_column(heading, justify="right", no_wrap=True)
    for link in found.links:
        style = "yellow" if link.loses else "dim" if link.fits is None else ""
        numbers = (
            link.interface,
            link.tunnel,
            link.path,
            link.over and f"IPv{link.over}",
            link.fits,
        )
        cells = [Text(NONE if n is None else str(n), style=style) for n in numbers]
        sign = "≠ " if link.loses else "  "
        table.add_row(Text(sign + " – ".join(map(inert, link.between)), style=style), *cells)
    console.print(table)
    for line in found.effects:
        console.print(Text(inert(line, 400), style="yellow"))
    if found.proposed is None:
        console.print(Text(found.reason, style="bold"))
        return
    then = "" if found.needed else "; every interface has it"
    console.print(Text(f"mtu = {found.proposed}: {inert(found.reason, 400)}{then}", style="bold"))
    if found.needed:
        console.print("meshtui mtu --set writes it into [mesh] and applies it")


def _json(found: MtuReport) -> dict[str, Any]:
    return {
        "proposed": found.proposed,
        "reason": found.reason,
        "needed": found.needed,
        "effects": list(found.effects),
        "links": [
            {
                "between": list(link.between),
                "interface": link.interface,
                "tunnel": link.tunnel,
                "path": link.path,
                "over": link.over,
                "fits": link.fits,
                "loses": link.loses,
                "errors": list(link.errors),
            }
            for link in found.links
        ],
    }
