"""A pair that one family does not get through for is told the other, while it is verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from meshtui.fleet import families
from meshtui.fleet.families import ByEither
from meshtui.fleet.look import Look
from meshtui.fleet.session import Session
from meshtui.mesh.proof import to_prove
from meshtui.plan.model import Plan, PlanInputs
from meshtui.wg.dump import Dumps, parse_dump
from meshtui.wg.endpoint import Endpoint
from tests.plan.fleets import make_mesh
from tests.plan.sim import public

HOSTS = ["a", "b", "c"]
KEYS = {name: public(name) for name in HOSTS}
NOW = 10_000
PLAIN = make_mesh(3)
MESH = replace(
    PLAIN,
    hosts={
        name: replace(host, second=Endpoint(f"2001:db8::{number}", 51820))
        for number, (name, host) in enumerate(PLAIN.hosts.items(), 1)
    },
)
AT = {str(MESH.hosts[name].addresses[0].ip): name for name in HOSTS}
AB = frozenset("ab")


class Hosts:
    """Hosts of which those of `deaf` pairs hear each other only by the other family."""

    def __init__(self, *deaf: str) -> None:
        self.deaf = {frozenset(pair) for pair in deaf}
        self.told: dict[str, list[str]] = {}

    def session(self, name: str) -> Session:
        async def ask(verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
            if verb == "look":
                return f"{NOW}\n{self._dump(name)}\n".encode()
            to = [at for at in data.decode().split() if self._hear(name, AT[at])]
            return "".join(f"{at} 1.0\n" for at in to).encode()

        return cast("Session", SimpleNamespace(ask=ask, name=name, dumps=Dumps()))

    async def tell(self, name: str, lines: list[str]) -> None:
        self.told[name] = lines

    async def looks(self) -> dict[str, Look]:
        return {name: Look(NOW, parse_dump("wg0", self._dump(name))) for name in HOSTS}

    def _hear(self, one: str, other: str) -> bool:
        return frozenset((one, other)) not in self.deaf or {one, other} <= self.told.keys()

    def _dump(self, name: str) -> str:
        lines = [f"-\t{KEYS[name]}\t51820\toff"]
        lines += [
            f"{KEYS[far]}\t(none)\t203.0.113.1:51820\t10.0.0.9/32\t"
            f"{NOW if self._hear(name, far) else 0}\t10\t20\toff"
            for far in HOSTS
            if far != name
        ]
        return "\n".join(lines)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "FIRST_SECONDS", 0.2)
    monkeypatch.setattr(families, "_EVERY", 0.05)


async def verified(
    hosts: Hosts, ways: Mapping[str, Mapping[str, str | None]], armed: str = "abc"
) -> ByEither:
    touched = frozenset((one, other) for one in HOSTS for other in HOSTS if one != other)
    plan = Plan("prod", "wg0", (), touched, KEYS, PlanInputs(MESH, MESH, {}, {}))
    sessions = {name: hosts.session(name) for name in HOSTS}
    either = ByEither(plan, sessions, {}, hosts.looks, hosts.tell)
    assert all([result.ok async for result in either.verify(ways, armed)])
    return either


async def test_both_ends_are_told_and_one_calls() -> None:
    hosts = Hosts("ab")
    either = await verified(hosts, to_prove(MESH, {*HOSTS}))
    assert hosts.told == {
        "a": [f"endpoint {KEYS['b']} [2001:db8::2]:51820", f"call {KEYS['b']} 0"],
        "b": [f"endpoint {KEYS['a']} [2001:db8::1]:51820"],
    }
    assert either.by_other == {AB: 6}


async def test_where_the_first_choice_gets_through_nobody_is_told() -> None:
    hosts = Hosts()
    assert (await verified(hosts, to_prove(MESH, {*HOSTS}))).by_other == {}
    assert hosts.told == {}


async def test_a_pair_that_nobody_proves_is_on_no_second_choice() -> None:
    """Both may turn out to be behind NAT, and then have no tunnel yet."""
    ways = to_prove(MESH, {*HOSTS}, {"a", "b"})
    assert (await verified(Hosts("ab"), ways)).by_other == {}
