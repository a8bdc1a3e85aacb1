"""Lines with a cursor, under headings that open and close; built when they are opened."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.events import Click
from textual.geometry import Region, Size
from textual.strip import Strip

from meshtui.tui.actions import bindings
from meshtui.tui.widgets.lines import Line, Lines, width_of

INDENT = 2
_CLOSED, _OPEN = "▸ ", "▾ "


@dataclass(eq=False, slots=True)
class Branch:
    """A line that opens."""

    key: Hashable
    """The same in the next tree: what was opened stays open there."""
    head: Line
    body: Callable[[], Sequence[Item]]
    """What is under it; asked for when it is opened."""
    open: bool = False
    """Whether it is open as long as nobody has opened or closed it."""
    tail: Line = ()
    """The rest of `head` while it is closed: what shows anyway once it is open."""
    alone: bool = False
    """Whether it opens only by itself, not with all others: building it takes long."""
    depth: int = 0
    """How many are above it; the tree sets it."""


Item = Line | Branch


class LineTree(Lines, inherit_bindings=False):
    """A tree of lines. 100,000 of them in view of the scrollbar cost no more than 30."""

    BINDINGS = bindings("tree")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tree--cursor"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.cursor = 0
        self._roots: Sequence[Item] = ()
        self._rows: list[Item] = []
        self._above: list[Branch | None] = []
        """For each row, the branch that it is under."""
        self._opened: dict[Hashable, bool] = {}
        """What a person opened or closed."""

    # -- what is shown

    def plant(self, roots: Sequence[Item]) -> None:
        """Show another tree; the cursor and what is open stay where they can."""
        places = self._place()
        self._roots = roots
        self._grow()
        self.cursor = self._found(places)
        self._fit_size()
        self.refresh()

    def forget(self) -> None:
        """Show nothing, and forget what was open and where the cursor was."""
        self._opened.clear()
        self.cursor = 0
        self.scroll_to(0, 0, animate=False)
        self.plant(())

    @property
    def count(self) -> int:
        """How many lines there are, those under closed branches aside."""
        return len(self._rows)

    def line(self, index: int) -> Line:
        """Line `index` of all, indented."""
        item, above = self._rows[index], self._above[index]
        indent = " " * (INDENT * (above.depth + 1) if above else 0)
        if isinstance(item, Branch):
            if self._is_open(item):
                return ((indent + _OPEN, "dim"), *item.head)
            return ((indent + _CLOSED, "dim"), *item.head, *item.tail)
        return ((indent + " " * INDENT, ""), *item)

    def strip(self, index: int) -> Strip:
        """Line `index` of all, drawn; the cursor's differs."""
        strip = super().strip(index)
        if index != self.cursor:
            return strip
        style = self.get_component_rich_style("tree--cursor")
        # Reversed, colours of text would become as many colours of ground.
        on_top = style if style.reverse else style.background_style
        strip = Strip([s._replace(style=(s.style or style) + on_top) for s in strip])
        width = self.scroll_offset.x + self.scrollable_content_region.width
        return strip.extend_cell_length(width, style)

    def _is_open(self, branch: Branch) -> bool:
        return self._opened.get(branch.key, branch.open)

    def _grow(self) -> None:
        self._rows, self._above = [], []
        for item, above in self._under(None, self._roots):
            self._rows.append(item)
            self._above.append(above)

    def _under(
        self, above: Branch | None, items: Sequence[Item]
    ) -> Iterator[tuple[Item, Branch | None]]:
        for item in items:
            yield item, above
            if isinstance(item, Branch):
                item.depth = above.depth + 1 if above else 0
                if self._is_open(item):
                    yield from self._under(item, item.body())

    def _fit_size(self, fresh: range | None = None) -> None:
        """Make room for all rows; `fresh` ones may be wider than those that were there."""
        rows = range(self.count) if fresh is None else fresh
        width = max((width_of(self.line(index)) for index in rows), default=0)
        if fresh is not None:
            width = max(width, self.virtual_size.width)
        self.virtual_size = Size(width, self.count)

    # -- the cursor

    def _place(self) -> list[tuple[Hashable, int]]:
        """Where the cursor is: how far below which branch, then the branches above that."""
        index = min(self.cursor, self.count - 1)
        # On the first line it stays there, whatever comes to stand on it.
        if index <= 0:
            return []
        item, above = self._rows[index], self._above[index]
        branch = item if isinstance(item, Branch) else above
        places: list[tuple[Hashable, int]] = []
        for back in range(index, -1, -1):
            if branch is not None and self._rows[back] is branch:
                places.append((branch.key, 0 if places else index - back))
                branch = self._above[back]
        return places

    def _found(self, places: list[tuple[Hashable, int]]) -> int:
        rows = {item.key: i for i, item in enumerate(self._rows) if isinstance(item, Branch)}
        found = next((rows[key] + down for key, down in places if key in rows), None)
        if found is None:
            found = self.cursor
        return max(0, min(found, self.count - 1))

    def move(self, to: int) -> None:
        """Put the cursor on line `to`, or the nearest that there is."""
        before, self.cursor = self.cursor, max(0, min(to, self.count - 1))
        for index in {before, self.cursor}:
            self._refresh_row(index)
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def _refresh_row(self, index: int) -> None:
        y = index - self.scroll_offset.y + self.gutter.top
        self.refresh(Region(0, y, self.size.width, 1))

    # -- opening and closing

    def toggle(self, index: int) -> None:
        """Open or close the branch on line `index`; another line stays as it is."""
        branch = self._rows[index] if index < self.count else None
        if not isinstance(branch, Branch):
            return
        opens = self._opened[branch.key] = not self._is_open(branch)
        first = index + 1
        if opens:
            new = list(self._under(branch, branch.body()))
            self._rows[first:first] = [item for item, _ in new]
            self._above[first:first] = [above for _, above in new]
            self._fit_size(range(first, first + len(new)))
            self._reveal(index, len(new))
        else:
            end = first
            while end < self.count and self._is_under(end, branch):
                end += 1
            del self._rows[first:end], self._above[first:end]
            if first <= self.cursor < end:
                self.cursor = index
            elif self.cursor >= end:
                self.cursor -= end - first
            self._fit_size(range(0))
        self.refresh()

    def _is_under(self, index: int, branch: Branch) -> bool:
        above = self._above[index]
        return above is not None and (above is branch or above.depth > branch.depth)

    def _reveal(self, index: int, count: int) -> None:
        """Scroll so far that what was opened is in view, its heading first."""
        height = self.scrollable_content_region.height
        last = min(index + count, index + height - 1)
        if last >= self.scroll_offset.y + height:
            # Forced: the scrollbar of what is new is not there yet.
            self.scroll_to(y=last - height + 1, animate=False, force=True)

    def on_click(self, event: Click) -> None:
        """Open or close what the mouse is on."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = offset.y + self.scroll_offset.y
        if index < self.count:
            self.move(index)
            self.toggle(index)

    # -- keys

    def action_up(self) -> None:
        """Go a line up."""
        self.move(self.cursor - 1)

    def action_down(self) -> None:
        """Go a line down."""
        self.move(self.cursor + 1)

    def action_page_up(self) -> None:
        """Go a screen up."""
        self.move(self.cursor - self._page())

    def action_page_down(self) -> None:
        """Go a screen down."""
        self.move(self.cursor + self._page())

    def action_top(self) -> None:
        """Go to the first line."""
        self.move(0)

    def action_bottom(self) -> None:
        """Go to the last line."""
        self.move(self.count - 1)

    def action_open(self) -> None:
        """Open or close."""
        self.toggle(self.cursor)

    def action_expand(self) -> None:
        """Open; where it is open, go in."""
        item = self._rows[self.cursor] if self.count else None
        if isinstance(item, Branch):
            if self._is_open(item):
                self.move(self.cursor + 1)
            else:
                self.toggle(self.cursor)

    def action_collapse(self) -> None:
        """Close; where there is nothing to close, go to what it is under."""
        if not self.count:
            return
        item, above = self._rows[self.cursor], self._above[self.cursor]
        if isinstance(item, Branch) and self._is_open(item):
            self.toggle(self.cursor)
        elif above is not None:
            self.move(next(i for i in range(self.cursor, -1, -1) if self._rows[i] is above))

    def action_expand_all(self) -> None:
        """Open the next level everywhere; where all is open, close all."""
        branches = [item for item in self._rows if isinstance(item, Branch)]
        closed = [one.depth for one in branches if not one.alone and not self._is_open(one)]
        depth = min(closed, default=None)
        for branch in branches:
            if depth is None or (branch.depth == depth and not branch.alone):
                self._opened[branch.key] = depth is not None
        self.plant(self._roots)
        self.move(self.cursor)

    def action_side_left(self) -> None:
        """Scroll to the left."""
        self.scroll_relative(x=-8, animate=False)

    def action_side_right(self) -> None:
        """Scroll to the right."""
        self.scroll_relative(x=8, animate=False)
