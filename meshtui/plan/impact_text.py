"""How the impact of a plan reads: a line for each kind of thing that is touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from meshtui.inert import inert
from meshtui.plan.impact import Link, Loss, Move, PlanImpact, Touch
from meshtui.plan.model import Plan
from meshtui.plan.seen import Seen

#: So many are named before the rest is counted.
_NAMED = 3
#: Of a line of text: names, reasons and unknown peers come from hosts, too.
_LIMIT = 400

_TOUCHES: dict[Touch, str] = {
    "down": "gone",
    "route": "another address, prefix or port",
    "session": "a new session",
    "new": "new",
}


class ImpactLine(NamedTuple):
    """What it is about, then what is said of it."""

    label: str
    text: str
    bad: bool = False
    """Whether something that works now may not then."""


def impact_lines(plan: Plan, found: PlanImpact) -> list[ImpactLine]:
    """Who stands in its way, then the worst first; none where it changes nothing."""
    held = [ImpactLine("held", inert(text, _LIMIT), True) for text in _held(plan)]
    if not plan.changes:
        return held
    if not found:
        return [*held, ImpactLine("impact", "touches nothing that runs")]
    own = []
    if found.own_path:
        own = [f"reached through {plan.interface} itself: {_some(found.own_path)}"]
    lost = [_loss(loss) for loss in found.lost if loss.seconds is None]
    paused = [_loss(loss) for loss in found.lost if loss.seconds is not None]
    moves = [_move(move) for move in found.moves]
    touched = [
        f"{what}: {_links(found.links[touch])}"
        for touch, what in _TOUCHES.items()
        if touch in found.links
    ]
    said = (
        ("own path", own, "; ", True),
        ("lost", lost, "; ", True),
        ("interrupted", paused, "; ", False),
        ("exits", [f"{host}: {what}" for host, what in found.exits], "; ", False),
        ("prefixes", moves, "; ", False),
        ("links", touched, "; ", False),
    )
    return held + [
        ImpactLine(label, inert(_some(texts, between, _NAMED + 1), _LIMIT), bad)
        for label, texts, between, bad in said
        if texts
    ]


def impact_json(found: PlanImpact) -> dict[str, Any]:
    """The same for `--json`, nothing cut."""
    return {
        "links": {touch: [_plain(link) for link in links] for touch, links in found.links.items()},
        "lost": [
            {
                "why": inert(loss.why, _LIMIT),
                "seconds": loss.seconds,
                "links": [_plain(link) for link in loss.links],
            }
            for loss in found.lost
        ],
        "prefixes": [
            {
                "prefixes": list(move.prefixes),
                "from": inert(move.from_, _LIMIT),
                "to": move.to,
                "hosts": list(move.hosts),
            }
            for move in found.moves
        ],
        "exits": {host: inert(what, _LIMIT) for host, what in found.exits},
        "own_path": list(found.own_path),
    }


def _held(plan: Plan) -> list[str]:
    """The changes under way on its hosts, each once: until it ends, an apply is refused."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for name, seen in plan.inputs.seen.items() if plan.inputs else ():
        if isinstance(seen, Seen) and (change := seen.underway):
            hosts.setdefault((change.owner, change.id), []).append(name)
    return [
        f"{owner} is changing {_some(names)} (change {id_}): no apply until that ends"
        for (owner, id_), names in hosts.items()
    ]


def _plain(link: Link) -> list[str]:
    return [inert(name, _LIMIT) for name in link]


def _some(texts: Sequence[str], between: str = ", ", most: int = _NAMED) -> str:
    """The first of them, and how many more there are."""
    if len(texts) <= most:
        return between.join(texts)
    return f"{between.join(texts[: most - 1])} and {len(texts) - most + 1} more"


def _links(links: Sequence[Link]) -> str:
    """`a – b, a – c`; of many that one host has in common, how many there are."""
    if len(links) > _NAMED:
        for host in set(links[0]).intersection(links[-1]):
            if all(host in link for link in links):
                return f"{host} with {len(links)} others"
    return _some([f"{one} – {other}" for one, other in links])


def _loss(loss: Loss) -> str:
    why = loss.why if loss.seconds is None else f"about {loss.seconds:g} s, {loss.why}"
    return f"{_links(loss.links)} ({why})"


def _move(move: Move) -> str:
    return f"{_some(move.prefixes)} from {move.from_} to {move.to} on {_some(move.hosts)}"
