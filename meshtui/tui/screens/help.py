"""Every key, from the registry, and what the glyphs mean."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import zip_longest

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from meshtui.tui.actions import ACTIONS, TITLES, Action, Scope, bindings
from meshtui.tui.keymap import key_name
from meshtui.tui.theme import (
    DISABLED,
    DRIFT,
    HOST_COLOURS,
    HOST_GLYPHS,
    LINK_GLYPHS,
    LINK_MEANINGS,
    MET,
    NO_WAY,
    OWED,
    WAY,
    SeenState,
)
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.lines import Line, Lines, width_of

#: Scopes that most never meet: told of only where they hold.
_ONLY_THERE: tuple[Scope, ...] = ("demo", "faults")

Keys = Callable[[Action], tuple[str, ...]]
"""The keys of an action, as the settings have it."""

#: From this width on there are two columns.
WIDE = 150
_KEYS = 16
_COLUMN = 72
_GAP = "   "
_STATES = {"up": "added", "idle": "hunk", "stale": "warn", "never": "bad", "missing": "missing"}

_MARKS = (
    (DRIFT, "drift", "warn", "something there is otherwise than mesh.toml says"),
    (OWED, "owed", "warn", "it missed the latest change"),
    (DISABLED, "disabled", "dim", "mesh.toml leaves it out for now"),
)
_PAIRS = (
    (MET, "punched", "added", "up, though both ends are behind NAT"),
    (WAY, "via others", "added", "no tunnel: packets go through hub, gateway or relay"),
    (NO_WAY, "broken way", "bad", "and a tunnel on their way does not work"),
)
HOST_MEANINGS: dict[SeenState, str] = {
    "up": "it answers and runs the interface",
    "connecting": "it has not answered yet",
    "no-interface": "it answers; the interface is not there",
    "not-installed": "it answers; WireGuard's tools are missing",
    "refused": "SSH or sudo said no",
    "unreachable": "no SSH connection",
    "seen": "a phone, a laptop, …: a host had a handshake lately",
    "away": "a phone, a laptop, …: no host had one lately",
}


class HelpScreen(ModalScreen[None]):
    """A panel over whatever is open; what can be done there comes first."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = bindings("help", "app")

    def __init__(self, keys: Keys = lambda action: action.keys) -> None:
        super().__init__()
        self._keys = keys
        self._here: list[str] = []

    def compose(self) -> ComposeResult:
        """The panel."""
        with Vertical(classes="box"):
            yield Lines()
            yield Hints("help", "app")

    def on_mount(self) -> None:
        """Fill it."""
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else None
        self._here = [] if below is None else scopes_of(self.app, below)
        self._show()

    def on_resize(self) -> None:
        """One column, or two."""
        self._show()

    def _show(self) -> None:
        wide = self.app.size.width >= WIDE
        self.set_class(wide, "-wide")
        self.query_one(Lines).show(help_lines(self._here, self._keys, wide=wide))

    def action_close(self) -> None:
        """Close it."""
        self.dismiss(None)


def scopes_of(app: App[object], screen: Screen[object]) -> list[str]:
    """The scopes whose keys do something on `screen`, its own first; the app's own goes last."""
    found: dict[str, None] = {}
    for node in (screen, *screen.walk_children(), app):
        for binding in type(node).BINDINGS:
            if isinstance(binding, Binding) and binding.id and "." in binding.id:
                found[binding.id.partition(".")[0]] = None
    found.pop("app", None)
    return list(found)


def help_lines(here: Collection[str], keys: Keys, *, wide: bool) -> list[Line]:
    """The whole help: the keys `here`, what the glyphs mean, then all other keys."""
    own = [_scope(scope, keys) for scope in (*here, "app") if scope in TITLES]
    others = [_scope(scope, keys) for scope in TITLES if scope not in {*here, "app", *_ONLY_THERE}]
    blocks = [*own, _links(), _hosts(), *others]
    if not wide:
        return [line for block in blocks for line in (*block, ())][:-1]
    left, right = _halves(blocks)
    return [
        (*one, (" " * (_COLUMN - width_of(one)) + _GAP, ""), *other)
        for one, other in zip_longest(left, right, fillvalue=())
    ]


def _halves(blocks: list[list[Line]]) -> tuple[list[Line], list[Line]]:
    """The blocks as two columns, about equally long."""
    left: list[Line] = []
    right: list[Line] = []
    half = sum(len(block) + 1 for block in blocks) / 2
    for block in blocks:
        column = left if not right and len(left) + len(block) / 2 <= half else right
        column += [*block, ()]
    return left[:-1], right[:-1]


def _scope(scope: str, keys: Keys) -> list[Line]:
    lines: list[Line] = [((TITLES[scope], "strong"),)]  # type: ignore[index]
    for action in ACTIONS:
        if action.scope == scope and keys(action):
            named = " ".join(key_name(key) for key in keys(action))
            lines.append(((f"  {named:<{_KEYS}} ", "hunk"), (action.description, "")))
    return lines


def _links() -> list[Line]:
    lines: list[Line] = [
        (("A cell: how the host of its row sees the host of its column", "strong"),)
    ]
    for state, glyph in LINK_GLYPHS.items():
        style = _STATES.get(state, "dim")
        lines.append(((f"  {glyph} {state:<{_KEYS - 2}} ", style), (LINK_MEANINGS[state], "")))
    for glyph, word, style, means in _PAIRS:
        lines.append(((f"  {glyph} {word:<{_KEYS - 2}} ", style), (means, "")))
    return [
        *lines,
        (("  Ages below a minute move in steps of 5 s; the details are exact.", "dim"),),
        (("  Bytes count in powers of 1024, since the peer was made.", "dim"),),
    ]


def _hosts() -> list[Line]:
    lines: list[Line] = [(("A host", "strong"),)]
    for state, glyph in HOST_GLYPHS.items():
        style = _STATES.get(HOST_COLOURS[state], "dim")
        lines.append(((f"  {glyph} {state:<{_KEYS - 2}} ", style), (HOST_MEANINGS[state], "")))
    for glyph, word, style, means in _MARKS:
        lines.append(((f"  {glyph} {word:<{_KEYS - 2}} ", style), (means, "")))
    return lines
