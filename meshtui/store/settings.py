"""What a person sets once for every mesh: `settings.toml` in the user's config directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is a key of the file; left out, the value here holds."""

    theme: str = "auto"
    """`auto`, `dark`, `light`, `high-contrast`, `high-contrast-light` or `ansi`."""
    interval: float = 1.0
    """Seconds between two looks at a host."""
    read_only: bool = False
    """Whether nothing on a host may be changed, or run there by `!`."""
    privacy: bool = False
    """Whether addresses and keys are hidden from the start."""
    mouse: bool = True
    rtt_interval: float = 0.0
    """Seconds between two measurements of round trips; 0: on demand only."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`[keys]`: an action's id, `grid.up`, -> the keys that do it."""
