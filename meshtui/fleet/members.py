"""Hosts that come and go: what a host that leaves still has of the mesh, and taking that down."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace

from meshtui.errors import HostError, MeshError
from meshtui.fleet.apply import Applied
from meshtui.fleet.events import ApplyResult, Keep, Progress
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.observe import observe_one
from meshtui.fleet.session import Session
from meshtui.mesh.links import peers_of
from meshtui.mesh.model import Host
from meshtui.plan.file import MARK, kept_title, mark_of, peers_by_key
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.plan.names import named
from meshtui.plan.seen import Seen
from meshtui.plan.trouble import read
from meshtui.store.journal import Journal
from meshtui.wg.conf import ConfFile

#: wg-quick down runs what others put into the file, and systemd may wait for it.
_TAKE_DOWN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Leaving:
    """A host that the mesh has no more, as it is now."""

    plan: HostPlan
    """What is done there after the others were changed; a problem: nothing can be."""
    session: Session
    sha256: str = "none"
    """Of the wg-quick file that was seen."""


async def look_at_leaving(fleet: Fleet, host: Host) -> Leaving:
    """Ask the host what it has of the mesh."""
    session = fleet.session(host.name, host.ssh)
    interface = fleet.mesh.interface
    try:
        seen = await observe_one(session, fleet.mesh)
    except HostError as error:
        note = stays(interface)
        return Leaving(HostPlan(host.name, problem=error.why, notes=(note,)), session)
    keys = {one.public_key for one in fleet.mesh.hosts.values() if one.public_key}
    return Leaving(leaving_plan(interface, host, seen, keys), session, seen.sha256 or "none")


def leaving_plan(interface: str, host: Host, seen: Seen, keys: Collection[str]) -> HostPlan:
    """What is taken down on a host that leaves: only what is this mesh's.

    `keys` are those of the other hosts.
    """
    if "wg" not in seen.tools:
        return HostPlan(host.name, problem="wg is not installed", notes=(stays(interface),))
    if seen.file is None and not seen.exists and seen.made_key is None:
        return HostPlan(host.name, notes=(f"it has no {interface}: nothing to take down",))
    if not _is_ours(interface, host, seen):
        note = f"its {interface} is not one that meshtui made: left alone"
        return HostPlan(host.name, notes=(note,))
    path = f"/etc/wireguard/{interface}.conf"
    steps = []
    if seen.live or seen.exists or seen.systemd == "enabled":
        down = f"wg-quick down {interface}" if seen.file is not None else f"ip link del {interface}"
        if seen.systemd is not None:
            down = f"systemctl disable --now wg-quick@{interface}, and {down} if it stays"
        steps.append(Step("take-down", down, "down" if seen.live else "none"))
    if seen.file is not None:
        steps.append(Step("remove-file", f"{path}, with the private key in it"))
    if seen.made_key:
        detail = f"/var/lib/meshtui/{interface}, with a private key that was never used"
        steps.append(Step("remove-file", detail))
    if seen.names:
        steps.append(Step("hosts-file", f"/etc/hosts no longer {', '.join(named(seen.names))}"))
    after = None if seen.file is None else ""
    notes = tuple(
        f"peer {key[:12]}… is not of this mesh, and loses its tunnel all the same"
        for key in _strangers(seen, keys)
    )
    return HostPlan(
        host.name,
        tuple(steps),
        before=seen.file,
        after=after,
        notes=notes,
        own_path=seen.ssh_inside and seen.live is not None,
    )


def _strangers(seen: Seen, keys: Collection[str]) -> list[str]:
    """Peers that neither are a host's nor were made by meshtui."""
    conf = read(seen, {})
    stand = peers_by_key(conf if isinstance(conf, ConfFile) else None)
    live = seen.live.peers if seen.live else {}
    return [
        key
        for key in dict.fromkeys((*stand, *live))
        if key and key not in keys and mark_of(stand.get(key, ())) is None
    ]


def stays(interface: str) -> str:
    """What a host keeps that cannot be asked, and how it is removed there by hand."""
    unit, path = f"wg-quick@{interface}", f"/etc/wireguard/{interface}.conf"
    state = f"/var/lib/meshtui/{interface}"
    return (
        f"there stay {interface}, {path} with its private key, and {state};"
        f" by hand, as root on it: systemctl disable --now {unit}; wg-quick down {interface};"
        f" rm -rf {path} {state}"
    )


def with_leaving(plan: Plan, leaving: Leaving) -> Plan:
    """The plan as it is shown: the host that leaves comes last, as it does in time."""
    return replace(plan, hosts=(*plan.hosts, leaving.plan))


async def remove(
    fleet: Fleet, plan: Plan, leaving: Leaving, keep: Keep | None = None
) -> AsyncGenerator[Applied, None]:
    """Carry `plan` out as `Fleet.apply` does, then take down what leaves, if it is kept."""
    start = time.monotonic()
    name, result = leaving.plan.host, None
    async with aclosing(fleet.apply(plan, keep)) as events:
        async for event in events:
            if isinstance(event, ApplyResult):
                result = event
            else:
                yield event
    assert result
    if result.reverted is not None:
        # It stays a host of the mesh.
        yield result
        return
    failed = dict(result.failed)
    note = Journal(plan.mesh).note
    if leaving.plan.problem:
        failed[name] = f"{leaving.plan.problem}; {stays(plan.interface)}"
    elif leaving.plan.steps:
        yield Progress(name, "change", "running")
        note("take-down", hosts=[name])
        try:
            await leaving.session.ask(
                "take_down", plan.interface, leaving.sha256, deadline=_TAKE_DOWN_SECONDS
            )
        except HostError as error:
            failed[name] = f"{error.why}; if it was not taken down, {stays(plan.interface)}"
            yield Progress(name, "change", "failed", error.why)
        else:
            yield Progress(name, "change", "done")
    if name not in failed:
        note("taken-down", host=name)
    else:
        note("failed", host=name, why=failed[name])
    yield replace(result, failed=failed, seconds=time.monotonic() - start)


def refuse_owed(plan: Plan, name: str) -> None:
    """MeshError where the host that is to be added can't be: nothing came of it then."""
    problem = next((h.problem for h in plan.problems if h.host == name), None)
    if problem:
        raise MeshError(
            f"{problem}: it was not added, nothing was written",
            host=name,
            hint="add it once that is put right",
        )


def refuse_untold(plan: Plan, name: str) -> None:
    """MeshError where no host can be told of the peer `name`: it could import what it gets."""
    assert plan.inputs
    mesh = plan.inputs.mesh
    hosts = {member.name for member in peers_of(mesh, mesh.peers[name])}
    problems = {host.host: host.problem for host in plan.problems if host.host in hosts}
    if hosts and len(problems) == len(hosts):
        host, problem = next(iter(problems.items()))
        raise MeshError(
            f"no host that {name} has a tunnel with can be told of it: nothing was written",
            hint=f"{host}: {problem}",
        )


def _is_ours(interface: str, host: Host, seen: Seen) -> bool:
    """Whether mesh.toml names its key, or the file says that meshtui wrote into it."""
    if host.public_key is not None and host.public_key == seen.public_key:
        return True
    lines = (seen.file or "").splitlines()
    ours = (MARK, kept_title(interface))
    return any(line.strip().startswith(ours) for line in lines)
