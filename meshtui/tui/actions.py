"""The one list of everything a key can do: bindings, hints and help come from it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Scope = Literal["app", "mesh", "grid", "plan", "apply", "tree", "scroll", "help", "hostkey", "quit"]

TITLES: dict[Scope, str] = {
    "app": "Everywhere",
    "mesh": "Mesh",
    "grid": "In the grid",
    "plan": "Plan",
    "apply": "Apply",
    "tree": "In a plan or an apply",
    "scroll": "In a long text",
    "help": "Help",
    "hostkey": "Unknown host key",
    "quit": "Quit while an apply is under way",
}


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do."""

    scope: Scope
    id: str
    """Within its scope; `action_<id>` on the scope's widget, screen or app does it."""
    keys: tuple[str, ...]
    """As Textual names them; the first is the one shown."""
    label: str
    """One or two words, for the hints at the bottom."""
    description: str
    """A line for the help screen."""
    hint: bool = False
    """Whether it is among the hints at the bottom."""
    priority: bool = False
    """Whether it goes before whatever has the focus."""


ACTIONS: tuple[Action, ...] = (
    Action("mesh", "plan", ("a",), "apply", "show what would change, then apply it", hint=True),
    Action("mesh", "mode", ("m",), "mode", "show handshake age, bytes rx or bytes tx", hint=True),
    Action("mesh", "reconnect", ("r",), "reconnect", "start over where the watch has stopped"),
    Action("mesh", "clear", ("escape",), "clear", "clear the message line"),
    Action("grid", "left", ("left", "h"), "left", "one host to the left"),
    Action("grid", "down", ("down", "j"), "down", "one host down"),
    Action("grid", "up", ("up", "k"), "up", "one host up"),
    Action("grid", "right", ("right", "l"), "right", "one host to the right"),
    Action("grid", "top", ("g", "ctrl+home"), "top", "the first row"),
    Action("grid", "bottom", ("G", "ctrl+end"), "bottom", "the last row"),
    Action("grid", "page_up", ("pageup",), "page up", "a screen up"),
    Action("grid", "page_down", ("pagedown",), "page down", "a screen down"),
    Action("grid", "first", ("home",), "first", "the first column"),
    Action("grid", "last", ("end",), "last", "the last column"),
    Action("plan", "apply", ("A",), "apply", "apply this plan", hint=True),
    Action("plan", "prune", ("p",), "prune", "also remove peers that mesh.toml lacks", hint=True),
    Action("plan", "back", ("escape",), "back", "back; nothing changes", hint=True),
    Action("apply", "back", ("escape",), "back", "back; the apply goes on", hint=True),
    Action("tree", "up", ("up", "k"), "up", "a line up"),
    Action("tree", "down", ("down", "j"), "down", "a line down"),
    Action("tree", "open", ("enter", "space"), "open", "open or close", hint=True),
    Action("tree", "expand", ("right", "l"), "open", "open, or go in"),
    Action("tree", "collapse", ("left", "h"), "close", "close, or go to what it is under"),
    Action("tree", "expand_all", ("e",), "all", "open the next level; close all", hint=True),
    Action("tree", "page_up", ("pageup",), "page up", "a screen up"),
    Action("tree", "page_down", ("pagedown",), "page down", "a screen down"),
    Action("tree", "top", ("g", "home"), "top", "the first line"),
    Action("tree", "bottom", ("G", "end"), "bottom", "the last line"),
    Action("tree", "side_left", ("shift+left", "less_than_sign"), "left", "scroll to the left"),
    Action(
        "tree", "side_right", ("shift+right", "greater_than_sign"), "right", "scroll to the right"
    ),
    Action("scroll", "line_up", ("up", "k"), "up", "a line up"),
    Action("scroll", "line_down", ("down", "j"), "down", "a line down"),
    Action("scroll", "side_left", ("left", "h"), "left", "to the left"),
    Action("scroll", "side_right", ("right", "l"), "right", "to the right"),
    Action("scroll", "screen_up", ("pageup", "b"), "page up", "a screen up"),
    Action("scroll", "screen_down", ("pagedown", "space"), "page down", "a screen down"),
    Action("scroll", "to_top", ("g", "home"), "top", "the beginning"),
    Action("scroll", "to_bottom", ("G", "end"), "bottom", "the end"),
    Action("help", "close", ("escape",), "close", "close this help", hint=True),
    Action("hostkey", "choose", ("left", "right", "tab"), "choose", "no or yes", hint=True),
    Action("hostkey", "answer", ("enter",), "answer", "give the marked answer", hint=True),
    Action("hostkey", "up", ("up", "pageup"), "up", "scroll the question up"),
    Action("hostkey", "down", ("down", "pagedown"), "down", "scroll the question down"),
    Action("hostkey", "no", ("escape", "n"), "no", "refuse the key", hint=True),
    Action("quit", "yes", ("y",), "quit", "quit now", hint=True),
    Action("quit", "no", ("escape", "n"), "stay", "stay", hint=True),
    Action("app", "help", ("question_mark", "f1"), "help", "this help", hint=True),
    Action(
        "app", "leave", ("q",), "quit", "quit; asks once while an apply is under way", hint=True
    ),
    Action("app", "leave_now", ("ctrl+c", "ctrl+q"), "quit now", "quit at once", priority=True),
)

KEY_NAMES = {
    "question_mark": "?",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


def bindings(*scopes: Scope) -> list[BindingType]:
    """Textual's bindings for the actions of `scopes`."""
    return [
        Binding(
            key=",".join(action.keys),
            action=f"app.{action.id}" if action.scope == "app" else action.id,
            description=action.label,
            tooltip=action.description,
            show=action.hint,
            priority=action.priority,
            id=f"{action.scope}.{action.id}",
        )
        for action in ACTIONS
        if action.scope in scopes
    ]


def key_name(key: str) -> str:
    """How a key is written for a person: `?`, `esc`, `ctrl+c`."""
    return KEY_NAMES.get(key, key)


def clashes(*scopes: Scope) -> dict[str, list[str]]:
    """Keys that mean more than one thing where `scopes` hold together. Textual does not say."""
    taken: defaultdict[str, list[str]] = defaultdict(list)
    for action in ACTIONS:
        if action.scope in scopes:
            for key in action.keys:
                taken[key].append(f"{action.scope}.{action.id}")
    return {key: ids for key, ids in taken.items() if len(ids) > 1}
