"""Edits of mesh.toml, each applied with it: the mesh that an edit proposes, and its plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from meshtui.errors import UsageError
from meshtui.fleet.apply import Applied
from meshtui.fleet.device import Given, given
from meshtui.fleet.events import Keep
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.made import Made
from meshtui.fleet.members import (
    Leaving,
    look_at_leaving,
    refuse_owed,
    refuse_untold,
    remove,
    with_leaving,
)
from meshtui.plan.model import Plan
from meshtui.store.edit import Draft, add_host, remove_host, rename
from meshtui.store.edit_keys import set_host, set_mtu, switch_link, switch_member
from meshtui.store.edit_peers import Asked, add_peer, new_key, remove_peer
from meshtui.store.meshfile import load
from meshtui.store.undo import undo

Kind = Literal[
    "add", "add-peer", "remove", "rename", "rotate", "set", "disable", "enable", "undo", "mtu"
]
"""`rotate` is of a peer: another key for a host is no edit."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit, as the command line has its words and options. None: not said."""

    kind: Kind
    names: tuple[str, ...] = ()
    """Of members: one; two for a link, or for an old and a new name."""
    ssh: str = ""
    endpoint: str | None = None
    addresses: tuple[str, ...] = ()
    port: str | None = None
    keepalive: str | None = None
    mtu: str | None = None
    exit_host: str | None = None
    peer: Asked = field(default_factory=Asked)
    """What is asked for a new peer."""


def with_pair(edit: Edit, made: Made) -> Edit:
    """`edit` with the public key of a new pair, where it gives a peer a key and names none."""
    if edit.kind not in ("add-peer", "rotate") or edit.peer.public_key is not None:
        return edit
    return replace(edit, peer=replace(edit.peer, public_key=made.pair(edit.names[0])))


def draft(path: Path, edit: Edit) -> Draft:
    """What mesh.toml would say; UsageError: why it can't."""
    names = edit.names
    if edit.kind == "undo":
        return undo(path)
    if edit.kind == "mtu":
        return set_mtu(path, edit.mtu or "")
    if edit.kind == "add":
        return add_host(path, names[0], edit.ssh, edit.endpoint, edit.addresses)
    if edit.kind == "add-peer":
        return add_peer(path, names[0], edit.peer)
    if edit.kind == "rotate":
        assert edit.peer.public_key
        return new_key(path, names[0], edit.peer.public_key)
    if edit.kind == "rename":
        return rename(path, names[0], names[1])
    if edit.kind == "set":
        return set_host(
            path,
            names[0],
            endpoint=edit.endpoint,
            port=edit.port,
            addresses=edit.addresses,
            keepalive=edit.keepalive,
            mtu=edit.mtu,
            exit_host=edit.exit_host,
        )
    if edit.kind == "remove":
        is_peer = names[0] in load(path).peers
        return remove_peer(path, names[0]) if is_peer else remove_host(path, names[0])
    disabled = edit.kind == "disable"
    if len(names) > 2:
        raise UsageError(f"{len(names)} names: one is a host, two are a link", hint="one at a time")
    if len(names) == 2:
        return switch_link(path, names[0], names[1], disabled=disabled)
    return switch_member(path, names[0], disabled=disabled)


class Proposal:
    """An edit that is not made yet. `apply` makes it; close it when done."""

    def __init__(self, fleet: Fleet, edit: Edit, proposed: Draft) -> None:
        """`fleet`: that of the proposed mesh, which is closed with this."""
        self.draft = proposed
        self.leaving: Leaving | None = None
        """The host that is taken down last, as it was looked at for the plan."""
        self._fleet = fleet
        self._edit = edit
        self._others: Plan | None = None
        """The plan for all but the host that leaves."""

    async def plan(self, *, prune: bool = False) -> Plan:
        """Look at all hosts, and at one that leaves. MeshError: one to be added can't be."""
        gone = self.draft.gone
        if gone is None:
            plan = await self._fleet.plan(prune=prune)
            if self._edit.kind == "add":
                refuse_owed(plan, self._edit.names[0])
            elif self._edit.kind in ("add-peer", "rotate"):
                refuse_untold(plan, self._edit.names[0])
            return plan
        self.let_go()
        others, leaving = await asyncio.gather(
            self._fleet.plan(prune=prune), look_at_leaving(self._fleet, gone)
        )
        self._others, self.leaving = others, leaving
        return with_leaving(others, leaving)

    def apply(self, plan: Plan, keep: Keep | None = None) -> AsyncGenerator[Applied, None]:
        """Write mesh.toml and carry `plan` out, the latest of `plan()`; see `Fleet.apply`."""
        if self.leaving is not None:
            assert self._others
            return remove(self._fleet, self._others, self.leaving, keep)
        return self._fleet.apply(plan, keep)

    async def given(self, failed: Collection[str] = ()) -> Given | None:
        """What the device of the edit is to import, once that is applied; None: nothing.

        `failed`: hosts that could not be told of it.
        """
        if self._edit.kind not in ("add-peer", "rotate"):
            return None
        return await given(self._fleet, self._edit.names[0], failed)

    async def close(self) -> None:
        """Let go of all hosts."""
        self.let_go()
        await self._fleet.close()

    def let_go(self) -> None:
        """Close the connection to the host that leaves."""
        if self.leaving is not None:
            self.leaving.session.close()
            self.leaving = None
