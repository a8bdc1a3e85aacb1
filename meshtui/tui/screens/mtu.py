"""The path MTU of every link, the worst first, and one value proposed for the mesh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rich.text import Text
from textual.app import ComposeResult

from meshtui.errors import MeshError
from meshtui.fleet.mtu import LinkMtu, MtuReport, probe, report
from meshtui.fleet.reports import PathMtu
from meshtui.inert import inert
from meshtui.mesh.wanted import joined
from meshtui.tui.actions import bindings
from meshtui.tui.fleet_api import FleetApi
from meshtui.tui.row import ERROR_LIMIT, NAME_LIMIT, inert_lines
from meshtui.tui.screens.flagged import FlaggedScreen
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.lines import Line, Lines
from meshtui.tui.words import NONE, counted, describe

_HEADINGS = ("SET", "TUNNEL", "OUTSIDE", "OVER", "FITS")
_WIDTH = 8


class MtuScreen(FlaggedScreen[int]):
    """Probes when it opens; ends with the value that is to be set, or nothing."""

    CSS_PATH = "plan.tcss"
    BINDINGS = bindings("mtu")

    def __init__(self, fleet: Callable[[], Awaitable[FleetApi]]) -> None:
        super().__init__()
        self._fleet = fleet
        self._found: list[PathMtu] = []
        self._report: MtuReport | None = None
        self._count: int | None = None
        """How many directions are probed; None: not known yet."""
        self._broken: str | None = None

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield Calm(id="title")
        yield Lines()
        yield Hints("mtu", "app")

    def on_mount(self) -> None:
        """Start it."""
        self.action_again()

    def action_again(self) -> None:
        """Probe once more."""
        self._found, self._report, self._count, self._broken = [], None, None, None
        self._redraw()
        self.run_worker(self._probe(), name="mtu", group="mtu", exclusive=True, exit_on_error=False)

    async def _probe(self) -> None:
        try:
            fleet = await self._fleet()
            mesh = fleet.mesh
            self._count = len(joined(mesh))
            self._redraw()
            async for one in probe(mesh, fleet.path_mtu):
                self._found.append(one)
                self._report = report(mesh, self._found)
                self._redraw()
        except Exception as error:
            self._broken = describe(error)
            self._redraw()
            if not isinstance(error, MeshError):
                raise

    @property
    def _done(self) -> bool:
        return self._count is not None and len(self._found) == self._count

    def _redraw(self) -> None:
        shown, found = self.query_one("#title", Calm), self._report
        title = Text("path MTU  ", overflow="fold")
        if self._broken is not None:
            title.append(f"× it broke off: {inert_lines(self._broken)}", "bold")
        elif self._count is None:
            title.append("connecting…", "dim")
        elif not self._done:
            left = counted(self._count - len(self._found), "direction")
            title.append(f"{left} under way", shown.colour("idle"))
        elif found is None or found.proposed is None:
            title.append(found.reason if found else "there is no link", "bold")
        else:
            state = "stale" if found.needed else "up"
            title.append(f"mtu = {found.proposed}", f"bold {shown.colour(state)}")
            title.append(f"  {inert(found.reason, ERROR_LIMIT)}")
            title.append("" if found.needed else "; every interface has it")
        self._add_flags(title, shown)
        shown.say(title)
        self.query_one(Lines).show(lines(found))
        can = self._done and found is not None and found.needed
        self.query_one(Hints).leave_out(*([] if can else ["mtu.set"]))

    def action_set(self) -> None:
        """End with the value, whose plan is shown then."""
        if self._done and self._report and self._report.needed:
            self.dismiss(self._report.proposed)

    def action_back(self) -> None:
        """Back to the screen before."""
        self.dismiss(None)


def lines(found: MtuReport | None) -> list[Line]:
    """What follows from it, and the table."""
    if found is None or not found.links:
        return []
    names = [" – ".join(inert(name, NAME_LIMIT) for name in one.between) for one in found.links]
    wide = max(*map(len, names), 4)
    heading = "".join(f"{text:>{_WIDTH}}" for text in _HEADINGS)
    rows: list[Line] = [((f"≠ {inert(text, ERROR_LIMIT)}", "warn"),) for text in found.effects]
    if rows:
        rows.append(())
    rows.append(((f"  {'LINK':<{wide}}{heading}", "dim"),))
    return rows + [
        _row(name.ljust(wide), one) for name, one in zip(names, found.links, strict=True)
    ]


def _row(name: str, link: LinkMtu) -> Line:
    over = f"IPv{link.over}" if link.over else None
    values = (link.interface, link.tunnel, link.path, over, link.fits)
    told = "".join(f"{NONE if value is None else value:>{_WIDTH}}" for value in values)
    if link.loses:
        return (("≠ ", "warn"), (name, "strong"), (told, "warn"))
    return (("  ", ""), (name, "strong"), (told, "dim" if link.fits is None else ""))
