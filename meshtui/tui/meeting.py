"""After an apply: what follows for hosts that are behind NAT.

Some were found to be by the apply itself. They call each other, and those that met do without
their relay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from meshtui.inert import inert
from meshtui.tui.row import NAME_LIMIT
from meshtui.tui.waiting import answer
from meshtui.tui.words import counted

if TYPE_CHECKING:
    from meshtui.fleet.events import ApplyResult
    from meshtui.plan.model import Plan
    from meshtui.tui.app import MeshApp

#: Pairs that are named before the rest is counted.
_NAMED = 3


class Meeting:
    """For one app."""

    def __init__(self, app: MeshApp, begin: Callable[[Plan, bool], None]) -> None:
        """`begin` applies a plan, as the next run; whether `after` is to follow on that, too."""
        self._app, self._begin = app, begin

    def after(self, result: ApplyResult) -> None:
        """Go on from how an apply ended."""
        log = self._app.looking.log
        for name, odd in result.unasked.items():
            log.add("warn", f"it may be behind NAT: {odd}", name)
        for name, how in result.behind_nat.items():
            log.add("warn", f"it is behind NAT: {how}", name)
        if hosts := len(result.behind_nat):
            self._app.say(f"{counted(hosts, 'host')} found behind NAT: the log tells how")
            self._app.work(self._follow, "plan for hosts behind NAT")
        elif result.ok:
            self.look()

    async def _follow(self) -> None:
        app = self._app
        app.tick()
        plan = await answer((await app.opened()).plan())
        if not plan.changes:
            return
        if app.applying.running:
            app.looking.log.add("info", "found behind NAT: the next apply follows")
            return
        app.looking.log.add("info", 'mesh.toml says endpoint = "none" of them now: applied')
        self._begin(plan, True)

    def look(self) -> None:
        """Have those call each other that only NAT keeps apart, if there are any."""
        if not self._app.read_only:
            self._app.work(self._meet, "meet behind NAT")

    async def _meet(self) -> None:
        app = self._app
        # The apply may have been of another mesh.toml than the fleet has read.
        app.tick()
        fleet = await app.opened()
        plan = await answer(fleet.meet(self._calling))
        if plan is None:
            return
        if fleet.by_other:
            done, owed = "by the other family", "the next apply writes it into the files"
        else:
            done, owed = "met: no relay any more", "met: the next apply does without the relay"
        if app.applying.running:
            app.looking.log.add("info", owed)
            return
        app.looking.log.add("good", done)
        self._begin(plan, False)

    def _calling(self, pairs: Collection[frozenset[str]]) -> None:
        for pair in list(pairs)[:_NAMED]:
            who = " and ".join(inert(name, NAME_LIMIT) for name in sorted(pair))
            self._app.looking.log.add("info", f"{who} are behind NAT: they call each other")
        if (more := len(pairs) - _NAMED) > 0:
            self._app.looking.log.add("info", f"so do {counted(more, 'more pair')}")
