"""From the plan to its apply. The apply belongs to the app: no screen that is left ends it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from meshtui.errors import MeshError
from meshtui.inert import inert
from meshtui.tui.meeting import Meeting
from meshtui.tui.owing import Owing
from meshtui.tui.row import ERROR_LIMIT
from meshtui.tui.waiting import answer, asked_to_stop
from meshtui.tui.words import counted, describe

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from textual.worker import Worker

    from meshtui.fleet.apply import Applied
    from meshtui.fleet.device import Given
    from meshtui.fleet.events import Verdict
    from meshtui.fleet.reports import Standing
    from meshtui.plan.model import Plan
    from meshtui.tui.app import MeshApp
    from meshtui.tui.apply_run import ApplyRun
    from meshtui.tui.fleet_api import FleetApi, ProposalApi
    from meshtui.tui.widgets.status import Flag


class Applying:
    """The apply of one app, if there is one."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app
        self.run: ApplyRun | None = None
        """The latest one."""
        self.over = asyncio.Event()
        """Set while none has anything left to do or to tidy up."""
        self.over.set()
        self.standing: Standing | None = None
        """The change that was broken off and waits to be recovered."""
        self.owing = Owing(app)
        self._meeting = Meeting(app, self._begin_next)
        self._worker: Worker[None] | None = None
        self._keep: asyncio.Future[bool] | None = None
        """A person's answer, while it is waited for."""

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self.run is not None and self.run.running

    @property
    def busy(self) -> str:
        """What the status line says of it."""
        return self.run.busy() if self.run is not None and self.run.running else ""

    def flags(self) -> list[Flag]:
        """What every screen says of it: that hosts go back, that a change was broken off."""
        run, keys = self.run, self._app.keymap
        if run is not None and run.running and run.left is not None:
            if run.asking:
                ask = f"keep? {keys.of('app.keep')} / {keys.of('app.revert')}"
                return [(f"{ask}, goes back in {run.left} s", "stale")]
            return [(f"goes back in {run.left} s", "stale")]
        if self.standing is None or self.running:
            return []
        what = "DIVERGED" if self.standing.diverged else f"change {self.standing.number} broken off"
        return [(f"{what}, {keys.of('app.revert')}: recover", "stale")]

    def forget(self) -> None:
        """Another mesh is shown: what was done to this one is no news there."""
        self.run = self.standing = None

    # -- plan and apply

    def show(self, only: str | None = None) -> None:
        """Show the plan, or the apply that is under way. With `only`, what is to be done there."""
        if self.running:
            self._show_run()
        else:
            self.plan("plan", partial(self._read, only))

    def plan(
        self,
        title: str,
        read: Callable[[bool], Awaitable[Plan]],
        *,
        prunes: bool = True,
        then: Callable[[bool], None] | None = None,
    ) -> None:
        """Show the plan that `read` makes, to apply it. `title` is inert.

        `then` is told whether that ended well; not where the plan is left. `prunes`: whether
        `read` can plan the removal of unknown peers, too.
        """
        from meshtui.tui.screens.plan import PlanScreen

        async def planned(prune: bool) -> Plan:
            return self._planned(await read(prune))

        hosts = self._app.looking.live.hosts
        screen = PlanScreen(planned, hosts, title=title, prunes=prunes)
        self._app.push_screen(screen, lambda plan: self._start(plan, then=then))

    def propose(self, proposal: ProposalApi, title: str) -> None:
        """Show what an edit of mesh.toml would change, to apply it. `title` is inert."""
        from meshtui.tui.screens.plan import PlanScreen

        async def read(prune: bool) -> Plan:
            return self._planned(await answer(proposal.plan(prune=prune)))

        def start(plan: Plan | None) -> None:
            if plan is None:
                self._app.work(proposal.close, title)
            else:
                self._start(plan, proposal)

        hosts = self._app.looking.live.hosts
        self._app.push_screen(PlanScreen(read, hosts, title=title, draft=proposal.draft), start)

    async def _read(self, only: str | None, prune: bool) -> Plan:
        return await answer((await self._app.opened()).plan(prune=prune, only=only))

    def _planned(self, plan: Plan) -> Plan:
        owed = f", {counted(len(plan.problems), 'host')} owed" if plan.problems else ""
        self._app.looking.log.add("info", f"plan read: {counted(plan.changes, 'step')}{owed}")
        return plan

    def _start(
        self,
        plan: Plan | None,
        proposal: ProposalApi | None = None,
        then: Callable[[bool], None] | None = None,
    ) -> None:
        if plan is None:
            return
        from meshtui.tui.apply_run import ApplyRun

        hosts = sum(1 for host in plan.hosts if host.steps)
        self._app.looking.log.add(
            "info", f"apply begun: {counted(plan.changes, 'step')} on {counted(hosts, 'host')}"
        )

        def ended(well: bool) -> None:
            if then is not None:
                then(well)
            else:
                self._after(run)

        run = ApplyRun(plan, self._app.clock)
        self._begin(run, lambda fleet: (proposal or fleet).apply(plan, self._ask), proposal, ended)

    def _begin_next(self, plan: Plan, more: bool) -> None:
        """Apply what follows from an apply; nobody is asked who does not know of it.

        `more`: whether something is to follow from this as well.
        """
        from meshtui.tui.apply_run import ApplyRun

        run, shows = ApplyRun(plan, self._app.clock), self.in_front
        if shows:
            self._app.pop_screen()
        then = (lambda _: self._after(run)) if more else None
        self._begin(run, lambda fleet: fleet.apply(plan), then=then, shows=shows)

    def _after(self, run: ApplyRun) -> None:
        if run.result is not None and run.result.reverted is None:
            self._meeting.after(run.result)

    def _begin(
        self,
        run: ApplyRun,
        events: Callable[[FleetApi], AsyncGenerator[Applied, None]],
        proposal: ProposalApi | None = None,
        then: Callable[[bool], None] | None = None,
        *,
        shows: bool = True,
    ) -> None:
        self.run = run
        self._worker = self._app.run_worker(
            self._follow(run, events, proposal, then),
            name="apply",
            group="apply",
            exit_on_error=False,
        )
        if shows:
            self._show_run()

    def _show_run(self) -> None:
        from meshtui.tui.screens.apply import ApplyScreen

        assert self.run
        if not isinstance(self._app.screen, ApplyScreen):
            self._app.push_screen(ApplyScreen(self.run))

    async def _follow(
        self,
        run: ApplyRun,
        events: Callable[[FleetApi], AsyncGenerator[Applied, None]],
        proposal: ProposalApi | None,
        then: Callable[[bool], None] | None,
    ) -> None:
        self.over.clear()
        given: Given | None = None
        try:
            async with aclosing(events(await self._app.opened())) as told:
                async for event in told:
                    run.take(event)
            if run.running:
                run.fail("it ended without a result; what the hosts are at is not known")
            if proposal is not None and run.result and run.result.reverted is None:
                given = await answer(proposal.given(run.result.failed))
        except asyncio.CancelledError:
            if run.reverting:
                run.taken_back("as you asked")
            if asked_to_stop():
                raise
            if run.running:
                run.fail("it was called off; what the hosts are at is not known")
        except MeshError as error:
            run.end(error)
        except Exception as error:
            run.fail(describe(error))
            raise
        finally:
            if proposal is not None:
                await proposal.close()
            self.over.set()
            self._tell(run)
            if given is not None:
                self._show_once(given)
            if then is not None:
                then(run.well)

    def _show_once(self, given: Given) -> None:
        from meshtui.tui.screens.device import DeviceScreen

        self._app.push_screen(DeviceScreen(given, hidden=self._app.privacy is not None))

    def _tell(self, run: ApplyRun) -> None:
        text, style = run.summary()
        log = self._app.looking.log
        what = "recover" if run.recovers else "apply"
        log.add("good" if style == "good" else "bad", f"{what}: {text}")
        for host in run.hosts.values():
            if host.problem:
                log.add("bad", host.problem, host.name)
        self._app.picture.tell()
        # It wrote down what it did.
        self._app.take_over(told=True)
        self._app.drifting.look_again(*self._app.looking.live.mesh.hosts)
        # Its question speaks of an apply under way, which is over.
        from meshtui.tui.screens.quit import QuitScreen

        if isinstance(self._app.screen, QuitScreen):
            self._app.screen.dismiss(False)
        if run.recovers:
            self.look_back()
        else:
            self.owing.look()

    # -- whether it stays

    async def _ask(self, verdict: Verdict) -> bool:
        """Ask a person, where the change touched or harmed anything; no answer is no."""
        run = self.run
        assert run
        if not verdict.touches and not verdict.worse:
            return True
        self._keep = asyncio.get_running_loop().create_future()
        run.ask(verdict)
        worse = counted(len(verdict.worse), "thing")
        worse = f"{worse} worse than before" if verdict.worse else "nothing is worse than before"
        self._app.looking.log.add("warn", f"the change runs, {worse}: is it to stay?")
        for one in verdict.worse:
            self._app.looking.log.add("bad", one)
        self._app.picture.tell()
        keep = False
        try:
            keep = await asyncio.wait_for(self._keep, verdict.until - self._app.clock())
        except TimeoutError:
            self._app.looking.log.add("warn", "nobody answered: the change is taken back")
        finally:
            self._keep = None
            run.answered(keep=keep)
            self._app.picture.tell()
        return keep

    def keep(self) -> None:
        """Keep the change that waits for an answer; what is worse with it is shown first."""
        if self.run is None or self._keep is None or self._keep.done():
            self._app.say("there is no change that waits to be kept")
        elif self.run.verdict and self.run.verdict.worse and not self.in_front:
            self._show_run()
        else:
            self._keep.set_result(True)

    def take_back(self) -> None:
        """Take back the change under way, or recover the one that was broken off."""
        run = self.run
        if run is None or not run.running:
            self._recover()
        elif self._keep is not None:
            if not self._keep.done():
                self._keep.set_result(False)
        elif run.recovers:
            self._app.say("the recovery is under way already")
        elif run.confirming:
            self._app.say("too late: hosts keep it already")
        elif not run.reverting and self._worker is not None:
            run.revert()
            self._app.looking.log.add("warn", "the change is taken back")
            # The fleet takes everything back before it lets go.
            self._worker.cancel()

    @property
    def in_front(self) -> bool:
        """Whether the latest apply is what a person looks at."""
        from meshtui.tui.screens.apply import ApplyScreen

        return self._shown(ApplyScreen)

    def _shown(self, kind: type) -> bool:
        return isinstance(self._app.screen, kind)

    # -- what was broken off

    def look_back(self) -> None:
        """Ask whether an earlier change was broken off, or left hosts out, and say so."""
        self.owing.look()

        async def look() -> None:
            before, key = self.standing, self._app.keymap.of("app.revert")
            self.standing = found = await (await self._app.opened()).standing()
            if found is not None and found != before:
                self._app.complain(_told(found, key))
            elif (
                found is None
                and before
                and self._app.mesh_screen.message.said == _told(before, key)
            ):
                self._app.mesh_screen.complain("")
            self._app.picture.tell()

        self._app.work(look, "look for a change that was broken off")

    def _recover(self) -> None:
        found = self.standing
        if found is None:
            self._app.say("there is no change to take back or to recover")
        elif self._app.read_only:
            self._app.say("read-only: start without --read-only to do that")
        else:
            from meshtui.plan.model import Plan
            from meshtui.tui.apply_run import ApplyRun

            mesh = self._app.looking.live.mesh
            what = f"change {found.number}"
            run = ApplyRun(Plan(mesh.name, mesh.interface, ()), self._app.clock, recovers=what)
            self._app.looking.log.add("info", f"{what} is recovered")
            self._begin(run, lambda fleet: fleet.recover())

    # -- leaving

    def leave(self) -> None:
        """Quit; ask once while one is under way."""
        from meshtui.tui.screens.quit import QuitScreen

        run = self.run
        if run is None or not run.running or self._shown(QuitScreen):
            self._app.exit()
        else:
            self._app.push_screen(QuitScreen(run), self._leave_if)

    def _leave_if(self, yes: bool | None) -> None:
        if yes:
            self._app.exit()


def _told(found: Standing, key: str) -> str:
    return f"{inert(found.text, ERROR_LIMIT)} ({key}: recover)"
