"""Every tool that a machine answers for, by its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from meshtui.demo.calls import Answer
from meshtui.demo.tools.ip import ip
from meshtui.demo.tools.ping import ping
from meshtui.demo.tools.quick import sysctl, wg_quick
from meshtui.demo.tools.units import journalctl, systemctl, systemd_run
from meshtui.demo.tools.wg import wg

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

Tool = Callable[["Machine", list[str], bytes], Awaitable[Answer]]

TOOLS: dict[str, Tool] = {
    "wg": wg,
    "wg-quick": wg_quick,
    "ip": ip,
    "ping": ping,
    "sysctl": sysctl,
    "systemctl": systemctl,
    "systemd-run": systemd_run,
    "journalctl": journalctl,
}
