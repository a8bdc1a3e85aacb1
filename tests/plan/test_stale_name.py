"""A DNS name that means another address by now."""

from __future__ import annotations

from dataclasses import replace

from meshtui.plan.drift import drifts
from meshtui.wg.endpoint import Endpoint
from tests.plan.fleets import formed, make_mesh
from tests.plan.sim import NOW, Sim

NAME = Endpoint("b.example", 51820)


def moved(*, shook: int) -> Sim:
    """b.example was 203.0.113.2; the latest handshake with it was `shook` seconds ago."""
    mesh = make_mesh(2)
    sim = formed(replace(mesh, hosts={**mesh.hosts, "b": replace(mesh.hosts["b"], endpoint=NAME)}))
    live = sim.boxes["a"].live
    assert live
    [(key, peer)] = live.peers.items()
    live.peers[key] = peer._replace(endpoint="203.0.113.2:51820", latest_handshake=NOW - shook)
    sim.resolved = {NAME: Endpoint("203.0.113.77", 51820)}
    return sim


def test_a_stale_one_shows_and_is_mended_live():
    sim = moved(shook=600)
    [item] = drifts(sim.plan(), "a")
    assert str(item) == "b endpoint is 203.0.113.2:51820, not 203.0.113.77:51820"
    sim.apply(sim.plan())
    live = sim.boxes["a"].live
    assert live and [p.endpoint for p in live.peers.values()] == ["203.0.113.77:51820"]
    assert sim.plan().changes == 0


def test_a_link_that_works_is_left_alone():
    assert drifts(moved(shook=20).plan(), "a") == ()
