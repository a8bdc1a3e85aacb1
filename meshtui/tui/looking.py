"""The picture of the mesh: kept live, held still, or taken from the past.

It follows the fleet's watch and says what to draw, and when; it knows no widget.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from meshtui.errors import MeshError
from meshtui.mesh.model import Mesh
from meshtui.tui.log import Log, changes
from meshtui.tui.view import MeshView
from meshtui.tui.waiting import asked_to_stop
from meshtui.tui.words import describe

if TYPE_CHECKING:
    from meshtui.fleet.events import HostPolled
    from meshtui.tui.fleet_api import FleetApi

#: Seconds between two looks at a host that `+` and `-` step through.
INTERVALS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
#: While another screen covers the grid, or the picture is held still, this slow at least.
CALM_INTERVAL = 3.0
#: Seconds between two drawings, however the hosts' answers are spread: of what is always
#: another, as ages are, or of much at once; and of news about a few rows.
DRAW_EVERY, NEWS_EVERY = 1.0, 0.2
#: So many rows are a few.
FEW = 10
#: How long the first of a burst waits for the others.
DRAW_AFTER = 0.03
#: So many rows are drawn at a time, and the others after as long again.
DRAW_MOST = 40


class Stage(Protocol):
    """What draws the picture."""

    @property
    def covered(self) -> bool:
        """Whether something else is in front of it."""
        ...

    def draw(self, rows: set[int]) -> None:
        """Draw what changed with these rows of the live view, wherever that is shown."""
        ...

    def draw_anew(self) -> None:
        """Another view is shown, or its hosts are others."""
        ...

    def tell(self) -> None:
        """Show how old the picture is and what is under way."""
        ...

    def back(self, host: str) -> None:
        """A host answers again."""
        ...

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Call `do` after `seconds`."""
        ...


