"""Commands that edit mesh.toml: the edit is shown with its plan, then applied."""

from __future__ import annotations

import asyncio
import difflib
import sys
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console
from rich.text import Text

from meshtui.cli.apply import ApplyReport, met
from meshtui.cli.ask import agreed, keeper
from meshtui.cli.plan import print_plan
from meshtui.fleet.edits import Edit, Proposal
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.members import stays
from meshtui.inert import inert
from meshtui.plan.render import LINE_LIMIT
from meshtui.store.edit import Draft


def edit(args: SimpleNamespace) -> Edit:
    """What the command line asks for."""
    if args.command == "add":
        names = (args.name,)
        return Edit("add", names, args.ssh, args.endpoint, tuple(args.address))
    if args.command == "rename":
        return Edit("rename", (args.old, args.new))
    if args.command == "set":
        return Edit(
            "set",
            (args.name,),
            endpoint=args.endpoint,
            addresses=tuple(args.address),
            port=args.port,
            keepalive=args.keepalive,
            mtu=args.mtu,
        )
    if args.command in ("disable", "enable"):
        return Edit(args.command, tuple(args.names))
    if args.command == "mtu":
        return Edit("mtu", mtu=args.mtu)
    if args.command == "undo":
        return Edit("undo")
    return Edit("remove", (args.name,))


async def change(fleet: Fleet, proposed: Draft, args: SimpleNamespace) -> ApplyReport:
    """Show, ask, write mesh.toml, apply. The fleet is that of the proposed mesh.

    Where mesh.toml and the hosts are so already, nobody is asked.
    """
    proposal = Proposal(fleet, edit(args), proposed)
    report: ApplyReport | None = None
    try:
        plan = await proposal.plan()
        if not args.json:
            _print_edit(fleet.path, proposed)
            print_plan(plan)
        if to_do := plan.changes or proposed.before != proposed.after:
            await agreed(args)
        with ApplyReport(plan, show=not args.json) as report:
            if to_do:
                async with aclosing(proposal.apply(plan, keeper(args, report))) as events:
                    async for event in events:
                        report.take(event)
    except asyncio.CancelledError:
        if proposal.leaving and report:
            left = f"{proposal.leaving.plan.host} may not be taken down"
            print(f"meshtui: {left}: {stays(plan.interface)}", file=sys.stderr)
        raise
    finally:
        proposal.let_go()
    return await met(fleet, report, args)


def _print_edit(path: Path, proposed: Draft) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(str(path), style="bold"))
    before, after = proposed.before.splitlines(), proposed.after.splitlines()
    for line in islice(difflib.unified_diff(before, after, lineterm="", n=1), 2, None):
        style = {"+": "green", "-": "red"}.get(line[:1], "dim")
        console.print(Text(f"    {inert(line, LINE_LIMIT)}", style=style))
