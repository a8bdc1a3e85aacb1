"""By sets or one by one: what goes through others is found to do the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from meshtui.cli.paths import paths, through_others
from meshtui.fleet.events import HostPolled
from meshtui.fleet.look import Look, polled
from meshtui.mesh.links import peers_of
from meshtui.mesh.model import Mesh
from meshtui.wg.dump import LiveInterface, LivePeer
from meshtui.wg.health import HEALTHY
from tests.plan.fleets import make_mesh


def key(name: str) -> str:
    return name * 42 + "A="


def looks(mesh: Mesh, old: set[tuple[str, str]]) -> list[HostPolled]:
    """`old`: the directions whose handshake is long ago."""
    found = []
    for name, host in mesh.hosts.items():
        peers = {
            key(other.name): LivePeer(
                key(other.name),
                False,
                None,
                (),
                100 if (name, other.name) in old else 990,
                5,
                5,
                25,
            )
            for other in peers_of(mesh, host)
        }
        live = LiveInterface("wg0", key(name), 51820, None, peers)
        found.append(polled(mesh, {one: key(one) for one in mesh.hosts}, name, Look(1000, live)))
    return found


def shaped(topology: str) -> Mesh:
    mesh = replace(make_mesh(7), topology=topology)  # type: ignore[arg-type]
    hosts = {
        name: replace(
            host, hub=name in "ad", gateway=name in "adg", group=f"group-{'abc'[place // 3]}"
        )
        for place, (name, host) in enumerate(mesh.hosts.items())
    }
    return replace(mesh, hosts=hosts)


NAMES = st.sampled_from("abcdefg")


@given(st.sampled_from(["hub", "groups", "full"]), st.sets(st.tuples(NAMES, NAMES), max_size=6))
def test_by_sets_as_one_by_one(topology: str, old: set[tuple[str, str]]) -> None:
    mesh = shaped(topology)
    seen = looks(mesh, old)
    each = paths(mesh, seen)
    assert bool(each) is (topology != "full")
    found = through_others(mesh, seen, HEALTHY)
    poor = [(one.from_, one.to) for one in each if one.state not in HEALTHY]
    assert (found.total, found.poor, list(found.ends)) == (len(each), len(poor), poor)
