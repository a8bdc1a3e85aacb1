"""New keys: a host's own, one host after another, and the preshared ones of links.

Nothing of mesh.toml is edited for that: each is a plan of its own, shown and applied as any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from meshtui.inert import inert
from meshtui.tui.row import NAME_LIMIT
from meshtui.tui.waiting import answer

if TYPE_CHECKING:
    from meshtui.plan.model import Plan
    from meshtui.tui.app import MeshApp

#: Hosts that are named before the rest is counted.
_NAMED = 3


class Rotating:
    """For one app."""

    def __init__(self, app: MeshApp, refused: Callable[[], bool]) -> None:
        """`refused`: whether nothing may be changed now; it says why."""
        self._app, self._refused = app, refused

    def rotate(self, *names: str) -> None:
        """Show what it is to give each of these hosts another key, one after another."""
        if names and not self._refused():
            self._next(names, len(names))

    def renew(self, *names: str) -> None:
        """Show what it is to give the links of these hosts new preshared keys."""
        app = self._app
        if not names or self._refused():
            return
        if not app.looking.live.mesh.preshared_keys:
            app.complain(
                "the mesh has no preshared keys (preshared_keys = true in [mesh], then apply)"
            )
            return

        async def read(prune: bool) -> Plan:
            return await answer((await app.opened()).plan(prune=prune, renew_psk=names))

        app.applying.plan(f"new preshared keys for the links of {_shown(names)}", read)

    def _next(self, names: Sequence[str], of: int) -> None:
        """The plan for the first; for the others once that has ended well."""
        app, (name, *rest) = self._app, names
        at = f", {of - len(rest)} of {of}" if of > 1 else ""

        async def read(_: bool) -> Plan:
            return await answer((await app.opened()).plan_rotation(name))

        def ended(well: bool) -> None:
            if not rest:
                return
            if well and app.applying.in_front:
                app.back_to_mesh()
                self._next(rest, of)
                return
            # Whoever looks elsewhere must not find another plan under the next key.
            why = "" if well else f" after {_shown([name])}"
            app.complain(f"rotating stopped{why}: {_shown(rest)} to go (:rotate goes on)")

        title = f"another key for {_shown([name])}{at}"
        app.applying.plan(title, read, then=ended, prunes=False)


def _shown(names: Sequence[str]) -> str:
    """`a, b and 8 more`."""
    shown = ", ".join(inert(name, NAME_LIMIT) for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
