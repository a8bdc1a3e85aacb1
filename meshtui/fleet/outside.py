"""Hosts that are new, asked from outside: a port that does not answer is behind NAT.

WireGuard answers only whom it knows, so it is asked by the peers that the host gets anyway.
They ping it before it has sent anything itself: from then on NAT would let them in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import NamedTuple

from meshtui.fleet.look import Look, looks
from meshtui.fleet.session import Session
from meshtui.fleet.verify import answered
from meshtui.mesh.outside import Call, next_calls
from meshtui.plan.doubt import doubtful
from meshtui.plan.model import Plan
from meshtui.plan.seen import Seen

#: One round of pings, in seconds.
_ROUND = 3
#: A first call may be lost, or come 5 s after an earlier one that found nobody.
_ROUNDS = 2


class Outside(NamedTuple):
    """What is known now of hosts that may be behind NAT."""

    hidden: dict[str, str]
    """Host that is -> how it was found out."""
    unasked: dict[str, str]
    """Host that nobody can ask -> what is odd about it."""


async def ask_outside(
    plan: Plan,
    able: Set[str],
    sessions: Mapping[str, Session],
    before: Mapping[str, Look],
) -> Outside:
    """Ask the doubtful ones of `able` hosts that were just brought up, and have sent nothing yet.

    `before` is how the hosts looked before the change.
    """
    assert plan.inputs
    mesh, why = plan.inputs.mesh, doubtful(plan.inputs)
    new = able & {host.host for host in plan.hosts if host.work and host.work.bring_up}
    # One with a keepalive has called already.
    unsure = [n for n in why if n in new and not mesh.hosts[n].persistent_keepalive]
    if not unsure:
        return Outside({}, {})
    there = {n for n in able if isinstance(s := plan.inputs.seen[n], Seen) and "ping" in s.tools}
    trusted = bool(there - why.keys())
    # Its exit gets all that it sends, from the start.
    called: set[Call] = {(n, by) for n in unsure if (by := mesh.hosts[n].exit)}
    left, silent = list(unsure), set[str]()
    while calls := next_calls(mesh, left, there, called):
        heard, asked = await _call(plan, calls, sessions, before)
        called |= {(caller, name) for name, callers in calls.items() for caller in callers}
        silent |= asked - heard
        trusted = trusted or bool(heard)
        left = [name for name in left if name not in asked]
    # Where nobody answered anybody, the callers may be the ones that cannot be heard.
    left = left if trusted else unsure
    port = {name: f"UDP port {mesh.hosts[name].listen_port}" for name in unsure}
    hidden = [name for name in unsure if name in silent and name not in left]
    return Outside(
        {n: f"{why[n]}, and {port[n]} there does not answer" for n in hidden},
        {n: f"{why[n]}, and no host outside can ask whether {port[n]} answers" for n in left},
    )


async def _call(
    plan: Plan,
    calls: Mapping[str, list[str]],
    sessions: Mapping[str, Session],
    before: Mapping[str, Look],
) -> tuple[set[str], set[str]]:
    """Who of `calls` answered a caller, and who was called at all."""
    assert plan.inputs
    heard, asked = set[str](), set[str]()
    for _ in range(_ROUNDS):
        to: defaultdict[str, list[str]] = defaultdict(list)
        for name in calls.keys() - heard:
            for caller in calls[name]:
                to[caller].append(name)
        await answered(plan.inputs.mesh, sessions, to, seconds=_ROUND)
        now = await looks(sessions, plan.interface, to)
        for caller, look in now.items():
            for name in to[caller]:
                asked.add(name)
                # A ping may be dropped by the far end itself.
                if _handshake(look, plan, name) > _handshake(before.get(caller), plan, name):
                    heard.add(name)
        if heard == calls.keys():
            break
    return heard, asked


def _handshake(look: Look | None, plan: Plan, name: str) -> int:
    """When the host of `look` shook hands with `name`, in epoch seconds; 0: never."""
    peer = look.live.peers.get(plan.public_keys.get(name, "")) if look and look.live else None
    return peer.latest_handshake if peer else 0
