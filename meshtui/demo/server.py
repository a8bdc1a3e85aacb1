"""A machine with its tools: what the stand-ins of a host ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from meshtui.demo.calls import Answer
from meshtui.demo.machine import Machine
from meshtui.demo.tools import units
from meshtui.demo.tools.ip import ip
from meshtui.demo.tools.ping import ping
from meshtui.demo.tools.quick import sysctl, wg_quick
from meshtui.demo.tools.wg import wg

#: By its name, what each answers to arguments and stdin.
TOOLS: dict[str, Callable[[Machine, list[str], bytes], Awaitable[Answer]]] = {
    "wg": wg,
    "wg-quick": wg_quick,
    "ip": ip,
    "ping": ping,
    "sysctl": sysctl,
    "systemctl": units.systemctl,
    "systemd-run": units.systemd_run,
    "journalctl": units.journalctl,
}


class Server:
    """`machine`, as its host has it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def call(self, tool: str, argv: Sequence[str], stdin: bytes) -> Answer:
        """What a tool says; files among its arguments are real paths."""
        return await TOOLS[tool](self._machine, list(argv), stdin)

    async def boot(self) -> None:
        """Have up what is enabled."""
        await units.boot(self._machine)

    def halt(self) -> None:
        """Lose all that is not on disk."""
        self._machine.halt()
