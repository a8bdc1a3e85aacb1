"""What would change, before anything does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen

from meshtui.errors import MeshError
from meshtui.plan.impact import impact
from meshtui.plan.impact_text import ImpactLine, impact_lines
from meshtui.plan.model import Plan
from meshtui.store.edit import Draft
from meshtui.tui.actions import bindings
from meshtui.tui.change_lines import draft_branch
from meshtui.tui.plan_lines import IMPACTS, Badge, PlanTree, impact_text, legend, summary, worst
from meshtui.tui.row import inert_lines
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.tree import LineTree
from meshtui.tui.words import counted, describe

ReadPlan = Callable[[bool], Awaitable[Plan]]
"""`prune` -> the plan."""

_STATES = {"added": "up", "warn": "stale", "bad": "never", "dim": "unknown"}


class PlanScreen(Screen[Plan | None]):
    """Reads the plan and shows it; ends with it when it is to be applied, else with None."""

    CSS_PATH = ["plan.tcss", "../widgets/tree.tcss"]  # noqa: RUF012
    BINDINGS = bindings("plan")

    def __init__(
        self,
        read: ReadPlan,
        hosts: int,
        *,
        title: str = "plan",
        draft: Draft | None = None,
        prunes: bool = True,
    ) -> None:
        """`draft`: of mesh.toml, which is edited with it. `title` is inert.

        `prunes`: whether `read` can take the removal of unknown peers in.
        """
        super().__init__()
        self._head, self._draft = title, draft
        self._read_plan = read
        self._hosts, self._prunes = hosts, prunes
        self._prune = False
        self._plan: Plan | None = None
        self._tree: PlanTree | None = None
        self._impact: list[ImpactLine] = []

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield Calm(id="title")
        yield Calm(id="impact")
        yield LineTree()
        yield Calm(id="legend")
        yield Hints("plan", "tree", "app")

    def on_mount(self) -> None:
        """Start to read."""
        self._begin()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._show()

    def _begin(self) -> None:
        self._plan = self._tree = None
        self._impact = []
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
        self._tree = PlanTree(self._plan)
        self._impact = impact_lines(self._plan, impact(self._plan))
        self._title(summary(self._plan), "bold")
        self._show()

    def _title(self, text: str, style: str = "") -> None:
        title = Text(f"{self._head}  ", overflow="fold")
        title.append(text, style)
        impact = worst(self._plan.hosts) if self._plan else None
        if impact is not None:
            badge = IMPACTS[impact]
            title.append(f"   {badge.glyph} {badge.meaning}", f"bold {_colour(badge)}")
        if self._prune:
            title.append("   ")
            title.append(" prune: on ", "bold reverse")
        self.query_one("#title", Calm).say(title)

    def _show(self) -> None:
        tree = self.query_one(LineTree)
        if self._plan is None or self._tree is None:
            tree.plant(())
        else:
            edit = [draft_branch(self._draft)] if self._draft else []
            tree.plant([*edit, *self._tree.roots(self.size.width - 3)])
        touched = self.query_one("#impact", Calm)
        touched.display = bool(self._impact)
        touched.say(impact_text(self._impact, self.size.width - 2))
        said = self.query_one("#legend", Calm)
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        for badge in legend(self._plan) if self._plan else ():
            text.append(badge.glyph, f"bold {_colour(badge)}")
            text.append(f" {badge.meaning}   ", "dim")
        said.say(text)
        left_out = [] if self._can_apply else ["plan.apply"]
        self.query_one(Hints).leave_out(*left_out, *([] if self._prunes else ["plan.prune"]))

    @property
    def _read_only(self) -> bool:
        return bool(getattr(self.app, "read_only", False))

    @property
    def _can_apply(self) -> bool:
        return self._plan is not None and self._changes and not self._read_only

    @property
    def _changes(self) -> bool:
        """Whether there is anything to do: on a host, or in mesh.toml."""
        edited = self._draft is not None and self._draft.before != self._draft.after
        return edited or bool(self._plan and self._plan.changes)

    def action_apply(self) -> None:
        """End with the plan, if it changes anything."""
        if self._plan is None:
            return
        if not self._changes:
            self.notify("nothing to apply; esc goes back", markup=False)
        elif self._read_only:
            self.notify("read-only: start without --read-only", severity="warning", markup=False)
        else:
            self.dismiss(self._plan)

    def action_prune(self) -> None:
        """Read again, with or without the removal of unknown peers."""
        if self._prunes:
            self._prune = not self._prune
            self._begin()

    def action_back(self) -> None:
        """End with nothing."""
        self.dismiss(None)


def _colour(badge: Badge) -> str:
    return f"$state-{_STATES[badge.style]}"
