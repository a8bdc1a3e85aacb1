"""Embedded hosts at a size that network namespaces do not reach."""

from __future__ import annotations

import json
import os
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import DEVNULL, PIPE
from typing import Any

import pytest

from meshtui.cli.formed import form
from meshtui.demo.served import Demo

pytestmark = pytest.mark.long

#: Far more than it takes: how long that is, bench_demo.py tells.
SECONDS = 240


async def status(demo: Demo, *args: str) -> tuple[int | None, Any]:
    """The exit code of `meshtui status`, and what it says."""
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "meshtui", "-f", demo.mesh_file, "-F", demo.ssh_config),
        *("status", "--json", *args),
        env={**os.environ, "XDG_STATE_HOME": str(demo.folder / "state")},
        stdin=DEVNULL,
        stdout=PIPE,
    )
    async with timeout(SECONDS):
        out, _ = await process.communicate()
    return process.returncode, json.loads(out)


async def healthy(demo: Demo, *args: str) -> Any:
    """What status says once all is well: handshakes of so many take a while."""
    async with timeout(SECONDS):
        while True:
            code, said = await status(demo, *args)
            if code == 0:
                return said


async def test_two_hundred_in_a_full_mesh() -> None:
    async with await Demo.start(200, spare=0) as demo:
        await demo.form(form(demo.mesh_file))
        said = await healthy(demo)
        assert len(said["links"]) == 200 * 199
        assert all(host["drift"] == [] for host in said["hosts"].values())

        # One that goes down is the only one, and its links alone are not what they were.
        await demo.fault("down", "sgp-4")
        code, said = await status(demo, "--no-drift")
        assert code == 1
        assert [name for name, host in said["hosts"].items() if host["state"] != "up"] == ["sgp-4"]
        ill = {one["from"] for one in said["links"] if one["state"] not in ("up", "idle")}
        assert ill == {"sgp-4"}


async def test_a_thousand_in_groups() -> None:
    async with await Demo.start(1000, spare=0, groups=True) as demo:
        await demo.form(form(demo.mesh_file))
        said = await healthy(demo)
        assert len(said["hosts"]) == 1000
        assert all(host["state"] == "up" for host in said["hosts"].values())
        # Of so many, drift is looked for only where that is asked for.
        assert all(host["drift"] is None for host in said["hosts"].values())
        assert said["paths"]
