"""From one shape of mesh to another while every direction of eight hosts is pinged."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from confirmed import Stopped
from flow import Flow
from meshtui_on import apply, directions, edit, plan
from reach import peers

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]
#: Silence that nobody should notice, in seconds.
MOST = 1.0
CENTRE = "[hosts.server-c]\n"
FULL, HUB = 'topology = "full"', 'topology = "hub"'


@pytest.fixture(scope="module")
def eight(lab: Callable[..., Lab]) -> Lab:
    """A full mesh, in which one host would be the hub."""
    one = lab(8)
    apply(one)
    return one


def change(lab: Lab) -> None:
    """What mesh.toml says now, by one apply, and no direction is silent for long."""
    with Flow(lab, [host.name for host in lab.hosts]) as flow:
        result = apply(lab)
    assert result["failed"] == {} and result["reverted"] is None
    assert directions(result) == (56, 56)
    assert flow.sent >= 56 * 20
    longest = sorted(flow.gaps.items(), key=lambda gap: -gap[1])[:8]
    print(f"{flow.lost} of {flow.sent} lost, {longest}")
    assert longest[0][1] <= MOST, longest
    plan(lab, code=0)


def test_from_full_to_hub_and_back(eight: Lab) -> None:
    edit(eight, FULL, HUB)
    edit(eight, CENTRE, f"{CENTRE}hub = true\n")
    change(eight)
    assert [peers(eight, host.name) for host in eight.hosts] == [1, 1, 7, 1, 1, 1, 1, 1]
    edit(eight, HUB, FULL)
    edit(eight, f"{CENTRE}hub = true\n", CENTRE)
    change(eight)
    assert {peers(eight, host.name) for host in eight.hosts} == {7}


def test_nobody_sends_through_a_hub_that_is_not_ready(eight: Lab) -> None:
    """However long it takes to be: here it is held for twice what nobody should notice."""
    edit(eight, FULL, HUB)
    edit(eight, CENTRE, f"{CENTRE}hub = true\n")
    names = [host.name for host in eight.hosts]
    with (
        Flow(eight, names) as flow,
        Stopped(eight, "before change on server-c", "apply", "--yes", within=30) as held,
    ):
        # Nothing tells from outside that the others wait, too.
        time.sleep(2 * MOST)
        held.go_on(0)
    assert max(flow.gaps.values()) <= MOST, sorted(flow.gaps.items(), key=lambda gap: -gap[1])[:8]
