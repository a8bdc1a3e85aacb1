"""The options of `meshtui demo`, apart from what they start: every meshtui reads them."""

from __future__ import annotations

import argparse

DEFAULT_COUNT = 7


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of `meshtui demo` to `parser`."""
    parser.add_argument(
        "count",
        nargs="?",
        type=_count,
        default=DEFAULT_COUNT,
        metavar="N",
        help="how many hosts, 2 to 1000 (default: %(default)s)",
    )
    parser.add_argument(
        "--formed", action="store_true", help="with a mesh that runs already, not with bare hosts"
    )
    parser.add_argument(
        "--groups", action="store_true", help="three groups a city, linked by gateways"
    )
    parser.add_argument(
        "--script",
        action="store_true",
        help="play the story to its end without a screen; exit code 0: every direction is up",
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 2 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not from 2 to 1000")
    return int(text)
