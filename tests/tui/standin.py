"""A fleet without hosts: it plays what a test, or `play.py`, sets up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field, replace
from ipaddress import ip_interface, ip_network

from proposed import Proposed

from meshtui.errors import UnknownHostKey
from meshtui.fleet.edits import Edit
from meshtui.fleet.events import (
    ApplyResult,
    Armed,
    DirectionVerified,
    HostDrift,
    HostPolled,
    HostStatus,
    Keep,
    LinkStatus,
    Phase,
    Progress,
    Verdict,
)
from meshtui.fleet.reports import (
    CommandResult,
    HostFacts,
    Inspection,
    LinkSample,
    PathMtu,
    PingReport,
    RoundTrip,
    Standing,
    TrafficSample,
)
from meshtui.mesh.model import Host, Mesh
from meshtui.plan.drift import Drift, Setting
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.plan.rotate import rotation
from meshtui.store.changes import Change
from meshtui.tui.fleet_api import AskHostKey
from meshtui.wg.endpoint import Endpoint
from tests.plan.fleets import formed


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
            steps.append(Step("remove-peer", "stray 10.0.0.99/32", "handshake", peer="stray"))
        notes = (
            () if prune else ("1 peer that mesh.toml does not know is left alone: 10.0.0.99/32",)
        )
        hosts.append(HostPlan(name, tuple(steps), before, after, notes))
    touched = {way for other in names[1:] for way in ((names[0], other), (other, names[0]))}
    return Plan(mesh.name, mesh.interface, tuple(hosts), frozenset(touched))


def make_rotation(mesh: Mesh, name: str) -> Plan:
    """The planner's own, of hosts that are as they should be."""
    hosts = {
        host.name: replace(host, endpoint=host.endpoint or Endpoint(f"203.0.113.{i}", 51820))
        for i, host in enumerate(mesh.hosts.values(), 1)
    }
    inputs = formed(replace(mesh, hosts=hosts)).plan().inputs
    assert inputs
    return rotation(inputs, name)


