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
from meshtui.cli.device import Take
from meshtui.cli.plan import print_plan
from meshtui.errors import UsageError
from meshtui.fleet.edits import Edit, Proposal
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.members import stays
from meshtui.inert import inert
from meshtui.plan.render import LINE_LIMIT
from meshtui.store.edit import Draft
from meshtui.store.edit_peers import Asked


def edit(args: SimpleNamespace) -> Edit:
    """What the command line asks for."""
    if args.command == "add":
        return _add(args)
    if args.command == "rotate":
        return Edit("rotate", tuple(args.names))
    if args.command == "rename":
        return Edit("rename", (args.old, args.new))
    if args.command == "set":
        return Edit(
            "set",
            (args.name,),
            endpoint=_listed(args.endpoint),
            addresses=tuple(args.address),
            port=args.port,
            keepalive=args.keepalive,
            mtu=args.mtu,
            exit_host=args.exit,
        )
    if args.command in ("disable", "enable"):
        return Edit(args.command, tuple(args.names))
    if args.command == "mtu":
        return Edit("mtu", mtu=args.mtu)
    if args.command == "undo":
        return Edit("undo")
    return Edit("remove", (args.name,))


def asked(args: SimpleNamespace) -> Asked:
    """What the command line says of a peer."""
    return Asked(
        addresses=tuple(args.address),
        through=tuple(name for names in args.through for name in names.split(",")),
        exit=args.exit,
        routes=tuple(args.route),
        public_key=args.public_key,
    )


def makes_key(edit: Edit) -> bool:
    """Whether a private key is made here for it, and is to be shown once."""
    return edit.kind in ("add-peer", "rotate") and edit.peer.public_key is None


def _add(args: SimpleNamespace) -> Edit:
    """UsageError: it mixes what a host has with what a peer has."""
    names = (args.name,)
    if args.peer:
        if args.ssh or args.endpoint:
            raise UsageError("--peer is for what has no --ssh, and it calls: no --endpoint")
        return Edit("add-peer", names, peer=asked(args))
    if args.ssh is None:
        raise UsageError(
            "--ssh is missing: where does SSH reach it?",
            hint="--peer, for a phone or whatever nobody reaches over SSH",
        )
    if asked(args) != Asked(addresses=tuple(args.address)) or args.out:
        raise UsageError("--through, --exit, --public-key, --route and --out are for --peer alone")
    return Edit("add", names, args.ssh, _listed(args.endpoint), tuple(args.address))


async def change(
    fleet: Fleet, proposed: Draft, edit: Edit, take: Take, args: SimpleNamespace
) -> ApplyReport:
    """Show, ask, write mesh.toml, apply; `take` what a device imports then.

    The fleet is that of the proposed mesh. Where mesh.toml and the hosts are so already,
    nobody is asked.
    """
    proposal = Proposal(fleet, edit, proposed)
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
        if report.kept and (given := await proposal.given(report.failed)):
            take(given)
    except asyncio.CancelledError:
        if proposal.leaving and report:
            left = f"{proposal.leaving.plan.host} may not be taken down"
            print(f"meshtui: {left}: {stays(plan.interface)}", file=sys.stderr)
        for name in fleet.made.members if fleet.made else ():
            then = f"where it is in mesh.toml all the same, meshtui rotate {name}"
            print(f"meshtui: the configuration of {name} was not shown: {then}", file=sys.stderr)
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
    if proposed.note:
        console.print(Text(f"  · {proposed.note}", style="cyan"))


def _listed(endpoints: list[str] | None) -> str | None:
    """Of both families, as a person would type them into one field."""
    return ", ".join(endpoints) if endpoints else None
