"""The line at the top: which mesh, how well it is, how old the picture, what is under way."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from meshtui.inert import inert
from meshtui.tui.view import NAME_LIMIT, MeshView
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.words import duration

#: Data younger than this is called live, so that no clock ticks on the screen.
LIVE = 3


class Status(Calm):
    """One line; what does not fit is cut at the right, least important last."""

    def tell(
        self,
        view: MeshView,
        *,
        age: float | None,
        busy: str,
        stopped: bool,
        flags: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`age`: seconds since the latest look; None: none yet. `busy`: what is under way.

        `stopped`: nothing looks at the hosts any more.
        """
        mesh = view.mesh
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f" {inert(mesh.name, NAME_LIMIT)}", "bold")
        text.append(f" {mesh.interface}   ")
        hosts, up = len(view.rows), view.hosts_up
        text.append("hosts ")
        text.append(f"{up}/{hosts}", self._grade(up, hosts, waiting=view.answered < hosts))
        text.append(" up   directions ")
        healthy = view.healthy
        waiting = view.answered < hosts
        text.append(
            f"{healthy}/{view.directions}", self._grade(healthy, view.directions, waiting=waiting)
        )
        text.append(" healthy   ")
        if stopped:
            text.append("stopped   ", f"bold {self.colour('stale')}")
        live = age is not None and age < LIVE
        if not (stopped and live):
            text.append(_freshness(age), "" if live else "bold")
        for flag, state in flags:
            text.append(f"   {flag}", f"bold {self.colour(state)}")
        if busy:
            text.append(f"   {busy}", self.colour("idle"))
        self.say(text)

    def _grade(self, good: int, total: int, *, waiting: bool) -> str:
        if good == total:
            return f"bold {self.colour('up')}"
        return "bold" if waiting else f"bold {self.colour('stale')}"


def _freshness(age: float | None) -> str:
    if age is None:
        return "no data yet"
    return "live" if age < LIVE else f"data {duration(int(age))} old"
