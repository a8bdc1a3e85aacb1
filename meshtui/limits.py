"""What the system allows this process."""

from __future__ import annotations

import contextlib
import resource


def most_open_files() -> None:
    """As many as may be: of the 1024 that are usual, a large mesh needs more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says "unlimited", and means less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
