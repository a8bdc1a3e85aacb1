"""The story's lines, above the hints of whatever screen is open."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.text import Text

from meshtui.tui.demo.story import PARTS, Story
from meshtui.tui.widgets.calm import Calm

_KEY = re.compile(r"\{([a-z_.]+)\}")


class Strip(Calm):
    """What to press next, and why."""

    def tell(self, story: Story, keys: Callable[[str], str]) -> None:
        """Say it; nothing, where the screen is too low. `keys`: an action's -> the key's name."""
        self.display = self.app.size.height >= LEAST
        self.say(strip_text(story, keys))


#: Lines of a screen that has room for it.
LEAST = 18


def strip_text(story: Story, keys: Callable[[str], str]) -> Text:
    """`3/15  d shows how.   . next  H hide`."""
    text = Text(overflow="fold")
    text.append(f"{story.at + 1}/{len(PARTS)}  ", "dim")
    _with_keys(text, story.text, keys)
    aside = "{demo.hide} hides this" if story.over else "{demo.skip} next  {demo.hide} hide"
    text.append("   ")
    start = len(text)
    _with_keys(text, aside.replace(" ", "\u00a0"), keys)
    text.stylize("dim", start)
    return text


def _with_keys(text: Text, said: str, keys: Callable[[str], str]) -> None:
    """Append `said`, with the keys that its `{action}`s have in bold."""
    for i, part in enumerate(_KEY.split(said)):
        if i % 2:
            text.append(keys(part) or f":{part.partition('.')[2]}", "bold $state-idle")
        else:
            text.append(part)
