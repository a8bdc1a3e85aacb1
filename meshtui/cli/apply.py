"""What `meshtui apply` prints while it works, and in the end."""

from __future__ import annotations

import time
from asyncio import CancelledError
from contextlib import aclosing
from dataclasses import asdict
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from meshtui.cli.ask import agreed, keeper
from meshtui.cli.plan import print_plan
from meshtui.fleet.apply import Applied
from meshtui.fleet.events import ApplyResult, DirectionVerified, Progress
from meshtui.fleet.fleet import Fleet
from meshtui.plan.model import Plan

_DOES = {
    "arm": "getting ready to go back",
    "key": "making its key",
    "stage": "writing the file",
    "change": "changing the interface",
    "verify": "verifying",
    "confirm": "confirming",
    "revert": "going back",
}


_OTHER = "one family does not get through: the other does, and goes into the files"
_MET = "behind NAT, and met all the same: no relay any more"


class ApplyReport:
    """A line per host that changes as the host gets on; plain lines where there is no terminal."""

    def __init__(self, plan: Plan, *, show: bool, earlier: ApplyReport | None = None) -> None:
        """`earlier`: of what was done before by the same command."""
        self._plan = plan
        self.changes: int = plan.changes + (earlier.changes if earlier else 0)
        self._seconds = earlier.seconds if earlier else 0.0
        self._behind_nat = earlier.behind_nat if earlier else {}
        self._show = show
        self._console = Console(highlight=False, stderr=True, soft_wrap=True)
        self._live: Live | None = None
        self._start = time.monotonic()
        self._now: dict[str, tuple[str, str]] = {
            host.host: ("waiting", "dim") for host in plan.hosts if host.steps and not host.problem
        }
        self._verified = dict.fromkeys((host.host for host in plan.hosts), 0)
        self._result: ApplyResult | None = None
        self._confirming = False

    def __enter__(self) -> Self:
        if self._show and self._console.is_terminal and self._plan.changes:
            self._live = Live(self._table(), console=self._console, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.update(self._table())
            self._live.stop()
        if self._show and kind is None:
            self._print_result()
        elif self._plan.changes and kind is CancelledError:
            what = "taken back: a host that did not answer to that goes back by itself"
            if self._confirming:
                what = "it stays: hosts were being told to confirm it"
            self._console.print(f"meshtui: stopped, and {what} (meshtui log tells how far it came)")

    def pause(self) -> None:
        """Leave the terminal to a question; what comes after it is told in lines."""
        if self._live:
            self._live.stop()
            self._live = None

    @property
    def ok(self) -> bool:
        """Whether all is as `mesh.toml` says and every direction works."""
        return not self._plan.problems if self._result is None else self._result.ok

    @property
    def seconds(self) -> float:
        """How long it took in all."""
        return self._seconds + (self._result.seconds if self._result else 0.0)

    @property
    def kept(self) -> bool:
        """Whether it was applied, and not taken back."""
        return self._result is not None and self._result.reverted is None

    @property
    def behind_nat(self) -> dict[str, str]:
        """The hosts that were found to be, and how."""
        return {**self._behind_nat, **(self._result.behind_nat if self._result else {})}

    @property
    def failed(self) -> set[str]:
        """The hosts that are not as they should be."""
        return set(self._result.failed) if self._result else set()

    def take(self, event: Applied) -> None:
        """Show one event."""
        if isinstance(event, ApplyResult):
            self._result = event
        elif isinstance(event, DirectionVerified):
            self._verified[event.from_] += event.ok
        elif isinstance(event, Progress):
            self._progress(event)
        if self._live:
            self._live.update(self._table())

    def as_json(self) -> dict[str, Any]:
        """What `meshtui apply --json` prints."""
        result = self._result
        problems = {host.host: host.problem for host in self._plan.problems}
        return {
            "changes": self.changes,
            "failed": result.failed if result else problems,
            "reverted": result.reverted if result else None,
            "behind_nat": self.behind_nat,
            "unasked": dict(result.unasked) if result else {},
            "seconds": round(self.seconds, 3),
            "receipt": asdict(result.receipt) if result and result.receipt else None,
            "directions": [
                {"from": one.from_, "to": one.to, "ok": one.ok, "detail": one.detail}
                for one in (result.directions if result else ())
            ],
        }

    def _progress(self, event: Progress) -> None:
        self._confirming = self._confirming or event.phase == "confirm"
        style = {"running": "cyan", "done": "green", "failed": "bold red"}[event.state]
        text = event.detail if event.state == "failed" else _DOES[event.phase]
        if event.state == "done":
            text += ": done"
        self._now[event.host] = (text, style)
        if self._show and not self._live and event.state != "running" and event.phase != "verify":
            took = time.monotonic() - self._start
            self._console.print(Text(f"{took:6.1f} s  {event.host}: {text}"))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        for host, (text, style) in self._now.items():
            count = self._verified.get(host, 0)
            table.add_row(
                Text(host), Text(text, style=style), f"{count} directions up" if count else ""
            )
        table.add_row("", Text(f"{time.monotonic() - self._start:.1f} s", style="dim"), "")
        return table

    def _print_result(self) -> None:
        if self._result is None:
            return
        result, console = self._result, self._console
        if result.reverted is not None:
            console.print(Text(f"× taken back: {result.reverted}", style="bold red"))
        for host, why in result.failed.items():
            console.print(Text(f"× {host}: {why}", style="bold red"))
        bad = [direction for direction in result.directions if not direction.ok]
        for one in bad:
            console.print(Text(f"× {one.from_} -> {one.to}: {one.detail}", style="red"))
        for host, how in result.behind_nat.items():
            console.print(Text(f"· {host} is behind NAT: {how}", style="yellow"))
        for host, odd in result.unasked.items():
            text = f"· {host}: {odd}; should it be behind NAT: meshtui set {host} --endpoint none"
            console.print(Text(text, style="yellow"))
        if result.reverted is not None:
            return
        good = len(result.directions) - len(bad)
        console.print(
            Text(
                f"{good} of {len(result.directions)} directions up,"
                f" each with a handshake and an answered ping, in {result.seconds:.1f} s",
                style="bold green" if result.ok else "bold yellow",
            )
        )
        if (proof := result.receipt) is not None and proof.there:
            console.print(Text(str(proof), style="bold red" if proof.lost else ""))


async def carry_out(fleet: Fleet, plan: Plan, args: SimpleNamespace) -> ApplyReport:
    """Show the plan, ask, apply."""
    if not args.json:
        print_plan(plan)
    if plan.changes:
        await agreed(args)
    with ApplyReport(plan, show=not args.json) as report:
        if plan.changes:
            async with aclosing(fleet.apply(plan, keeper(args, report))) as events:
                async for event in events:
                    report.take(event)
    return await met(fleet, report, args)


async def met(fleet: Fleet, report: ApplyReport, args: SimpleNamespace) -> ApplyReport:
    """What comes of an apply: hosts found behind NAT, pairs by the other family, who meets."""
    if report.behind_nat and (plan := await fleet.plan()).changes:
        names = ", ".join(report.behind_nat)
        why = f'endpoint = "none" is in mesh.toml now for {names}; take it out where a firewall'
        report = await _follow(fleet, plan, f"{why} keeps the port closed, not NAT", report, args)
    while report.ok and (plan_next := await fleet.meet()):
        why = _OTHER if fleet.by_other else _MET
        report = await _follow(fleet, plan_next, why, report, args)
    return report


async def _follow(
    fleet: Fleet, plan: Plan, why: str, earlier: ApplyReport, args: SimpleNamespace
) -> ApplyReport:
    """Apply what follows from an apply; nobody is asked who does not know of it."""
    if not args.json:
        print(f"\n{why}")
        print_plan(plan)
    with ApplyReport(plan, show=not args.json, earlier=earlier) as report:
        async with aclosing(fleet.apply(plan)) as events:
            async for event in events:
                report.take(event)
    return report
