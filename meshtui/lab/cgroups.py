"""The control groups of hosts with systemd: the one thing that the kernel does not end itself."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path

from meshtui.lab.procs import wait_until


def of_lab(name: str) -> list[Path]:
    """Every control group of the lab `name`'s hosts, as host-systemd.sh made them."""
    roots = [
        Path(fields[4])
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if len(fields := line.partition(" - ")[0].split()) > 4
        and line.partition(" - ")[2].startswith("cgroup")
    ]
    return [group for root in roots for group in root.glob(f"meshtui-lab.{name}.*")]


def remove(name: str) -> bool:
    """Remove them all, once they are empty; return whether there were any."""
    groups = of_lab(name)
    for group in groups:
        for inner, _, _ in os.walk(group, topdown=False):
            # The kernel lets go of the last process a moment after its end.
            wait_until(partial(_gone, Path(inner)), 10, f"{inner} is in use".__str__)
    return bool(groups)


def _gone(group: Path) -> bool:
    with suppress(OSError):
        group.rmdir()
    return not group.exists()
