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

from meshtui.cli.formed import form
from meshtui.demo.control import Control
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


async def test_a_slow_host_is_late_in_its_tunnels_too(tmp_path: Path) -> None:
    control = Control(tmp_path / "demo")
    try:
        await control.obey({"do": "start", "count": 3, "spare": 0, "groups": False})
        for name, text in form(tmp_path / "demo/mesh.toml").items():
            await control.obey({"do": "form", "host": name, "file": text})

        async def milliseconds() -> float:
            said = await control._host("nyc-1").tool(
                *("ping", "-n", "-c", "1", "-w", "9"), "10.44.0.1"
            )
            assert said.status == 0, said
            return float(said.out.decode().partition("time=")[2].split()[0])

        slow = {"do": "fault", "kind": "slow", "hosts": ["fra-1"]}
        await milliseconds()  # which shakes hands
        assert await milliseconds() < 200
        await control.obey({**slow, "on": True})
        assert 400 < await milliseconds() < 900
        await control.obey({**slow, "on": False})
        assert await milliseconds() < 200
    finally:
        await control.close()
