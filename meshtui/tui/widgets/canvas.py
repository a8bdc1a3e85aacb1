"""The lines of the grid, each kept until what it shows is another."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import STEPS, Face, again, faces, pairs
from meshtui.tui.widgets.hosts import StyleOf, host_line, pair_line
from meshtui.tui.widgets.paint import Brush, Scene, cells, heading, reason
from meshtui.tui.widgets.strokes import Strokes

Hosts = tuple[int, ...]
"""Whose line it is: one host, or two that share it; by index."""


class Look(NamedTuple):
    """All that a line shows; the same look is the same line."""

    scene: Scene
    cursor: int | None
    """Which of its hosts the cursor is on; None: it is on another line."""
    hosts: tuple[object, ...]
    faces: tuple[Face, ...]


class _Known(NamedTuple):
    """A look that was worked out."""

    place: object
    source: object
    look: Look


class Canvas:
    """Draws the lines of a scene that someone sets."""

    def __init__(self, view: MeshView, style_of: StyleOf) -> None:
        self.view = view
        self.scene: Scene | None = None
        self.cursor = 0
        """The cursor's row, a host by index."""
        self.marked: Collection[str] = ()
        """Names of the hosts that someone picked."""
        self.drawn: dict[Hosts, tuple[Look, Strip]] = {}
        self.changed: set[int] = set()
        """Hosts that someone says are others since their line was last worked out."""
        self._asked: dict[Hosts, Look] = {}
        self._style_of = style_of
        self._brush = Brush(style_of)
        self._looks: dict[Hosts, _Known] = {}
        self._lists: dict[Hosts, tuple[object, list[Segment]]] = {}

    def forget(self) -> None:
        """Draw everything again: colours or hosts are others."""
        self.drawn.clear()
        self._asked.clear()
        self._looks.clear()
        self._lists.clear()
        self._brush.clear()

    def rearranged(self) -> None:
        """Other hosts may share a line now."""
        self._looks.clear()

    def ask(self, hosts: Hosts) -> bool:
        """Whether a line must be drawn: it looks different from when that was last asked for.

        What was built since does not count. Textual builds all lines between those that it
        draws, and a line that changed after it was asked for is asked for again.
        """
        look = self._look(hosts)
        if self._asked.get(hosts) == look:
            return False
        self._asked[hosts] = look
        return True

    def only_remarked(self, hosts: Hosts) -> bool:
        """Ask for a line; whether nothing but the marked column is another."""
        before, look = self._asked.get(hosts), self._look(hosts)
        self._asked[hosts] = look
        if before is None or before[1:] != look[1:]:
            return False
        return before.scene._replace(cursor=look.scene.cursor) == look.scene

    def heading(self, line: int) -> Strip:
        """A line of the heading."""
        scene = self._scene
        return self._strip(heading(scene, self.view, line, self._style_of), "heading")

    def line(self, hosts: Hosts) -> Strip:
        """The line of one host, or of two."""
        look = self._look(hosts)
        known = self.drawn.get(hosts)
        if known is not None and known[0] == look:
            return known[1]
        scene, cursor = self._scene, look.cursor is not None
        row = self.view.rows[hosts[0]]
        if scene.layout.fold == 1 and row.silent:
            shown = reason(row.error or "", scene, self._style_of, cursor=cursor)
            strip = Strip([*self._list(hosts, look), *shown]).crop(0, scene.width)
        else:
            shown = cells(look.faces, scene, self._brush, cursor=cursor)
            strip = self._strip([*self._list(hosts, look), *shown], "cell")
        self.drawn[hosts] = (look, strip)
        return strip

    def blank(self, text: str = "") -> Strip:
        """A line without a host."""
        style = self._style_of("cell", "dim")
        return Strip([Segment(text, style)]).adjust_cell_length(self._scene.width, style)

    @property
    def _scene(self) -> Scene:
        assert self.scene is not None
        return self.scene

    def _list(self, hosts: Hosts, look: Look) -> list[Segment]:
        """The host list's part of a line, which seldom changes."""
        layout, key = self._scene.layout, (self._scene.layout, look.cursor, look.hosts)
        known = self._lists.get(hosts)
        if known is not None and known[0] == key:
            return known[1]
        marked = [self.view.names[host] in self.marked for host in hosts]
        if layout.fold > 1:
            segments = pair_line(
                self.view, hosts, layout, self._style_of, cursor=look.cursor, marked=marked
            )
        else:
            cursor = look.cursor is not None
            segments = host_line(
                self.view, hosts[0], layout, self._style_of, cursor=cursor, marked=marked[0]
            )
        self._lists[hosts] = (key, segments)
        return segments

    def _strip(self, segments: list[Segment], base: str) -> Strip:
        """Exactly as wide as the scene. The list and each cell are as wide as laid out."""
        scene = self._scene
        width = scene.width
        used = scene.layout.left + scene.layout.cell * len(scene.columns)
        if used < width:
            segments.append(Segment(" " * (width - used), self._style_of(base)))
        return Strokes(segments, max(used, width)).crop(0, width)

    def _look(self, hosts: Hosts) -> Look:
        """What a line shows, worked out anew where its place or one of its hosts is another."""
        scene, known = self._scene, self._looks.get(hosts)
        cursor = hosts.index(self.cursor) if self.cursor in hosts else None
        marks = tuple([self.view.names[host] in self.marked for host in hosts])
        fresh = known is not None and self.changed.isdisjoint(hosts)
        if known is not None and fresh and known.place == (scene, cursor, marks):
            return known.look
        source: object
        if known is not None and fresh and known.look.scene[:3] == scene[:3]:
            source, shown = known.source, known.look.faces
        else:
            self.changed.difference_update(hosts)
            source = [scene[:3], *map(self._source, hosts)]
            if known is not None and known.source == source:
                shown = known.look.faces
            elif scene.layout.fold > 1:
                shown = pairs(self.view, hosts, scene.columns)
            else:
                shown = faces(self.view, hosts[0], scene.columns, scene.mode, scene.layout)
        look = Look(scene, cursor, tuple(map(self._about, hosts, marks)), shown)
        self._looks[hosts] = _Known((scene, cursor, marks), source, look)
        return look

    def _source(self, host: int) -> tuple[object, ...]:
        """What a host's cells are worked out from: nothing new there, nothing new to see."""
        view, scene = self.view, self._scene
        states_only = scene.layout.cell == 1 and scene.mode not in STEPS
        version = None if states_only else view.versions[host]
        # The age of a silent host moves though nothing comes.
        ways = view.ways.version
        return view.turns[host], version, view.facing(host), ways, self._again(host)

    def _about(self, host: int, mark: bool) -> tuple[object, ...]:
        row = self.view.rows[host]
        more = len(row.unknown_peers), self.view.drifts(host) > 0
        return row.state, row.error, row.addresses[:1], self._again(host), *more, mark

    def _again(self, host: int) -> str:
        return again(self.view, host) if self.view.rows[host].kept else ""
