"""When Python looks for garbage: seldom while a screen is open, never in a command that ends."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seldom_collected(*, stays: bool) -> Iterator[None]:
    """While a command runs; `stays`: until a person ends it.

    What is loaded stays, and a look at a large mesh is ten thousand objects that leave no
    garbage behind: to search all that for some, again and again, is a tenth of the time.
    """
    gc.set_threshold(100_000)
    # Nor once more when Python ends: half a second, after 1,000 hosts.
    atexit.register(gc.freeze)
    if stays:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
