"""Round trips over the mesh: measured when asked, or again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.timer import Timer

from meshtui.mesh.links import reached

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp


class Measuring:
    """Asks the fleet for round trips and puts them into the live view."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app
        self._timer: Timer | None = None
        self.seconds = 0.0
        """Between two measurements; 0: only when asked."""
        self.left: int | None = None
        """How many hosts have not answered yet; None: nothing is being measured."""

    def every(self, seconds: float) -> None:
        """Measure every `seconds`, from now on; 0: no more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.seconds = seconds
        if seconds:
            self._timer = self._app.set_interval(seconds, self.start)
            self.start()
        self._app.picture.tell()

    def start(self) -> None:
        """Measure once, if nothing is being measured already."""
        if self.left is None and self._app.fleet is not None:
            self._app.run_worker(
                self._measure(), name="round trips", group="rtt", exit_on_error=False
            )

    async def _measure(self) -> None:
        app, live = self._app, self._app.looking.live
        # A host that is down would only make everybody wait.
        mesh, hosts = live.mesh, [row.name for row in live.rows if row.state == "up"]
        waiting = {name: len(reached(mesh, mesh.hosts[name])) for name in hosts}
        self.left = len(hosts)
        app.picture.tell()
        try:
            fleet = await app.opened()
            async for trip in fleet.round_trips(hosts):
                changed = live.measured(trip)
                waiting[trip.from_] = waiting.get(trip.from_, 1) - 1
                self.left = sum(1 for count in waiting.values() if count > 0)
                if changed is not None:
                    app.looking.touch([changed], news=True)
        finally:
            self.left = None
            app.picture.tell()