class Drifted:
    """Implements DriftApi: tells what a test puts into `queue`."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[HostDrift | Exception] = asyncio.Queue()
        self.calls: list[str] = []
        self.fails: Exception | None = None
        """What becomes of the next call."""

    async def watch(self) -> AsyncIterator[HostDrift]:
        while True:
            event = await self.queue.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def soon(self, *hosts: str) -> None:
        self.calls.append(f"soon {' '.join(hosts)}")

    def _do(self, call: str) -> None:
        self.calls.append(call)
        if self.fails:
            raise self.fails

    def adopt(self, drift: Drift) -> None:
        self._do(f"adopt {drift.id}")

    def ignore(self, drift: Drift) -> None:
        self._do(f"ignore {drift.id}")

    def heed(self, id_: str) -> None:
        self._do(f"heed {id_}")


def make_drift(host: str) -> HostDrift:
    """A host that somebody was at."""
    key = "z" * 42 + "A="
    return HostDrift(
        host,
        (
            Drift(
                *(host, "disk", "server-b endpoint", "203.0.113.2:51820", "198.51.100.7:51820"),
                Setting("server-b", "endpoint", "198.51.100.7:51820"),
            ),
            Drift(
                *(host, "running", "listen_port", "51820", "7777"),
                Setting(host, "listen_port", "7777"),
            ),
            Drift(host, "running", "server-c peer", "10.0.0.3/32 at 203.0.113.3:51820", None),
            Drift(host, "kernel", "route", "10.0.0.0/16", None),
            Drift(host, "running", "unknown peer zzzzzzzzzzzz…", None, f"{key}, 10.0.0.99/32"),
        ),
    )


@dataclass
class StandIn:
    """Implements FleetApi. Tests push events by `queue`, or let `auto` play."""

    mesh: Mesh
    auto: bool = False
    queue: asyncio.Queue[HostPolled | Exception] = field(default_factory=asyncio.Queue)
    plan_result: Plan | Exception | None = None
    plan_gate: asyncio.Event | None = None
    meets: list[frozenset[str]] | None = None
    """The pairs that call each other when `meet` is asked for."""
    meet_ends_well: bool = True
    by_other: dict[frozenset[str], int] = field(default_factory=dict)
    apply_gate: asyncio.Event | None = None
    apply_events: list[Applying] | None = None
    apply_turns: list[list[Applying]] = field(default_factory=list)
    """The events of the first applies, one after another; then it is `apply_events` again."""
    revert_gate: asyncio.Event | None = None
    """What taking back after a cancellation waits for."""
    broken_off: Standing | Exception | None = None
    """What `standing` finds, until it is recovered."""
    recover_events: list[Applying] | None = None
    before: list[str] = field(default_factory=list)
    """What mesh.toml said before each edit that was applied."""
    journal: list[Change] = field(default_factory=list)
    asked: list[UnknownHostKey] = field(default_factory=list)
    pace: float = 0.0
    calls: list[str] = field(default_factory=list)
    applied: Plan | None = None
    closed: bool = False
    reloaded: Mesh | Exception | None = None
    """What the next `reload` finds."""
    answers: dict[str, object] = field(default_factory=dict)
    """By method: what `inspect`, `ping`, … give instead; may be an exception."""
    recorded: dict[float, list[HostPolled]] = field(default_factory=dict)
    """The past, by epoch seconds."""
    drifting: Drifted = field(default_factory=Drifted)
    now: float = 1_800_000_000.0
    """Epoch seconds."""

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
            if isinstance(event, BaseException):
                raise event
            yield event

    def look(self, tick: int) -> list[HostPolled]:
        return [poll(self.mesh, name, tick) for name in self.mesh.hosts]

    async def plan(
        self, *, prune: bool = False, only: str | None = None, renew_psk: Collection[str] = ()
    ) -> Plan:
        psk = f" renew_psk={','.join(renew_psk)}" if renew_psk else ""
        self.calls.append(f"plan prune={prune}" + (f" only={only}" if only else "") + psk)
        if self.plan_gate:
            await self.plan_gate.wait()
        await asyncio.sleep(self.pace)
        if isinstance(self.plan_result, Exception):
            raise self.plan_result
        return self.plan_result or make_plan(self.mesh, prune=prune)

    async def meet(
        self, calling: Callable[[Collection[frozenset[str]]], None] = lambda _: None
    ) -> Plan | None:
        self.calls.append("meet")
        if self.meets is None:
            return None
        calling(self.meets)
        await asyncio.sleep(self.pace)
        return make_plan(self.mesh) if self.meet_ends_well else None

    async def plan_rotation(self, host: str) -> Plan:
        await asyncio.sleep(self.pace)
        return self._answer(f"plan_rotation {host}", make_rotation(self.mesh, host))  # type: ignore[return-value]

    async def apply(
        self, plan: Plan, keep: Keep | None = None
    ) -> AsyncIterator[Progress | Armed | DirectionVerified | ApplyResult]:
        """As the engine: a Verdict among `apply_events` is put to `keep`; cancelled, it reverts."""
        self.calls.append("apply")
        self.applied = plan
        try:
            events = self.apply_turns.pop(0) if self.apply_turns else self.apply_events
            for event in good_apply(plan) if events is None else events:
                await asyncio.sleep(self.pace)
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, Verdict):
                    assert keep is not None
                    kept = await keep(event)
                    self.calls.append(f"keep {kept}")
                    if not kept:
                        for back in taken_back(plan):
                            await asyncio.sleep(self.pace)
                            yield back
                        return
                    continue
                if isinstance(event, ApplyResult) and self.apply_gate:
                    await self.apply_gate.wait()
                yield event
        except asyncio.CancelledError:
            self.calls.append("cancelled")
            if self.revert_gate:
                await self.revert_gate.wait()
            await asyncio.sleep(4 * self.pace)
            self.calls.append("reverted")
            raise

    async def standing(self) -> Standing | None:
        if isinstance(self.broken_off, Exception):
            raise self.broken_off
        return self.broken_off

    async def recover(self) -> AsyncIterator[Progress | ApplyResult]:
        for event in self._answer("recover", self.recover_events or recovered(self.mesh)):  # type: ignore[attr-defined]
            await asyncio.sleep(self.pace)
            if isinstance(event, ApplyResult):
                self.broken_off = None
            yield event

    async def propose(self, edit: Edit) -> Proposed:
        self.calls.append(f"propose {edit.kind} {' '.join(edit.names)}".strip())
        return Proposed(self, edit)

    async def changes(self) -> list[Change]:
        return self._answer("changes", self.journal)  # type: ignore[return-value]

    async def close(self) -> None:
        self.closed = True

    def reload(self) -> bool:
        found, self.reloaded = self.reloaded, None
        if isinstance(found, Exception):
            raise found
        if found is not None:
            self.calls.append("reload")
            self.mesh = found
        return found is not None

    def _answer(self, call: str, good: object) -> object:
        self.calls.append(call)
        answer = self.answers.get(call.split()[0], good)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def inspect(self, host: str) -> Inspection:
        await asyncio.sleep(self.pace)
        return self._answer(f"inspect {host}", make_inspection(self.mesh, host))  # type: ignore[return-value]

    async def round_trips(self, hosts: Collection[str]) -> AsyncIterator[RoundTrip]:
        names = list(self.mesh.hosts)
        good = [
            RoundTrip(a, b, 0.4 + 1.7 * abs(names.index(a) - names.index(b)))
            for a in hosts
            for b in names
            if a != b
        ]
        for one in self._answer("round_trips", good):  # type: ignore[attr-defined]
            await asyncio.sleep(self.pace)
            yield one

    async def ping(self, from_: str, to: str, count: int = 10) -> PingReport:
        await asyncio.sleep(self.pace)
        good = PingReport(from_, to, count, count, 0.4, 0.9, 2.3)
        return self._answer(f"ping {from_} {to}", good)  # type: ignore[return-value]

    async def path_mtu(self, from_: str, to: str) -> PathMtu:
        await asyncio.sleep(self.pace)
        good = PathMtu(from_, to, 1420, 1500, 1420)
        return self._answer(f"path_mtu {from_} {to}", good)  # type: ignore[return-value]

    async def run(self, hosts: Collection[str], command: str) -> AsyncIterator[CommandResult]:
        good = [CommandResult(host, 0, "Linux 6.1.0-18-amd64\n", seconds=0.1) for host in hosts]
        for one in self._answer(f"run {','.join(hosts)}: {command}", good):  # type: ignore[attr-defined]
            await asyncio.sleep(self.pace)
            yield one

    def ssh_argv(self, host: str) -> list[str]:
        return ["ssh", self.mesh.hosts[host].ssh]

    def on_notice(self, say: Callable[[str], None]) -> None:
        self.notice = say

    async def moment(self, before: float | None = None, after: float | None = None) -> float | None:
        moments = sorted(self.recorded)
        if before is not None:
            return max((at for at in moments if at < before), default=None)
        return min((at for at in moments if after is None or at > after), default=None)

    async def past(self, at: float) -> list[HostPolled]:
        return self.recorded[max(moment for moment in self.recorded if moment <= at)]

    async def link_history(self, from_: str, to: str, since: float) -> list[LinkSample]:
        first = int((self.now - since) // 10)
        return [
            LinkSample(self.now - 10 * i, "up", (10 * (first - i)) % 120, 5000 * (first - i), 900)
            for i in range(first, -1, -1)
        ]

    async def last_worked(self, from_: str, to: str) -> float | None:
        return self.now - 4000

    async def traffic(self, host: str, since: float, step: float) -> list[TrafficSample]:
        count = int((self.now - since) // step)
        return [
            TrafficSample(
                since + step * (i + 1),
                None if i % 29 == 7 else 80_000.0 * (1 + (i * 7) % 13),
                3_000.0 * (1 + (i * 5) % 11),
            )
            for i in range(count)
        ]


def make_inspection(mesh: Mesh, name: str) -> Inspection:
    me = mesh.hosts[name]
    address = str(me.addresses[0])

    def text(port: int, skip: int | None = None) -> str:
        peers = "".join(
            f"\n# {other.name}\n[Peer]\nPublicKey = {'ABCDEFGH'[i % 8] * 43}=\n"
            f"AllowedIPs = {other.addresses[0].ip}/32\nEndpoint = 203.0.113.{i + 1}:51820\n"
            for i, other in enumerate(mesh.hosts.values())
            if other is not me and i != skip
        )
        return (
            f"[Interface]\nAddress = {address}\nListenPort = {port}\nPrivateKey = (hidden)\n{peers}"
        )

    facts = HostFacts(
        os="Debian GNU/Linux 12 (bookworm)",
        kernel="6.1.0-18-amd64 x86_64",
        wireguard="kernel",
        tools="wireguard-tools v1.0.20210914",
        uptime=86400 * 12 + 3600 * 5,
        mtu=1420,
        listen_port=51820,
        addresses=(address,),
        other_addresses=("eth0 203.0.113.1/24",),
        ssh_target=me.ssh,
        ssh_round_trip=12.4,
    )
    return Inspection(name, facts, text(51820), text(51820), text(51821, skip=1))


Applying = Progress | Armed | DirectionVerified | Verdict | ApplyResult | Exception


def confirmed(
    plan: Plan, until: float, worse: tuple[str, ...] = (), *, touches: bool = True
) -> list[Applying]:
    """An apply with a revert armed, up to its verdict and beyond, where that is kept."""
    *events, result = good_apply(plan)
    assert isinstance(result, ApplyResult)
    names = [host.host for host in plan.hosts if host.steps and not host.problem]
    armed: list[Applying] = [Progress(name, "arm", "running") for name in names]
    armed += [Progress(name, "arm", "done") for name in names]
    ends: list[Applying] = [Verdict(worse, result.directions, touches, until)]
    ends += [Progress(name, "confirm", "running") for name in names]
    ends += [Progress(name, "confirm", "done") for name in names]
    return [*armed, Armed(until), *events, *ends, result]


def taken_back(plan: Plan, why: str = "it was not kept") -> list[Progress | ApplyResult]:
    names = [host.host for host in plan.hosts if host.steps and not host.problem]
    events: list[Progress | ApplyResult] = [Progress(name, "revert", "running") for name in names]
    events += [Progress(name, "revert", "done") for name in names]
    return [*events, ApplyResult({}, (), 7.4, reverted=why)]


def recovered(mesh: Mesh, why: str | None = None) -> list[Applying]:
    """`why`: every host goes back; None: every host confirms."""
    phase: Phase = "revert" if why else "confirm"
    events: list[Applying] = [Progress(name, phase, "running") for name in mesh.hosts]
    events += [Progress(name, phase, "done") for name in mesh.hosts]
    return [*events, ApplyResult({}, (), 2.1, reverted=why)]


def good_apply(plan: Plan) -> list[Applying]:
    events: list[Applying] = []
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
