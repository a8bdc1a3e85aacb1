"""Who behind NAT may meet, how they call each other, and when they do so again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import cast

import pytest

from meshtui.errors import HostError, Unreachable
from meshtui.fleet.again import Again
from meshtui.fleet.errands import Errands
from meshtui.fleet.events import HostPolled, HostStatus
from meshtui.fleet.meet import call_each_other, could_meet
from meshtui.fleet.session import Session
from meshtui.mesh.model import Found, Host, Link, Mesh
from meshtui.store.journal import Journal
from meshtui.wg.dump import LiveInterface, LivePeer
from meshtui.wg.endpoint import Endpoint
from tests.plan.sim import public

NAMES = "abcde"
KEYS = {name: public(name) for name in NAMES}
CD, DE, CE = frozenset("cd"), frozenset("de"), frozenset("ce")


def host(name: str) -> Host:
    number = ord(name) - 96
    nat = name in "cde"
    endpoint = None if nat else Endpoint(f"203.0.113.{number}", 51820)
    return Host(name, name, (ip_interface(f"10.0.0.{number}/24"),), endpoint, nat)


MAPPED = {name: Endpoint("198.51.100.1", 4000 + ord(name)) for name in "cde"}
MESH = Mesh(
    "m",
    (ip_network("10.0.0.0/24"),),
    hosts={name: host(name) for name in NAMES},
    found=Found(mapped=MAPPED),
)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


class Played:
    """A host that hears those of `hears`, or does not answer at all."""

    def __init__(self, hears: str = "", fails: HostError | None = None) -> None:
        self.hears, self.fails = hears, fails
        self.told: list[str] = []

    async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
        assert (verb, args[0]) == ("meet", "wg0") and deadline > float(args[1])
        self.told.append(data.decode())
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails
        return "".join(f"{KEYS[name]}\n" for name in self.hears).encode()


def sessions(**hosts: Played) -> dict[str, Session]:
    return cast("dict[str, Session]", hosts)


@pytest.mark.parametrize(
    ("more", "able", "pairs"),
    [
        ({}, NAMES, [CD, CE, DE]),
        ({}, "abcd", [CD]),
        ({"found": Found(mapped={"c": MAPPED["c"]})}, NAMES, []),
        ({"found": Found(mapped=MAPPED, met=frozenset({CD}))}, NAMES, [CE, DE]),
        ({"links": (Link(("d", "c"), relay="a"),)}, NAMES, [CE, DE]),
        ({"links": (Link(("d", "c"), disabled=True),)}, NAMES, [CE, DE]),
        ({"relay": "a"}, NAMES, [CD, CE, DE]),
    ],
)
def test_who_could_meet(more: dict[str, object], able: str, pairs: list[object]) -> None:
    assert could_meet(replace(MESH, **more), list(able)) == pairs  # type: ignore[arg-type]


async def test_both_must_have_heard_the_other() -> None:
    c, d, e = Played("de"), Played("c"), Played()
    met = await call_each_other(MESH, [CD, CE, DE], KEYS, sessions(c=c, d=d, e=e))
    assert met == {CD}
    assert c.told == [f"{KEYS['d']} {MAPPED['d']} first\n{KEYS['e']} {MAPPED['e']} first\n"]
    # Of two one calls first: both at once would drop each other's call.
    assert d.told == [f"{KEYS['c']} {MAPPED['c']} later\n{KEYS['e']} {MAPPED['e']} first\n"]


async def test_a_host_that_does_not_answer_has_met_nobody() -> None:
    gone = Played(fails=Unreachable("no answer", host="d"))
    met = await call_each_other(
        MESH, [CD, CE], KEYS, sessions(c=Played("de"), d=gone, e=Played("c"))
    )
    assert met == {CE}


class Watched:
    """Looks at c and d, and the calls that follow."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.hosts = {name: Played("cd") for name in "cd"}
        self.rx = dict.fromkeys("cd", 100)
        self.said: list[str] = []
        self.again = Again(cast("Errands", self), self.said.append)

    def on(self, host: Host) -> Watched._On:
        return self._On(self.hosts[host.name])

    class _On:
        def __init__(self, played: Played) -> None:
            self.played = played

        async def __aenter__(self) -> Played:
            return self.played

        async def __aexit__(self, *_: object) -> None:
            pass

    async def look(self, at: float, *hears: str) -> int:
        """Look at both; how often they have called so far."""
        for name in hears:
            self.rx[name] += 32
        for name, far in ("cd", "dc"):
            peer = LivePeer(KEYS[far], False, None, (), 1, self.rx[name], 0, 25)
            live = LiveInterface("wg0", KEYS[name], 1, None, {peer.public_key: peer})
            status = HostStatus(name, "up", (), None, None, None, live)
            self.again.looked(self.mesh, KEYS, HostPolled(status, (), at))
        for _ in range(20):
            await asyncio.sleep(0)
        return len(self.hosts["c"].told)


MET = replace(MESH, found=replace(MESH.found, met=frozenset({CD})))


async def test_who_hears_nothing_any_more_calls_again() -> None:
    one = Watched(MET)
    assert [await one.look(at) for at in (1000, 1010, 1030)] == [0, 0, 0]
    assert await one.look(1031) == 1
    assert one.hosts["d"].told == [f"{KEYS['c']} {MAPPED['c']} later\n"]
    # Not at every look, but until they hear each other.
    assert [await one.look(at) for at in (1032, 1045, 1046, 1050)] == [1, 1, 2, 2]
    assert [await one.look(at, "c", "d") for at in (1061, 1070)] == [2, 2]
    notes = [note for note in Journal("m").read() if note["event"] == "meet"]
    assert [(note["again"], note["pairs"]) for note in notes] == [(True, [["c", "d"]])] * 2
    assert one.said == []
    await one.again.close()


async def test_a_hole_that_one_hears_through_is_there() -> None:
    one = Watched(MET)
    assert [await one.look(at, "c") for at in range(1000, 1200, 20)] == [0] * 10


@pytest.mark.parametrize(
    "mesh",
    [
        MESH,
        replace(MET, found=replace(MET.found, mapped={"c": MAPPED["c"]})),
        replace(MET, hosts={**MET.hosts, "c": replace(MET.hosts["c"], behind_nat=False)}),
    ],
    ids=["relayed", "seen nowhere", "public"],
)
async def test_others_are_left_alone(mesh: Mesh) -> None:
    one = Watched(mesh)
    assert [await one.look(at) for at in (1000, 1050, 1100)] == [0, 0, 0]


async def test_a_call_that_cannot_be_noted_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise Unreachable("no room")

    monkeypatch.setattr(Journal, "note", full)
    one = Watched(MET)
    assert [await one.look(at) for at in (1000, 1031)] == [0, 0]
    assert one.said == ["c and d can't call each other: no room"]
