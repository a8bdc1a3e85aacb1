"""The line at the bottom: the keys that matter here. Each can be clicked."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from meshtui.tui.actions import ACTIONS, Scope, key_name


class Hints(Static):
    """Hints for the actions of some scopes, in the registry's order."""

    ALLOW_SELECT = False

    def __init__(self, *scopes: Scope) -> None:
        super().__init__(hints(*scopes), markup=False)


def hints(*scopes: Scope) -> Text:
    """The hints as a text."""
    text = Text(" ", no_wrap=True, overflow="ellipsis")
    for action in ACTIONS:
        if action.scope in scopes and action.hint:
            target = f"{'app' if action.scope == 'app' else 'screen'}.{action.id}"
            click = Style.from_meta({"@click": target})
            text.append(key_name(action.keys[0]), Style(bold=True) + click)
            text.append(f" {action.label}", Style(dim=True) + click)
            text.append("   ")
    return text
