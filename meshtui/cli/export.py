"""`meshtui export`: what other programs can use of mesh.toml."""

from __future__ import annotations

import json
from types import SimpleNamespace

from meshtui.mesh.addresses import allocate
from meshtui.mesh.hostsfile import entries
from meshtui.store.find import find
from meshtui.store.meshfile import load


def export(args: SimpleNamespace) -> int:
    """Print the lines for /etc/hosts."""
    found = entries(allocate(load(find(args.file))))
    if args.json:
        print(json.dumps([entry._asdict() for entry in found], indent=2))
    else:
        print("".join(f"{entry}\n" for entry in found), end="")
    return 0
