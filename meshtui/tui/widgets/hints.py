"""The line at the bottom: the keys that matter here. Each can be clicked."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from meshtui.tui.actions import ACTIONS, Scope
from meshtui.tui.keymap import Keymap, keymap_of


class Hints(Static):
    """Hints for the actions of some scopes, in the registry's order."""

    ALLOW_SELECT = False

    def __init__(self, *scopes: Scope) -> None:
        super().__init__(markup=False)
        self._scopes = scopes

    def on_mount(self) -> None:
        """Show them, with the keys that they have in this app."""
        self.update(hints(keymap_of(self), *self._scopes))


def hints(keymap: Keymap, *scopes: Scope) -> Text:
    """The hints as a text."""
    text = Text(" ", no_wrap=True, overflow="ellipsis")
    for action in ACTIONS:
        if action.scope in scopes and action.hint and keymap.keys(action):
            target = action.call if action.call.startswith("app.") else f"screen.{action.id}"
            click = Style.from_meta({"@click": target})
            text.append(keymap.shown(action), Style(bold=True) + click)
            text.append(f" {action.label}", Style(dim=True) + click)
            text.append("   ")
    return text
