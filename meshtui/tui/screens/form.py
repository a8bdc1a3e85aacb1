"""A few fields to fill in, for an edit of mesh.toml: what is wrong is said below its field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from meshtui.errors import MeshError
from meshtui.tui.actions import bindings
from meshtui.tui.fleet_api import ProposalApi
from meshtui.tui.row import inert_lines
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.words import describe

Propose = Callable[[Mapping[str, str]], Awaitable[ProposalApi]]
"""What the fields say -> what comes of it. MeshError: why nothing does."""


class Field(NamedTuple):
    """One line of a form."""

    id: str
    """As the command line's option is called: an error that names `--id` is this one's."""
    label: str
    hint: str
    """What to type, where nothing is typed yet."""
    value: str = ""


class FormScreen(ModalScreen[ProposalApi | None]):
    """Ends with what the edit proposes, or with None. No host is asked anything."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = bindings("form")

    def __init__(self, title: str, fields: Sequence[Field], propose: Propose) -> None:
        """`title` is inert."""
        super().__init__()
        self._title = title
        self._fields = fields
        self._propose = propose

    def compose(self) -> ComposeResult:
        """Title, fields, hints."""
        with Vertical(classes="box"):
            yield Calm(id="title")
            with VerticalScroll(can_focus=False):
                for field in self._fields:
                    with Horizontal(classes="field"):
                        yield Calm(id=f"label-{field.id}")
                        yield Input(field.value, field.hint, id=field.id, compact=True)
                    yield Calm(id=f"wrong-{field.id}")
            yield Hints("form")

    def on_mount(self) -> None:
        """Ready to type in the first field that is empty."""
        self.query_one("#title", Calm).say(Text(self._title, "bold"))
        for field in self._fields:
            self.query_one(f"#label-{field.id}", Calm).say(Text(field.label))
        self._wrong(None, "")
        first = next((field for field in self._fields if not field.value), self._fields[0])
        self.query_one(f"#{first.id}", Input).focus()

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Propose what the fields say."""
        values = {field.id: self.query_one(f"#{field.id}", Input).value for field in self._fields}
        self.run_worker(self._ask(values), group="propose", exclusive=True, exit_on_error=False)

    async def _ask(self, values: Mapping[str, str]) -> None:
        try:
            proposal = await self._propose({key: text.strip() for key, text in values.items()})
        except MeshError as error:
            about = next((f for f in self._fields if f"--{f.id} " in error.what), self._fields[0])
            self._wrong(about, str(error).replace(f"--{about.id} ", ""))
        except Exception as error:
            self._wrong(self._fields[0], describe(error))
            raise
        else:
            self.dismiss(proposal)

    def _wrong(self, about: Field | None, text: str) -> None:
        for field in self._fields:
            shown = self.query_one(f"#wrong-{field.id}", Calm)
            said = text if field is about else ""
            shown.say(Text(inert_lines(said) or "", shown.colour("never"), overflow="fold"))
            shown.display = bool(said)
            if said:
                self.query_one(f"#{field.id}", Input).focus()
                self.call_after_refresh(shown.scroll_visible, animate=False)

    def action_next(self) -> None:
        """Go to the next field."""
        self.focus_next()

    def action_previous(self) -> None:
        """Go to the field before."""
        self.focus_previous()

    def action_cancel(self) -> None:
        """End with nothing."""
        self.dismiss(None)
