"""The meshes that one screen shows, one at a time: each has a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from meshtui.mesh.model import Mesh
from meshtui.tui.fleet_api import AskHostKey, FleetApi, OpenFleet

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp


class Shown(NamedTuple):
    """A mesh that can be shown, and what opens its fleet."""

    mesh: Mesh
    open_fleet: OpenFleet


class Meshes:
    """Of one app."""

    def __init__(self, app: MeshApp, meshes: Sequence[Shown]) -> None:
        """The first of `meshes` is the one that is shown."""
        self._app = app
        self._meshes = list(meshes)
        self._at = 0

    @property
    def names(self) -> list[str]:
        """Theirs, in the order of their files."""
        return [one.mesh.name for one in self._meshes]

    @property
    def place(self) -> str:
        """`mesh 1/2`; empty where there is one only."""
        count = len(self._meshes)
        return f"mesh {self._at + 1}/{count}" if count > 1 else ""

    def next(self) -> None:
        """Show the next one."""
        if len(self._meshes) == 1:
            self._app.say("this is the only mesh: meshtui -f FILE -f FILE opens several")
        else:
            self.show(self.names[(self._at + 1) % len(self._meshes)])

    def show(self, name: str) -> None:
        """Show the mesh of this name. What the other one's hosts are asked is let go."""
        app = self._app
        if app.applying.running:
            app.say("an apply is under way: the other meshes can be shown when it is over")
            return
        if (place := self.names.index(name)) == self._at:
            return
        self._meshes[self._at] = self._meshes[self._at]._replace(mesh=app.looking.live.mesh)
        self._at = place
        before, app.fleet = app.fleet, None
        app.back_to_mesh()
        app.workers.cancel_all()
        app.applying.forget()
        app.open_fleet = self._open
        app.looking.forget()
        app.mesh_screen.complain("")
        app.looking.log.add("info", f"{name} is shown")
        app.shown(self._meshes[place].mesh)
        if before is not None:
            app.work(before.close, "close the other mesh")

    async def _open(self, ask: AskHostKey) -> FleetApi:
        """The fleet of the mesh that is shown; its file may say something else by now."""
        fleet = await self._meshes[self._at].open_fleet(ask)
        if fleet.mesh.hosts.keys() != self._app.looking.live.mesh.hosts.keys():
            self._app.looking.replace(fleet.mesh)
        return fleet
