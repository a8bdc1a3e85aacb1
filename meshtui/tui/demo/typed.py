"""What can be typed behind `:` in a demo only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from meshtui.tui.commands import COMMANDS, Command
from meshtui.tui.demo.faults import KINDS, Fault
from meshtui.tui.typed import Commands

if TYPE_CHECKING:
    from meshtui.tui.demo.app import DemoApp


class DemoCommands(Commands):
    """Of a demo's app."""

    known = (
        *COMMANDS,
        Command("fault", ("fault", "host", "host"), "have something go wrong on a host", 2),
        Command("heal", ("host",), "end what was done to a host, or everything"),
    )

    def __init__(self, app: DemoApp) -> None:
        super().__init__(app)
        self._demo_app = app

    def words(self) -> Mapping[str, Sequence[str]]:
        """What completes an argument, by its kind."""
        return {**super().words(), "fault": list(KINDS)}

    async def _fault(self, kind: str, *names: str) -> None:
        self._one_of("fault", kind)
        await self._demo_app.break_(Fault(kind, tuple(map(self._known, names))))

    async def _heal(self, name: str = "") -> None:
        host = self._known(name) if name else None
        on = [fault for fault in self._demo_app.faults.on if host is None or host in fault.hosts]
        if not on:
            raise ValueError("nothing was done that could be healed")
        await self._demo_app.heal(on)
