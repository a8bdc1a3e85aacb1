"""One host: its facts, its peers, its traffic, its configuration, its log."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widget import Widget

from meshtui.inert import inert
from meshtui.tui.actions import bindings
from meshtui.tui.host_lines import Fact, entries_of, facts, flowing, log_lines, rate
from meshtui.tui.row import NAME_LIMIT, SILENT, Row, inert_lines
from meshtui.tui.screens.flagged import FlaggedScreen
from meshtui.tui.shape_lines import role_facts
from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS
from meshtui.tui.view import MeshView
from meshtui.tui.waiting import answer
from meshtui.tui.widgets.board import Board
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.config import Config
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.peers import UNKNOWN, Peers
from meshtui.tui.widgets.sparkline import buckets, sparkline
from meshtui.tui.widgets.table import Table
from meshtui.tui.widgets.traffic import Traffic
from meshtui.tui.words import describe, duration, warned

if TYPE_CHECKING:
    from meshtui.fleet.reports import Inspection, TrafficSample
    from meshtui.tui.fleet_api import FleetApi
    from meshtui.tui.log import Log

Pane = Literal["peers", "traffic", "config", "log"]
PANES: tuple[Pane, ...] = ("peers", "traffic", "log", "config")

#: From this size on, all panes are in view; from this width on, the traffic beside the peers.
DASHBOARD, WIDE = (110, 34), 170
#: Seconds of the sparkline, its characters at most, and seconds between two looks at the records.
HOUR, SPARKS, AGAIN = 3600.0, 60, 10.0
#: Lines of facts that leave room for a pane at 24.
_FACT_LINES = 6


class HostScreen(FlaggedScreen[None]):
    """Draws one row of a MeshView, and what the fleet says of it when it is asked."""

    CSS_PATH: ClassVar = [
        "host.tcss",
        "../widgets/board.tcss",
        "../widgets/table.tcss",
    ]
    BINDINGS = bindings("host", "about")

    class LinkAsked(Message):
        """Someone wants to see both ends of a link."""

        def __init__(self, from_: str, to: str) -> None:
            super().__init__()
            self.from_, self.to = from_, to

    def __init__(
        self,
        view: MeshView,
        host: str,
        fleet: Callable[[], Awaitable[FleetApi]],
        log: Log | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`fleet` waits until it is open. `now`: epoch seconds."""
        super().__init__()
        self._view, self._about, self._fleet, self._log, self._now = view, host, fleet, log, now
        self._header = Calm(id="header")
        self._tabs = Calm(id="tabs")
        self._peers = Peers(view, host)
        self._traffic = Traffic(now)
        self._config = Config()
        self._said = Board()
        self._panes: dict[Pane, Widget] = {
            "peers": self._peers,
            "traffic": self._traffic,
            "log": self._said,
            "config": self._config,
        }
        self._pane: Pane = "peers"
        self._full = False
        self._inspection: Inspection | None = None
        self._inspected_at = 0.0
        self._trouble: str | None = None
        self._hour: list[TrafficSample] = []
        self._log_version = -1
        self._far_ends: tuple[object, ...] = ()

    @property
    def host(self) -> str:
        """The host that it is about."""
        return self._about

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self._header
        yield self._tabs
        with Container(id="panes"):
            for name, pane in self._panes.items():
                pane.add_class("pane")
                pane.id = f"pane-{name}"
                yield pane
        yield Hints("host", "about", "app")

    def on_mount(self) -> None:
        """Show what is known, and ask for the rest."""
        self._lay_out()
        self._show_live()
        # How fine the records are to be depends on the plot's width.
        self.call_after_refresh(self._ask)
        self.set_interval(AGAIN, self._ask_traffic)
        self.set_interval(1.0, self._show_log)

    def on_resize(self) -> None:
        """One pane, or all of them."""
        self._lay_out()
        self._show_header()

    def on_screen_resume(self) -> None:
        """Catch up with what happened under another screen."""
        self._show_live()

    # -- what is live

    def rows_changed(self, indexes: set[int]) -> None:
        """Draw what changed with these rows of the view."""
        if not self.is_mounted:
            return
        mine = self._view.index.get(self._about)
        if mine is None or mine in indexes:
            self._show_live()
        # Of the others it matters only what they say of this one, which seldom changes.
        elif self._peers.far_ends() != self._far_ends:
            self._show_peers()

    def _redraw(self) -> None:
        self._show_header()

    @property
    def _row(self) -> Row | None:
        index = self._view.index.get(self._about)
        return None if index is None else self._view.rows[index]

    def _show_live(self) -> None:
        self._show_header()
        self._show_peers()
        self._show_titles()
        self._show_log()

    def _show_peers(self) -> None:
        self._far_ends = self._peers.far_ends()
        self._peers.tell()

    def _show_header(self) -> None:
        row = self._row
        text = Text(overflow="ellipsis", no_wrap=True)
        text.append(f"{inert(self._about, NAME_LIMIT)}  ", "bold")
        if row is None:
            text.append("is no longer in mesh.toml", f"bold {self._header.colour('missing')}")
            self._header.say(text)
            return
        colour = f"bold {self._header.colour(HOST_COLOURS[row.state])}"
        text.append(f"{HOST_GLYPHS[row.state]} {row.state}", colour)
        if self._view.is_disabled(self._view.index[self._about]):
            text.append(", disabled in mesh.toml", "dim")
        self._add_flags(text, self._header)
        age = self._view.age(self._view.index[self._about])
        if row.kept and age is not None:
            text.append(f"   all values as seen {duration(int(age))} ago", "dim")
        for line in (row.error or "").splitlines():
            text.append(f"\n{line}", self._header.colour(HOST_COLOURS[row.state]))
        # Of a host that is silent the reason stands there already.
        if self._trouble and row.state not in SILENT:
            text.append(f"\n× not looked at closer: {self._trouble} (r tries again)", "bold")
        for said in warned(self._view, self._about):
            text.append(f"\n{said}", f"bold {self._header.colour('stale')}")
        width = max(20, self.size.width - 2)
        quiet = row.kept or self._trouble is not None
        for fact_line in flowing(self._facts(row), width)[:_FACT_LINES]:
            text.append("\n")
            for piece, style in fact_line:
                text.append(piece, "dim" if style == "label" or quiet else "")
        self._spark(text, row)
        self._header.say(text)

    def _facts(self, row: Row) -> list[Fact]:
        roles = role_facts(self._view, self._view.index[self._about])
        key = [("public_key", row.public_key)] if row.public_key else []
        if self._inspection is None:
            port, asked = str(row.listen_port or ""), "" if self._trouble else "looking closer…"
            known = [("addresses", ", ".join(row.addresses)), ("listen_port", port), *key]
            return roles + [fact for fact in [*known, ("", asked)] if fact[1]]
        old = int(self._now() - self._inspected_at)
        when = [("as of", f"{duration(old)} ago")] if self._trouble or row.kept else []
        return roles + facts(self._inspection.facts) + key + when

    def _spark(self, text: Text, row: Row) -> None:
        """The last hour in one line, and how it is now."""
        text.append("\nlast hour  ", "dim")
        until = self._now()
        # Beside it stand a heading and two rates.
        sparks = max(8, min(SPARKS, (self.size.width - 42) // 2))
        now = {"rx": None, "tx": None} if row.rate is None else row.rate._asdict()
        for name, colour in (("rx", "up"), ("tx", "idle")):
            points = [(sample.at, getattr(sample, name)) for sample in self._hour]
            line = sparkline(buckets(points, until - HOUR, until, sparks))
            text.append(f"{name} ", f"bold {self._header.colour(colour)}")
            text.append(line, self._header.colour(colour))
            text.append(f" {rate(now[name]):<8} ")

    # -- what is asked for

    def _ask(self) -> None:
        self._work(self._inspect(), "inspect")
        self._ask_traffic()

    def _ask_traffic(self) -> None:
        if self.is_current:
            self._work(self._read_traffic(), "traffic")

    def _work(self, do: Awaitable[None], group: str) -> None:
        self.run_worker(do, name=group, group=group, exclusive=True, exit_on_error=False)

    async def _inspect(self) -> None:
        try:
            found = await answer((await self._fleet()).inspect(self._about))
        except Exception as error:
            self._trouble = inert_lines(describe(error))
            self._config.fail(self._trouble or "")
            self._show_live()
            return
        self._trouble, self._inspection, self._inspected_at = None, found, self._now()
        self._config.tell(found, self._view.mesh.interface)
        self._show_live()

    async def _read_traffic(self) -> None:
        until = self._now()
        try:
            fleet = await self._fleet()
            self._hour = await answer(fleet.traffic(self._about, until - HOUR, HOUR / SPARKS))
            since, step = self._traffic.wanted(until)
            samples = await answer(fleet.traffic(self._about, since, step))
            self._traffic.tell(samples, since, until)
        except Exception as error:
            self._traffic.fail(inert_lines(describe(error)) or "")
        self._show_header()

    def _show_log(self) -> None:
        if self._log is None or self._log.version == self._log_version:
            return
        self._log_version, board = self._log.version, self._said
        at_end = board.scroll_offset.y >= board.max_scroll_y
        lines = log_lines(
            entries_of(self._log.entries, self._about), board.scrollable_content_region.width
        )
        board.show(lines or [(("nothing was said of this host yet", "dim"),)])
        if at_end:
            board.scroll_to(y=len(lines), animate=False, force=True)

    # -- panes

    def _lay_out(self) -> None:
        wide = self.size.width >= DASHBOARD[0] and self.size.height >= DASHBOARD[1]
        self.set_class(wide and not self._full, "-all")
        self.set_class(self.size.width >= WIDE, "-wide")
        for name, pane in self._panes.items():
            pane.set_class(name == self._pane, "-current")
        self._panes[self._pane].focus()
        self._show_titles()
        # Its lines are wrapped for a width.
        self._log_version = -1
        self.call_after_refresh(self._show_log)

    def _show_titles(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis")
        for number, (name, pane) in enumerate(self._panes.items(), 1):
            pane.border_title = f"{number} {self._title_of(name)}"
            here = name == self._pane
            style = Style(bold=here, reverse=here) + Style.from_meta({"@click": f"screen.{name}"})
            more = {"traffic": f" {self._traffic.span_name}", "config": self._config.flag}
            text.append(f" {number} {name}{more.get(name, '')} ", style)
            text.append(" ")
        self._tabs.say(text)

    def _title_of(self, name: Pane) -> str:
        if name == "traffic":
            return f"traffic, {self._traffic.span_name} (+ - zoom)"
        return self._config.title if name == "config" else name

    def _go_to(self, name: Pane) -> None:
        self._pane = name
        self._lay_out()

    # -- keys

    def copied(self) -> str:
        """What is marked: the key of a peer, the configuration or the log; else the host."""
        if self._pane == "peers" and self._peers.cursor is not None:
            return self._peers.peer_key(self._peers.cursor)
        if self._pane in ("config", "log"):
            return (self._config if self._pane == "config" else self._said).plain
        known = (*row.addresses, row.public_key or "") if (row := self._row) else ()
        return " ".join([self._about, *known])

    @on(Table.Opened)
    def _open(self, event: Table.Opened) -> None:
        if event.key.startswith(UNKNOWN):
            self.notify("mesh.toml has no such peer, so there is no link to show", markup=False)
        else:
            self.post_message(self.LinkAsked(self._about, event.key))

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._go_to(PANES[(PANES.index(self._pane) + 1) % len(PANES)])

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self._go_to(PANES[PANES.index(self._pane) - 1])

    def action_peers(self) -> None:
        """Go to the peers."""
        self._go_to("peers")

    def action_traffic(self) -> None:
        """Go to the traffic."""
        self._go_to("traffic")

    def action_config(self) -> None:
        """Go to the configuration."""
        self._go_to("config")

    def action_log(self) -> None:
        """Go to the log."""
        self._go_to("log")

    def action_full(self) -> None:
        """Show one pane on the whole screen, or all where there is room."""
        self._full = not self._full
        self._lay_out()

    def action_sort(self) -> None:
        """Sort the peers by the next column."""
        self._peers.sort_next()

    def action_reverse(self) -> None:
        """Sort the peers the other way round."""
        self._peers.turn()

    def action_zoom_in(self) -> None:
        """Show the traffic of a shorter time."""
        self._zoom(-1)

    def action_zoom_out(self) -> None:
        """Show the traffic of a longer time."""
        self._zoom(1)

    def _zoom(self, by: int) -> None:
        if self._traffic.zoom(by):
            self._show_titles()
            self._ask_traffic()

    def action_compare(self) -> None:
        """Put other configurations side by side."""
        self._config.compare_next()
        self._show_titles()

    def action_difference(self) -> None:
        """Go to the next difference in the configuration."""
        self._go_to("config")
        self._config.next_difference()

    def action_again(self) -> None:
        """Ask the host again."""
        self._trouble = None
        self._show_header()
        self._ask()

    def action_back(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
