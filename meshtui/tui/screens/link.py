"""One link: both ends, what is wrong between them, and what can be measured."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.message import Message

from meshtui.inert import inert
from meshtui.tui.actions import bindings
from meshtui.tui.ends import End, Flow, end_of, verdict
from meshtui.tui.link_lines import (
    PAST,
    PLOT_MOST,
    Asked,
    Field,
    Past,
    end_lines,
    flow_of,
    level,
    past_plot,
)
from meshtui.tui.row import NAME_LIMIT, inert_lines
from meshtui.tui.screens.flagged import FlaggedScreen
from meshtui.tui.theme import LINK_GLYPHS
from meshtui.tui.view import MeshView
from meshtui.tui.waiting import answer
from meshtui.tui.way_block import apart_lines, apart_verdict, is_apart
from meshtui.tui.widgets.board import Board, beside
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.hints import Hints
from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.plot import Span
from meshtui.tui.words import describe

if TYPE_CHECKING:
    from meshtui.tui.fleet_api import FleetApi

#: From this width on, the ends stand side by side.
WIDE = 110
#: Seconds between two looks at the records.
AGAIN = 15.0
#: Seconds after which the hour's picture has moved far enough to be made anew.
PICTURE = 15.0
PINGS = 10
Ends = tuple[str, str]


class LinkScreen(FlaggedScreen[None]):
    """Draws two directions of a MeshView, and what the fleet says when it is asked."""

    CSS_PATH: ClassVar = ["link.tcss", "../widgets/board.tcss"]
    BINDINGS = bindings("link", "about")

    class HostAsked(Message):
        """Someone wants to see all of a host."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(
        self,
        view: MeshView,
        from_: str,
        to: str,
        fleet: Callable[[], Awaitable[FleetApi]],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`fleet` waits until it is open. `now`: epoch seconds."""
        super().__init__()
        self._view, self._fleet, self._now = view, fleet, now
        self.pair: Ends = (from_, to)
        """The two ends; the view of the first stands first."""
        self._head = Calm(id="title")
        self._board = Board()
        # Keys move the mark, not the text.
        self._board.can_focus = False
        self._cursor = (0, 0)
        self._fields: tuple[list[Field], list[Field]] = ([], [])
        self._starts: tuple[int, int] = (0, 0)
        self._past: dict[Ends, Past | str] = {}
        self.asked: dict[Ends, Asked] = {}
        """What was measured, by direction."""
        self._pictures: dict[Ends, tuple[object, list[Line]]] = {}
        self._seen: dict[Ends, deque[tuple[float, int | None, int | None]]] = {
            pair: deque(maxlen=120) for pair in (self.pair, self.pair[::-1])
        }
        self._sampled: dict[Ends, float | None] = {}
        """By the view's clock: the answer that was the latest sample."""

    @property
    def host(self) -> str:
        """The host whose view stands first."""
        return self.pair[0]

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self._head
        yield self._board
        yield Hints("link", "about", "app")

    def on_mount(self) -> None:
        """Show what is known, and read the records."""
        self._show()
        self.action_again()
        self.set_interval(AGAIN, self.action_again)

    def on_resize(self) -> None:
        """Side by side, or one above the other."""
        self.call_after_refresh(self._show)

    def on_screen_resume(self) -> None:
        """Catch up with what happened under another screen."""
        self._show()

    # -- what is live

    def rows_changed(self, indexes: set[int]) -> None:
        """Draw what changed with these rows of the view."""
        mine = {self._view.index.get(name) for name in self.pair}
        # Where others carry their packets, these are told of, too.
        if self.is_mounted and (mine & indexes or None in mine or self._view.ways.any):
            self._show()

    def _redraw(self) -> None:
        self._show()

    def _now_seen(self) -> tuple[End, End] | None:
        index = self._view.index
        if any(name not in index for name in self.pair):
            return None
        here, there = (index[name] for name in self.pair)
        return end_of(self._view, here, there), end_of(self._view, there, here)

    def _shown_apart(self) -> bool:
        """Where they are not both ends of a tunnel, show what they are; whether that is so."""
        index = self._view.index
        here, there = (index.get(name) for name in self.pair)
        if here is None or there is None or not is_apart(self._view, here, there):
            return False
        self._say(*apart_verdict(self._view, here, there))
        width = self._board.scrollable_content_region.width
        asked, end = [self.asked.get(pair, Asked()) for pair in self._pairs], None
        if not self._view.way(here, there):
            seen, past = end_of(self._view, here, there), self._past.get(self.pair, "…")
            end = end_lines(seen, past, asked[0], self._span(), width, self._cursor[1])
        shown = apart_lines(self._view, here, there, end, asked, self._cursor, width)
        self._fields, self._starts = shown[1:]
        self._board.show(shown[0])
        return True

    def _show(self) -> None:
        if self._shown_apart():
            return
        ends = self._now_seen()
        if ends is None:
            gone = next(name for name in self.pair if name not in self._view.index)
            self._say(f"{inert(gone, NAME_LIMIT)} is no longer in mesh.toml", "missing")
            self._board.show([])
            return
        until = self._now()
        flows = [self._flow(pair, end, until) for pair, end in zip(self._pairs, ends, strict=True)]
        self._say(*verdict(*ends, *flows))
        span = self._span()
        width, height = self._board.scrollable_content_region.size
        if not width:
            return
        wide = width >= WIDE
        room = (width - 3) // 2 if wide else width
        ours, theirs = (
            end_lines(
                end,
                self._past.get(pair, "reading the records…"),
                self.asked.get(pair, Asked()),
                span,
                room,
                self._cursor[1] if side == self._cursor[0] else None,
            )
            for side, (pair, end) in enumerate(zip(self._pairs, ends, strict=True))
        )
        if wide:
            ours, theirs = level(ours, theirs)
            high = min(PLOT_MOST, height - len(ours[0]) - 1)
            pictures = [self._picture(pair, span, room, high) for pair in self._pairs]
            left, right = (
                [*block, (), *picture]
                for (block, _), picture in zip((ours, theirs), pictures, strict=True)
            )
            lines, starts = beside(left, right, width, " │ "), (0, 0)
        else:
            gap: list[Line] = [()] if len(ours[0]) + len(theirs[0]) < height else []
            lines = [*ours[0], *gap, *theirs[0]]
            starts = (0, len(ours[0]) + len(gap))
        self._fields, self._starts = (ours[1], theirs[1]), starts
        self._board.show(lines)

    def _span(self) -> Span:
        until = self._now()
        return Span(until - PAST, until, time.localtime(until).tm_gmtoff)

    def _picture(self, pair: Ends, span: Span, width: int, height: int) -> list[Line]:
        """Made anew only where it would look different: not with every look at the hosts."""
        past = self._past.get(pair, "")
        key = (past, width, height, span.until // PICTURE)
        known = self._pictures.get(pair)
        if known is None or known[0] != key:
            known = self._pictures[pair] = (key, past_plot(past, span, width, height))
        return known[1]

    @property
    def _pairs(self) -> tuple[Ends, Ends]:
        return self.pair, (self.pair[1], self.pair[0])

    @property
    def _asking(self) -> list[Ends]:
        """The directions that can be asked about: nobody asks a device."""
        return [pair for pair in self._pairs if pair[0] not in self._view.mesh.peers]

    def _flow(self, pair: Ends, end: End, now: float) -> Flow:
        """From the records, and from what was seen since this screen opened."""
        seen = self._seen[pair]
        index = self._view.index[pair[0]]
        age, seen_at = self._view.age(index), self._view.rows[index].seen_at
        # An answer is one sample, however often it is drawn, and as old as it is.
        known = age is not None and end.rx is not None and not end.silent
        if known and seen_at != self._sampled.get(pair):
            self._sampled[pair] = seen_at
            seen.append((now - (age or 0.0), end.rx, end.tx))
        past = self._past.get(pair, "")
        recorded = (
            []
            if isinstance(past, str)
            else [(s.at, s.transfer_rx, s.transfer_tx) for s in past.samples]
        )
        return flow_of(sorted([*recorded, *seen], key=itemgetter(0)), now)

    def _say(self, text: str, state: str) -> None:
        title = Text(overflow="fold")
        one, other = (inert(name, NAME_LIMIT) for name in self.pair)
        title.append(f"{one} ⇄ {other}   ", "bold")
        glyph = LINK_GLYPHS[state]  # type: ignore[index]
        title.append(f"{glyph} {text}", f"bold {self._head.colour(state)}")
        self._add_flags(title, self._head)
        self._head.say(title)

    # -- what is asked for

    def _work(self, do: Coroutine[Any, Any, None], group: str) -> None:
        self.run_worker(do, name=group, group=group, exclusive=True, exit_on_error=False)

    def action_again(self) -> None:
        """Read the records again."""
        if self.is_current:
            self._work(self._read(), "history")

    async def _read(self) -> None:
        for pair in self._asking:
            try:
                fleet = await self._fleet()
                samples = await answer(fleet.link_history(*pair, self._now() - PAST))
                self._past[pair] = Past(samples, await fleet.last_worked(*pair))
            except Exception as error:
                # What was read before is better than nothing.
                if not isinstance(self._past.get(pair), Past):
                    self._past[pair] = f"× no records: {inert_lines(describe(error))}"
        self._show()

    def action_ping(self) -> None:
        """Ping both ways at once."""
        self._measure("ping", f"pinging {PINGS} times…")

    def action_mtu(self) -> None:
        """Find the path MTU both ways at once."""
        self._measure("mtu", "trying packets of many sizes…")

    def _measure(self, what: str, running: str) -> None:
        for pair in self._asking:
            self._put(pair, what, running)
        self._show()
        self._work(self._measured(what), what)

    async def _measured(self, what: str) -> None:
        async def one(pair: Ends) -> None:
            try:
                fleet = await self._fleet()
                ping = what == "ping"
                ask = fleet.ping(*pair, PINGS) if ping else fleet.path_mtu(*pair)
                found: object = await answer(ask)
            except Exception as error:
                # Told in its place: one end that fails does not end the other's.
                found = f"× {inert_lines(describe(error))}"
            self._put(pair, what, found)
            self._show()

        await asyncio.gather(*map(one, self._asking))

    def _put(self, pair: Ends, what: str, found: Any) -> None:
        self.asked[pair] = replace(self.asked.get(pair, Asked()), **{what: found})

    # -- keys and mouse

    def copied(self) -> str:
        """What is marked: a key, an endpoint, addresses."""
        end, field = self._cursor
        fields = self._fields[end]
        return fields[field].text if field < len(fields) else ""

    @on(Board.Picked)
    def _pick(self, event: Board.Picked) -> None:
        """Mark what was clicked; an end's name opens its host."""
        if self._starts[0] == self._starts[1]:
            end = int(event.x > self._board.scrollable_content_region.width // 2)
        else:
            end = int(event.line >= self._starts[1])
        line = event.line - self._starts[end]
        if line == 0:
            self.post_message(self.HostAsked(self.pair[end]))
            return
        for number, field in enumerate(self._fields[end]):
            if field.line <= line:
                self._cursor = (end, number)
        self._move(0)

    def _move(self, by: int, *, end: int | None = None) -> None:
        if not self._fields[0]:
            return
        stacked = self._starts[0] != self._starts[1]
        count = len(self._fields[0])
        if end is not None:
            self._cursor = (end if self._fields[end] else 0, self._cursor[1])
        elif stacked:
            # Both ends are one column then.
            most = count + len(self._fields[1]) - 1
            at = max(0, min(most, self._cursor[0] * count + self._cursor[1] + by))
            self._cursor = divmod(at, count)
        else:
            self._cursor = (self._cursor[0], max(0, min(count - 1, self._cursor[1] + by)))
        self._show()
        at_end, field = self._cursor
        self._board.reveal(self._starts[at_end] + self._fields[at_end][field].line)

    def action_swap(self) -> None:
        """Put the other end first; a device's end tells nothing."""
        if self.pair[1] in self._view.mesh.peers:
            return
        self.pair = (self.pair[1], self.pair[0])
        self._show()

    def action_up(self) -> None:
        """Mark the field above."""
        self._move(-1)

    def action_down(self) -> None:
        """Mark the field below."""
        self._move(1)

    def action_left(self) -> None:
        """Go to the first end."""
        self._move(0, end=0)

    def action_right(self) -> None:
        """Go to the second end."""
        self._move(0, end=1)

    def action_top(self) -> None:
        """Mark the first field."""
        self._move(-1000)
        self._board.action_to_top()

    def action_bottom(self) -> None:
        """Mark the last field."""
        self._move(1000)

    def action_page_up(self) -> None:
        """Scroll a screen up."""
        self._board.action_screen_up()

    def action_page_down(self) -> None:
        """Scroll a screen down."""
        self._board.action_screen_down()

    def action_back(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
