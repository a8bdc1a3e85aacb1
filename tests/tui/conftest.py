"""Puts what these tests share within reach, and a pilot that waits for the app."""

import gc
import os
import sys
import time
from pathlib import Path

import textual.app
import textual.pilot

# Each app is thousands of objects that refer to one another: collected less often.
gc.set_threshold(100_000, 50, 50)
# Times on screen are of one place.
os.environ["TZ"] = "UTC"
time.tzset()

sys.path.insert(0, str(Path(__file__).parent))

from stage import settled  # noqa: E402

from meshtui.tui import looking  # noqa: E402

# Each press would wait for the next drawing; test_looking has the real pace.
looking.DRAW_EVERY = 0.2


async def _settled(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """In place of Textual's `wait_for_idle`, which measures the CPU time of the process."""
    await settled()


textual.app.wait_for_idle = _settled  # type: ignore[attr-defined]
textual.pilot.wait_for_idle = _settled  # type: ignore[attr-defined]
