"""`meshtui lab`: the command line of a lab."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from meshtui.errors import UsageError
from meshtui.lab.checks import require_root
from meshtui.lab.cleanup import down
from meshtui.lab.lab import Lab

DEFAULT_COUNT = 5
_V4 = "10.0.0.0/24"
_V6 = "fd10:6d65:7368::/64"


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options and subcommands of `meshtui lab` to `parser`.

    Sets `lab_action` to "up", "run", "down", or None: make a lab, open the
    TUI on it, and take it away at the end.
    """
    parser.set_defaults(lab_action=None, lab_command=[])
    parser.add_argument("-n", "--hosts", type=int, default=DEFAULT_COUNT, metavar="N", dest="count")
    _common(parser, default=True)
    actions = parser.add_subparsers(dest="lab_action", required=False, metavar="up | run | down")
    up = actions.add_parser("up", help="make a lab and leave it there")
    up.add_argument("count", type=int, metavar="N", help="how many hosts, 1 to 249")
    _common(up, default=False)
    run = actions.add_parser("run", help="run a command as the lab's operator")
    _name(run, default=False)
    run.add_argument("lab_command", nargs=argparse.REMAINDER, metavar="-- CMD")
    gone = actions.add_parser("down", help="take a lab away, also a crashed one")
    _name(gone, default=False)


def _common(parser: argparse.ArgumentParser, *, default: bool) -> None:
    _name(parser, default=default)
    family = parser.add_mutually_exclusive_group()
    unset = False if default else argparse.SUPPRESS
    family.add_argument(
        "--ipv6", action="store_true", default=unset, help="mesh addresses in both families"
    )
    family.add_argument(
        "--ipv6-only", action="store_true", default=unset, help="mesh addresses in IPv6 only"
    )


def _name(parser: argparse.ArgumentParser, *, default: bool) -> None:
    # A subcommand's own default would undo what stood before the subcommand.
    unset = "lab" if default else argparse.SUPPRESS
    parser.add_argument("--name", default=unset, help="which lab (default: lab)")


def main(args: argparse.Namespace) -> int:
    """Do what `register`'s arguments ask for; return the exit code.

    Raises MeshError and UsageError. `lab run` replaces this process.
    """
    action: str | None = args.lab_action
    require_root(f"meshtui lab {action or ''}".strip())
    if action == "up":
        return _up(args)
    if action == "run":
        _run(Lab.attach(args.name), args.lab_command)
    if action == "down":
        gone = down(args.name)
        _say(f"The lab {args.name!r} is gone." if gone else f"There was no lab {args.name!r}.")
        return 0
    return _rehearse(args)


def _networks(args: argparse.Namespace) -> tuple[str, ...]:
    if args.ipv6_only:
        return (_V6,)
    return (_V4, _V6) if args.ipv6 else (_V4,)


def _up(args: argparse.Namespace) -> int:
    with _ended_by_signals():
        lab = Lab.up(args.count, name=args.name, networks=_networks(args), progress=_say)
    named = "" if args.name == "lab" else f" --name {args.name}"
    _say(
        f"Its mesh.toml, SSH key and known_hosts are in {lab.path}.\n"
        f"Next:         sudo meshtui lab run{named} -- meshtui apply --yes\n"
        f"or by hand:   sudo meshtui lab run{named} -- ssh server-a\n"
        f"and to end:   sudo meshtui lab down{named}"
    )
    return 0


def _run(lab: Lab, words: Sequence[str]) -> NoReturn:
    """Become the command, so that terminal, signals and exit code are its own."""
    words = list(words[1:] if words[:1] == ["--"] else words)
    if not words:
        raise UsageError("lab run: which command?", hint="meshtui lab run -- ssh server-a")
    if words[0] == "meshtui":
        words = lab.meshtui(*words[1:])
    elif shutil.which(words[0]) is None:
        raise UsageError(f"lab run: there is no command {words[0]!r}")
    argv = lab.command(words)
    sys.stdout.flush()
    os.execvp(argv[0], argv)  # noqa: S606 # a list: no shell sees it


def _rehearse(args: argparse.Namespace) -> int:
    """Make a lab, open the TUI on it, take it away however that ends."""
    with _ended_by_signals():
        lab = Lab.up(args.count, name=args.name, networks=_networks(args), progress=_say)
        try:
            argv = lab.command(lab.meshtui("-f", str(lab.path / "mesh.toml")))
            tui = subprocess.Popen(argv)
            try:
                return tui.wait()
            finally:
                _end(tui)
        finally:
            _unhurried(args.name)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the child to end, if it has not; after 5 s, end it."""
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)


def _unhurried(name: str) -> None:
    """Take the lab away and let no second ctrl-c leave half of it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    down(name)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that `finally` runs as on ctrl-c."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    old = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # the command line's own voice
