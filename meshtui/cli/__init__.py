"""The command line. It loads Textual only for the TUI, and asyncssh only to reach hosts.

Exit codes: 0 done, or nothing to do; 1 it failed, or for `status` a link is not
healthy; 2 the command line or mesh.toml is wrong; for `plan`, 3: there are changes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshtui import __version__
from meshtui.cli.lab import register as register_lab
from meshtui.errors import MeshError, UnknownHostKey, UsageError

if TYPE_CHECKING:
    from meshtui.fleet.fleet import Fleet

CHANGES = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run meshtui; the exit code."""
    # A core file would hold the keys that were in memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meshtui", description=_ABOUT, epilog=_EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"meshtui {__version__}")
    _add_common(parser)
    parser.add_argument(
        "--read-only", action="store_true", help="the screen looks, and changes nothing on a host"
    )
    parser.set_defaults(run=_tui)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> Any:
        sub = commands.add_parser(name, help=text, description=text, epilog=_EXIT_CODES)
        sub.set_defaults(run=run)
        return sub

    init = command("init", _init, "make a mesh.toml; no host is asked anything yet")
    init.add_argument(
        "targets", nargs="+", metavar="HOST", help="[NAME=]user@host[:port], or an alias"
    )
    init.add_argument("-f", "--file", type=Path, default=Path("mesh.toml"))
    init.add_argument("--name", default="mesh", help="of the mesh (default: %(default)s)")
    init.add_argument("--interface", default="wg0", help="(default: %(default)s)")
    init.add_argument("--listen-port", type=int, default=51820, help="(default: %(default)s)")
    init.add_argument(
        "--network",
        action="append",
        metavar="NETWORK",
        help="10.0.0.0/24 or fd00::/64; may be given for each family (default: a free 10.x.0.0/24)",
    )
    init.add_argument(
        "--ipv6", action="store_true", help="addresses of both families: a new unique local /64 too"
    )
    init.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="NAME=HOST[:PORT]",
        help="where the others reach this host, if not where ssh does; none: behind NAT",
    )
    init.add_argument("--force", action="store_true", help="replace a file that is there")

    for name, run, text in (
        ("status", _status, "every host and every direction, once"),
        ("plan", _plan, "what apply would change, as a diff; exit code 3: there are changes"),
        ("apply", _apply, "make the mesh what mesh.toml says, and prove that it works"),
    ):
        sub = command(name, run, text)
        _add_common(sub, argparse.SUPPRESS)
        sub.add_argument("--json", action="store_true", help="for programs, on stdout")
        if name == "status":
            sub.add_argument("--links", action="store_true", help="list every direction")
        else:
            sub.add_argument(
                "--prune", action="store_true", help="remove peers that mesh.toml does not know"
            )
        if name == "apply":
            sub.add_argument("-y", "--yes", action="store_true", help="do not ask")

    lab = command("lab", _lab, "a fleet of real hosts on this machine, to rehearse on")
    register_lab(lab)
    return parser


_ABOUT = (
    "Your terminal is the control plane of your WireGuard mesh: no agent, only SSH."
    " Without a command: the screen."
)
_EXIT_CODES = (
    "exit codes: 0 done or nothing to do; 1 it failed, or a link is not healthy;"
    " 2 the command line or mesh.toml is wrong; 3 (plan) there are changes"
)


