"""The story's lines, above the hints of whatever screen is open."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal

from meshtui.tui.demo.story import PARTS, Story
from meshtui.tui.widgets.calm import Calm

_KEY = re.compile(r"\{([a-z_.]+)\}")
_ASIDE = "{demo.skip} next  {demo.hide} hide"

Keys = Callable[[str], str]
"""An action's name -> its key, as a person writes it; empty: it has none."""


class Strip(Horizontal):
    """What to press next, and why. Not there where the screen is too low for it."""

    def __init__(self, story: Story, keys: Keys) -> None:
        super().__init__()
        self._story, self._keys = story, keys
        self._told, self._aside = Calm(id="told"), Calm(id="aside")

    def compose(self) -> ComposeResult:
        """Side by side."""
        yield self._told
        yield self._aside

    def on_mount(self) -> None:
        """Say what there is to say."""
        self._aside.say(with_keys(_ASIDE, self._keys, "bold", "dim"))
        self.tell()

    def tell(self) -> None:
        """Say how the story stands."""
        self._told.say(strip_text(self._story, self._keys))


def strip_text(story: Story, keys: Keys) -> Text:
    """`13/15  d on its row shows how.`"""
    text = Text(f"{story.at + 1}/{len(PARTS)}  ", "dim", overflow="fold")
    return Text.assemble(text, with_keys(story.text, keys), overflow="fold")


def with_keys(said: str, keys: Keys, key: str = "bold $state-idle", style: str = "") -> Text:
    """`said`, with the keys that its `{action}`s have, in the style `key`."""
    text = Text(style=style)
    for i, part in enumerate(_KEY.split(said)):
        if i % 2:
            text.append(keys(part) or f":{part.partition('.')[2]}", key)
        else:
            text.append(part)
    return text
