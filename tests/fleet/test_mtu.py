"""One MTU for a mesh, from what every direction said."""

from __future__ import annotations

import asyncio
from collections import Counter

from meshtui.fleet.mtu import AT_ONCE, probe, report
from meshtui.fleet.reports import PathMtu
from tests.plan.fleets import make_mesh


def both(a: str, b: str, tunnel: int | None, path: int | None, **more: object) -> list[PathMtu]:
    return [PathMtu(x, y, tunnel, path, 1420, **more) for x, y in ((a, b), (b, a))]  # type: ignore[arg-type]


def test_the_narrowest_path_decides_and_its_loss_is_told():
    found = [*both("a", "b", 1420, 1500, over=4), *both("b", "c", 1392, 1452, over=4)]
    said = report(make_mesh(3), found)
    assert (said.proposed, said.needed) == (1392, True)
    assert said.reason == "the path b–c takes 1452, less 60 around it over IPv4"
    assert said.effects == ("b–c now loses packets above 1392",)
    assert [link.between for link in said.links] == [("b", "c"), ("a", "b")]


def test_ipv6_takes_more_and_the_usual_is_the_most():
    assert report(make_mesh(2), both("a", "b", 1420, 1492, over=6)).proposed == 1412
    jumbo = report(make_mesh(2), both("a", "b", 1420, 9000, over=4))
    assert (jumbo.proposed, jumbo.needed, jumbo.effects) == (1420, False, ())


def test_a_silent_endpoint_is_known_by_its_tunnel_alone():
    small = report(make_mesh(2), both("a", "b", 1380, None))
    assert small.proposed == 1380 and "lets 1380 through" in small.reason
    # What the interface takes gets through: that says nothing of more.
    assert report(make_mesh(2), both("a", "b", 1420, None)).proposed is None
    dead = report(make_mesh(2), both("a", "b", None, None, error="no answer"))
    assert dead.proposed is None and dead.effects == ("a–b is not measured: no answer",)


def test_the_far_end_with_a_smaller_interface_is_no_narrow_path():
    found = [
        PathMtu("a", "b", 1280, 1500, 1420, None, 4),
        PathMtu("b", "a", 1280, 1500, 1280, None, 4),
    ]
    assert report(make_mesh(2), found).proposed == 1420
    assert report(make_mesh(2), found).needed


def test_ipv6_inside_needs_1280():
    said = report(make_mesh(2, v6=True), both("a", "b", 1220, 1280, over=4))
    assert said.proposed == 1280 and "less than 1280 IPv6 cannot have" in said.reason


async def test_every_direction_is_asked_and_each_host_one_at_a_time():
    mesh, now, most = make_mesh(6), Counter[str](), 0

    async def ask(from_: str, to: str) -> PathMtu:
        nonlocal most
        now[from_] += 1
        assert now[from_] == 1
        most = max(most, sum(now.values()))
        await asyncio.sleep(0)
        now[from_] -= 1
        return PathMtu(from_, to, 1420, 1500, 1420)

    found = [one async for one in probe(mesh, ask)]
    assert len({(one.from_, one.to) for one in found}) == 30
    assert 1 < most <= AT_ONCE
