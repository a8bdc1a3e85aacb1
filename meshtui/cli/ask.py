"""Asking a person at the terminal: before a change, and whether it stays."""

from __future__ import annotations

import asyncio
import sys
import termios
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

from meshtui.errors import MeshError, UsageError
from meshtui.inert import inert

if TYPE_CHECKING:
    from meshtui.cli.apply import ApplyReport
    from meshtui.fleet.events import Keep, Verdict


async def agreed(args: SimpleNamespace) -> None:
    """Return if the plan shown is agreed to: by --yes, or by a person. UsageError: by nobody."""
    if args.yes:
        return
    if args.json:
        raise UsageError("--json shows no plan to agree to", hint="--yes applies it")
    await confirm()


async def confirm() -> None:
    """Return if a person says yes. UsageError: nobody is there; MeshError: anything but yes."""
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask whether to apply this", hint="--yes applies it")
    try:
        yes = await _yes("Apply? [y/N] ")
    except asyncio.CancelledError:
        print("\nmeshtui: nothing was changed", file=sys.stderr)
        raise
    if not yes:
        raise MeshError("nothing was changed")


async def _yes(question: str) -> bool:
    """Whether a person says yes. On stderr: whoever pipes the plan still sees the question."""
    print(question, end="", file=sys.stderr, flush=True)
    answer = await _line()
    if not answer.endswith("\n"):
        print(file=sys.stderr)  # ctrl-d
    return answer.strip().lower() in ("y", "yes")


def keeper(args: SimpleNamespace, report: ApplyReport) -> Keep:
    """Who decides whether a change stays: the proof, and a person where one is at hand.

    Asked is only about what touches something that ran, or makes something worse.
    """

    async def keep(verdict: Verdict) -> bool:
        if args.yes or not (verdict.touches or verdict.worse):
            return not verdict.worse
        report.pause()
        for line in verdict.worse:
            print(f"× {inert(line, 300)}", file=sys.stderr)
        left = verdict.until - time.monotonic()
        unless = "" if left == float("inf") else f" (it goes back by itself in {left:.0f} s)"
        # What was typed before there was a question is no answer to it.
        if sys.stdin.isatty():
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        try:
            return await _yes(f"Keep it?{unless} [y/N] ")
        except asyncio.CancelledError:
            print("\nmeshtui: it goes back", file=sys.stderr)
            raise

    return keep


async def _line() -> str:
    """A line from the terminal.

    input() would block the loop: asyncio turns the first ctrl-c into a cancellation, which
    it could not hear, and connections would not be kept alive while a person reads.
    """
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[None] = loop.create_future()

    def heard() -> None:
        if not typed.done():
            typed.set_result(None)

    loop.add_reader(sys.stdin, heard)
    try:
        await typed
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()
