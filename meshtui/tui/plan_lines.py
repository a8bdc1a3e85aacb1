"""How a plan reads on the screen: by host, its steps, what they touch, and the diff."""

from __future__ import annotations

from textwrap import wrap

from meshtui.inert import inert
from meshtui.plan.model import HostPlan, Impact, Plan
from meshtui.plan.render import LINE_LIMIT, diff
from meshtui.tui.view import ERROR_LIMIT, NAME_LIMIT
from meshtui.tui.widgets.lines import Line
from meshtui.tui.words import counted

#: How an impact is written beside its step, in which style, and what it means.
IMPACTS: dict[Impact, tuple[str, str, str]] = {
    "none": ("–", "dim", "touches nothing that runs"),
    "new": ("new", "added", "the interface is new"),
    "handshake": ("handshake", "warn", "a link's session starts anew"),
    "route": ("route", "warn", "an address or a route changes"),
}
_ACTION_WIDTH = 15
_IMPACT_WIDTH = 11


def summary(plan: Plan) -> str:
    """`12 steps on 3 hosts, 1 host owed its change`."""
    changed = sum(1 for host in plan.hosts if host.steps)
    owed = len(plan.problems)
    text = (
        f"{counted(plan.changes, 'step')} on {counted(changed, 'host')}"
        if plan.changes
        else "nothing to change on hosts that answer"
        if owed
        else "nothing to change: all is as mesh.toml says"
    )
    return f"{text}, {counted(owed, 'host')} owed" if owed else text


def plan_lines(plan: Plan, width: int) -> list[Line]:
    """All of the plan, in lines of about `width`: what cannot be done first, then by host."""
    lines: list[Line] = []
    for host in plan.problems:
        lines += [((f"× {_name(host)}", "bad"), ("  can't be changed now", ""))]
        lines += [((part, ""),) for part in reason(host.problem or "", width)]
        lines += [((f"  note: {inert(note, ERROR_LIMIT)}", "warn"),) for note in host.notes]
        lines.append(())
    lines += _key(plan, width)
    quiet = []
    for host in plan.hosts:
        if host.problem:
            continue
        if not host.steps and not host.notes and host.after is None:
            quiet.append(_name(host))
            continue
        lines += _host(host, plan.interface, width)
    if quiet:
        text = f"nothing to change on {counted(len(quiet), 'host')}: {', '.join(quiet)}"
        lines += [((part, "dim"),) for part in wrap(text, max(20, width))]
    return lines


def reason(text: str, width: int) -> list[str]:
    """A reason as wrapped, indented lines."""
    parts: list[str] = []
    for line in text[:ERROR_LIMIT].splitlines():
        parts += wrap(inert(line, ERROR_LIMIT), max(20, width - 4)) or [""]
    return [f"    {part}" for part in parts]


def _key(plan: Plan, width: int) -> list[Line]:
    """What the impacts that occur mean."""
    seen = {step.impact for host in plan.hosts for step in host.steps}
    told = [f"{word}: {meaning}" for kind, (word, _, meaning) in IMPACTS.items() if kind in seen]
    if not told:
        return []
    # No-break spaces keep each explanation on one line.
    whole = "   ".join(text.replace(" ", "\u00a0") for text in ["impact", *told])
    parts = [part.replace("\u00a0", " ") for part in wrap(whole, max(20, width))]
    return [*(((part, "dim"),) for part in parts), ()]


def _host(host: HostPlan, interface: str, width: int) -> list[Line]:
    count = counted(len(host.steps), "step") if host.steps else "nothing to change"
    lines: list[Line] = [((_name(host), "strong"), (f"  {count}", "dim"))]
    for step in host.steps:
        impact, style, _ = IMPACTS[step.impact]
        lines.append(
            (
                (f"  {step.action:<{_ACTION_WIDTH}}", ""),
                (f"{impact:<{_IMPACT_WIDTH}}", style),
                (inert(step.detail, LINE_LIMIT), ""),
            )
        )
    for note in host.notes:
        parts = wrap(inert(note, ERROR_LIMIT), max(20, width - 10))
        lines += [
            ((("  note: " if i == 0 else "        ") + part, "warn"),)
            for i, part in enumerate(parts)
        ]
    lines += _diff(host, interface)
    lines.append(())
    return lines


def _diff(host: HostPlan, interface: str) -> list[Line]:
    if host.after is None or host.after == host.before:
        return []
    path = f"/etc/wireguard/{interface}.conf"
    new = host.before is None
    lines: list[Line] = [(("  │ ", "dim"), (f"{path}{' (new file)' if new else ''}", "strong"))]
    for line in diff(host):
        style = {"+": "added", "-": "removed", "@": "hunk"}.get(line[:1], "dim")
        if new and style == "hunk":
            continue
        lines.append((("  │ ", "dim"), (line, style)))
    return lines


def _name(host: HostPlan) -> str:
    return inert(host.host, NAME_LIMIT)
