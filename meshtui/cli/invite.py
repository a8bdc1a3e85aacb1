"""`meshtui invite`: a machine that meshtui cannot reach is joined by a line pasted there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from meshtui.cli.members import asked
from meshtui.fleet.device import invite as invited
from meshtui.fleet.device import line
from meshtui.store.find import find

if TYPE_CHECKING:
    from meshtui.fleet.fleet import Fleet


def invite(
    args: SimpleNamespace,
    with_fleet: Callable[..., int],
    add: Callable[[SimpleNamespace], int],
) -> int:
    """Print the line; at a terminal, wait for the key that it answers with, and `add` it."""
    path = find(args.file)
    draft = invited(path, args.name, asked(args))
    found: list[str] = []

    async def ask(fleet: Fleet) -> int:
        found.append(await line(fleet, args.name))
        if fleet.mesh.preshared_keys:
            print("meshtui: its links get no preshared key", file=sys.stderr)
        return 0

    with_fleet(args, ask, draft)
    if draft:
        draft.write(path)
    if args.json:
        print(json.dumps({"line": found[0]}, indent=2))
        return 0
    print(f"As root on {args.name}, paste this line:\n", file=sys.stderr)
    print(found[0])
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return 0
    print("\nThe public key that it answers with (enter: later, as it says): ", end="", flush=True)
    if not (key := sys.stdin.readline().strip()):
        return 0
    return add(SimpleNamespace(**{**vars(args), **_ADD, "public_key": key}))


#: What `add` is told besides: the rest is in the table that the invitation wrote.
_ADD: dict[str, Any] = {"command": "add", "address": [], "through": [], "exit": None, "route": []}
