"""Where one can be in the app, and what one can ask of the fleet there: a line each.

A new screen gets its line here, and is tested with hostile text (`test_hostile.py`), with
failing workers and with dying hosts (`test_failures.py`).
"""

from __future__ import annotations

PLACES: dict[str, tuple[str, ...]] = {
    "mesh": (),
    "plan": ("a",),
    "apply": ("a", "y"),
    "help": ("question_mark",),
    "palette": ("ctrl+p",),
}
"""Name -> the keys that lead there from the grid, the cursor on the first host's first link."""

ASKED: dict[str, tuple[str, ...]] = {
    "watch": (),
    "plan": ("a",),
    "apply": ("a", "y"),
}
"""A method of FleetApi -> the keys that have the app call it."""

SHOWS_HOSTS = {"mesh"}
"""The places where a host that dies is seen at once; elsewhere it is seen on the way back."""
