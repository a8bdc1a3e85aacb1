"""One command on several hosts: their answers, those that are the same told once."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult

from meshtui.errors import MeshError
from meshtui.fleet.reports import CommandResult
from meshtui.inert import inert
from meshtui.tui.actions import bindings
from meshtui.tui.fleet_api import FleetApi
from meshtui.tui.row import NAME_LIMIT, inert_lines
from meshtui.tui.screens.flagged import FlaggedScreen
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.lines import Line, Lines
from meshtui.tui.words import counted, describe

#: What is shown of a line, and of one answer; the rest is counted.
_LINE = 1000
_LINES = 2000
#: Seconds between two drawings, however the answers come.
_DRAW_EVERY = 0.2

Answer = tuple[int | None, str, str | None]
"""What a host said: exit status, output, and why there is none."""


class RunScreen(FlaggedScreen[None]):
    """Runs the command when it opens. Leaving it waits no longer: what has begun may go on."""

    CSS_PATH = "plan.tcss"
    BINDINGS = bindings("run")

    def __init__(
        self, fleet: Callable[[], Awaitable[FleetApi]], hosts: Sequence[str], command: str
    ) -> None:
        super().__init__()
        self._fleet = fleet
        self._hosts = hosts
        self._command = command
        self._results: list[CommandResult] = []
        self._broken: str | None = None
        self._said: dict[Answer, list[Line]] = {}
        self._drawn_at = -_DRAW_EVERY
        self._drawing = False

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield Calm(id="title")
        yield Lines()
        yield Hints("run", "app")

    def on_mount(self) -> None:
        """Start it."""
        self.action_again()

    def action_again(self) -> None:
        """Run it once more; answers of the run before are not waited for."""
        self._results, self._broken = [], None
        self._said.clear()
        self._redraw()
        self.run_worker(self._run(), name="run", group="run", exclusive=True, exit_on_error=False)

    async def _run(self) -> None:
        try:
            fleet = await self._fleet()
            async for result in fleet.run(self._hosts, self._command):
                self._results.append(result)
                self._show_soon()
        except Exception as error:
            self._broken = describe(error)
            self._redraw()
            if not isinstance(error, MeshError):
                raise

    def _show_soon(self) -> None:
        """Now, or with the next ones where it was drawn a moment ago."""
        wait = self._drawn_at + _DRAW_EVERY - time.monotonic()
        if wait <= 0:
            self._redraw()
        elif not self._drawing:
            self._drawing = True
            self.set_timer(wait, self._redraw)

    def _redraw(self) -> None:
        self._drawing = False
        title = Text("run  ", overflow="fold")
        title.append(inert(self._command, _LINE), "bold")
        waiting = len(self._hosts) - len(self._results)
        good = sum(1 for result in self._results if result.status == 0)
        title.append(f"   {good} of {counted(len(self._hosts), 'host')} ended with 0")
        if self._broken is not None:
            title.append(f"   × it broke off: {inert_lines(self._broken)}", "bold")
        elif waiting:
            title.append(f"   {waiting} under way")
        shown = self.query_one("#title", Calm)
        self._add_flags(title, shown)
        shown.say(title)
        self.query_one(Lines).show(grouped(self._results, self._said))
        # From its end: long answers must leave time for the keys.
        self._drawn_at = time.monotonic()

    def action_back(self) -> None:
        """Back to the screen before."""
        self.dismiss(None)


def grouped(
    results: Sequence[CommandResult], said: dict[Answer, list[Line]] | None = None
) -> list[Line]:
    """The answers, each told once with all hosts that gave it; the most frequent first.

    `said` keeps the lines of each answer for the next time.
    """
    said = {} if said is None else said
    groups: dict[Answer, list[str]] = {}
    for result in results:
        groups.setdefault((result.status, result.output, result.error), []).append(result.host)
    lines: list[Line] = []
    for answer, hosts in sorted(groups.items(), key=lambda g: -len(g[1])):
        status = answer[0]
        names = ", ".join(inert(host, NAME_LIMIT) for host in hosts)
        ended = "no exit status" if status is None else f"exit {status}"
        glyph, style = ("✓ ", "good") if status == 0 else ("× ", "bad")
        lines.append(
            (
                (glyph, style),
                (names, "strong"),
                (f"   {counted(len(hosts), 'host')}, {ended}", "dim"),
            )
        )
        if answer not in said:
            said[answer] = _lines_of(answer)
        lines += said[answer]
    return lines


def _lines_of(answer: Answer) -> list[Line]:
    """One answer, but for its hosts."""
    _, output, error = answer
    lines: list[Line] = []
    if error:
        lines += [((f"  {part}", "bad"),) for part in (inert_lines(error) or "").split("\n")]
    said = output.splitlines()
    lines += [((f"  {inert(line, _LINE)}", ""),) for line in said[:_LINES]]
    if len(said) > _LINES:
        lines.append(((f"  … {len(said) - _LINES} more lines", "dim"),))
    if not said and not error:
        lines.append((("  it said nothing", "dim"),))
    lines.append(())
    return lines
