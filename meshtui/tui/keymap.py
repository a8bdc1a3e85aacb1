"""Which key does what, after the settings file has had its say; clashes are named."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from string import punctuation
from typing import TYPE_CHECKING, cast

from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from meshtui.inert import inert
from meshtui.tui.actions import ACTIONS, CONTEXTS, Action

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp

_NAMED = frozenset(key.value for key in Keys)
_MODIFIERS = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
_SHOWN = {
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


class Keymap:
    """The keys of every action. `changes`: an action's id -> the keys it is to have instead."""

    def __init__(self, changes: Mapping[str, Iterable[str]] | None = None) -> None:
        self._keys = {action.name: action.keys for action in ACTIONS}
        self.complaints: tuple[str, ...] = ()
        """What of the changes was left out, and why; for a person."""
        if changes:
            self.complaints = tuple(self._change(changes))

    def keys(self, action: Action) -> tuple[str, ...]:
        """The keys of `action`, as Textual names them; none: it has only its command."""
        return self._keys[action.name]

    def shown(self, action: Action) -> str:
        """Its first key as a person writes it: `?`, `esc`, `ctrl+c`."""
        return self.of(action.name)

    def of(self, name: str) -> str:
        """The first key of the action of that name, as a person writes it; empty: none."""
        return key_name(self._keys[name][0]) if self._keys[name] else ""

    def changed(self) -> dict[str, str]:
        """What `App.set_keymap` takes: the keys that are not the registry's own."""
        own = {action.name: action.keys for action in ACTIONS}
        return {name: ",".join(keys) for name, keys in self._keys.items() if keys != own[name]}

    def clashes(self) -> dict[str, list[str]]:
        """Keys that mean more than one thing at a time, and the actions. Textual does not say."""
        found: dict[str, list[str]] = {}
        for scopes in CONTEXTS:
            taken: defaultdict[str, list[str]] = defaultdict(list)
            for action in ACTIONS:
                if action.scope in scopes:
                    for key in self._keys[action.name]:
                        taken[key].append(action.name)
            found |= {key: names for key, names in taken.items() if len(names) > 1}
        return found

    def _change(self, changes: Mapping[str, Iterable[str]]) -> Iterable[str]:
        own = dict(self._keys)
        asked = {}
        for name, written in changes.items():
            if name not in own:
                # Slow to load, and seldom needed.
                from difflib import get_close_matches

                near = get_close_matches(name, own, 1)
                hint = f"; did you mean {near[0]}?" if near else "; ? lists them all"
                yield f"keys: there is no action {inert(name, 64)}{hint}"
                continue
            keys = tuple(dict.fromkeys(filter(None, map(_named, written))))
            wrong = [inert(key, 32) for key in written if _named(key) is None]
            if wrong:
                yield f"keys: {name}: {', '.join(wrong)} is no key that a terminal sends"
                continue
            asked[name] = keys
        self._keys |= asked
        # Taking one change back may bring a clash with another: until there is none.
        while clashes := self.clashes():
            guilty: set[str] = set()
            for key, names in clashes.items():
                guilty.update(name for name in names if name in asked)
                yield f"keys: {key_name(key)} would be both {' and '.join(names)}"
            for name in guilty:
                self._keys[name] = own[name]
                del asked[name]
            yield f"keys: {', '.join(sorted(guilty))}: as it was, until that is settled"


def keymap_of(node: DOMNode) -> Keymap:
    """The keymap of the app that `node` belongs to."""
    return cast("MeshApp", node.app).keymap


def key_name(key: str) -> str:
    """How a key is written for a person: `?`, `esc`, `ctrl+c`."""
    return _SHOWN.get(key) or _CHARACTERS.get(key, key)


def _textual_name(character: str) -> str:
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


#: Textual's name of a key -> the character on it: `question_mark` -> `?`.
_CHARACTERS = {_textual_name(character): character for character in punctuation}


def _named(written: str) -> str | None:
    """A key as Textual names it; None: there is no such key."""
    if len(written) == 1:
        if written.isalnum():
            return written
        return _textual_name(written) if written in punctuation or written == " " else None
    if written in _NAMED or written in _CHARACTERS:
        return written
    modifier, _, key = written.partition("+")
    if modifier in _MODIFIERS and (named := _named(key)) is not None:
        return f"{modifier}+{named}"
    return None
