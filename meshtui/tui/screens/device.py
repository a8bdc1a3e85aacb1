"""What a device imports, shown once: the text and its QR code, beside each other or by turns."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen

from meshtui.errors import MeshError
from meshtui.fleet.device import Given
from meshtui.inert import inert
from meshtui.qr import compact, half_blocks
from meshtui.store.atomic import create_private
from meshtui.tui.actions import bindings
from meshtui.tui.keymap import keymap_of
from meshtui.tui.row import NAME_LIMIT, inert_lines
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.lines import Lines

#: Of the text that a code stands beside, at least: a public key and its name.
_TEXT_COLUMNS = 62


class DeviceScreen(ModalScreen[None]):
    """Ends when it is left, twice where nothing was saved: nobody can show it again."""

    CSS_PATH = "device.tcss"
    BINDINGS = bindings("device", "scroll")

    def __init__(self, given: Given, *, hidden: bool = False) -> None:
        """`hidden`: addresses and keys are, and a code would tell them."""
        super().__init__()
        self._given = given
        text = given.text.reveal()
        self._code = half_blocks(compact(text)) if given.secret and not hidden else None
        self._text = text.splitlines()
        self._prefers_code = True
        self._leaving = not given.secret
        """Whether nothing is lost by it, or it was said what is."""

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield Calm(id="title")
        yield Calm(id="room")
        with Horizontal():
            yield Calm(id="code")
            yield Lines()
        yield Calm(id="message")
        yield Hints("device")

    def on_mount(self) -> None:
        """Show it."""
        what = f"the configuration of {inert(self._given.name, NAME_LIMIT)}"
        title = Text(what, "bold")
        if self._given.secret:
            title.append("   shown this once: meshtui keeps no copy", "")
        self.query_one("#title", Calm).say(title)
        self._say("\n".join(self._given.notes), "stale")
        self.query_one(Lines).show([((line, _style(line)),) for line in self._text])
        self.query_one(Lines).focus()

    def on_resize(self) -> None:
        """The code is only of use as a whole."""
        self._lay_out()

    def _lay_out(self) -> None:
        code, text = self.query_one("#code", Calm), self.query_one(Lines)
        room = self.query_one("#room", Calm)
        wide, high = (len(self._code[0]), len(self._code)) if self._code else (0, 0)
        # Title, message and hints have a row each.
        fits = 0 < wide <= self.size.width and high <= self.size.height - 3
        beside = fits and wide + _TEXT_COLUMNS <= self.size.width
        code.display = fits and (beside or self._prefers_code)
        text.display = not code.display or beside
        room.display = wide > 0 and not fits
        if fits and self._code:
            code.say(Text("\n".join(self._code), "#000000 on #ffffff"))
        room.say(
            Text(
                f"Its QR code takes {wide} × {high + 3}, and here are {self.size.width} ×"
                f" {self.size.height}: enlarge the window.",
                overflow="fold",
            )
        )
        self.query_one(Hints).leave_out(*(() if fits and not beside else ("device.turn",)))

    def _say(self, text: str, state: str) -> None:
        message = self.query_one("#message", Calm)
        message.say(Text(inert_lines(text) or "", message.colour(state), overflow="fold"))

    def action_turn(self) -> None:
        """The text in place of the code, or the other way round."""
        self._prefers_code = not self._prefers_code
        self._lay_out()

    def action_save(self) -> None:
        """Ask for a file, and write it."""
        from meshtui.tui.screens.prompt import PromptScreen

        note = "into a new file, which is yours alone"
        prompt = PromptScreen("save as", text=f"{self._given.name}.conf", note=note)
        self.app.push_screen(prompt, self._save)

    def _save(self, typed: str | None) -> None:
        if not (typed or "").strip():
            return
        path = Path(str(typed).strip()).expanduser()
        try:
            create_private(path, self._given.text.reveal().encode())
        except MeshError as error:
            self._say(str(error), "never")
        else:
            self._leaving = True
            self._say(f"saved as {path.absolute()}", "up")

    def action_back(self) -> None:
        """Close it; a first time, say what is lost."""
        if self._leaving:
            self.dismiss(None)
            return
        self._leaving = True
        of = keymap_of(self).of
        self._say(
            f"It is not shown again. {of('device.save')}: save it to a file; {of('device.back')}"
            " again: close it",
            "stale",
        )


def _style(line: str) -> str:
    return "strong" if line.startswith("[") else "dim" if line.startswith("#") else ""
