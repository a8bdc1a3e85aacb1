"""One host in depth: what it is, and its configuration as wanted, on disk and running."""

from __future__ import annotations

import re
import statistics
import time
from dataclasses import replace
from ipaddress import ip_interface

from meshtui.errors import Refused
from meshtui.fleet.observe import observe_one
from meshtui.fleet.reports import HostFacts, Inspection
from meshtui.fleet.session import Session
from meshtui.inert import inert
from meshtui.plan.compare import three_ways
from meshtui.plan.model import PlanInputs
from meshtui.plan.seen import Seen, parts

_FACTS_SECONDS = 15.0
_NOTHING_SECONDS = 10.0
_TEXT = 120
_MOST_ADDRESSES = 100


async def inspect(session: Session, inputs: PlanInputs) -> Inspection:
    """All about the session's host. Its Seen is put into `inputs` here.

    HostError: it does not answer, or what it answers makes no sense.
    """
    name, interface = session.name, inputs.mesh.interface
    seen = await observe_one(session, inputs.mesh)
    reply = await session.ask("facts", interface, deadline=_FACTS_SECONDS)
    took = [await _round_trip(session) for _ in range(3)]
    try:
        facts = read_facts(interface, seen, reply)
        texts = three_ways(replace(inputs, seen={**inputs.seen, name: seen}), name)
    except ValueError as error:
        raise Refused(f"an answer that makes no sense: {error}", host=name) from None
    facts = replace(
        facts,
        ssh_target=inputs.mesh.hosts[name].ssh,
        ssh_round_trip=statistics.median(took),
    )
    notes = tuple(inert(note, 600) for note in texts.notes)
    return Inspection(name, facts, texts.wanted, texts.disk, texts.running, notes)


async def _round_trip(session: Session) -> float:
    """Milliseconds for a question that needs no work."""
    start = time.monotonic()
    await session.ask("nothing", deadline=_NOTHING_SECONDS)
    return (time.monotonic() - start) * 1000


def read_facts(interface: str, seen: Seen, reply: bytes) -> HostFacts:
    """What `facts` and `observe` said; ValueError where it makes no sense."""
    found = parts(reply)

    def one(name: str) -> str:
        return inert(next(iter(found.get(name, [])), "").strip().strip("\"'"), _TEXT)

    kernel = " ".join(one("kernel").split())
    uptime = re.match(r"[0-9]{1,12}(?=\.)", one("uptime"))
    return HostFacts(
        os=one("os"),
        kernel=kernel,
        # Versions as everybody writes them: `wireguard-go 0.0.20220316`.
        wireguard=re.sub(r"\bv(?=[0-9])", "", one("wireguard")),
        tools=one("tools").partition(" - ")[0],
        uptime=int(uptime[0]) if uptime else None,
        mtu=seen.mtu,
        listen_port=seen.live.listen_port if seen.live else None,
        addresses=tuple(map(str, seen.addresses)),
        other_addresses=tuple(_others(interface, found.get("all-addresses", []))),
    )


def _others(interface: str, lines: list[str]) -> list[str]:
    """`ip -o address`: `eth0 203.0.113.1/24` for all but the mesh, loopback and link-local ones."""
    found = []
    for line in lines[:_MOST_ADDRESSES]:
        words = line.split()
        if len(words) < 4 or words[2] not in ("inet", "inet6"):
            continue
        device = words[1].partition("@")[0]
        address = ip_interface(words[3])
        if device != interface and not address.is_loopback and not address.is_link_local:
            found.append(f"{inert(device, 20)} {address}")
    return found
