"""A host's configuration as wanted, on disk and running, side by side."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from meshtui.inert import inert
from meshtui.tui.host_lines import config_lines, unified_lines
from meshtui.tui.row import ERROR_LIMIT
from meshtui.tui.widgets.board import Board
from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.sides import Aligned, align, differences
from meshtui.tui.words import counted

if TYPE_CHECKING:
    from meshtui.fleet.reports import Inspection

Sides = tuple[int, ...]
#: What is beside what: all three, or two of them; the first that fits is shown.
ALL: Sides = (0, 1, 2)
PAIRS: tuple[Sides, ...] = ((0, 2), (0, 1), (1, 2))
NAMES = ("wanted", "on disk", "running")
#: Cells that three columns with a whole key need, and two; narrower, two are shown as one.
_THREE, _TWO = 176, 116


class Config(Board):
    """Shows an Inspection's three configurations."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: tuple[str | None, ...] | None = None
        self._origins = NAMES
        self._notes: tuple[str, ...] = ()
        self._trouble = ""
        self._sides: Sides | None = None
        """None: what fits best."""
        self._aligned: dict[Sides, list[Aligned]] = {}
        self._marks: list[int] = []
        self._seeking = False
        self.title = "configuration"
        self.flag = ""
        """` ≠` where what is there is not all the same."""

    def tell(self, found: Inspection, interface: str) -> None:
        """Show these; without loss where they are the same as before."""
        texts = (found.wanted, found.disk, found.running)
        if texts != self._texts:
            self._texts, self._aligned = texts, {}
        self._notes, self._trouble = found.notes, ""
        self._origins = (
            "wanted: mesh.toml",
            f"on disk: /etc/wireguard/{interface}.conf",
            "running: wg show",
        )
        self.title = self._summary()
        self.flag = " ≠" if len(set(texts)) > 1 else ""
        self._draw()

    def fail(self, why: str) -> None:
        """Say why there is nothing newer."""
        self._trouble = why
        self._draw()

    def compare_next(self) -> None:
        """Put others side by side."""
        choices = self._choices()
        self._sides = choices[(choices.index(self._shown()) + 1) % len(choices)]
        self._draw()
        self.scroll_to(y=0, animate=False, force=True)

    def next_difference(self) -> None:
        """Scroll to the next difference, and after the last to the first."""
        if not self.scrollable_content_region.width:
            # It was hidden, and is laid out first.
            self._seeking = True
            return
        top = self.scroll_offset.y + 2
        after = [mark for mark in self._marks if mark > top]
        if self._marks and self.scroll_offset.y < self.max_scroll_y and after:
            self.scroll_to(y=after[0] - 2, animate=False, force=True)
        elif self._marks:
            self.scroll_to(y=self._marks[0] - 2, animate=False, force=True)

    def on_resize(self) -> None:
        """Draw it for the new size."""
        self._draw()

    def _choices(self) -> list[Sides]:
        wide = self.scrollable_content_region.width >= _THREE
        return [ALL, *PAIRS] if wide else list(PAIRS)

    def _shown(self) -> Sides:
        choices = self._choices()
        return self._sides if self._sides in choices else choices[0]

    def _rows(self, sides: Sides) -> list[Aligned]:
        assert self._texts is not None
        if sides not in self._aligned:
            self._aligned[sides] = align(*(self._texts[i] for i in sides))
        return self._aligned[sides]

    def _summary(self) -> str:
        """`configuration: all the same`, or which of them differ."""
        assert self._texts is not None
        there = [i for i in ALL if self._texts[i] is not None]
        differ = [
            f"{NAMES[a]} ≠ {NAMES[b]}"
            for a, b in combinations(there, 2)
            if self._texts[a] != self._texts[b]
        ]
        missing = [f"nothing {NAMES[i]}" for i in ALL if i not in there]
        return f"configuration: {', '.join(missing + differ[:2]) or 'all the same'}"

    def _draw(self) -> None:
        lines: list[Line] = []
        if self._trouble:
            lines.append(((f"× not looked at: {self._trouble}", "bad"),))
        width = self.scrollable_content_region.width
        if self._texts is None or not width:
            self.show(lines or [(("looking closer…", "dim"),)])
            return
        lines += [((f"note: {inert(note, ERROR_LIMIT)}", "warn"),) for note in self._notes]
        sides = self._shown()
        rows = self._rows(sides)
        titles = [
            self._origins[i] if self._texts[i] is not None else f"{NAMES[i]}: nothing"
            for i in sides
        ]
        count = len(differences(rows))
        said = f"{counted(count, 'difference')}, n goes to the next" if count else "no difference"
        lines.append(((said, "differs" if count else "good"),))
        if len(sides) == 2 and width < _TWO:
            found, marks = unified_lines(rows, titles)
        else:
            found, marks = config_lines(rows, titles, width)
        self._marks = [mark + len(lines) for mark in marks]
        self.show([*lines, *found])
        if self._seeking:
            self._seeking = False
            self.call_after_refresh(self.next_difference)
