"""A demo from its parent's side."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from meshtui.demo.served import Demo
from meshtui.errors import MeshError
from meshtui.store.meshfile import load
from tests.demo.hosts import until

PARENT = """
import asyncio, sys
from meshtui.demo.served import Demo
async def main():
    demo = await Demo.start(3)
    print(demo.folder, demo._process.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def lives(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1]
    except FileNotFoundError:
        return False


async def test_it_begins_with_hosts_and_ends_without_a_trace() -> None:
    async with await Demo.start(7, spare=2) as demo:
        assert demo.hosts == ("fra-1", "fra-2", "nyc-1", "nyc-2", "sgp-1", "sgp-2", "office")
        assert demo.spares == ("fra-3", "nyc-3")
        assert stat.S_IMODE(demo.folder.stat().st_mode) == 0o700
        mesh = load(demo.mesh_file)
        assert tuple(mesh.hosts) == demo.hosts
        with pytest.raises(MeshError, match="no such host"):
            await demo.fault("down", "nobody")
        with pytest.raises(MeshError, match="no such fault"):
            await demo.fault("bored", "fra-1")
        pid = demo._process.pid
    assert not demo.folder.exists()
    assert not lives(pid)


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
async def test_it_ends_with_who_started_it(way: signal.Signals) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=PIPE, stderr=PIPE
    )
    assert parent.stdout
    folder, pid = (await parent.stdout.readline()).split()
    os.kill(parent.pid, way)
    await parent.communicate()
    await until(lambda: not lives(int(pid)))
    assert not Path(os.fsdecode(folder)).exists()


async def test_hosts_that_are_gone_are_told_of() -> None:
    async with await Demo.start(3) as demo:
        os.kill(demo._process.pid, signal.SIGKILL)
        with pytest.raises(MeshError, match="their process ended"):
            await demo.fault("down", "fra-1")
    assert not demo.folder.exists()
