"""A fleet without hosts: it plays what a test, or `play.py`, sets up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import ip_interface, ip_network

from meshtui.errors import UnknownHostKey
from meshtui.fleet.events import (
    ApplyResult,
    DirectionVerified,
    HostPolled,
    HostStatus,
    LinkStatus,
    Progress,
)
from meshtui.mesh.model import Host, Mesh
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.tui.fleet_api import AskHostKey


def make_mesh(count: int = 3, name: str = "prod", names: list[str] | None = None) -> Mesh:
    names = names or [
        f"server-{chr(97 + i)}" if count <= 26 else f"node-{i + 1:03}" for i in range(count)
    ]
    hosts = {
        host: Host(
            name=host,
            ssh=f"root@203.0.113.{i % 250 + 1}",
            addresses=(ip_interface(f"10.0.{i // 250}.{i % 250 + 1}/16"),),
        )
        for i, host in enumerate(names)
    }
    return Mesh(name=name, networks=(ip_network("10.0.0.0/16"),), hosts=hosts)


def poll(mesh: Mesh, name: str, tick: int = 0) -> HostPolled:
    """A healthy look at one host."""
    names = list(mesh.hosts)
    me = names.index(name)
    links = tuple(
        LinkStatus(
            from_=name,
            to=other,
            state="up",
            latest_handshake_age=(tick + 7 * me + 13 * i) % 125,
            transfer_rx=436 + 148 * tick * (i + 1) + 10_000 * i * me,
            transfer_tx=528 + 92 * tick * (i + 1) + 3_000_000 * i * me,
            endpoint=f"203.0.113.{i % 250 + 1}:51820",
        )
        for i, other in enumerate(names)
        if other != name
    )
    addresses = tuple(str(address.ip) for address in mesh.hosts[name].addresses)
    return HostPolled(HostStatus(name, "up", addresses, "k" * 43 + "=", 51820), links)


def dead(
    mesh: Mesh, name: str, why: str = "no answer within 10 s", state: str = "unreachable"
) -> HostPolled:
    """A look at a host that cannot be asked."""
    links = tuple(LinkStatus(name, other, "unknown") for other in mesh.hosts if other != name)
    addresses = tuple(str(address.ip) for address in mesh.hosts[name].addresses)
    return HostPolled(HostStatus(name, state, addresses, None, 51820, error=why), links)  # type: ignore[arg-type]


def make_plan(mesh: Mesh, *, prune: bool = False) -> Plan:
    names = list(mesh.hosts)
    hosts = []
    for i, name in enumerate(names):
        steps: list[Step] = []
        before: str | None = (
            f"[Interface]\nAddress = 10.0.0.{i + 1}/24\nListenPort = 51820\nPrivateKey = (hidden)\n"
        )
        after = before
        if i == 0:
            before = None
            steps = [
                Step("make-key", "a key pair, made on the host", "none"),
                Step("write-file", "/etc/wireguard/wg0.conf, new", "new"),
                Step("bring-up", "systemctl enable --now wg-quick@wg0", "new"),
            ]
        for j, other in enumerate(names):
            if j != i and (i == 0 or j == 0):
                after = (
                    f"{after}\n# {other}\n[Peer]\nPublicKey = {'ABCDEFGH'[j % 8] * 43}=\n"
                    f"AllowedIPs = 10.0.0.{j + 1}/32\nEndpoint = 203.0.113.{j + 1}:51820\n"
                )
                steps.append(
                    Step(
                        "add-peer",
                        f"{other} 10.0.0.{j + 1}/32 at 203.0.113.{j + 1}:51820",
                        "handshake" if i else "new",
                    )
                )
        if prune:
            steps.append(Step("remove-peer", "an unknown peer 10.0.0.99/32", "handshake"))
        notes = (
            () if prune else ("1 peer that mesh.toml does not know is left alone: 10.0.0.99/32",)
        )
        hosts.append(HostPlan(name, tuple(steps), before, after, notes))
    return Plan(mesh.name, mesh.interface, tuple(hosts))


@dataclass
class StandIn:
    """Implements FleetApi. Tests push events by `queue`, or let `auto` play."""

    mesh: Mesh
    auto: bool = False
    queue: asyncio.Queue[HostPolled | Exception] = field(default_factory=asyncio.Queue)
    plan_result: Plan | Exception | None = None
    plan_gate: asyncio.Event | None = None
    apply_gate: asyncio.Event | None = None
    apply_events: list[Progress | DirectionVerified | ApplyResult | Exception] | None = None
    asked: list[UnknownHostKey] = field(default_factory=list)
    pace: float = 0.0
    calls: list[str] = field(default_factory=list)
    applied: Plan | None = None
    closed: bool = False

    async def open(self, ask: AskHostKey) -> StandIn:
        self.calls.append("open")
        for unknown in self.asked:
            self.calls.append(f"answer {await ask(unknown)}")
        return self

    def feed(self, *events: HostPolled | Exception) -> None:
        for event in events:
            self.queue.put_nowait(event)

    def feed_all(self, tick: int = 0) -> None:
        self.feed(*(poll(self.mesh, name, tick) for name in self.mesh.hosts))

    async def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        self.calls.append("watch")
        tick = 0
        while True:
            if self.auto:
                for event in self.look(tick):
                    yield event
                tick += 1
                await asyncio.sleep(interval())
                continue
            event = await self.queue.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def look(self, tick: int) -> list[HostPolled]:
        return [poll(self.mesh, name, tick) for name in self.mesh.hosts]

    async def plan(self, *, prune: bool = False) -> Plan:
        self.calls.append(f"plan prune={prune}")
        if self.plan_gate:
            await self.plan_gate.wait()
        await asyncio.sleep(self.pace)
        if isinstance(self.plan_result, Exception):
            raise self.plan_result
        return self.plan_result or make_plan(self.mesh, prune=prune)

    async def apply(self, plan: Plan) -> AsyncIterator[Progress | DirectionVerified | ApplyResult]:
        self.calls.append("apply")
        self.applied = plan
        for event in self.apply_events if self.apply_events is not None else good_apply(plan):
            await asyncio.sleep(self.pace)
            if isinstance(event, Exception):
                raise event
            if isinstance(event, ApplyResult) and self.apply_gate:
                await self.apply_gate.wait()
            yield event

    async def close(self) -> None:
        self.closed = True


def good_apply(plan: Plan) -> list[Progress | DirectionVerified | ApplyResult | Exception]:
    events: list[Progress | DirectionVerified | ApplyResult | Exception] = []
    names = [host.host for host in plan.hosts if not host.problem]
    for phase in ("key", "stage", "change", "verify"):
        events += [Progress(name, phase, "running") for name in names]  # type: ignore[arg-type]
        if phase == "verify":
            break
        events += [Progress(name, phase, "done") for name in names]  # type: ignore[arg-type]
    directions = tuple(
        DirectionVerified(a, b, True, "handshake 1 s ago, ping 0.8 ms")
        for a in names
        for b in names
        if a != b
    )
    events += directions
    events += [Progress(name, "verify", "done") for name in names]
    failed = {host.host: host.problem for host in plan.problems if host.problem}
    events.append(ApplyResult(failed, directions, 3.2))
    return events
