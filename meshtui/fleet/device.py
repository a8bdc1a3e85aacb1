"""What a member that nobody reaches over SSH imports, and the line that joins a machine."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from meshtui.errors import MeshError, UsageError
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.made import Made
from meshtui.plan.device import below_key, configuration, unready
from meshtui.ssh.invite import pasteable
from meshtui.store.edit import Draft
from meshtui.store.edit_peers import Asked, add_peer, refuse_no_peer
from meshtui.store.meshfile import load
from meshtui.wg.keys import Secret


@dataclass(frozen=True, slots=True)
class Given:
    """A configuration to be imported on the device `name`."""

    name: str
    text: Secret
    secret: bool
    """Whether it holds the private key, which is nowhere else."""
    notes: tuple[str, ...] = ()
    """What a person should know of it."""


async def given(fleet: Fleet, name: str, failed: Collection[str] = ()) -> Given:
    """The configuration as the mesh is now, with the keys that were made for it, if any.

    `failed`: hosts that could not be told of the device. UsageError: there is no such peer.
    """
    refuse_no_peer(fleet.mesh, name)
    mesh = (await fleet.unasked()).mesh
    made = fleet.made or Made()
    private = made.private(name)
    shared = {host: key for host, key in made.preshared(name).items() if host not in failed}
    lacking = unready(mesh, name)
    notes = [f"{host} has no key yet: apply, and `meshtui export peer {name}`" for host in lacking]
    if mesh.peers[name].disabled:
        notes.append(f"{name} is disabled: no host answers to it (meshtui enable {name})")
    return Given(
        name, configuration(mesh, name, private, shared), private is not None, tuple(notes)
    )


def invite(path: Path, name: str, asked: Asked) -> Draft | None:
    """The table of a peer whose key is still to come; None: it is there already.

    UsageError: it has a key, or what is wrong with what is asked.
    """
    there = load(path).peers.get(name)
    if there is None:
        return add_peer(path, name, asked)
    if there.public_key is not None:
        raise UsageError(
            f"{name} has a key already",
            hint=f"meshtui export peer {name} shows its configuration; meshtui remove {name}",
        )
    if asked != Asked():
        raise UsageError(
            f"{name} was invited already",
            hint=f"meshtui invite {name} prints the same line again; meshtui remove {name}",
        )
    return None


async def line(fleet: Fleet, name: str) -> str:
    """What is pasted on the machine `name`. MeshError: a host has no key that it could be told."""
    mesh = (await fleet.unasked()).mesh
    if lacking := unready(mesh, name):
        raise MeshError(
            f"no key is known yet of {', '.join(lacking)}", hint="meshtui apply, then invite"
        )
    say = f"meshtui -f {shlex.quote(str(fleet.path))} add --peer {name} --public-key"
    return pasteable(mesh.interface, name, say, below_key(mesh, name, {}))
