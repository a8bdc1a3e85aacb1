"""meshtui's own commands on hosts of the demo: the real scripts, keys and handshakes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from meshtui.demo.served import Demo
from meshtui.errors import UnknownHostKey
from meshtui.fleet.fleet import Fleet
from meshtui.ssh.connect import Connection, Connector
from meshtui.ssh.shell import Shell


async def meshtui(demo: Demo, *args: str, code: int | None = 0) -> Any:
    """What a command says with --json; it must end with `code`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "meshtui", "-f", demo.mesh_file, "-F", demo.ssh_config),
        *(*args, "--json"),
        env={**os.environ, "XDG_STATE_HOME": str(demo.folder / "state")},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    if code is not None:
        assert process.returncode == code, (out + err).decode()
    return json.loads(out)


def up(applied: Any) -> tuple[int, int]:
    return sum(one["ok"] for one in applied["directions"]), len(applied["directions"])


async def unhealthy(demo: Demo) -> set[tuple[str, str]]:
    links = (await meshtui(demo, "status", code=None))["links"]
    return {(one["from"], one["to"]) for one in links if one["state"] not in ("up", "idle")}


async def test_seven_hosts_one_of_them_behind_nat() -> None:
    async with await Demo.start(7) as demo:
        assert up(await meshtui(demo, "apply", "--yes")) == (42, 42)
        assert await unhealthy(demo) == set()
        assert (await meshtui(demo, "plan"))["changes"] == 0


async def test_what_a_plan_saw_of_a_host_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    ask, open_ = Shell.ask, Connector.open

    async def ask_and_tell(shell: Shell, verb: str, *args: str, **more: Any) -> bytes:
        asked.append(f"{shell.host} {verb}")
        return await ask(shell, verb, *args, **more)

    async def open_and_tell(connector: Connector, name: str, written: str) -> Connection:
        asked.append(f"{name} opened")
        return await open_(connector, name, written)

    async def never(_: UnknownHostKey) -> bool:
        return False

    async with await Demo.start(3, spare=0) as demo:
        monkeypatch.setenv("XDG_STATE_HOME", str(demo.folder / "state"))
        await meshtui(demo, "apply", "--yes")
        await demo.fault("down", "fra-1")
        monkeypatch.setattr(Shell, "ask", ask_and_tell)
        monkeypatch.setattr(Connector, "open", open_and_tell)
        fleet = Fleet(demo.mesh_file, never, demo.ssh_config)
        try:
            polled = await fleet.status(await fleet.plan())
            assert {one.host.name: one.host.state for one in polled} == {
                "fra-1": "unreachable",
                "nyc-1": "up",
                "office": "up",
            }
            told = Counter(asked)
            assert told["fra-1 opened"] == 1 and told["office observe"] == 1
            assert not [one for one in told if one.endswith(" look")]
            await fleet.status()
            assert f"{polled[1].host.name} look" in asked
        finally:
            await fleet.close()


async def test_what_goes_wrong_shows_and_is_put_right() -> None:
    async with await Demo.start(3, spare=0) as demo:
        await meshtui(demo, "apply", "--yes")

        # A power cut: the others go on, and it comes back as it was.
        await demo.fault("down", "fra-1")
        said = await meshtui(demo, "status", code=1)
        assert {name: host["state"] for name, host in said["hosts"].items()} == {
            "fra-1": "unreachable",
            "nyc-1": "up",
            "office": "up",
        }
        await demo.fault("down", "fra-1", on=False)
        async with asyncio.timeout(30):
            while await unhealthy(demo):
                await asyncio.sleep(0.2)
        assert (await meshtui(demo, "plan"))["changes"] == 0

        # A peer that somebody removed is missed, and only that is put back.
        await demo.fault("forget", "nyc-1", "fra-1")
        planned = await meshtui(demo, "plan", code=3)
        assert [host for host, steps in planned["hosts"].items() if steps] == ["nyc-1"]
        await meshtui(demo, "apply", "--yes")
        assert (await meshtui(demo, "plan"))["changes"] == 0

        # A full disk stops a change before anything is changed.
        text = demo.mesh_file.read_text()
        demo.mesh_file.write_text(text.replace("[mesh]", "[mesh]\nmtu = 1400"))
        await demo.fault("full", "fra-1")
        await meshtui(demo, "apply", "--yes", code=1)
        await demo.fault("full", "fra-1", on=False)
        mtu = demo.folder / "hosts/fra-1/sys/class/net/wg0/mtu"
        assert mtu.read_text() == "1420\n"
        await meshtui(demo, "apply", "--yes")
        assert mtu.read_text() == "1400\n"


def conf(demo: Demo, host: str) -> str:
    return (demo.folder / f"hosts/{host}/etc/wireguard/wg0.conf").read_text()


async def test_files_that_are_put_in_place_without_ssh() -> None:
    async with await Demo.start(3, spare=0) as demo:
        await meshtui(demo, "apply", "--yes")
        files = {name: conf(demo, name) for name in demo.hosts}
        text = Path(demo.mesh_file).read_text()
    async with await Demo.start(3, spare=0) as demo:
        demo.mesh_file.write_text(text)
        await demo.form(files)
        async with asyncio.timeout(30):
            while await unhealthy(demo):
                await asyncio.sleep(0.2)
        assert (await meshtui(demo, "plan"))["changes"] == 0
