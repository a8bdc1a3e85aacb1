"""Stand-ins and the process that answers them, by the pipes between the two."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from meshtui.demo import commands
from meshtui.demo.calls import Answer, Calls
from tests.demo.hosts import until


class Ring:
    """A folder of stand-ins, and what they asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, list[str], bytes]] = []
        self.says = Answer(0)
        self.waits = asyncio.Event()
        self.waits.set()
        commands.lay_out(folder / "bin", ["wg", "nft"])
        self.calls = Calls(folder, self._call)
        self.calls.open()

    async def _call(self, tool: str, argv: Sequence[str], stdin: bytes) -> Answer:
        self.asked.append((tool, list(argv), stdin))
        await self.waits.wait()
        return self.says

    async def start(self, script: str) -> asyncio.subprocess.Process:
        environ = {"PATH": str(self.folder / "bin"), "DEMO_HOST": str(self.folder)}
        return await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", script),
            env=environ,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
        )

    async def run(self, script: str) -> Answer:
        process = await self.start(script)
        out, err = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode is not None
        return Answer(process.returncode, out, err)


@pytest.fixture
async def ring(tmp_path: Path) -> AsyncIterator[Ring]:
    made = Ring(tmp_path)
    yield made
    made.calls.close()


@pytest.mark.parametrize(
    ("script", "argv", "stdin"),
    [
        ("wg", [], b""),
        ("wg ''", [""], b""),
        ("wg set wg0 peer '' x", ["set", "wg0", "peer", "", "x"], b""),
        ("echo key | wg pubkey", ["pubkey"], b"key\n"),
        ("printf 'a\\nb' | wg addconf wg0 /dev/stdin", ["addconf", "wg0", "/dev/stdin"], b"a\nb"),
        ("wg $(seq 20000)", [str(n) for n in range(1, 20001)], b""),
        ("echo a | wg show", ["show"], b""),
    ],
)
async def test_what_is_asked(ring: Ring, script: str, argv: list[str], stdin: bytes) -> None:
    assert await ring.run(script) == Answer(0)
    assert ring.asked == [("wg", argv, stdin)]


@pytest.mark.parametrize(
    "says",
    [
        Answer(0),
        Answer(0, b"out\n"),
        Answer(1, b"", b"Unable to access interface\n"),
        Answer(3, b"no newline", b"one\n\ntwo\n"),
        Answer(0, b"a line of many\n" * 40_000, b"told\n"),
    ],
)
async def test_what_is_answered(ring: Ring, says: Answer) -> None:
    ring.says = says
    assert await ring.run("wg show") == says


async def test_many_at_once(ring: Ring) -> None:
    ring.says = Answer(0, b"said\n")
    said = await ring.run("for n in $(seq 100); do wg $n & done; wait")
    assert said.out == b"said\n" * 100
    assert sorted(int(argv[0]) for _, argv, _ in ring.asked) == list(range(1, 101))
    await until(lambda: not list((ring.folder / "calls").glob("*.lock")))
    assert not list((ring.folder / "calls").glob("pid*"))


async def test_one_that_was_ended_leaves_its_slot_to_others(ring: Ring) -> None:
    ring.waits.clear()
    process = await ring.start("wg show & wait")
    await until(lambda: bool(ring.asked))
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    ring.waits.set()
    assert (await ring.run("wg show")).status == 0
