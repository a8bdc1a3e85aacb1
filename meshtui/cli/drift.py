"""`meshtui drift`: what hosts have otherwise than `mesh.toml` says, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from rich.console import Console
from rich.text import Text

from meshtui.cli.apply import carry_out
from meshtui.errors import UsageError
from meshtui.fleet.events import HostDrift
from meshtui.fleet.fleet import Fleet
from meshtui.plan.drift import Drift
from meshtui.store.edit import refuse_unknown
from meshtui.tui.words import counted

#: What the exit code says of drift that is not ignored.
DRIFTED = 3


async def do(fleet: Fleet, args: SimpleNamespace) -> int:
    """List it, or do with one item what the options say; the exit code."""
    if args.heed:
        fleet.drifting.heed(args.heed)
        return 0
    if args.name:
        refuse_unknown(fleet.mesh, args.name)
    found = [one for one in await fleet.drifting.once() if args.name in (None, one.host)]
    if id_ := args.adopt or args.ignore:
        drift = _pick(found, id_)
        if args.adopt:
            fleet.drifting.adopt(drift)
            text = f"mesh.toml says {drift.adopt} now; `meshtui plan` shows what is left to do"
        else:
            fleet.drifting.ignore(drift)
            text = f"ignored: {drift.host}: {drift}"
        print(json.dumps({"done": text}) if args.json else text)
        return 0
    if args.repair:
        return await _repair(fleet, _pick(found, args.repair), args)
    if args.json:
        print(json.dumps({one.host: drift_json(one) for one in found}, indent=2))
    else:
        print_drift(found)
    if any(one.heeded for one in found):
        return DRIFTED
    return 1 if any(one.error for one in found) else 0


def _pick(found: Sequence[HostDrift], id_: str) -> Drift:
    for one in found:
        for drift in one.drifts:
            if drift.id == id_:
                return drift
    raise UsageError(
        f"there is no drift {id_!r} (now)", hint="meshtui drift lists what there is, with its ids"
    )


async def _repair(fleet: Fleet, drift: Drift, args: SimpleNamespace) -> int:
    """Apply what there is to do on that host."""
    plan = await fleet.plan(prune=drift.is_unknown_peer, only=drift.host)
    report = await carry_out(fleet, plan, args)
    if args.json:
        print(json.dumps(report.as_json(), indent=2))
    return 0 if report.ok else 1


def drift_json(one: HostDrift) -> list[dict[str, Any]]:
    """The contract of `meshtui drift --json`, and of `drift` in `meshtui status --json`."""
    return [
        {
            "id": drift.id,
            "where": drift.where,
            "what": drift.what,
            "wanted": drift.wanted,
            "found": drift.found,
            "adopt": str(drift.adopt) if drift.adopt else None,
            "ignored": drift.id in one.ignored,
        }
        for drift in one.drifts
    ]


def print_drift(found: Sequence[HostDrift]) -> None:
    """A line per item, and what can be done with it."""
    console = Console(highlight=False, soft_wrap=True)
    for one in found:
        if one.error:
            console.print(Text(f"{one.host}: drift can't be told: {one.error}", style="yellow"))
        elif one.drifts:
            console.print(Text(one.host, style="bold"))
        for drift in one.drifts:
            ignored = drift.id in one.ignored
            more = " (ignored)" if ignored else " (can be adopted)" if drift.adopt else ""
            style = "dim" if ignored else ""
            console.print(Text(f"  {drift.id}  {drift.where:<7}  {drift}{more}", style=style))
    heeded = sum(len(one.heeded) for one in found)
    hosts = counted(sum(bool(one.heeded) for one in found), "host")
    silenced = sum(len(one.ignored) for one in found)
    text = f"drift: {heeded} on {hosts}" if heeded else "no drift"
    text += f"; {silenced} ignored" if silenced else ""
    text += " (meshtui drift --adopt, --repair or --ignore ID)" if heeded else ""
    console.print(Text(text, style="bold yellow" if heeded else "bold"))
