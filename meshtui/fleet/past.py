"""The mesh's past: what the watch sees is written down, and told again when asked.

SQLite works in a thread of its own and is loaded there: neither the first frame nor a
command that only looks once pays for it. The watch never waits for the disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from meshtui.errors import HostState
from meshtui.fleet.events import HostPolled, HostStatus, LinkStatus
from meshtui.fleet.reports import LinkSample, TrafficSample
from meshtui.mesh.model import Mesh

if TYPE_CHECKING:
    from meshtui.store.history import History
    from meshtui.store.samples import Sample

T = TypeVar("T")

#: Seconds; of the looks in that time, each host's last is written down.
STEP = 10.0

_WHY: dict[HostState, str] = {
    "no-interface": "it had no interface then",
    "unreachable": "it could not be reached then",
    "refused": "SSH said no then",
    "not-installed": "WireGuard's tools were missing then",
}


class Past:
    """Writes down what goes through `recorded`. Close it when done."""

    def __init__(
        self,
        mesh: Callable[[], Mesh],
        *,
        directory: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`mesh` gives the mesh as it is now; for `directory`, see `History`."""
        self.say: Callable[[str], None] | None = None
        """Told, once each, why the past cannot be kept. Called in the event loop."""
        self._mesh = mesh
        self._directory = directory
        self._clock = clock
        self._latest: dict[str, tuple[float, HostPolled]] = {}
        self._step: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None
        self._history: History | None = None  # belongs to the thread

    # -- writing

    async def recorded(self, looks: AsyncIterator[HostPolled]) -> AsyncIterator[HostPolled]:
        """The same looks; each host's last of every ten seconds is written down."""
        try:
            async for look in looks:
                self.take(look)
                yield look
        finally:
            if isinstance(looks, AsyncGenerator):
                await looks.aclose()

    def take(self, look: HostPolled) -> None:
        """Take one look in."""
        now = self._clock()
        step = int(now // STEP)
        if step != self._step:
            self._hand_over()
            self._step = step
        self._latest[look.host.name] = now, look

    def _hand_over(self) -> None:
        if not self._latest:
            return
        if self._writing is not None and not self._writing.done():
            return  # The disk hangs: the next ten seconds are in the place of these.
        looks, self._latest = self._latest, {}
        self._writing = self._worker().submit(self._write, looks)
        self._writing.add_done_callback(self._written)

    def _write(self, looks: dict[str, tuple[float, HostPolled]]) -> None:
        self._opened().add({name: _sample(at, look) for name, (at, look) in looks.items()})

    def _written(self, writing: Future[None]) -> None:
        # A fault of ours; whatever the disk did was said already.
        if not writing.cancelled() and (error := writing.exception()):
            self.tell(f"the history broke: {type(error).__name__}: {error}")

    async def close(self) -> None:
        """Write down what is left."""
        self._writing = None  # Should one be under way, this comes after it.
        self._hand_over()
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        try:
            await asyncio.wrap_future(thread.submit(self._close))
        finally:
            thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._history is not None:
            self._history.close()

    # -- reading

    async def moment(self, before: float | None = None, after: float | None = None) -> float | None:
        """See `FleetApi.moment`."""
        found = await self._ask(lambda h: h.moment(_milliseconds(before), _milliseconds(after)))
        return None if found is None else found / 1000

    async def past(self, at: float) -> list[HostPolled]:
        """See `FleetApi.past`. `HostPolled.at` is of the epoch's clock here."""
        mesh = self._mesh()

        def read(history: History) -> list[HostPolled]:
            found = history.past(round(at * 1000), mesh.hosts)
            return [_polled(mesh, name, found[name]) for name in mesh.hosts if name in found]

        return await self._ask(read)

    async def link_history(self, from_: str, to: str, since: float) -> list[LinkSample]:
        """See `FleetApi.link_history`."""

        def read(history: History) -> list[LinkSample]:
            return [
                LinkSample(at / 1000, state, _known(age), _known(rx), _known(tx))
                for at, state, age, rx, tx in history.link(from_, to, round(since * 1000))
            ]

        return await self._ask(read)

    async def last_worked(self, from_: str, to: str) -> float | None:
        """See `FleetApi.last_worked`."""
        found = await self._ask(lambda history: history.last_worked(from_, to))
        return None if found is None else found / 1000

    async def traffic(self, host: str, since: float, step: float) -> list[TrafficSample]:
        """See `FleetApi.traffic`."""
        now = self._clock()

        def read(history: History) -> list[TrafficSample]:
            from meshtui.fleet.traffic import traffic
            from meshtui.store.thin import gap

            def longest(age: float) -> float:
                return gap(round(age * 1000)) / 1000

            # From before `since`, too: the first step begins between two looks.
            first = since - longest(now - since)
            flows = history.flows(host, round(first * 1000))
            return traffic(flows, since, step, now, longest)

        return await self._ask(read)

    async def _ask(self, read: Callable[[History], T]) -> T:
        return await asyncio.wrap_future(self._worker().submit(lambda: read(self._opened())))

    # -- the thread

    def _worker(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="history")
        return self._thread

    def _opened(self) -> History:
        if self._history is None:
            from meshtui.store.history import History

            self._history = History(
                self._mesh().name, say=self.tell, directory=self._directory, clock=self._clock
            )
        return self._history

    def tell(self, text: str) -> None:
        """Have it said, from whatever thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told, text)

    def _told(self, text: str) -> None:
        if self.say is not None:
            self.say(text)


def _sample(at: float, look: HostPolled) -> Sample:
    from meshtui.store.samples import Sample, column

    _, to, states, ages, rx, tx, _ = zip(*look.links, strict=True) if look.links else [()] * 7
    return Sample(
        round(at * 1000), look.host.state, to, states, column(ages), column(rx), column(tx)
    )


def _polled(mesh: Mesh, name: str, sample: Sample) -> HostPolled:
    """The look again, less what is not written down: keys, ports, endpoints, words."""
    status = HostStatus(
        name=name,
        state=sample.state,
        addresses=tuple(str(address.ip) for address in mesh.hosts[name].addresses),
        public_key=None,
        listen_port=None,
        error=_WHY.get(sample.state),
    )
    numbers = map(_all_known, (sample.ages, sample.rx, sample.tx))
    # 10,000 at once in a mesh of 100: `_make` is the fast way. No endpoint was written down.
    rows = zip(repeat(name), sample.to, sample.states, *numbers, repeat(None))
    return HostPolled(status, tuple(map(LinkStatus._make, rows)), sample.at / 1000)


def _all_known(column: Sequence[int]) -> Iterable[int | None]:
    return map(_known, column) if min(column, default=0) < 0 else column


def _known(number: int) -> int | None:
    return None if number < 0 else number


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
