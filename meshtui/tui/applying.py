"""From the plan to its apply. The apply belongs to the app: no screen that is left ends it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from meshtui.errors import MeshError
from meshtui.tui.waiting import answer, asked_to_stop
from meshtui.tui.words import counted, describe

if TYPE_CHECKING:
    from meshtui.plan.model import Plan
    from meshtui.tui.app import MeshApp
    from meshtui.tui.apply_run import ApplyRun


class Applying:
    """The apply of one app, if there is one."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app
        self.run: ApplyRun | None = None
        """The latest one."""
        self.over = asyncio.Event()
        """Set while none has anything left to do or to tidy up."""
        self.over.set()

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self.run is not None and self.run.running

    @property
    def busy(self) -> str:
        """What the status line says of it."""
        return self.run.busy() if self.run is not None and self.run.running else ""

    def show(self, only: str | None = None) -> None:
        """Show the plan, or the apply that is under way. With `only`, what is to be done there."""
        if self.running:
            self._show_run()
        else:
            from meshtui.tui.screens.plan import PlanScreen

            hosts = len(self._app.looking.live.rows)
            self._app.push_screen(PlanScreen(partial(self._read, only), hosts), self._start)

    async def _read(self, only: str | None, prune: bool) -> Plan:
        plan = await answer((await self._app.opened()).plan(prune=prune, only=only))
        owed = f", {counted(len(plan.problems), 'host')} owed" if plan.problems else ""
        self._app.looking.log.add("info", f"plan read: {counted(plan.changes, 'step')}{owed}")
        return plan

    def _start(self, plan: Plan | None) -> None:
        if plan is None:
            return
        from meshtui.tui.apply_run import ApplyRun

        run = self.run = ApplyRun(plan, self._app.clock)
        hosts = sum(1 for host in plan.hosts if host.steps)
        self._app.looking.log.add(
            "info", f"apply begun: {counted(plan.changes, 'step')} on {counted(hosts, 'host')}"
        )
        self._app.run_worker(
            self._apply(plan, run), name="apply", group="apply", exit_on_error=False
        )
        self._show_run()

    def _show_run(self) -> None:
        from meshtui.tui.screens.apply import ApplyScreen

        assert self.run
        self._app.push_screen(ApplyScreen(self.run))

    async def _apply(self, plan: Plan, run: ApplyRun) -> None:
        self.over.clear()
        try:
            fleet = await self._app.opened()
            async for event in fleet.apply(plan):
                run.take(event)
            if run.running:
                run.fail("it ended without a result; what the hosts are at is not known")
        except asyncio.CancelledError:
            if asked_to_stop():
                raise
            run.fail("it was called off; what the hosts are at is not known")
        except MeshError as error:
            run.fail(str(error))
        except Exception as error:
            run.fail(describe(error))
            raise
        finally:
            self.over.set()
            self._tell(run)

    def _tell(self, run: ApplyRun) -> None:
        text, style = run.summary()
        log = self._app.looking.log
        log.add("good" if style == "good" else "bad", f"apply: {text}")
        for host in run.hosts.values():
            if host.problem:
                log.add("bad", host.problem, host.name)
        self._app.picture.tell()
        # Its question speaks of an apply under way, which is over.
        from meshtui.tui.screens.quit import QuitScreen

        if isinstance(self._app.screen, QuitScreen):
            self._app.screen.dismiss(False)
