"""Draws what Looking sees, on whatever screen shows it, and says how things stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual.screen import ModalScreen

from meshtui.tui.widgets.status import Flag

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp


@runtime_checkable
class Live(Protocol):
    """A screen that shows hosts, and how they change."""

    def rows_changed(self, indexes: set[int]) -> None:
        """Draw what changed with these rows of the live view."""
        ...


class Picture:
    """Of one app: what Looking calls its stage."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app

    @property
    def covered(self) -> bool:
        """Whether another screen than a question is in front of the grid."""
        return any(not isinstance(s, ModalScreen) for s in self._app.screen_stack[1:])

    def back(self, host: str) -> None:
        """A host answers again: it may be owed a change."""
        self._app.applying.owing.look(host)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Call `do` after `seconds`."""
        self._app.set_timer(seconds, do)

    def draw(self, rows: set[int]) -> None:
        """Draw what changed with these rows of the live view, on whatever screen shows them."""
        if self._app.looking.past is None:
            self._app.mesh_screen.rows_changed(rows)
        self._draw_above(rows)

    def draw_anew(self) -> None:
        """Another view is shown, or its hosts are others."""
        self._app.mesh_screen.show(self._app.looking.view)
        self._draw_above(set(range(len(self._app.looking.live.rows))))
        self.tell()

    def _draw_above(self, rows: set[int]) -> None:
        """On the screens in front of the grid."""
        for screen in self._app.screen_stack[1:]:
            if isinstance(screen, Live):
                screen.rows_changed(rows)

    def tell(self) -> None:
        """Show how old the picture is, what is under way, and what is not as usual."""
        if not self._app.mesh_screen.is_mounted:
            return
        looking = self._app.looking
        stopped = looking.trouble is not None
        self._app.mesh_screen.tell(
            age=looking.age, busy=self._busy(), stopped=stopped, flags=self.flags()
        )
        if above := self._app.screen_stack[1:]:
            from meshtui.tui.screens.flagged import FlaggedScreen

            flags = self._flags_above()
            for screen in above:
                if isinstance(screen, FlaggedScreen):
                    screen.tell_flags(flags)

    def flags(self) -> list[Flag]:
        """What is not as usual, as the grid shows it."""
        past = self._past()
        return [*([(f"◂ {past} (esc: now)", "stale")] if past else []), *self._flags()]

    def _flags_above(self) -> list[Flag]:
        """The same for the screens in front of the grid, which always show the present."""
        past = self._past()
        stopped = self._app.looking.trouble is not None
        return [
            *([("stopped", "stale")] if stopped else []),
            *([(f"live, the grid is at {past}", "stale")] if past else []),
            *self._flags(),
        ]

    def _past(self) -> str:
        """The moment that the grid shows; empty: now."""
        at = self._app.looking.past
        if at is None:
            return ""
        from meshtui.tui.when import written

        return written(at, self._app.now())

    def _flags(self) -> list[Flag]:
        app, looking = self._app, self._app.looking
        flags: list[Flag] = app.applying.flags()
        if place := app.meshes.place:
            flags.append((place, "idle"))
        if looking.paused:
            flags.append(("paused", "stale"))
        if app.read_only:
            flags.append(("read-only", "idle"))
        if app.privacy is not None:
            flags.append(("masked", "idle"))
        if looking.interval != app.settings.interval:
            flags.append((f"every {looking.interval:g} s", "idle"))
        return flags

    def _busy(self) -> str:
        if self._app.applying.running or self._app.looking.trouble is not None:
            return self._app.applying.busy
        if self._app.measuring.left is not None:
            return f"measuring: {self._app.measuring.left} to go"
        live = self._app.looking.live
        waiting = live.hosts - live.answered
        return f"{waiting} connecting" if waiting else ""
