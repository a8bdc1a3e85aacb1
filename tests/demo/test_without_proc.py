"""The real program on a machine that has no /proc, as macOS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from meshtui.demo.calls import Answer
from meshtui.demo.folder import Folder
from tests.demo.hosts import fleet, running_in, shell, stub, until


@pytest.fixture(autouse=True)
def no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    lead_in = Folder.lead_in

    def without(self: Folder, program: bytes) -> bytes:
        for own in (b"/proc/self", b"/proc/$"):
            program = program.replace(own, b"/nowhere")
        return lead_in(self, program)

    monkeypatch.setattr(Folder, "lead_in", without)


async def test_going_back_waits_for_a_step_under_way(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made, shell(made) as one, shell(made) as other:
        host = made.hosts["fra-1"]
        kernel = stub(host)
        kernel.says["systemd-run"] = kernel.says["wg set wg0 listen-port 5"] = Answer(0)
        for stops in (
            "stop meshtui-revert-a.timer",
            "stop wg-quick@wg0",
            "reset-failed wg-quick@wg0",
        ):
            kernel.says[f"systemctl {stops}"] = Answer(0)
        await one.ask("arm", "wg0", "a", "0", "none", "-", "me@here", deadline=10)
        change = host.folder.path / "var/lib/meshtui/wg0/change.a"
        kernel.stuck = "wg"
        kernel.asked.clear()
        step = asyncio.create_task(
            one.ask("change", "wg0", "a", "0", data=b"listen-port 5\n", deadline=20)
        )
        await until(lambda: bool(kernel.asked))
        assert int((change / "busy").read_text().split()[0]) in running_in(host)
        back = asyncio.create_task(other.ask("revert", "wg0", "a", deadline=20))
        await until((change / "rolling").exists)
        await asyncio.sleep(0.5)
        assert change.exists() and not back.done()
        kernel.goes_on.set()
        await asyncio.gather(step, back)
        assert not change.exists()
