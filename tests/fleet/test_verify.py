"""Who pings whom first: two ends that begin a handshake at once each drop the other's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from meshtui.fleet.look import Look
from meshtui.fleet.session import Session
from meshtui.fleet.verify import verify
from meshtui.mesh.proof import to_prove
from meshtui.wg.dump import Dumps, parse_dump
from tests.plan.fleets import make_mesh
from tests.plan.sim import public

MESH = make_mesh(3)
HOSTS = ["a", "b", "c"]
WAYS = to_prove(MESH, {*HOSTS})
KEYS = {name: public(name) for name in HOSTS}
AT = {str(MESH.hosts[name].addresses[0].ip): name for name in HOSTS}
NOW = 10_000


def dump(name: str, **ages: int) -> str:
    lines = [f"-\t{KEYS[name]}\t51820\toff"]
    lines += [
        f"{KEYS[other]}\t(none)\t203.0.113.1:51820\t10.0.0.9/32\t{NOW - seconds}\t10\t20\toff"
        for other, seconds in ages.items()
    ]
    return "\n".join(lines)


async def first_pings(before: dict[str, Look], *renewed: tuple[str, str]) -> dict[str, str]:
    """What each host pings first, of hosts that answer everything."""
    pinged: dict[str, list[str]] = {name: [] for name in HOSTS}

    def session(name: str) -> Session:
        async def ask(verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
            if verb == "look":
                others = {other: 0 for other in HOSTS if other != name}
                return f"{NOW}\n{dump(name, **others)}\n".encode()
            addresses = data.decode().split()
            pinged[name].append("".join(AT[address] for address in addresses))
            return "".join(f"{address} 1.0\n" for address in addresses).encode()

        return cast("Session", SimpleNamespace(ask=ask, name=name, dumps=Dumps()))

    sessions = {name: session(name) for name in HOSTS}
    proved = verify(MESH, KEYS, sessions, WAYS, before, frozenset(renewed))
    assert all([result.ok async for result in proved])
    return {name: said[0] for name, said in pinged.items()}


def looks(**ages: int) -> dict[str, Look]:
    """`ages`: of each link's session, by the names of its ends."""
    found = {}
    for name in HOSTS:
        its = {link.replace(name, ""): old for link, old in ages.items() if name in link}
        found[name] = Look(NOW, parse_dump("wg0", dump(name, **its)))
    return found


async def test_without_sessions_the_first_in_the_file_begins() -> None:
    assert await first_pings({}) == {"a": "bc", "b": "c", "c": "ab"}


async def test_where_there_is_a_session_nobody_waits() -> None:
    assert await first_pings(looks(ab=100, ac=3, bc=50)) == {"a": "bc", "b": "ac", "c": "ab"}


async def test_an_old_session_and_one_that_is_renewed_are_none() -> None:
    found = looks(ab=120, ac=5, bc=5)
    assert await first_pings(found, ("b", "c"), ("c", "b")) == {"a": "bc", "b": "c", "c": "a"}
