"""A mesh as an apply leaves it, without one: for demos of a size at which that takes long."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from meshtui.mesh.addresses import allocate
from meshtui.mesh.wanted import wanted
from meshtui.plan.file import new_file
from meshtui.plan.seen import Seen
from meshtui.store.meshfile import load
from meshtui.store.write import Found, write_back
from meshtui.wg.keys import keypair

_PRIVATE = "@private@"


def form(path: Path) -> dict[str, str]:
    """The wg-quick file of every host of the mesh.toml at `path`, which learns their public keys.

    The private keys are in these files and nowhere else.
    """
    mesh = allocate(load(path))
    pairs = {name: keypair(secrets.token_bytes(32)) for name in mesh.hosts}
    hosts = {name: replace(host, public_key=pairs[name][1]) for name, host in mesh.hosts.items()}
    mesh = replace(mesh, hosts=hosts)
    found = {name: Found(host.addresses, host.public_key) for name, host in hosts.items()}
    write_back(path, found)
    return {
        name: new_file(want, Seen(), None, {}, mesh.networks, (), (), _PRIVATE).replace(
            _PRIVATE, pairs[name][0].reveal()
        )
        for name, want in wanted(mesh).items()
    }
