"""A command that nobody waits for any more ends on the host, and leaves nothing there."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from meshtui.fleet import commands
from meshtui.fleet.fleet import Fleet

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be a host itself")

MESH = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n[hosts.a]\nssh = "local"\n'


async def _refuse(_: object) -> bool:
    return False


@pytest.mark.parametrize("by", ["cancel", "deadline"])
async def test_it_ends_on_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if by == "deadline":
        monkeypatch.setattr(commands, "_SLACK", 1.0 - commands.COMMAND_SECONDS)
    (tmp_path / "mesh.toml").write_text(MESH)
    before = set(Path("/run").glob("meshtui.*"))
    fleet = Fleet(tmp_path / "mesh.toml", _refuse)
    try:
        text = f"echo $$ >{tmp_path}/pid; touch {tmp_path}/begun; sleep 3; touch {tmp_path}/mark"
        results = fleet.run(["a"], text)
        waiting = asyncio.ensure_future(anext(results))
        async with asyncio.timeout(10):
            while not (tmp_path / "begun").exists():
                await asyncio.sleep(0.02)
        if by == "cancel":
            waiting.cancel()
            await asyncio.wait({waiting})
        else:
            assert "not known whether it was done" in str((await waiting).error)
        pid = int((tmp_path / "pid").read_text())
        async with asyncio.timeout(2.5):
            while Path(f"/proc/{pid}").exists():
                await asyncio.sleep(0.02)
        assert set(Path("/run").glob("meshtui.*")) <= before
        await asyncio.sleep(3)
        assert not (tmp_path / "mark").exists()
        # And the host is there for the next one.
        assert [one.output async for one in fleet.run(["a"], "echo on")] == ["on\n"]
    finally:
        await fleet.close()
