"""Who reaches whom on a lab's mesh, by real pings."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from meshtui_on import on

from meshtui.lab import Lab

#: All side by side; prints the addresses that never answered.
_PING = """
for at; do (ping -q -c 1 -i 0.2 -w {seconds} "$at" >/dev/null 2>&1 || echo "$at") & done; wait
"""


def mesh_addresses(lab: Lab, hosts: Collection[str]) -> dict[str, list[str]]:
    """Host -> its addresses on the mesh, as `ip` has them, without the link-local ones."""
    found = {}
    for host in hosts:
        lines = on(lab, host, "ip", "-o", "address", "show", "dev", "wg0", "scope", "global")
        found[host] = [line.split()[3].partition("/")[0] for line in lines.splitlines()]
    return found


def unanswered(
    lab: Lab, addresses: Mapping[str, Collection[str]], seconds: int = 3
) -> set[tuple[str, str]]:
    """(host, address) of each host to each address of each other that no ping got through to."""

    def ask(host: str) -> set[tuple[str, str]]:
        others = [at for name, own in addresses.items() if name != host for at in own]
        script = _PING.format(seconds=seconds)
        argv = ["sh", "-c", script, "sh", *others]
        done = lab.on(host, argv, stderr=subprocess.PIPE, stdout=subprocess.PIPE, check=True)
        return {(host, at) for at in done.stdout.split()}

    with ThreadPoolExecutor() as pool:
        return set().union(*pool.map(ask, addresses))


def peers(lab: Lab, host: str) -> int:
    """How many peers the running interface has."""
    return len(on(lab, host, "wg", "show", "wg0", "peers").split())
