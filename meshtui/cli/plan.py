"""What `meshtui plan` prints."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from meshtui.plan.model import Plan
from meshtui.plan.render import Kind, lines

_STYLE: dict[Kind, str] = {
    "host": "bold",
    "step": "",
    "note": "cyan",
    "problem": "bold red",
    "added": "green",
    "removed": "red",
    "context": "dim",
    "impact": "yellow",
    "sum": "bold",
}


def print_plan(plan: Plan) -> None:
    """The whole plan on stdout, with colours where that is a terminal."""
    # soft_wrap: a diff that is cut into lines of 80 is no diff any more.
    console = Console(highlight=False, soft_wrap=True)
    for line in lines(plan):
        console.print(Text(line.text, style=_STYLE[line.kind]))
