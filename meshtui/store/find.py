"""Which `mesh.toml` is meant."""

from __future__ import annotations

from pathlib import Path

from meshtui.errors import UsageError

FILE = "mesh.toml"


def find(explicit: Path | None) -> Path:
    """The file that `-f` names, else `./mesh.toml`, else the one in the user's config directory.

    UsageError: there is neither of the last two. A file named by `-f` may be
    missing: `load` says so.
    """
    if explicit is not None:
        return explicit
    here = Path(FILE)
    if here.exists():
        return here
    # Slow to load, and not needed where the file is at hand.
    from platformdirs import user_config_path

    configured = user_config_path("meshtui") / FILE
    if configured.exists():
        return configured
    raise UsageError(
        f"no {FILE} in this directory, and none at {configured}",
        hint="meshtui init HOST… makes one; -f FILE names another",
    )
