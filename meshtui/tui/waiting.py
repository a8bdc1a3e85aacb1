"""Waiting for a fleet, where a cancellation that nobody asked for is a failure like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from meshtui.errors import MeshError

T = TypeVar("T")


def asked_to_stop() -> bool:
    """Whether a CancelledError is meant for the task that runs, or leaked out of what it awaits."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def answer(asked: Awaitable[T]) -> T:
    """What `asked` gives. MeshError where it was cancelled, and we were not."""
    try:
        return await asked
    except asyncio.CancelledError:
        if asked_to_stop():
            raise
        raise MeshError("it was called off before it ended", hint="try again") from None
