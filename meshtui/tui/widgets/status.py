"""The line at the top: which mesh, how well it is, how old the picture, what is under way."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from meshtui.inert import inert
from meshtui.tui.row import NAME_LIMIT, Rate
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.words import bytes_short, duration

#: Data younger than this is called live, so that no clock ticks on the screen.
LIVE = 3
#: Seconds between two looks at the mesh's traffic: faster than that nobody reads.
COUNT_EVERY = 1.0

Flag = tuple[str, str]
"""A text, and the state whose colour it has: `("paused", "stale")`."""
Piece = tuple[int, tuple[Flag, ...]]
"""How much it matters, 0 the most, and its texts with their styles."""


class Status(Calm):
    """One line. Where it is too long, what matters least goes, not what stands at the right."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._traffic: Rate | None = None
        self._counted_at = 0.0

    def tell(
        self,
        view: MeshView,
        *,
        age: float | None,
        busy: str,
        stopped: bool,
        flags: Sequence[Flag] = (),
    ) -> None:
        """`age`: seconds since the latest look; None: none yet. `busy`: what is under way.

        `stopped`: nothing looks at the hosts any more. `flags`: what else holds now,
        paused, read-only, a filter.
        """
        mesh = view.mesh
        waiting = view.answered < view.hosts
        live = age is not None and age < LIVE
        pieces: list[Piece] = [
            (1, ((inert(mesh.name, NAME_LIMIT), "bold"), (f" {mesh.interface}", ""))),
            (0, self._share("hosts", view.hosts_up, view.hosts, "up", waiting)),
            (0, self._share("directions", view.healthy, view.directions, "healthy", waiting)),
        ]
        there, well = view.ways.healthy(view.hosts)
        if there:
            pieces.append((1, self._share("via others", well, there, "", waiting)))
        if view.mesh.peers:
            seen = sum(row.state == "seen" for row in view.rows[view.hosts :])
            pieces.append((6, ((f"peers {seen}/{len(view.mesh.peers)} seen", ""),)))
        if drifts := sum(map(view.drifts, range(len(view.rows)))):
            pieces.append((2, (("drift ", ""), (f"≠ {drifts}", f"bold {self.colour('stale')}"))))
        traffic = self._counted(view)
        if traffic is not None:
            rx, tx = (bytes_short(round(count)) for count in traffic)
            pieces.append((7, ((f"↓{rx}/s ↑{tx}/s", ""),)))
        if stopped:
            pieces.append((2, (("stopped", f"bold {self.colour('stale')}"),)))
        if not (stopped and live):
            pieces.append((4 if live else 2, ((_freshness(age), "" if live else "bold"),)))
        # What makes the picture another than the live one stays longest.
        pieces += [
            (1 if state == "stale" else 3, ((text, f"bold {self.colour(state)}"),))
            for text, state in flags
        ]
        if busy:
            pieces.append((5, ((busy, self.colour("idle")),)))
        self.say(_fitted(pieces, self.app.size.width))

    def _share(
        self, noun: str, good: int, total: int, word: str, waiting: bool
    ) -> tuple[Flag, ...]:
        grade = "bold" if waiting else f"bold {self.colour('stale')}"
        if good == total:
            grade = f"bold {self.colour('up')}"
        return ((f"{noun} ", ""), (f"{good}/{total}", grade), (f" {word}".rstrip(), ""))

    def _counted(self, view: MeshView) -> Rate | None:
        now = view.clock()
        if self._traffic is None or now - self._counted_at >= COUNT_EVERY:
            self._traffic, self._counted_at = view.traffic, now
        return self._traffic


def _fitted(pieces: list[Piece], width: int) -> Text:
    """The pieces side by side, without those that matter least where they do not fit."""
    gap = 3
    while len(pieces) > 1:
        lengths = [sum([cell_len(text) for text, _ in texts]) for _, texts in pieces]
        if sum(lengths) + gap * (len(pieces) - 1) + 2 <= width:
            break
        if gap > 2:
            gap = 2
            continue
        least = max(range(len(pieces)), key=lambda i: (pieces[i][0], i))
        if pieces[least][0] == 0:
            break
        del pieces[least]
    text = Text(" ", no_wrap=True, overflow="ellipsis")
    for i, (_, texts) in enumerate(pieces):
        if i:
            text.append(" " * gap)
        for piece, style in texts:
            text.append(piece, style)
    return text


def _freshness(age: float | None) -> str:
    if age is None:
        return "no data yet"
    return "live" if age < LIVE else f"data {duration(int(age))} old"
