"""What would change, before anything does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen

from meshtui.errors import MeshError
from meshtui.plan.model import Plan
from meshtui.tui.actions import bindings
from meshtui.tui.plan_lines import plan_lines, summary
from meshtui.tui.view import inert_lines
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.lines import Lines
from meshtui.tui.words import counted, describe

ReadPlan = Callable[[bool], Awaitable[Plan]]
"""`prune` -> the plan."""


class PlanScreen(Screen[Plan | None]):
    """Reads the plan and shows it; ends with it when it is to be applied, else with None."""

    CSS_PATH = ["plan.tcss", "../widgets/lines.tcss"]  # noqa: RUF012
    BINDINGS = bindings("plan")

    def __init__(self, read: ReadPlan, hosts: int) -> None:
        super().__init__()
        self._read_plan = read
        self._hosts = hosts
        self._prune = False
        self._plan: Plan | None = None

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield Calm(id="title")
        yield Lines()
        yield Hints("plan", "app")

    def on_mount(self) -> None:
        """Start to read."""
        self._begin()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._show()

    def _begin(self) -> None:
        self._plan = None
        self._show()
        self._title(f"reading {counted(self._hosts, 'host')}…")
        self.run_worker(
            self._read(self._prune), name="plan", group="plan", exclusive=True, exit_on_error=False
        )

    async def _read(self, prune: bool) -> None:
        try:
            self._plan = await self._read_plan(prune)
        except Exception as error:
            # It must not read "reading…" for ever.
            self._title(f"× no plan: {inert_lines(describe(error))}", "bold")
            if not isinstance(error, MeshError):
                raise
            return
        self._title(summary(self._plan), "bold")
        self._show()

    def _title(self, text: str, style: str = "") -> None:
        title = Text("plan  ", overflow="fold")
        title.append(text, style)
        title.append("  prune: on" if self._prune else "", "bold reverse")
        self.query_one("#title", Calm).say(title)

    def _show(self) -> None:
        lines = self.query_one(Lines)
        lines.show(plan_lines(self._plan, self.size.width - 3) if self._plan else ())

    def action_apply(self) -> None:
        """End with the plan, if it changes anything."""
        if self._plan is not None and self._plan.changes:
            self.dismiss(self._plan)
        elif self._plan is not None:
            self.notify("nothing to apply; esc goes back", markup=False)

    def action_prune(self) -> None:
        """Read again, with or without the removal of unknown peers."""
        self._prune = not self._prune
        self._begin()

    def action_back(self) -> None:
        """End with nothing."""
        self.dismiss(None)
