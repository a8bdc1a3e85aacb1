"""The process that a demo's hosts live in: `python -m meshtui.demo FOLDER`, started by served.py.

Each line on stdin asks for something, each on stdout answers it, both in JSON. It ends with
its stdin, and nothing that it started or made outlives it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path

from meshtui.demo.control import Control
from meshtui.errors import MeshError
from meshtui.limits import most_open_files

#: More than any file of a host is long.
LONGEST = 16 << 20


async def _serve(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.StreamReader(LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    me = asyncio.current_task()
    assert me
    loop.add_signal_handler(signal.SIGTERM, me.cancel)
    control = Control(folder)
    try:
        while line := await asked.readline():
            try:
                answer = await control.obey(json.loads(line))
            except MeshError as error:
                answer = {"what": error.what, "host": error.host, "hint": error.hint}
            print(json.dumps(answer), flush=True)  # noqa: T201
    except asyncio.CancelledError:
        return
    finally:
        await control.close()


def _watch_children() -> None:
    """As Python does from 3.12 on: without a thread for each process that a host starts."""
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        try:
            os.close(os.pidfd_open(os.getpid()))
        except OSError:  # the kernel, or the container, has no such thing
            return
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())


def main() -> None:
    """Serve until stdin ends, or until SIGTERM."""
    # A host needs five open files and more, and a demo may have a thousand hosts.
    most_open_files()
    # Most of what is made lives as long as the demo: to look at it all often frees nothing.
    gc.set_threshold(100_000)
    _watch_children()
    asyncio.run(_serve(Path(sys.argv[1])))


main()