class Looking:
    """One mesh, looked at."""

    def __init__(
        self,
        mesh: Mesh,
        stage: Stage,
        clock: Callable[[], float],
        interval: float,
        now: Callable[[], float],
    ) -> None:
        """`clock`: seconds, monotonic; `now`: epoch seconds; `interval`: see `wait`."""
        self.live = MeshView(mesh, clock)
        self.log = Log(now)
        self.interval = interval
        self.paused = False
        self.past: float | None = None
        """The moment shown, in epoch seconds; None: now."""
        self.trouble: str | None = None
        """Why nobody looks any more."""
        self._past_view: MeshView | None = None
        self._stage = stage
        self._clock = clock
        self._now = now
        self._held: dict[str, tuple[HostPolled, float]] = {}
        """What came while the picture was held still, and when, by the clock."""
        self._asked = 0
        """Goes up with each wish for another moment: only the latest is shown."""
        self._dirty: set[int] = set()
        self._news: set[int] = set()
        self._due: float | None = None
        """When it is drawn next, by `time.monotonic`; None: there is nothing to draw."""
        self._drawn_at = -DRAW_EVERY
        self._seen_at: float | None = None

    @property
    def view(self) -> MeshView:
        """What is shown."""
        return self._past_view or self.live

    @property
    def age(self) -> float | None:
        """Seconds since the latest look; None: none yet."""
        return None if self._seen_at is None else self._clock() - self._seen_at

    def wait(self) -> float:
        """Seconds between two looks, as things are."""
        calm = self.paused or self._stage.covered
        return max(self.interval, CALM_INTERVAL) if calm else self.interval

    def change_interval(self, step: int) -> None:
        """The next longer (1) or shorter (-1) one."""
        if step > 0:
            self.interval = min((i for i in INTERVALS if i > self.interval), default=INTERVALS[-1])
        else:
            self.interval = max((i for i in INTERVALS if i < self.interval), default=INTERVALS[0])

    # -- the watch

    async def follow(self, events: AsyncIterator[HostPolled]) -> None:
        """Take in what the fleet sees, for ever. Whatever ends it is its `trouble`."""
        try:
            async for event in events:
                self.see(event)
            self.trouble = "the watch has ended"
        except asyncio.CancelledError:
            if asked_to_stop():
                raise
            self.trouble = "the watch was called off"
        except MeshError as error:
            self.trouble = str(error)
        except Exception as error:
            self.trouble = f"the watch broke: {describe(error)}"
            raise

    def see(self, event: HostPolled) -> None:
        """Take one look in; where the picture is held still, later."""
        if self.paused:
            self._held[event.host.name] = event, self._clock()
            return
        self._take_in(event, self._clock())

    def _take_in(self, event: HostPolled, came_at: float) -> None:
        self._seen_at = max(came_at, self._seen_at or came_at)
        at = self.live.index.get(event.host.name)
        before = None if at is None else self.live.rows[at]
        turn = None if at is None else self.live.turns[at]
        touched = self.live.see(event)
        if before is None or at is None or not touched:
            self.touch(())
            return
        for change in changes(before, self.live.rows[at]):
            self.log.add(*change)
        if self.live.rows[at].state == "up" and before.state not in ("up", "connecting"):
            self._stage.back(event.host.name)
        self.touch(touched, news=turn != self.live.turns[at])

    def touch(self, indexes: Collection[int], *, news: bool = False) -> None:
        """Draw rows of the live view soon: they are others, or what a silent host said is older.

        `news`: it is more than ages and counters.
        """
        self._dirty.update(indexes)
        if news:
            self._news.update(indexes)
        if not (self._dirty or self.live.kept):
            return
        few = 0 < len(self._news) <= FEW
        every = NEWS_EVERY if few else min(DRAW_EVERY, self.interval)
        now = time.monotonic()
        due = max(now + DRAW_AFTER, self._drawn_at + every)
        if self._due is None or due < self._due:
            self._due = due
            self._stage.later(due - now, partial(self._draw, due))

    def _draw(self, due: float) -> None:
        if due != self._due:
            return  # it was drawn earlier
        self._due = None
        rows, self._dirty = sorted(self._dirty), set()
        self._news.clear()
        self._drawn_at = time.monotonic()
        self._draw_parts(rows)

    def _draw_parts(self, rows: Sequence[int]) -> None:
        part, rest = rows[:DRAW_MOST], rows[DRAW_MOST:]
        self._stage.draw(set(part))
        if rest:
            # A key that is pressed meanwhile is answered in between.
            self._stage.later(DRAW_AFTER, partial(self._draw_parts, rest))
        else:
            self._stage.tell()

    # -- what is shown

    def pause(self, on: bool) -> None:
        """Hold the picture still, or take in what was missed meanwhile."""
        self.paused = on
        if not on:
            held, self._held = self._held, {}
            for event, came_at in held.values():
                # What came hours ago is hours old.
                self._take_in(replace(event, at=event.at or came_at), came_at)
        self._stage.tell()

    def replace(self, mesh: Mesh) -> None:
        """mesh.toml says something else now: the hosts that stay keep their rows."""
        self.live.replace(mesh)
        self._held.clear()
        self._dirty.clear()
        self._news.clear()
        self.now()

    def reshape(self, mesh: Mesh) -> bool:
        """Show the same hosts, of which others met than before or are seen elsewhere.

        False: mesh.toml says something else, too, and nothing was done.
        """
        if replace(self.live.mesh, found=mesh.found) != mesh:
            return False
        self.live.replace(mesh)
        self._dirty.clear()
        self._news.clear()
        if self.past is None:
            self._stage.draw_anew()
        return True

    def forget(self) -> None:
        """Another mesh comes: its hosts of the same name are others, and not seen yet."""
        self.replace(Mesh("", ()))
        self._seen_at = None

    def now(self) -> None:
        """Show the present."""
        self._asked += 1
        self.past, self._past_view = None, None
        self._stage.draw_anew()

    async def show_past(self, fleet: FleetApi, at: float) -> None:
        """Show how it was at `at`, in epoch seconds."""
        self._asked += 1
        asked = self._asked
        events = await fleet.past(at)
        if asked != self._asked:
            return
        view = MeshView(self.live.mesh, self._clock)
        for event in events:
            view.see(event)
        self.past, self._past_view = at, view
        self._stage.draw_anew()

    async def step(self, fleet: FleetApi, *, back: bool, seconds: float = 0.0) -> bool:
        """Show the next record more than `seconds` before, or after, what is shown.

        Whether there is one. After the newest comes the present.
        """
        if not back and self.past is None:
            return False
        self._asked += 1
        asked = self._asked
        if back or self.past is None:
            start = self._now() if self.past is None else self.past
            found = await fleet.moment(before=start - seconds)
        else:
            found = await fleet.moment(after=self.past + seconds)
        if asked != self._asked:
            # Someone went elsewhere meanwhile.
            return True
        if found is None and not back:
            self.now()
            return True
        if found is not None:
            await self.show_past(fleet, found)
        return found is not None
