"""Where the hosts of a mesh are reached, as last looked up; DNS names again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from meshtui.fleet.observe import endpoints, names_again
from meshtui.mesh.model import Mesh
from meshtui.wg.endpoint import Endpoint

if TYPE_CHECKING:
    from meshtui.ssh.connect import Connector

#: Seconds after which a name is looked up again.
AGAIN = 60.0


class Places:
    """Of one fleet."""

    def __init__(self, connector: Connector, moved: Callable[[], None]) -> None:
        """`moved` hears that a name means another address by now."""
        self._connector, self._moved = connector, moved
        self._turn = asyncio.Lock()
        self._of: Mesh | None = None
        self._placed = Mesh("", ())
        self._resolved: dict[Endpoint, Endpoint] = {}
        self._at = 0.0

    def took(self, mesh: Mesh, placed: Mesh, resolved: dict[Endpoint, Endpoint]) -> None:
        """Remember what was looked up just now: `mesh` with endpoints, names -> addresses."""
        self._of, self._placed, self._resolved = mesh, placed, resolved
        self._at = time.monotonic()

    async def lately(self, mesh: Mesh) -> tuple[Mesh, dict[Endpoint, Endpoint]]:
        """`mesh` with its endpoints; names -> addresses that are at most AGAIN seconds old."""
        async with self._turn:
            if self._of is not mesh:
                self.took(mesh, *(await endpoints(mesh, self._connector))[:2])
            elif time.monotonic() - self._at >= AGAIN:
                before = self._placed
                self._placed, self._resolved = await names_again(before)
                self._at = time.monotonic()
                if before != self._placed:
                    self._moved()
            return self._placed, self._resolved
