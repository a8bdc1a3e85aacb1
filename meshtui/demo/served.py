"""A demo as whoever uses it has it: its hosts live in a process of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from meshtui.errors import MeshError

#: A thousand hosts take less.
_START_SECONDS = 60.0
_END_SECONDS = 30.0
_PLAIN = re.compile(r"/[\w./+-]+")

#: What the process says on stderr: nothing, as long as all is well.
_SAID = "stderr"


class Demo:
    """Hosts that run. `Demo.start` makes one, `close` ends it, as does the end of `async with`."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.hosts: tuple[str, ...] = ()
        """Those in mesh.toml."""
        self.spares: tuple[str, ...] = ()
        """Those that run as well, to be added."""
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, count: int = 7, *, spare: int = 1, groups: bool = False) -> Self:
        """`count` hosts and `spare` more that no mesh.toml names; MeshError tells why not."""
        folder = _new_folder()
        with (folder / _SAID).open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "meshtui.demo", str(folder)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                # A Ctrl-C in the terminal is ours alone.
                start_new_session=True,
                limit=1 << 20,
            )
        demo = cls(folder, process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                named = await demo._ask("start", count=count, spare=spare, groups=groups)
        except BaseException as error:
            await demo.close()
            if isinstance(error, TimeoutError):
                raise MeshError(f"the demo did not start in {_START_SECONDS:g} s") from None
            raise
        demo.hosts, demo.spares = tuple(named["hosts"]), tuple(named["spares"])
        return demo

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def mesh_file(self) -> Path:
        """Its mesh.toml."""
        return self.folder / "mesh.toml"

    @property
    def ssh_config(self) -> Path:
        """What `ssh -F` takes to log in to the hosts by their names."""
        return self.folder / "ssh_config"

    async def fault(self, kind: str, *hosts: str, on: bool = True) -> None:
        """Let something go wrong, or go well again; MeshError: there is no such fault or host.

        `kind` and `hosts`: "down" H, the power is off; "slow" H, all that it sends is late;
        "block" A B, packets from A do not reach B; "full" H, its disk is; "clock" H, it is a day
        ahead; "forget" A B, B is removed from A's peers behind meshtui's back, which only meshtui
        takes back.
        """
        await self._ask("fault", kind=kind, hosts=hosts, on=on)

    async def form(self, files: Mapping[str, str]) -> None:
        """Put a wg-quick file on each host, by its name, and have it up, all without SSH."""
        for host, text in files.items():
            await self._ask("form", host=host, file=text)

    async def close(self) -> None:
        """End all of it; nothing is left behind."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _ask(self, what: str, **more: Any) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        async with self._turn:
            try:
                stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
                await stdin.drain()
                line = await stdout.readline()
            except OSError:
                line = b""
        if not line:
            said = (self.folder / _SAID).read_text("utf-8", "replace").strip().rpartition("\n")[2]
            why = f": {said}" if said else ""
            raise MeshError(f"the demo's hosts are gone: their process ended{why}")
        answer: dict[str, Any] = json.loads(line)
        if "what" in answer:
            raise MeshError(answer["what"], host=answer["host"], hint=answer["hint"])
        return answer


def _new_folder() -> Path:
    """The path of a new folder, which a shell takes for one word."""
    for place in (tempfile.gettempdir(), "/tmp"):  # noqa: S108
        plain = str(Path(place).resolve())
        if _PLAIN.fullmatch(plain):
            return Path(tempfile.mkdtemp(prefix="meshtui-demo-", dir=plain))
    raise MeshError(
        f"the demo cannot be in {tempfile.gettempdir()}: a shell would not take that for one word",
        hint="set TMPDIR to a folder whose path has letters and digits only",
    )
