"""The mesh.toml that a demo begins with: its hosts as an operator would write them down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from meshtui.demo.places import Place

INTERFACE, PORT = "wg0", 51820
#: In each city.
_GROUPS = 3


def mesh_toml(places: Sequence[Place], *, groups: bool = False) -> str:
    """Every host with every other one; with `groups`, three groups a city, each with a gateway."""
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
    led: set[str] = set()
    made: Counter[str] = Counter()
    for place in places:
        lines += ["", f"[hosts.{place.name}]", f'ssh = "{place.name}"']
        endpoint = "none" if place.nat else f"{place.address}:{PORT}"
        lines.append(f'endpoint = "{endpoint}"')
        if groups:
            # Nobody outside could reach an office that is a group of its own.
            group = (
                "nyc-a"
                if place.nat
                else f"{place.provider}-{'abc'[made[place.provider] % _GROUPS]}"
            )
            made[place.provider] += 1
            lines.append(f'group = "{group}"')
            if not place.nat and group not in led:
                led.add(group)
                lines.append("gateway = true")
    return "\n".join([*lines, ""])
