"""The command line. It loads Textual only for the TUI, and asyncssh only to reach hosts.

Exit codes: 0 done, or nothing to do; 1 it failed, or for `status` a link is not
healthy; 2 the command line or mesh.toml is wrong; for `plan`, 3: there are changes; for
`drift`, 3: there is some.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from meshtui.cli.garbage import seldom_collected
from meshtui.cli.run import new_fleet, print_json, refuse_namesakes, with_fleet
from meshtui.errors import MeshError, UnknownHostKey, UsageError

if TYPE_CHECKING:
    from meshtui.fleet.fleet import Fleet

CHANGES = 3

Args = SimpleNamespace
"""What the command line said, by the options' names."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run meshtui; the exit code."""
    # A core file would hold the keys that were in memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    argv = sys.argv[1:] if argv is None else argv
    if argv:
        from meshtui.cli.parser import parser

        args = parser().parse_args(argv, SimpleNamespace())
    else:
        # The screen as it mostly opens: its first frame need not wait for argparse.
        args = SimpleNamespace(files=None, ssh_config=None, read_only=False, command=None)
    try:
        _one_file(args)
        with seldom_collected(stays=args.command in _STAYING):
            code = COMMANDS[args.command](args)
    except UsageError as error:
        print(f"meshtui: {error}", file=sys.stderr)
        return 2
    except MeshError as error:
        print(f"meshtui: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough; the interpreter must not complain at its end.
        sys.stdout = None
        return 1
    return code


def _one_file(args: Args) -> None:
    """Set `file` to the one that `-f` names. UsageError: a command is given several."""
    files = getattr(args, "files", None) or [None]
    if args.command is not None and len(files) > 1:
        raise UsageError(
            f"`meshtui {args.command}` takes one -f FILE; several are for the screen alone",
            hint="once for each of them",
        )
    if not hasattr(args, "file"):
        args.file = files[0]


def _lab(args: Args) -> int:
    from meshtui.lab.cli import main as lab_main

    return lab_main(args)


def _demo(args: Args) -> int:
    from meshtui.cli.rehearse import rehearse

    return rehearse(args)


def _init(args: Args) -> int:
    from meshtui.cli.init import init

    return init(args)


def _status(args: Args) -> int:
    from meshtui.cli.status import as_json, compares, healthy, print_status

    async def ask(fleet: Fleet) -> int:
        plan = await fleet.plan() if compares(fleet.mesh, args.drift) else None
        polled = await fleet.status(plan)
        drift = {one.host: one for one in fleet.drifting.of(plan)} if plan else {}
        if args.json:
            print_json(as_json(fleet.mesh, polled, drift, datetime.now(UTC)))
        else:
            print_status(fleet.mesh, polled, drift, every_link=args.links)
            if plan is None and args.drift is None:
                print("of so many hosts, drift is looked for with --drift only")
        return 0 if healthy(fleet.mesh, polled) else 1

    return with_fleet(args, ask)


def _plan(args: Args) -> int:
    from meshtui.cli.plan import print_plan
    from meshtui.plan.render import as_json

    async def ask(fleet: Fleet) -> int:
        plan = await fleet.plan(prune=args.prune)
        if args.json:
            print_json(as_json(plan))
        else:
            print_plan(plan)
        if plan.breaks:
            return 1
        return CHANGES if plan.changes else 1 if plan.problems else 0

    return with_fleet(args, ask)


def _apply(args: Args) -> int:
    from meshtui.cli.apply import carry_out

    async def ask(fleet: Fleet) -> int:
        report = await carry_out(fleet, await fleet.plan(prune=args.prune), args)
        if args.json:
            print_json(report.as_json())
        return 0 if report.ok else 1

    _recover_first(args)
    return with_fleet(args, ask)


def _rotate(args: Args) -> int:
    from meshtui.cli.apply import carry_out
    from meshtui.store.find import find
    from meshtui.store.meshfile import load

    if of_peers := [name for name in args.names if name in load(find(args.file)).peers]:
        if len(args.names) > 1 or args.psk:
            raise UsageError(
                f"{of_peers[0]} is a peer without SSH: it gets a new configuration",
                hint=f"meshtui rotate {of_peers[0]}, alone and without --psk",
            )
        return _members(args)
    if args.out:
        raise UsageError("--out is for a peer: the key of a host never leaves it")

    async def ask(fleet: Fleet) -> int:
        reports = []
        names = _named(fleet, args)
        if args.psk:
            reports.append(await carry_out(fleet, await fleet.plan(renew_psk=names), args))
        else:
            for name in names:
                plan = await fleet.plan_rotation(name)
                if args.all and (owed := plan.problems):
                    # One after the other, all would be out of its reach.
                    raise MeshError(
                        "it would lose every host until it is told their new keys",
                        host=owed[0].host,
                        hint="rotate hosts one by one, or all once it can be changed",
                    )
                reports.append(await carry_out(fleet, plan, args))
                if not reports[-1].ok:
                    break
        if args.json:
            print_json([report.as_json() for report in reports])
        return 0 if all(report.ok for report in reports) else 1

    _recover_first(args)
    return with_fleet(args, ask)


def _named(fleet: Fleet, args: Args) -> list[str]:
    """The hosts that are meant. UsageError: none, or one that is not there."""
    from meshtui.store.edit import refuse_unknown

    if bool(args.names) == args.all:
        raise UsageError("which hosts?", hint="name them, or --all")
    for name in args.names:
        refuse_unknown(fleet.mesh, name)
    if args.psk and not fleet.mesh.preshared_keys:
        raise UsageError(
            "the mesh has no preshared keys", hint="preshared_keys = true in [mesh], then apply"
        )
    return list(dict.fromkeys(args.names)) or list(fleet.mesh.hosts)


def _recover(args: Args) -> int:
    from meshtui.cli.recover import recover_now

    async def ask(fleet: Fleet) -> int:
        if args.break_id is None and await fleet.standing() is None:
            print("nothing was broken off", file=sys.stderr)
            return 0
        said = await recover_now(fleet, args.break_id)
        if args.json:
            print_json(said.as_json())
        return 0 if said.ok else 1

    return with_fleet(args, ask)


def _drift(args: Args) -> int:
    from meshtui.cli.drift import do

    async def ask(fleet: Fleet) -> int:
        return await do(fleet, args)

    if args.repair:
        _recover_first(args)
    return with_fleet(args, ask)


def _recover_first(args: Args) -> None:
    """End what an earlier meshtui was broken off at: a change begins on hosts that agree."""
    from meshtui.cli.recover import recover_now
    from meshtui.fleet.recover import standing
    from meshtui.store.find import find
    from meshtui.store.meshfile import load

    if (left := standing(load(find(args.file)).name)) is None:
        return
    print(f"meshtui: {left.text.partition(':')[0]}: recovering", file=sys.stderr)

    async def ask(fleet: Fleet) -> int:
        await recover_now(fleet, None)
        return 0

    with_fleet(args, ask)


def _log(args: Args) -> int:
    from meshtui.cli.log import pick, print_list, print_one
    from meshtui.store.changes import changes
    from meshtui.store.find import find
    from meshtui.store.journal import Journal
    from meshtui.store.meshfile import load

    chosen = pick(changes(Journal(load(find(args.file)).name).read()), args.number)
    if args.json:
        print_json([change.as_json() for change in chosen])
    elif args.number is None:
        print_list(chosen)
    else:
        print_one(chosen[0])
    return 0


def _mtu(args: Args) -> int:
    from meshtui.cli.mtu import measured, print_report
    from meshtui.fleet.mtu import MtuReport

    found: list[MtuReport] = []

    async def ask(fleet: Fleet) -> int:
        found.append(await measured(fleet))
        return 0

    with_fleet(args, ask)
    [report] = found
    if not (args.set and args.json and report.needed):
        print_report(report, as_json=args.json)
    if report.proposed is None or not (args.set and report.needed):
        return 0 if report.proposed else 1
    args.mtu, args.out = str(report.proposed), None
    return _members(args)


def _path(args: Args) -> int:
    from meshtui.cli.path import path

    return path(args)


def _members(args: Args) -> int:
    """What mesh.toml would say after `add`, `set`, `undo` and the like, and an apply of that."""
    from meshtui.cli.device import refuse_nowhere, taker
    from meshtui.cli.members import change, edit, makes_key
    from meshtui.fleet.edits import draft, with_pair
    from meshtui.fleet.made import Made
    from meshtui.store.find import find

    asked, made = edit(args), Made()
    if makes_key(asked):
        refuse_nowhere(args)
    _recover_first(args)
    asked = with_pair(asked, made)
    proposed = draft(find(args.file), asked)

    with taker(args) as take:

        async def ask(fleet: Fleet) -> int:
            report = await change(fleet, proposed, asked, take, args)
            if args.json:
                print_json(report.as_json())
            return 0 if report.ok else 1

        return with_fleet(args, ask, proposed, made)


def _invite(args: Args) -> int:
    from meshtui.cli.invite import invite

    return invite(args, with_fleet, _members)


def _export(args: Args) -> int:
    if args.what == "hosts":
        from meshtui.cli.export import export

        return export(args)

    from meshtui.cli.device import taker
    from meshtui.fleet.device import given

    with taker(args) as take:

        async def ask(fleet: Fleet) -> int:
            take(await given(fleet, args.name))
            return 0

        return with_fleet(args, ask)


def _tui(args: Args) -> int:
    # What is loaded for the first frame stays: to look for garbage in it, again and again,
    # takes a tenth of the time. `run` goes on with it when the frame stands.
    gc.disable()
    try:
        return _open_tui(args)
    finally:
        gc.enable()


def _open_tui(args: Args) -> int:
    from functools import partial

    from meshtui.store.find import find
    from meshtui.store.meshfile import load
    from meshtui.store.settings import load_settings

    paths = [find(file) for file in dict.fromkeys(args.files or [None])]
    meshes = [load(path) for path in paths]
    if len(meshes) > 1:
        refuse_namesakes(paths, [mesh.name for mesh in meshes])
    settings = load_settings()
    if args.read_only:
        settings = settings._replace(read_only=True)

    from meshtui.tui.meshes import Shown
    from meshtui.tui.start import run

    async def open_fleet(path: Path, ask: Callable[[UnknownHostKey], Awaitable[bool]]) -> Fleet:
        # asyncssh takes longer to load than the first frame may: beside it, then.
        fleet = await asyncio.to_thread(new_fleet, path, ask, args.ssh_config)
        fleet.read_only = settings.read_only
        return fleet

    shown = zip(meshes, paths, strict=True)
    return run([Shown(mesh, partial(open_fleet, path)) for mesh, path in shown], settings)


#: A person ends them.
_STAYING = (None, "demo")
#: What does each command; None: the screen.
COMMANDS: dict[str | None, Callable[[Args], int]] = {
    None: _tui,
    "init": _init,
    "status": _status,
    "plan": _plan,
    "apply": _apply,
    "rotate": _rotate,
    "recover": _recover,
    "drift": _drift,
    "log": _log,
    "export": _export,
    "mtu": _mtu,
    "path": _path,
    "add": _members,
    "remove": _members,
    "rename": _members,
    "set": _members,
    "disable": _members,
    "enable": _members,
    "undo": _members,
    "invite": _invite,
    "lab": _lab,
    "demo": _demo,
}
