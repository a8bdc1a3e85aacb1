"""Edits of mesh.toml for the stand-in: the real ones, on a file that lives for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from meshtui.errors import MeshError
from meshtui.fleet.device import Given
from meshtui.fleet.edits import Edit, draft, with_pair
from meshtui.fleet.events import ApplyResult, Armed, DirectionVerified, Keep, Progress
from meshtui.fleet.made import Made
from meshtui.mesh.addresses import allocate
from meshtui.plan.device import configuration
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.store.edit import Draft
from meshtui.store.meshfile import parse
from meshtui.store.render import render
from meshtui.wg.keys import keypair

if TYPE_CHECKING:
    from standin import StandIn


def proposed(fleet: StandIn, edit: Edit) -> Draft:
    """What the file would say; `undo` goes back by one."""
    text = render(fleet.mesh)
    if edit.kind == "undo":
        if not fleet.before:
            raise MeshError("nothing was applied: there is nothing to go back to")
        return Draft(text, fleet.before[-1])
    with TemporaryDirectory() as directory:
        path = Path(directory) / "mesh.toml"
        path.write_text(text)
        return draft(path, edit)


class Proposed:
    """Implements ProposalApi."""

    def __init__(self, fleet: StandIn, edit: Edit) -> None:
        edit = with_pair(edit, made := Made())
        self.draft = proposed(fleet, edit)
        self._made = made
        self.closed = False
        self._fleet = fleet
        self._edit = edit

    async def plan(self, *, prune: bool = False) -> Plan:
        self._fleet.calls.append(f"plan of {self._edit.kind}")
        if isinstance(self._fleet.plan_result, Exception):
            raise self._fleet.plan_result
        mesh = self._fleet.mesh
        names = (self._edit.names or ("server-a",))[:1]
        steps = (Step("set-peer", f"{names[0]}, {self._edit.kind}", "handshake"),)
        hosts = tuple(HostPlan(name, steps) for name in mesh.hosts if name not in names)
        return Plan(mesh.name, mesh.interface, hosts)

    async def apply(
        self, plan: Plan, keep: Keep | None = None
    ) -> AsyncIterator[Progress | Armed | DirectionVerified | ApplyResult]:
        fleet = self._fleet
        async for event in fleet.apply(plan, keep):
            if isinstance(event, ApplyResult) and event.reverted is None:
                fleet.before.append(self.draft.before)
                fleet.reloaded = allocate(parse(self.draft.after, Path("mesh.toml")))
            yield event

    async def given(self, failed: Collection[str] = ()) -> Given | None:
        if self._edit.kind not in ("add-peer", "rotate"):
            return None
        name = self._edit.names[0]
        mesh = allocate(parse(self.draft.after, Path("mesh.toml")))
        hosts = {
            host.name: replace(host, public_key=host.public_key or keypair(bytes([i]) * 32)[1])
            for i, host in enumerate(mesh.hosts.values())
        }
        mesh = replace(mesh, hosts=hosts)
        private = self._made.private(name)
        return Given(name, configuration(mesh, name, private, {}), private is not None)

    async def close(self) -> None:
        self._fleet.calls.append("close the proposal")
        self.closed = True


def disabled(fleet: StandIn, name: str) -> None:
    """Take a host out for now, without a word."""
    hosts = {**fleet.mesh.hosts, name: replace(fleet.mesh.hosts[name], disabled=True)}
    fleet.mesh = replace(fleet.mesh, hosts=hosts)
