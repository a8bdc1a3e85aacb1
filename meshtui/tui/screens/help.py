"""Every key, from the registry, and what the glyphs mean."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from meshtui.tui.actions import ACTIONS, TITLES, bindings, key_name
from meshtui.tui.theme import LINK_GLYPHS, LINK_MEANINGS
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.lines import Line, Lines

_KEYS = 16


class HelpScreen(ModalScreen[None]):
    """A panel over whatever is open."""

    CSS_PATH = ["dialog.tcss", "../widgets/lines.tcss"]  # noqa: RUF012
    BINDINGS = bindings("help", "app")

    def compose(self) -> ComposeResult:
        """The panel."""
        with Vertical(classes="box"):
            yield Lines()
            yield Hints("help", "app")

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(Lines).show(help_lines())

    def action_close(self) -> None:
        """Close it."""
        self.dismiss(None)


def help_lines() -> list[Line]:
    """The whole help."""
    lines: list[Line] = []
    for scope, title in TITLES.items():
        lines.append(((title, "strong"),))
        for action in ACTIONS:
            if action.scope == scope:
                keys = " ".join(key_name(key) for key in action.keys)
                lines.append(((f"  {keys:<{_KEYS}}", "hunk"), (action.description, "")))
        lines.append(())
    lines.append((("A cell: how the host of its row sees the host of its column", "strong"),))
    for state, glyph in LINK_GLYPHS.items():
        lines.append(((f"  {glyph} {state:<{_KEYS - 2}}", "hunk"), (LINK_MEANINGS[state], "")))
    lines += [
        (),
        (("Ages below a minute move in steps of 5 s; the details are exact.", "dim"),),
        (("Bytes count in powers of 1024, since the peer was made.", "dim"),),
    ]
    return lines
