"""Gives the terminal to another program, and takes it back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from textual.app import App


async def hand_over(app: App[None], argv: Sequence[str], said: str) -> int:
    """Run `argv` on this terminal with `said` above it; its exit status.

    The event loop goes on: connections are kept alive, the hosts looked at. OSError:
    there is no such program. SuspendNotSupported: this terminal cannot be given away.
    """
    # Drawing stops first: a look that comes in must not paint over the other program.
    failed: BaseException | None = None
    status = -1
    with app.batch_update(), app.suspend(), _ctrl_c_is_not_ours():
        # Textual gives the terminal back only where nothing is raised in here.
        try:
            print(said, flush=True)  # noqa: T201
            status = await _run(argv)
        except (OSError, asyncio.CancelledError) as error:
            failed = error
    if failed is not None:
        raise failed
    return status


async def _run(argv: Sequence[str]) -> int:
    process = await asyncio.create_subprocess_exec(*argv)
    try:
        return await process.wait()
    except asyncio.CancelledError:
        # It must not stay on a terminal that is ours again.
        process.kill()
        await process.wait()
        raise


@contextmanager
def _ctrl_c_is_not_ours() -> Iterator[None]:
    """Until it puts the terminal in raw mode, ctrl-c reaches the other program and us.

    A handler, not SIG_IGN, which the program would inherit.
    """
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
