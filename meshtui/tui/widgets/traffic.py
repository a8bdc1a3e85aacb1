"""The plot of a host's traffic."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from meshtui.tui.host_lines import traffic_lines
from meshtui.tui.widgets.board import Board
from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.plot import Span

if TYPE_CHECKING:
    from meshtui.fleet.reports import TrafficSample

#: How far back it goes, and how that is called.
SPANS = ((600.0, "10 min"), (3600.0, "1 h"), (6 * 3600.0, "6 h"), (24 * 3600.0, "24 h"))


class Traffic(Board):
    """Shows samples; asks for none."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self._zoom = 1
        self._samples: Sequence[TrafficSample] | None = None
        self._span = Span(0.0, 1.0)
        self._trouble = ""

    @property
    def span_name(self) -> str:
        """How far back it goes: `1 h`."""
        return SPANS[self._zoom][1]

    def zoom(self, by: int) -> bool:
        """Go further back, or less; whether that is another span."""
        zoom = max(0, min(len(SPANS) - 1, self._zoom + by))
        changed, self._zoom = zoom != self._zoom, zoom
        return changed

    def wanted(self, until: float) -> tuple[float, float]:
        """Since when, and in which steps, samples are to be read."""
        seconds = SPANS[self._zoom][0]
        # Two a cell are all that can be seen; while it is hidden it has no width of its own.
        steps = max(20, 2 * self.screen.size.width)
        return until - seconds, max(1.0, seconds / steps)

    def tell(self, samples: Sequence[TrafficSample], since: float, until: float) -> None:
        """Show these samples."""
        self._samples, self._trouble = samples, ""
        self._span = Span(since, until, time.localtime(until).tm_gmtoff)
        self._draw()

    def fail(self, why: str) -> None:
        """Say why there are no newer ones; what was there stays."""
        self._trouble = why
        self._draw()

    def on_resize(self) -> None:
        """Draw it for the new size."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.scrollable_content_region.size
        lines: list[Line] = []
        if self._trouble:
            lines = [
                ((part, "bad"),) for part in wrap(f"× no records: {self._trouble}", max(20, width))
            ]
        elif self._samples is None:
            lines = [(("reading the records…", "dim"),)]
        if self._samples is not None and width:
            lines += traffic_lines(self._samples, self._span, width, height - len(lines))
        self.show(lines)
