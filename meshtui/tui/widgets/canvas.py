"""The lines of the grid, each kept until what it shows is another."""

from __future__ import annotations

from collections.abc import Collection

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import Face, again, faces, pairs
from meshtui.tui.widgets.hosts import StyleOf, host_line, pair_line
from meshtui.tui.widgets.paint import Brush, Scene, cells, heading, reason

Key = tuple[object, ...]
Hosts = tuple[int, ...]
"""Whose line it is: one host, or two that share it; by index."""


class Canvas:
    """Draws the lines of a scene that someone sets."""

    def __init__(self, view: MeshView, style_of: StyleOf) -> None:
        self.view = view
        self.scene: Scene | None = None
        self.cursor = 0
        """The cursor's row, a host by index."""
        self.marked: Collection[str] = ()
        """Names of the hosts that someone picked."""
        self.drawn: dict[Hosts, tuple[Key, Strip]] = {}
        self._style_of = style_of
        self._brush = Brush(style_of)
        self._faces: dict[Hosts, tuple[Key, tuple[Face, ...]]] = {}

    def forget(self) -> None:
        """Draw everything again: colours or hosts are others."""
        self.drawn.clear()
        self._faces.clear()
        self._brush.clear()

    def changed(self, hosts: Hosts) -> bool:
        """Whether a line looks different from what was last drawn."""
        drawn = self.drawn.get(hosts)
        return drawn is None or drawn[0] != self._key(hosts)

    def heading(self, line: int) -> Strip:
        """A line of the heading."""
        scene = self._scene
        return self._strip(heading(scene, self.view, line, self._style_of), "heading")

    def line(self, hosts: Hosts) -> Strip:
        """The line of one host, or of two."""
        key = self._key(hosts)
        known = self.drawn.get(hosts)
        if known is not None and known[0] == key:
            return known[1]
        scene, index = self._scene, hosts[0]
        cursor = self.cursor in hosts
        if scene.layout.fold > 1:
            segments = self._pair_line(hosts)
        else:
            segments = host_line(
                self.view,
                index,
                scene.layout,
                self._style_of,
                cursor=cursor,
                marked=self._names[index] in self.marked,
            )
        row = self.view.rows[index]
        if scene.layout.fold == 1 and row.silent:
            segments += reason(row.error or "", scene, self._style_of, cursor=cursor)
        else:
            segments += cells(self._look(hosts), scene, self._brush, cursor=cursor)
        strip = self._strip(segments, "cell")
        self.drawn[hosts] = (key, strip)
        return strip

    def blank(self, text: str = "") -> Strip:
        """A line without a host."""
        return self._strip([Segment(text, self._style_of("cell", "dim"))], "cell")

    @property
    def _scene(self) -> Scene:
        assert self.scene is not None
        return self.scene

    @property
    def _names(self) -> tuple[str, ...]:
        return self.view.names

    def _pair_line(self, hosts: Hosts) -> list[Segment]:
        return pair_line(
            self.view,
            hosts,
            self._scene.layout,
            self._style_of,
            cursor=hosts.index(self.cursor) if self.cursor in hosts else None,
            marked=[self._names[host] in self.marked for host in hosts],
        )

    def _strip(self, segments: list[Segment], base: str) -> Strip:
        """Exactly as wide as the scene."""
        width = self._scene.width
        # Nearly all is one cell a character, and then this is quick.
        used = sum([len(text) if text.isascii() else cell_len(text) for text, _, _ in segments])
        if used < width:
            segments.append(Segment(" " * (width - used), self._style_of(base)))
        return Strip(segments, max(used, width)).crop(0, width)

    def _key(self, hosts: Hosts) -> Key:
        """All that a line depends on; the same key is the same line."""
        looks = []
        for index in hosts:
            row = self.view.rows[index]
            age = again(self.view, index) if row.kept else ""
            marked = self._names[index] in self.marked
            peers = len(row.unknown_peers)
            looks.append((row.state, row.error, row.addresses[:1], age, peers, marked))
        cursor = self.cursor if self.cursor in hosts else None
        return (self._scene, cursor, self.view.hidden, *looks, self._look(hosts))

    def _look(self, hosts: Hosts) -> tuple[Face, ...]:
        scene, view = self._scene, self.view
        # The age of a silent host, on the diagonal, moves though nothing comes.
        ages = tuple([again(view, host) for host in hosts if view.rows[host].kept])
        key = (
            scene.columns, scene.mode, scene.layout, ages, *[view.versions[host] for host in hosts]
        )  # fmt: skip
        known = self._faces.get(hosts)
        if known is not None and known[0] == key:
            return known[1]
        if scene.layout.fold > 1:
            look = pairs(view, hosts, scene.columns)
        else:
            look = faces(view, hosts[0], scene.columns, scene.mode, scene.layout)
        self._faces[hosts] = (key, look)
        return look
