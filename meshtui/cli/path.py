"""`meshtui path A B`: through whom two members reach each other, and where that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import permutations
from types import SimpleNamespace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from meshtui.cli.run import print_json, with_fleet
from meshtui.errors import UsageError
from meshtui.inert import inert
from meshtui.mesh.addresses import allocate
from meshtui.mesh.model import Mesh
from meshtui.mesh.trace import IPAddress, Trace, tracer
from meshtui.mesh.wanted import wanted, wanted_of_device
from meshtui.plan.reach import as_it_is
from meshtui.plan.seen import Seen
from meshtui.store.changes import changes, last_stayed
from meshtui.store.edit import refuse_unknown
from meshtui.store.find import find
from meshtui.store.journal import Journal
from meshtui.store.meshfile import load
from meshtui.wg.interface import Interface

if TYPE_CHECKING:
    from meshtui.fleet.fleet import Fleet
    from meshtui.plan.model import Plan

_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Way:
    """What a packet comes through, one way."""

    from_: str
    to: str
    hops: tuple[str, ...]
    problem: str | None
    """Why it does not arrive; None: it does."""
    next: str | None
    """What to do about that."""
    ends: tuple[str, str] | None
    """The addresses that it has; None: they share no family."""


def print_path(ways: list[Way]) -> None:
    """A line for each way, and what is wrong with it."""
    console = Console(highlight=False, soft_wrap=True)
    for way in ways:
        ends = f"  ({way.ends[0]} to {way.ends[1]})" if way.ends else ""
        text = inert(" → ".join(way.hops), _LIMIT) + ends
        console.print(Text(text if way.problem is None else f"× {text}"))
        if way.problem is not None:
            console.print(Text(f"  {inert(way.problem, _LIMIT)}", style="bold red"))
            console.print(Text(f"  {inert(way.next or '', _LIMIT)}"))


def as_json(ways: list[Way], *, now: bool) -> dict[str, object]:
    """For programs."""
    return {
        "now": now,
        "ways": [{"from": (told := asdict(way)).pop("from_"), **told} for way in ways],
    }


def wanted_ways(mesh: Mesh, a: str, b: str) -> list[Way]:
    """Both ways by what `mesh.toml` says. UsageError: there is no such member."""
    _refuse(mesh, a, b)
    says = "mesh.toml has no way for them: a hub, a gateway or a relay would be one"
    return list(_ways(mesh, _all_wanted(mesh), a, b, lambda _: (None, says)))


async def ways_now(fleet: Fleet, a: str, b: str) -> list[Way]:
    """Both ways by what hosts have. UsageError: there is no such member."""
    _refuse(fleet.mesh, a, b)
    plan = await fleet.plan()
    assert plan.inputs
    mesh = plan.inputs.mesh
    there = {name: one for name, one in plan.inputs.seen.items() if isinstance(one, Seen)}
    keys = plan.public_keys
    hosts = {n: replace(host, public_key=keys.get(n)) for n, host in mesh.hosts.items()}
    known = replace(mesh, hosts=hosts)
    found = {name: it for name, one in there.items() if (it := as_it_is(known, one))}
    found |= {name: one for name, one in _all_wanted(mesh).items() if name in mesh.peers}

    def why(name: str) -> tuple[str | None, str]:
        return _state(plan, name, name in found)

    return list(_ways(mesh, found, a, b, why))


def _refuse(mesh: Mesh, a: str, b: str) -> None:
    for name in (a, b):
        refuse_unknown(mesh, name)
    if a == b:
        raise UsageError(f"{a} twice: a path has two ends")


def _all_wanted(mesh: Mesh) -> dict[str, Interface]:
    return wanted(mesh) | {name: wanted_of_device(mesh, name) for name in mesh.peers}


def _state(plan: Plan, name: str, runs: bool) -> tuple[str | None, str]:
    """Why nothing is known of the member, if so, and what to do where it is wrong."""
    assert plan.inputs
    host = next((one for one in plan.hosts if one.host == name), None)
    if host is not None and host.problem:
        return None if runs else f"{name}: {host.problem}", f"see to {name}: {host.problem}"
    if host is not None and not runs:
        return f"{name} runs no such interface", "meshtui apply"
    if plan.changes:
        return None, "meshtui apply (meshtui plan tells what it changes)"
    return None, f"it is what mesh.toml says: see what else {name} has (meshtui drift {name})"


def _ways(
    mesh: Mesh,
    interfaces: Mapping[str, Interface],
    a: str,
    b: str,
    state: Callable[[str], tuple[str | None, str]],
) -> Iterator[Way]:
    """Both ways in each family that the two share."""
    follow = tracer(interfaces)
    addresses = {name: [one.ip for one in mesh.members[name].addresses] for name in (a, b)}
    shared = {one.version for one in addresses[a]} & {one.version for one in addresses[b]}
    if not shared:
        for one, other in permutations((a, b)):
            why = f"{one} and {other} have no address of the same family"
            yield Way(one, other, (one,), why, "give one of them another address", None)
    for version in sorted(shared):
        for one, other in permutations((a, b)):
            own, to = (
                next(ip for ip in addresses[name] if ip.version == version) for name in (one, other)
            )
            trace = _trace(follow, interfaces, one, other, to)
            unknown, then = state(trace.hops[-1])
            arrives = trace.problem is None and unknown is None
            problem = None if arrives else unknown or trace.problem
            ends = (str(own), str(to))
            yield Way(one, other, trace.hops, problem, None if arrives else then, ends)


def _trace(
    follow: Callable[[str, IPAddress], Trace],
    interfaces: Mapping[str, Interface],
    one: str,
    other: str,
    to: IPAddress,
) -> Trace:
    if one not in interfaces:
        return Trace((one,), f"nothing is known of {one}")
    trace = follow(one, to)
    last = trace.hops[-1]
    if trace.problem is None and last != other:
        return Trace(trace.hops, f"it ends at {last}")
    return trace


def path(args: SimpleNamespace) -> int:
    """Print both ways; 1 where one does not arrive. Without --now no host is asked."""

    def told(ways: list[Way]) -> int:
        if args.json:
            print_json(as_json(ways, now=args.now))
        else:
            print_path(ways)
        return 1 if any(way.problem for way in ways) else 0

    async def ask(fleet: Fleet) -> int:
        return told(await ways_now(fleet, *args.names))

    if args.now:
        return with_fleet(args, ask)
    mesh = allocate(load(find(args.file)))
    # Who meets behind NAT, and who relays, follows from hosts as the last change saw them.
    if last := last_stayed(changes(Journal(mesh.name).read())):
        mesh = replace(mesh, found=last.nat)
    return told(wanted_ways(mesh, *args.names))
