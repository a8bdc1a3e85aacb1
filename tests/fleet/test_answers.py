"""What a person asked for, from hosts that answer as they please."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.errors import HostError, Unreachable
from meshtui.fleet.commands import MOST_BYTES, run
from meshtui.fleet.errands import Errands
from meshtui.fleet.inspect import inspect, read_facts
from meshtui.fleet.pings import path_mtu, ping, round_trips
from meshtui.fleet.reports import CommandResult, Inspection, PathMtu, PingReport, RoundTrip
from meshtui.fleet.session import Session
from meshtui.mesh.model import Host
from meshtui.plan.model import PlanInputs
from meshtui.plan.seen import Seen
from meshtui.wg.dump import Dumps
from tests.plan.fleets import make_mesh
from tests.plan.sim import public

MESH = make_mesh(3)
KEY = public("b")


class Played:
    """Errands with one host, whose answers are `said`, by verb."""

    def __init__(self, **said: bytes | HostError) -> None:
        self.said = said
        self.asked: list[tuple[str, ...]] = []

    @asynccontextmanager
    async def on(self, host: Host) -> AsyncIterator[Session]:
        async def ask(verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
            self.asked.append((verb, *args))
            answer = self.said.get(verb, b"")
            if isinstance(answer, HostError):
                raise answer
            return answer

        yield cast("Session", SimpleNamespace(ask=ask, name=host.name, dumps=Dumps()))


def errands(**said: bytes | HostError) -> Errands:
    return cast("Errands", Played(**said))


async def one_run(reply: bytes | HostError) -> CommandResult:
    [result] = [r async for r in run(errands(run_command=reply), [MESH.hosts["a"]], "true")]
    return result


@pytest.mark.parametrize(
    ("reply", "status", "output", "error"),
    [
        (b"hi\n\n3\n", 3, "hi\n", None),
        (b"\n0\n", 0, "", None),
        (b"no newline\n0\n", 0, "no newline", None),
        (b"\xff\x1b[31m\n\n0\n", 0, "\ufffd\x1b[31m\n", None),
        (b"begun\n\n137 late\n", None, "begun\n", "not done after 30 s: it was ended"),
        (b"", None, "", "an answer that makes no sense: no exit status"),
        (b"hi\n", None, "", "an answer that makes no sense: no exit status"),
        (Unreachable("gone", hint="is it up?"), None, "", "gone (is it up?)"),
    ],
)
async def test_how_a_command_ended(
    reply: bytes | HostError, status: int | None, output: str, error: str | None
) -> None:
    found = await one_run(reply)
    assert (found.host, found.status, found.output, found.error) == ("a", status, output, error)


async def test_what_is_too_much_is_said() -> None:
    exact = await one_run(b"x" * MOST_BYTES + b"\n0\n")
    assert exact.output == "x" * MOST_BYTES
    more = await one_run(b"x" * (MOST_BYTES + 1) + b"\n0\n")
    assert more.status == 0 and more.output.endswith("only the first 64 KiB are kept]\n")


async def test_pings_of_others_are_no_answer() -> None:
    reply = b"10.0.0.2 0.5\n10.0.0.2 1.5\n10.0.0.9 9\n10.0.0.2 1.2.3\n10.0.0.2 -1\n10.0.0.2 1e9\n"
    found = await ping(MESH, errands(ping_times=reply), "a", "b", 10)
    assert found == PingReport("a", "b", 10, 2, 0.5, 1.0, 1.5)
    found = await ping(MESH, errands(ping_times=b"10.0.0.2 1\n" * 50), "a", "b", 10)
    assert found.received == 10
    found = await ping(MESH, errands(ping_times=b"! ping: \x1b[2Jsendmsg\n"), "a", "b", 10)
    assert found == PingReport("a", "b", 10, 0, error="ping: ␛[2Jsendmsg")
    found = await ping(MESH, errands(ping_times=Unreachable("gone")), "a", "b", 10)
    assert found == PingReport("a", "b", 0, 0, error="gone")


async def test_the_shorter_of_two_round_trips_counts() -> None:
    host = errands(ping_all=b"10.0.0.2 9.5\n10.0.0.2 1.5\n10.0.0.7 1\n")
    found = [one async for one in round_trips(MESH, host, ["a"])]
    assert found == [RoundTrip("a", "b", 1.5), RoundTrip("a", "c", None)]
    host = errands(ping_all=Unreachable("gone"))
    found = [one async for one in round_trips(MESH, host, ["a"])]
    assert found == [RoundTrip("a", "b", None), RoundTrip("a", "c", None)]


def dump(endpoint: str) -> bytes:
    peer = f"{KEY}\t(none)\t{endpoint}\t10.0.0.2/32\t0\t0\t0\toff\n"
    return f"1700000000\n-\t-\t51820\toff\n{peer}".encode()


@pytest.mark.parametrize(
    ("endpoint", "outside"),
    [
        ("203.0.113.2:51820", ["203.0.113.2"]),
        ("[2001:db8::2]:51820", ["2001:db8::2"]),
        ("(none)", []),
        ("-oProxyCommand:1", []),
        ("[fe80::1%eth0]:1", []),
    ],
)
async def test_only_an_address_is_pinged_outside(endpoint: str, outside: list[str]) -> None:
    reply = b"interface 1420\ntunnel 1400\npath x\n"
    host = Played(look=dump(endpoint), path_mtu=reply)
    found = await path_mtu(MESH, {"b": KEY}, cast("Errands", host), "a", "b")
    over = (6 if ":" in outside[0] else 4) if outside else None
    assert found == PathMtu("a", "b", 1400, None, 1420, over=over)
    assert host.asked[-1] == ("path_mtu", "wg0", "10.0.0.2", *outside)


async def test_without_the_peer_there_is_no_path() -> None:
    found = await path_mtu(MESH, {}, errands(look=dump("(none)")), "a", "b")
    assert found.error and "has no such peer" in found.error
    found = await path_mtu(MESH, {"b": KEY}, errands(look=b"1700000000\n"), "a", "b")
    assert found.error and "no interface wg0" in found.error


FACTS = b"""\
@os
|"Debian \x1b[31m[bold]12"
@kernel
|6.1.0   x86_64
@wireguard
|wireguard-go v0.0.20220316
@tools
|wireguard-tools v1.0.20210914 - https://git.zx2c4.com/wireguard-tools/
@uptime
|12559.72 12927.82
@all-addresses
|1: lo    inet 127.0.0.1/8 scope host lo
|2: eth0@if3    inet 203.0.113.1/32 scope global eth0
|2: eth0    inet6 fe80::1/64 scope link
|3: wg0    inet 10.0.0.1/24 scope global wg0
"""


def test_facts() -> None:
    found = read_facts("wg0", Seen(), FACTS)
    assert found.os == "Debian ␛[31m[bold]12"
    assert (found.kernel, found.uptime) == ("6.1.0 x86_64", 12559)
    assert found.wireguard == "wireguard-go 0.0.20220316"
    assert found.tools == "wireguard-tools v1.0.20210914"
    assert found.other_addresses == ("eth0 203.0.113.1/32",)
    assert read_facts("wg0", Seen(), b"@uptime\n|inf inf\n").uptime is None


HEADINGS = ["@clock", "@dump", "@link", "@addresses", "@file", "@all-addresses", "@uptime", "@mode"]
WORDS = [*HEADINGS, "|1700000000", "|-\t-\t51820\toff", "|mtu", "|inet 1.2.3.4/99", "|[Interface]"]
replies = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=12).map(lambda words: "\n".join(words).encode()),
)


@given(replies, replies)
def test_whatever_a_host_says_of_itself_is_a_report_or_an_error(one: bytes, two: bytes) -> None:
    async def go() -> Inspection | str:
        host = errands(observe=one, facts=two)
        async with host.on(MESH.hosts["a"]) as session:
            try:
                unasked = {name: Unreachable("not asked") for name in MESH.hosts}
                return await inspect(session, PlanInputs(MESH, MESH, unasked, {}))
            except HostError as error:
                return error.what

    found = asyncio.run(go())
    if isinstance(found, Inspection):
        texts = (found.wanted, found.disk or "", found.running or "", *found.notes, found.facts.os)
        assert all(c.isprintable() or c == "\n" for text in texts for c in text)


@given(st.binary(max_size=200))
def test_whatever_a_host_says_of_pings_is_a_report(reply: bytes) -> None:
    async def go() -> None:
        host = errands(ping_times=reply, ping_all=reply, path_mtu=reply, look=dump("1.2.3.4:5"))
        assert isinstance(await ping(MESH, host, "a", "b", 10), PingReport)
        assert [one async for one in round_trips(MESH, host, ["a"])]
        assert isinstance(await path_mtu(MESH, {"b": KEY}, host, "a", "b"), PathMtu)
        assert isinstance(await one_run(reply), CommandResult)

    asyncio.run(go())


async def test_errands_share_what_is_idle_and_nothing_else() -> None:
    made: list[str] = []

    class Connector:
        async def open(self, name: str, ssh: str) -> SimpleNamespace:
            made.append(ssh)
            shell = SimpleNamespace(closed=False, close=lambda: made.append("closed"))

            async def ask(*_: object, **__: object) -> bytes:
                return b""

            shell.ask = ask
            return SimpleNamespace(shell=shell)

    pool = Errands(cast("Connector", Connector()))  # type: ignore[arg-type]
    host = MESH.hosts["a"]
    async with pool.on(host) as first:
        await first.ask("nothing", deadline=1)
        async with pool.on(host) as second:
            await second.ask("nothing", deadline=1)
    assert first is not second and made == [host.ssh, host.ssh, "closed"]
    async with pool.on(host) as third:
        assert third is second
    pool.close()
    assert made[3:] == ["closed"]
