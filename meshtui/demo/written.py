"""The mesh.toml that a demo begins with: its hosts as an operator would write them down."""

from __future__ import annotations

from collections.abc import Sequence

from meshtui.demo.places import Place

INTERFACE, PORT = "wg0", 51820
#: Three groups a city, each with so many gateways.
_GROUPS, _GATEWAYS = 3, 1


def mesh_toml(places: Sequence[Place], *, groups: bool = False) -> str:
    """Every host with every other one; with `groups`, three groups a city."""
    network = "10.44.0.0/24" if len(places) <= 250 else "10.44.0.0/16"
    lines = [
        "# The demo's mesh: edit it as you would your own. It is gone when the demo ends.",
        "[mesh]",
        'name = "demo"',
        f'interface = "{INTERFACE}"',
        f'networks = ["{network}"]',
        f"listen_port = {PORT}",
    ]
    if groups:
        lines.append('topology = "groups"')
    made: dict[str, int] = {}
    for n, place in enumerate(places):
        lines += ["", f"[hosts.{place.name}]", f'ssh = "{place.name}"']
        endpoint = "none" if place.nat else f"{place.address}:{PORT}"
        lines.append(f'endpoint = "{endpoint}"')
        if groups:
            group = f"{place.provider}-{'abc'[n % _GROUPS]}"
            lines.append(f'group = "{group}"')
            made[group] = made.get(group, 0) + 1
            if made[group] <= _GATEWAYS:
                lines.append("gateway = true")
    return "\n".join([*lines, ""])
