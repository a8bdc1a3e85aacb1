"""A Fleet in a lab's operator namespace, asked from outside; run as a script, it is that Fleet."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from meshtui.lab import Lab

_ROOT = Path(__file__).parents[2]


#: How long a command may run here, in seconds: tests have less time than people.
COMMAND_SECONDS = 4


def _command(lab: Lab, method: str, args: tuple[object, ...]) -> list[str]:
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    words = [sys.executable, __file__, method, json.dumps(args)]
    return lab.command(["env", f"PYTHONPATH={path}", *words])


def ask(lab: Lab, method: str, *args: object) -> list[dict[str, Any]]:
    """What `Fleet.method(*args)` gives: one, or for a stream each; an error is {"error": ...}."""
    done = subprocess.run(
        _command(lab, method, args), capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Watch:
    """A watch that goes on in the background, a look a second. `events` are (when, HostPolled)."""

    def __init__(self, lab: Lab) -> None:
        self._process = subprocess.Popen(
            _command(lab, "watch", ()), stdout=subprocess.PIPE, text=True
        )
        self.events: list[tuple[float, dict[str, Any]]] = []
        self._new: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._new.put(line)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float) -> float:
        """When (monotonic) the first event from now on was that is `wanted`."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self._new.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                last = {e["host"]["name"]: (e["host"]["state"], e["links"]) for _, e in self.events}
                raise AssertionError(f"not seen in {seconds} s; last: {last}") from None
            at, event = json.loads(line)
            self.events.append((at, event))
            if wanted(event):
                return float(at)

    def host(self, name: str, state: str, seconds: float = 20) -> float:
        """When the host was seen in this state."""
        return self.until(
            lambda e: (e["host"]["name"], e["host"]["state"]) == (name, state), seconds
        )

    def link(self, from_: str, to: str, state: str, seconds: float = 30) -> float:
        """When the direction was seen in this state."""
        return self.until(lambda e: [from_, to, state] in [li[:3] for li in e["links"]], seconds)

    def states(self, from_: str, to: str, since: float = 0.0) -> list[str]:
        """The direction's states so far, one for each change."""
        found: list[str] = []
        for at, event in self.events:
            for link in event["links"]:
                if at >= since and link[:2] == [from_, to] and found[-1:] != [link[2]]:
                    found.append(link[2])
        return found


async def _main(method: str, args: list[Any]) -> None:
    from meshtui.errors import HostError
    from meshtui.fleet import commands
    from meshtui.fleet.fleet import Fleet

    commands.COMMAND_SECONDS = COMMAND_SECONDS

    async def refuse(_: object) -> bool:
        return False

    fleet = Fleet(Path("mesh.toml"), refuse)
    if method == "watch":
        args = [lambda: 1.0]
    if method == "watch_both":
        # Drift is looked for when a look shows something new: the looks must go on.
        looks = asyncio.create_task(_drain(fleet.watch(lambda: 1.0)))
        async for found in fleet.drifting.watch():
            _tell(_plain(found))
        await looks
    result = getattr(fleet, method)(*args)
    try:
        if isinstance(result, AsyncIterator):
            async for one in result:
                _tell([time.monotonic(), _plain(one)] if method == "watch" else _plain(one))
        else:
            _tell(_plain(await result))
    except HostError as error:
        _tell({"error": str(error), "state": error.state})
    await fleet.close()


async def _drain(looks: AsyncIterator[object]) -> None:
    async for _ in looks:
        pass


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value._asdict() if hasattr(value, "_asdict") else value


def _tell(value: object) -> None:
    print(json.dumps(value, default=list), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], json.loads(sys.argv[2])))
