"""The options of `meshtui lab`, apart from what they start: every meshtui reads them."""

from __future__ import annotations

import argparse

DEFAULT_COUNT = 5


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
    parser.add_argument(
        "--systemd",
        action="store_true",
        default=unset,
        help="hosts are Debian booted by systemd (needs 280 MB in /var/cache)",
    )
    parser.add_argument(
        "--nat",
        type=int,
        default=0 if default else argparse.SUPPRESS,
        metavar="K",
        help="the last K hosts are each behind a router with NAT, which hands SSH on",
    )
    parser.add_argument(
        "--symmetric",
        action="store_true",
        default=unset,
        help="that NAT gives each destination another port: no hole can be punched",
    )
    parser.add_argument(
        "--v6",
        action="store_true",
        default=unset,
        help="hosts have public addresses in IPv6 only (--ipv6-only: of the mesh)",
    )


def _name(parser: argparse.ArgumentParser, *, default: bool) -> None:
    # A subcommand's own default would undo what stood before the subcommand.
    unset = "lab" if default else argparse.SUPPRESS
    parser.add_argument("--name", default=unset, help="which lab (default: lab)")