def _add_common(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """Options that may stand before or after the command's name."""
    parser.add_argument(
        "-f",
        "--file",
        type=Path,
        default=default,
        help="the mesh (default: ./mesh.toml, then the one in your config directory)",
    )
    parser.add_argument(
        "-F", "--ssh-config", type=Path, default=default, help="instead of ~/.ssh/config"
    )
    parser.add_argument(
        "--accept-new-host-keys",
        action="store_true",
        default=default if default == argparse.SUPPRESS else False,
        help="trust hosts that known_hosts does not have yet, and add them",
    )


def _lab(args: argparse.Namespace) -> int:
    from meshtui.lab.cli import main as lab_main

    return lab_main(args)


def _init(args: argparse.Namespace) -> int:
    from meshtui.cli.init import init

    return init(args)


def _status(args: argparse.Namespace) -> int:
    from meshtui.cli.status import as_json, healthy, print_status

    async def ask(fleet: Fleet) -> int:
        polled = await fleet.status()
        if args.json:
            _print_json(as_json(fleet.mesh, polled, datetime.now(UTC)))
        else:
            print_status(fleet.mesh, polled, every_link=args.links)
        return 0 if healthy(polled) else 1

    return _with_fleet(args, ask)


def _plan(args: argparse.Namespace) -> int:
    from meshtui.cli.plan import print_plan
    from meshtui.plan.render import as_json

    async def ask(fleet: Fleet) -> int:
        plan = await fleet.plan(prune=args.prune)
        if args.json:
            _print_json(as_json(plan))
        else:
            print_plan(plan)
        return CHANGES if plan.changes else 1 if plan.problems else 0

    return _with_fleet(args, ask)


def _apply(args: argparse.Namespace) -> int:
    from meshtui.cli.apply import ApplyReport
    from meshtui.cli.plan import print_plan

    async def ask(fleet: Fleet) -> int:
        plan = await fleet.plan(prune=args.prune)
        if not args.json:
            print_plan(plan)
        if plan.changes and not args.yes:
            if args.json:
                raise UsageError("--json shows no plan to agree to", hint="--yes applies it")
            await _confirm()
        with ApplyReport(plan, show=not args.json) as report:
            if plan.changes:
                async for event in fleet.apply(plan):
                    report.take(event)
        if args.json:
            _print_json(report.as_json())
        return 0 if report.ok else 1

    return _with_fleet(args, ask)


async def _confirm() -> None:
    """Return if a person says yes. UsageError: nobody is there; MeshError: anything but yes."""
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask whether to apply this", hint="--yes applies it")
    # On stderr: whoever pipes the plan still sees the question.
    print("Apply? [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        answer = await _line()
    except asyncio.CancelledError:
        print("\nmeshtui: nothing was changed", file=sys.stderr)
        raise
    if not answer.endswith("\n"):
        print(file=sys.stderr)  # ctrl-d
    if answer.strip().lower() not in ("y", "yes"):
        raise MeshError("nothing was changed")


async def _line() -> str:
    """A line from the terminal.

    input() would block the loop: asyncio turns the first ctrl-c into a cancellation, which
    it could not hear, and connections would not be kept alive while a person reads.
    """
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[None] = loop.create_future()

    def heard() -> None:
        if not typed.done():
            typed.set_result(None)

    loop.add_reader(sys.stdin, heard)
    try:
        await typed
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()


def _tui(args: argparse.Namespace) -> int:
    from meshtui.store.find import find
    from meshtui.store.meshfile import load
    from meshtui.store.settings import load_settings

    path = find(args.file)
    mesh = load(path)
    settings = load_settings()
    if args.read_only:
        settings = replace(settings, read_only=True)

    from meshtui.tui.start import run

    async def open_fleet(ask: Callable[[UnknownHostKey], Awaitable[bool]]) -> Fleet:
        # asyncssh takes longer to load than the first frame may: beside it, then.
        return await asyncio.to_thread(_new_fleet, path, ask, args.ssh_config)

    return run(mesh, open_fleet, settings)


def _new_fleet(
    path: Path, ask: Callable[[UnknownHostKey], Awaitable[bool]], ssh_config: Path | None
) -> Fleet:
    from meshtui.fleet.fleet import Fleet

    return Fleet(path, ask, ssh_config)


def _with_fleet(args: argparse.Namespace, ask: Callable[[Fleet], Awaitable[int]]) -> int:
    """Do `ask` with the hosts of the file that is meant."""
    from meshtui.store.find import find

    async def decide(_: UnknownHostKey) -> bool:
        accept: bool = args.accept_new_host_keys
        return accept

    async def run() -> int:
        _stop_in_order()
        fleet = _new_fleet(find(args.file), decide, args.ssh_config)
        try:
            return await ask(fleet)
        finally:
            await fleet.close()

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _stop_in_order() -> None:
    """A terminal that is closed, or a `kill`, ends a command as Ctrl-C does: tidied up."""
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup means it.
        if signal.getsignal(number) is signal.SIG_DFL:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
