"""What `meshtui log` prints: what was done to the mesh from this machine."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from meshtui.errors import UsageError
from meshtui.inert import inert
from meshtui.plan.render import LINE_LIMIT
from meshtui.store.changes import Change

_NAME_LIMIT = 64


def pick(changes: list[Change], number: int | None) -> list[Change]:
    """All of them, or the one with that number. UsageError: there is none."""
    if number is None:
        return changes
    for change in changes:
        if change.number == number:
            return [change]
    last = f"the latest is {changes[-1].number}" if changes else "nothing was changed yet"
    raise UsageError(f"there is no change {number}: {last}", hint="meshtui log lists them")


def print_list(changes: list[Change]) -> None:
    """A line a change, the latest last."""
    console = Console(highlight=False)
    if not changes:
        console.print("nothing was changed from this machine yet")
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, justify in (("number", "right"), ("at", "left"), ("by", "left")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for change in changes:
        style, result = _result(change)
        table.add_row(
            Text(str(change.number), style="bold"),
            Text(_when(change.at)),
            Text(inert(change.by, _NAME_LIMIT), style="dim"),
            Text(inert(change.plan, LINE_LIMIT)),
            Text(result, style=style),
        )
    console.print(table)


def print_one(change: Change) -> None:
    """All that is known of one."""
    console = Console(highlight=False, soft_wrap=True)
    by = f" by {inert(change.by, _NAME_LIMIT)}" if change.by else ""
    console.print(Text(f"change {change.number}  {_when(change.at)}{by}", style="bold"))
    console.print(Text(f"  {inert(change.plan, LINE_LIMIT)}"))
    for host, steps in change.steps.items():
        console.print(Text(inert(host, _NAME_LIMIT), style="bold"))
        for step in steps:
            console.print(Text(f"  {inert(step, LINE_LIMIT)}"))
    if change.kind == "run":
        console.print(Text(f"  on {inert(', '.join(change.hosts), 10 * LINE_LIMIT)}"))
    for host, how in change.behind_nat.items():
        console.print(Text(inert(f"{host} is behind NAT: {how}", 2 * LINE_LIMIT), style="yellow"))
    for host, why in change.failed.items():
        text = f"× {inert(host, _NAME_LIMIT)}: {inert(why, 2 * LINE_LIMIT)}"
        console.print(Text(text, style="bold red"))
    style, result = _result(change)
    console.print(Text(result, style=style))
    if not change.ended and change.hosts:
        hosts = inert(", ".join(change.hosts), 10 * LINE_LIMIT)
        then = "recover` ends it" if change.open else "plan` shows what is left"
        console.print(Text(f"  begun on {hosts}; `meshtui {then}"))
    if change.receipt:
        console.print(Text(inert(change.receipt, LINE_LIMIT)))


def _result(change: Change) -> tuple[str, str]:
    if change.reverted:
        return "bold red", f"taken back: {inert(change.reverted, LINE_LIMIT)}"
    if change.recovered:
        how = "taken back" if change.taken_back else "confirmed on every host"
        return "bold yellow", f"broken off, and {how} by recover"
    if change.diverged:
        hosts = inert(", ".join(change.diverged), LINE_LIMIT)
        return "bold red", f"DIVERGED: not confirmed on {hosts}; meshtui recover ends that"
    if not change.ended:
        return "bold yellow", change.told
    if change.kind == "run":
        return "dim", change.told
    return ("green" if change.ok else "bold red"), change.told


def _when(at: str) -> str:
    """In this machine's time zone."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return inert(at, _NAME_LIMIT)
