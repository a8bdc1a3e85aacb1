"""Drift, as the app follows it, and what becomes of an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshtui.tui.words import counted

if TYPE_CHECKING:
    from meshtui.fleet.events import HostDrift
    from meshtui.plan.drift import Drift
    from meshtui.tui.app import MeshApp

#: Items of one host that are named in the log; more are counted.
_NAMED = 3


class Drifting:
    """Of one app."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app

    def follow(self) -> None:
        """Take in what the fleet finds, from now on."""
        self._app.run_worker(
            self._follow(), name="drift", group="drift", exclusive=True, exit_on_error=False
        )

    async def _follow(self) -> None:
        fleet = await self._app.opened()
        async for event in fleet.drifting.watch():
            self.see(event)

    def see(self, event: HostDrift) -> None:
        """Take one look in; log what is new."""
        # Halfway through a change of ours all is otherwise than mesh.toml says.
        if self._app.applying.running:
            return
        live, log = self._app.looking.live, self._app.looking.log
        before = live.drift.get(event.host)
        index = live.drifted(event)
        if index is None:
            return
        was = before.heeded if before else ()
        now = live.drift[event.host].heeded
        new = [one for one in now if one not in was]
        if len(new) > _NAMED:
            log.add("warn", f"drift: {counted(len(new), 'item')}", event.host)
        else:
            for one in new:
                log.add("warn", f"drift: {one}", event.host)
        if was and not now:
            log.add("good", "no drift any more", event.host)
        self._app.looking.touch((index,), news=True)
        self._app.picture.tell()

    def show(self, host: str) -> None:
        """All drift of a host."""
        from meshtui.tui.screens.drift import DriftScreen

        self._app.push_screen(DriftScreen(self._app.looking.live, host))

    def look_again(self, *hosts: str) -> None:
        """Have these hosts asked at once; a fleet that is not open yet asks all in any case."""
        if self._app.fleet is not None:
            self._app.fleet.drifting.soon(*hosts)

    def adopt(self, drift: Drift) -> None:
        """Have mesh.toml say what the host has."""

        async def adopt() -> None:
            fleet = await self._app.opened()
            fleet.drifting.adopt(drift)
            self._app.say(f"mesh.toml says {drift.adopt} now; a shows what is left to do")
            fleet.drifting.soon(drift.host)

        if self._app.read_only:
            self._app.say("read-only: start without --read-only to do that")
        else:
            self._app.work(adopt, "adopt")

    def ignore(self, drift: Drift, on: bool) -> None:
        """Hear no more of it, or hear of it again."""

        async def ignore() -> None:
            fleet = await self._app.opened()
            if on:
                fleet.drifting.ignore(drift)
            else:
                fleet.drifting.heed(drift.id)
            # It may take a while to be asked again: shown at once.
            live = self._app.looking.live
            if (index := live.ignored(drift, on)) is not None:
                self._app.looking.touch((index,), news=True)
                self._app.picture.tell()

        self._app.work(ignore, "ignore")
