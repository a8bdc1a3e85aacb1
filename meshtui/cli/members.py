"""Commands that edit mesh.toml: the edit is shown with its plan, then applied."""

from __future__ import annotations

import asyncio
import difflib
import sys
from collections.abc import Awaitable, Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console
from rich.text import Text

from meshtui.cli.apply import ApplyReport
from meshtui.cli.plan import print_plan
from meshtui.errors import UsageError
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.members import look_at_leaving, refuse_owed, remove, stays, with_leaving
from meshtui.inert import inert
from meshtui.plan.render import LINE_LIMIT
from meshtui.store.edit import Draft, add_host, remove_host, rename_host
from meshtui.store.edit_keys import set_host, switch_host, switch_link
from meshtui.store.undo import undo


def draft(path: Path, args: SimpleNamespace) -> Draft:
    """What mesh.toml would say; UsageError: why it can't."""
    if args.command == "add":
        return add_host(path, args.name, args.ssh, args.endpoint, args.address)
    if args.command == "rename":
        return rename_host(path, args.old, args.new)
    if args.command == "set":
        return set_host(
            path,
            args.name,
            endpoint=args.endpoint,
            port=args.port,
            addresses=args.address,
            keepalive=args.keepalive,
            mtu=args.mtu,
        )
    if args.command in ("disable", "enable"):
        return _switched(path, args.names, disabled=args.command == "disable")
    if args.command == "undo":
        return undo(path)
    return remove_host(path, args.name)


def _switched(path: Path, names: list[str], *, disabled: bool) -> Draft:
    if len(names) == 1:
        return switch_host(path, names[0], disabled=disabled)
    if len(names) == 2:
        return switch_link(path, names[0], names[1], disabled=disabled)
    raise UsageError(f"{len(names)} names: one is a host, two are a link", hint="one at a time")


async def change(
    fleet: Fleet, proposed: Draft, args: SimpleNamespace, agreed: Callable[[], Awaitable[None]]
) -> ApplyReport:
    """Show, ask, write mesh.toml, apply. The fleet is that of the proposed mesh.

    Where mesh.toml and the hosts are so already, nobody is asked.
    """
    gone = proposed.gone
    if gone is None:
        plan, leaving = await fleet.plan(), None
        shown = plan
        if args.command == "add":
            refuse_owed(plan, args.name)
    else:
        plan, leaving = await asyncio.gather(fleet.plan(), look_at_leaving(fleet, gone))
        shown = with_leaving(plan, leaving)
    report: ApplyReport | None = None
    try:
        if not args.json:
            _print_edit(fleet.path, proposed)
            print_plan(shown)
        if to_do := shown.changes or proposed.before != proposed.after:
            await agreed()
        with ApplyReport(shown, show=not args.json) as report:
            if to_do:
                async for event in remove(fleet, plan, leaving) if leaving else fleet.apply(plan):
                    report.take(event)
    except asyncio.CancelledError:
        if leaving and report:
            left = f"{leaving.plan.host} may not be taken down: {stays(plan.interface)}"
            print(f"meshtui: {left}", file=sys.stderr)
        raise
    finally:
        if leaving:
            leaving.session.close()
    return report


def _print_edit(path: Path, proposed: Draft) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(str(path), style="bold"))
    before, after = proposed.before.splitlines(), proposed.after.splitlines()
    for line in islice(difflib.unified_diff(before, after, lineterm="", n=1), 2, None):
        style = {"+": "green", "-": "red"}.get(line[:1], "dim")
        console.print(Text(f"    {inert(line, LINE_LIMIT)}", style=style))
