"""Hosts that are new are asked from outside whether their port answers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from meshtui.errors import Unreachable
from meshtui.fleet.look import Look
from meshtui.fleet.outside import Outside, ask_outside
from meshtui.fleet.session import Session
from meshtui.plan.model import HostPlan, Plan, PlanInputs, Work
from meshtui.plan.seen import Seen
from meshtui.wg.dump import Dumps, parse_dump
from tests.plan.fleets import make_mesh
from tests.plan.sim import public

HOSTS = ["a", "b", "c", "d"]
KEYS = {name: public(name) for name in HOSTS}
MESH = make_mesh(4)
AT = {str(MESH.hosts[name].addresses[0].ip): name for name in HOSTS}
WHY = "ssh reaches it at 203.0.113.4, which is no address of its own"
NOW = 10_000


def dump(shaken: dict[str, int]) -> str:
    lines = [f"-\t{public('own')}\t51820\toff"]
    lines += [
        f"{KEYS[n]}\t(none)\t(none)\t10.0.0.9/32\t{at}\t1\t2\toff" for n, at in shaken.items()
    ]
    return "\n".join(lines)


class Hosts:
    """Sessions of hosts that reach whoever is in `answers`, from the ping of that number on."""

    def __init__(self, answers: dict[str, int], dead: str = "") -> None:
        self.answers, self.dead = answers, dead
        self.pings: list[tuple[str, str]] = []
        self.shaken: dict[str, dict[str, int]] = {name: {} for name in HOSTS}

    def session(self, name: str) -> Session:
        async def ask(verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
            if name in self.dead:
                raise Unreachable("gone", host=name)
            if verb == "look":
                return f"{NOW}\n{dump(self.shaken[name])}\n".encode()
            for address in data.decode().split():
                to = AT[address]
                self.pings.append((name, to))
                if 0 < self.answers.get(to, 0) <= self.pings.count((name, to)):
                    self.shaken[name][to] = NOW
            return b""  # a ping may be dropped by the far end itself

        return cast("Session", SimpleNamespace(ask=ask, name=name, dumps=Dumps()))


async def asked(
    hosts: Hosts, new: str, *, before: dict[str, int] | None = None, **more: object
) -> Outside:
    """What comes of it where all of `new` are in doubt and have just been brought up."""
    mesh = replace(
        MESH,
        hosts={n: replace(h, **more if n in new else {}) for n, h in MESH.hosts.items()},  # type: ignore[arg-type]
    )
    written = {n: replace(h, endpoint=None) for n, h in mesh.hosts.items()}
    seen = {
        n: Seen(
            tools=frozenset({"ping"}),
            own=frozenset({"192.168.1.2" if n in new else f"203.0.113.{HOSTS.index(n) + 1}"}),
        )
        for n in HOSTS
    }
    work = {n: Work("none", bring_up=n in new) for n in HOSTS}
    plan = Plan(
        mesh="prod",
        interface="wg0",
        hosts=tuple(HostPlan(n, work=work[n]) for n in HOSTS),
        public_keys=KEYS,
        inputs=PlanInputs(mesh, replace(mesh, hosts=written), seen, {}),
    )
    sessions = {n: hosts.session(n) for n in HOSTS}
    was = {n: Look(NOW, parse_dump("wg0", dump(before or {}))) for n in HOSTS}
    return await ask_outside(plan, {*HOSTS}, sessions, was)


async def test_a_port_that_answers_is_public() -> None:
    hosts = Hosts({"d": 1})
    assert await asked(hosts, "d") == Outside({}, {})
    assert hosts.pings == [("a", "d"), ("b", "d"), ("c", "d")]


async def test_a_first_call_may_be_lost() -> None:
    assert await asked(Hosts({"d": 2}), "d") == Outside({}, {})


async def test_a_port_that_does_not_answer_is_behind_nat() -> None:
    told = f"{WHY}, and UDP port 51820 there does not answer"
    assert await asked(Hosts({}), "d") == Outside({"d": told}, {})


async def test_a_handshake_of_long_ago_is_no_answer() -> None:
    hosts = Hosts({})
    hosts.shaken = {name: {"d": NOW - 500} for name in HOSTS}
    assert [*(await asked(hosts, "d", before={"d": NOW - 500})).hidden] == ["d"]


async def test_whoever_cannot_be_asked_has_proved_nothing() -> None:
    told = f"{WHY}, and no host outside can ask whether UDP port 51820 answers"
    assert await asked(Hosts({}, dead="abc"), "d") == Outside({}, {"d": told})
    assert [*(await asked(Hosts({}, dead="ab"), "d")).hidden] == ["d"]


@pytest.mark.parametrize("answers", [{}, {"b": 1, "c": 1}], ids=["nobody", "two"])
async def test_where_all_are_in_doubt_an_answer_counts_and_silence_alone_does_not(
    answers: dict[str, int],
) -> None:
    hidden, unasked = await asked(Hosts(answers), "abcd")
    if answers:
        assert ([*hidden], [*unasked]) == (["a", "d"], [])
    else:
        assert ([*hidden], [*unasked]) == ([], HOSTS)


async def test_the_exit_of_a_host_was_called_by_it() -> None:
    hosts = Hosts({"d": 1})
    await asked(hosts, "d", exit="a")
    assert hosts.pings == [("b", "d"), ("c", "d")]


async def test_one_that_calls_by_itself_is_not_asked() -> None:
    hosts = Hosts({})
    assert await asked(hosts, "d", persistent_keepalive=25) == Outside({}, {})
    assert not hosts.pings
