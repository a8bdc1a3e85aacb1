"""To the clipboard, as many ways as there are: no terminal says whether it took OSC 52."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping

#: Seconds that a helper may take.
_WITHIN = 2.0


def helper(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """The program of this session that takes a clipboard's text on stdin; None: there is none."""
    choices: list[tuple[str, ...]] = []
    if environ.get("TMUX"):
        choices.append(("tmux", "load-buffer", "-w", "-"))
    if environ.get("WAYLAND_DISPLAY"):
        choices.append(("wl-copy",))
    if environ.get("DISPLAY"):
        choices += [("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input")]
    if sys.platform == "darwin":
        choices.append(("pbcopy",))
    return next((argv for argv in choices if shutil.which(argv[0])), None)


async def give(text: str) -> None:
    """Hand `text` to that program, if there is one. OSError: it did not take it."""
    argv = helper(os.environ)
    if argv is None:
        return
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_WITHIN):
            await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        raise OSError(f"{argv[0]} did not end") from None
    if process.returncode:
        raise OSError(f"{argv[0]} ended with status {process.returncode}")
