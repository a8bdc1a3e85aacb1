"""The line at the bottom: the keys that matter here. Each can be clicked."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.events import Click

from meshtui.tui.actions import ACTIONS, Scope
from meshtui.tui.keymap import Keymap, keymap_of
from meshtui.tui.widgets.calm import Calm

_GAP = "   "


class Hints(Calm):
    """Hints for the actions of some scopes, in the registry's order."""

    def __init__(self, *scopes: Scope) -> None:
        super().__init__()
        self._scopes = scopes

    def on_mount(self) -> None:
        """Show them, with the keys that they have in this app."""
        self.leave_out()

    def leave_out(self, *actions: str) -> None:
        """Hint at all of them but these: `plan.apply`, where there is nothing to apply."""
        self.say(hints(keymap_of(self), *self._scopes, without=actions))

    async def on_click(self, event: Click) -> None:
        """Do what the hint under the mouse says."""
        # Not Textual's "@click": that makes links of them, in the colour of links.
        if target := event.style.meta.get("hint"):
            await self.run_action(target)


def hints(keymap: Keymap, *scopes: Scope, without: tuple[str, ...] = ()) -> Text:
    """The hints as a text."""
    text = Text(" ", no_wrap=True, overflow="ellipsis")
    for action in ACTIONS:
        if action.scope not in scopes or not action.hint or action.name in without:
            continue
        if not keymap.keys(action):
            continue
        target = action.call if action.call.startswith("app.") else f"screen.{action.id}"
        text.append(_GAP if len(text) > 1 else "")
        start = len(text)
        text.append(keymap.shown(action), "bold")
        text.append(f" {action.label}", "dim")
        text.stylize(Style.from_meta({"hint": target}), start)
    return text
