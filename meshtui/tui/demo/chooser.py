"""What is to go wrong, or to be healed: a short list over whatever is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from meshtui.inert import inert
from meshtui.tui.actions import bindings
from meshtui.tui.demo.faults import KINDS, Fault
from meshtui.tui.row import NAME_LIMIT
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints


class Choice(NamedTuple):
    """What is chosen."""

    heals: bool
    faults: tuple[Fault, ...]


class FaultScreen(ModalScreen[Choice | None]):
    """Ends with what is to be done, or with None."""

    BINDINGS = bindings("faults")

    def __init__(self, possible: Sequence[Fault], on: Sequence[Fault]) -> None:
        """`possible`: what can be done here; `on`: what goes on, anywhere."""
        super().__init__()
        self._choices = _choices(possible, on)
        self._at = 0

    def compose(self) -> ComposeResult:
        """Title, list, hints."""
        with Vertical(classes="box"):
            yield Calm(id="title")
            yield Calm(id="list")
            yield Hints("faults")

    def on_mount(self) -> None:
        """Show it."""
        self.query_one("#title", Calm).say(Text("What is to go wrong?", "bold"))
        self._show()

    def _show(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis")
        width = max(len(_label(choice)) for choice in self._choices)
        for at, choice in enumerate(self._choices):
            text.append("\n" if at else "")
            marked = at == self._at
            text.append("▸ " if marked else "  ", "bold")
            style = "bold reverse" if marked else "bold $state-up" if choice.heals else "bold"
            text.append(f" {_label(choice):<{width}} ", style)
            text.append(f"  {_about(choice)}", "dim")
        self.query_one("#list", Calm).say(text)

    def action_up(self) -> None:
        """Mark the one above."""
        self._go(-1)

    def action_down(self) -> None:
        """Mark the one below."""
        self._go(1)

    def _go(self, by: int) -> None:
        self._at = (self._at + by) % len(self._choices)
        self._show()

    def action_choose(self) -> None:
        """End with the marked one."""
        self.dismiss(self._choices[self._at])

    def action_cancel(self) -> None:
        """End with nothing."""
        self.dismiss(None)


def _choices(possible: Sequence[Fault], on: Sequence[Fault]) -> list[Choice]:
    """To heal comes first: who broke something mostly comes back for that."""
    every = [Choice(True, tuple(on))] if len(on) > 1 else []
    return [
        *every,
        *(Choice(True, (fault,)) for fault in on),
        *(Choice(False, (fault,)) for fault in possible if fault not in on),
    ]


def _label(choice: Choice) -> str:
    if len(choice.faults) > 1:
        return "heal everything"
    [fault] = choice.faults
    hosts = " → ".join(inert(host, NAME_LIMIT) for host in fault.hosts)
    if choice.heals:
        return f"heal {hosts}"
    return inert(fault.label, 3 * NAME_LIMIT)


def _about(choice: Choice) -> str:
    if len(choice.faults) > 1:
        return f"all {len(choice.faults)} faults"
    [fault] = choice.faults
    if choice.heals:
        return fault.label
    return KINDS[fault.kind].about.format(*fault.hosts)
