"""Files that are asked of for each host of a mesh, and read once for all of them."""

from __future__ import annotations

from pathlib import Path

#: What was read, and when its file was the one it is: its device and inode, size and mtime.
_kept: dict[tuple[Path, str], tuple[tuple[int, ...], str]] = {}


def text_of(path: Path, errors: str = "strict") -> str:
    """What the file says, read anew where it was changed; OSError or UnicodeDecodeError: why not.

    As long as it stays, the very same string: who remembers by it need not look at all of it.
    """
    # Ahead of reading: what comes in between shows the next time.
    about = path.stat()
    state = about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns
    kept = _kept.get((path, errors))
    if kept is None or kept[0] != state:
        kept = _kept[path, errors] = state, path.read_text("utf-8", errors)
    return kept[1]
