"""Where one can be in the app, and what one can ask of the fleet there: a line each.

A new screen gets its line here, and is tested with hostile text (`test_hostile.py`), with
failing workers and with dying hosts (`test_failures.py`).
"""

from __future__ import annotations

PLACES: dict[str, tuple[str, ...]] = {
    "mesh": (),
    "plan": ("a",),
    "apply": ("a", "A"),
    "help": ("question_mark",),
    "palette": ("ctrl+p",),
    "host": ("o",),
    "link": ("enter",),
    "run": ("exclamation_mark", "i", "d", "enter"),
    "form": ("n",),
    "edit": ("e",),
    "remove": ("D",),
    "changes": ("C", "enter"),
    "command": ("colon",),
    "filter": ("slash",),
    "log": ("L",),
}
"""Name -> the keys that lead there from the grid, the cursor on the first host's first link."""

ASKED: dict[str, tuple[str, ...]] = {
    "watch": (),
    "plan": ("a",),
    "apply": ("a", "A"),
    "inspect": ("o",),
    "link_history": ("enter",),
    "last_worked": ("enter",),
    "ping": ("enter", "t"),
    "path_mtu": ("enter", "u"),
    "traffic": ("o", "2"),
    "round_trips": ("t",),
    "run": ("exclamation_mark", "i", "d", "enter"),
    "standing": (),
    "propose": ("D",),
    "changes": ("C",),
    "moment": ("left_square_bracket",),
}
"""A method of FleetApi -> the keys that have the app call it."""

SHOWS_HOSTS = {"mesh"}
"""The places where a host that dies is seen at once; elsewhere it is seen on the way back."""
