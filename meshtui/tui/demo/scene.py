"""How things stand, as plain values: all that the story goes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from textual.screen import ModalScreen

from meshtui.tui.demo.faults import Fault
from meshtui.tui.screens.link import LinkScreen

if TYPE_CHECKING:
    from meshtui.tui.demo.app import DemoApp


class Scene(NamedTuple):
    """One moment."""

    front: str = "MeshScreen"
    """The class of the screen in front that is no dialog."""
    about: tuple[str, ...] = ()
    """The host, or the two, that it is all about."""
    pinged: bool = False
    """Whether it shows the answer to a ping between the two."""
    row: str = ""
    """The host of the grid's row under the cursor."""
    keys: Mapping[str, str | None] = {}
    """Of the hosts in mesh.toml: the public key of each, if it has one."""
    states: Mapping[str, str] = {}
    """Of the same: whether it answers."""
    healthy: int = 0
    directions: int = 0
    missing: frozenset[str] = frozenset()
    """Hosts that lack the entry of a peer."""
    stale: frozenset[str] = frozenset()
    """Hosts that others no longer hear."""
    drift: frozenset[str] = frozenset()
    """Hosts that have something otherwise than mesh.toml says."""
    running: bool = False
    """Whether an apply is under way."""
    asking: bool = False
    """Whether it asks to be kept."""
    applied: int = 0
    """How many went well."""
    on: tuple[Fault, ...] = ()
    """The faults that last."""
    done: int = 0
    """How many there ever were."""
    spare: str | None = None
    """A host that may join."""

    @property
    def whole(self) -> bool:
        """Whether every direction works that there should be, and nothing is being changed."""
        return 0 < self.directions == self.healthy and not self.running


def scene_of(app: DemoApp) -> Scene:
    """How things stand in `app` now."""
    live, run = app.looking.live, app.applying.run
    front = next(s for s in reversed(app.screen_stack) if not isinstance(s, ModalScreen))
    hosts = range(live.hosts)
    states = [live.rows[at].states for at in hosts]
    about: tuple[str, ...] = (host,) if (host := getattr(front, "host", None)) else ()
    pinged = False
    if isinstance(front, LinkScreen):
        about = front.pair
        pinged = any(not isinstance(asked.ping, str) for asked in front.asked.values())
    return Scene(
        front=type(front).__name__,
        about=about,
        pinged=pinged,
        row=app.mesh_screen.host or "",
        keys={live.names[at]: live.rows[at].public_key for at in hosts},
        states={live.names[at]: live.rows[at].state for at in hosts},
        healthy=live.healthy,
        directions=live.directions,
        missing=frozenset(live.names[at] for at in hosts if "missing" in states[at]),
        stale=frozenset(
            name for to, name in enumerate(live.names) for seen in states if seen[to] == "stale"
        ),
        drift=frozenset(live.names[at] for at in hosts if live.drifts(at)),
        running=app.applying.running,
        asking=run is not None and run.asking,
        applied=app.applied,
        on=tuple(app.faults.on),
        done=len(app.faults.done),
        spare=app.spare,
    )
