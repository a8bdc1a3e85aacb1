"""An apply under way: one line a host, filling in."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer

from meshtui.tui.actions import bindings
from meshtui.tui.apply_lines import apply_tree, question
from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.keymap import keymap_of
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.tree import LineTree

#: Seconds between two looks at the run: its elapsed times move too.
_EVERY = 0.2
_COLOURS = {"good": "up", "bad": "never"}


class ApplyScreen(Screen[None]):
    """Shows an ApplyRun. The run belongs to the app: leaving this screen stops nothing."""

    CSS_PATH = ["plan.tcss", "../widgets/tree.tcss"]  # noqa: RUF012
    BINDINGS = bindings("apply")

    def __init__(self, run: ApplyRun) -> None:
        super().__init__()
        self._run = run
        self._timer: Timer | None = None
        self._shown: tuple[int, int, int | None] | None = None

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield Calm(id="title")
        yield Calm(id="question")
        yield LineTree()
        yield Hints("apply", "tree", "app")

    def on_mount(self) -> None:
        """Show how it stands, again and again until it has ended."""
        self._timer = self.set_interval(_EVERY, self._look)
        self._look()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._shown = None
        self._look()

    def _look(self) -> None:
        run = self._run
        # Whole seconds are all that moves where nothing happens.
        at = (run.version, int(run.elapsed()), run.left)
        if at == self._shown:
            return
        self._shown = at
        text, style = run.summary()
        shown = self.query_one("#title", Calm)
        title = Text("recover  " if run.recovers else "apply  ", overflow="fold")
        title.append(text, f"bold {shown.colour(_COLOURS[style]) if style in _COLOURS else ''}")
        shown.say(title)
        keymap, asked = keymap_of(self), self.query_one("#question", Calm)
        keys = (keymap.of(name) or f":{name[4:]}" for name in ("app.keep", "app.revert"))
        told = question(run, *keys)
        asked.display = bool(told)
        asked.say(told)
        self.query_one(LineTree).plant(apply_tree(run, self.size.width - 3))
        if not run.running and self._timer is not None:
            self._timer.stop()

    def action_back(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
