"""The names in a host's /etc/hosts: what is to be done about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshtui.mesh.hostsfile import block, marks
from meshtui.mesh.model import Mesh
from meshtui.plan.live import LivePlan
from meshtui.plan.model import Difference, Step
from meshtui.plan.seen import Seen

#: Names that a step tells; more are counted.
_TOLD = 6


def keep_names(plan: LivePlan, mesh: Mesh, host: str, seen: Seen) -> list[str]:
    """Add what makes the block in /etc/hosts the wanted one; notes on why it is left alone."""
    want = block(mesh, mesh.hosts[host])
    if seen.names == want:
        return []
    if seen.names == marks(mesh.interface)[:1]:
        return ["a mark of meshtui's in /etc/hosts has lost the other: the names there stay"]
    come = [line for line in want if line not in seen.names]
    go = [line for line in seen.names if line not in want]
    texts = (_listed("names", come), _listed("no longer", go))
    detail = "; ".join(filter(None, texts)) or "in mesh.toml's order"
    mends = Difference("disk", "/etc/hosts", _joined(come), _joined(go))
    if not come and not go:
        mends = mends._replace(wanted="in mesh.toml's order", found="in another")
    plan.steps.append(Step("hosts-file", f"/etc/hosts {detail}", mends=mends))
    plan.changes += [f"hosts-file {len(want)}", *want]
    return []


def named(lines: Iterable[str]) -> list[str]:
    """The names of lines of /etc/hosts, each once."""
    words = (line.partition(" ")[2] for line in lines if not line.startswith("#"))
    return list(dict.fromkeys(words))


def _listed(word: str, lines: Sequence[str]) -> str:
    names = named(lines)
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{word} {', '.join(names[:_TOLD])}{more}" if names else ""


def _joined(lines: Sequence[str]) -> str | None:
    return ", ".join(line for line in lines if not line.startswith("#")) or None
