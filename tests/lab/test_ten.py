"""A mesh of ten while all its 90 directions carry a ping every 20 ms, and one host changes.

How long that takes is for tests/bench/bench_live.py: here it is no more than bounded.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flow import Flow
from meshtui_on import apply, directions, handshakes, meshtui, on, plan

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]
#: Of any one change, in seconds. Its budget is 3, on a machine that does nothing else.
MOST = 60
NAME = "server-c"


@pytest.fixture(scope="module")
def ten(lab: Callable[..., Lab]) -> Lab:
    """Its hosts are an 11th, too, which the mesh does not have."""
    one = lab(11)
    apply(one)
    meshtui(one, "remove", last(one), "--yes")
    return one


def last(lab: Lab) -> str:
    return lab.hosts[-1].name


def members(lab: Lab) -> list[str]:
    return [host.name for host in lab.hosts[:-1]]


def undisturbed(lab: Lab, args: Sequence[str]) -> dict[str, Any]:
    """What a change says of itself; none of the 90 directions noticed it."""
    before = {host: handshakes(lab, host) for host in members(lab)}
    with Flow(lab, members(lab)) as flow:
        start = time.monotonic()
        done = meshtui(lab, *args, "--yes", "--json")
        assert time.monotonic() - start < MOST
    assert flow.sent >= 90 * 20
    assert flow.lost == 0, {way: lost for way, lost in flow.lost_in.items() if lost}
    for host, peers in before.items():
        now = handshakes(lab, host)
        # But for those of a host that came or went.
        assert all(now.get(key, at) == at for key, at in peers.items())
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["receipt"] == {"there": 90, "renewed": 0, "lost": 0}
    return result


def test_an_eleventh_host_comes_and_goes(ten: Lab) -> None:
    name = last(ten)
    added = undisturbed(ten, ["add", name, "--ssh", f"root@{ten.host(name).v4}"])
    assert directions(added) == (110, 110)
    assert directions(undisturbed(ten, ["remove", name])) == (90, 90)
    plan(ten, code=0)


def test_a_hosts_keepalive(ten: Lab) -> None:
    assert directions(undisturbed(ten, ["set", NAME, "--keepalive", "20"])) == (90, 90)
    shown = on(ten, NAME, "wg", "show", "wg0", "persistent-keepalive")
    assert shown.count("\t20\n") == 9
    undisturbed(ten, ["undo"])


def test_a_hosts_endpoint(ten: Lab) -> None:
    """What it still sends from its old address as the others turn to the new one tells nobody."""
    at = f"[{ten.host(NAME).v6}]:51820"
    assert directions(undisturbed(ten, ["set", NAME, "--endpoint", at])) == (90, 90)
    for host in members(ten):
        assert host == NAME or at in on(ten, host, "wg", "show", "wg0", "endpoints")
    undisturbed(ten, ["undo"])
    plan(ten, code=0)


def test_a_hosts_port(ten: Lab) -> None:
    """What is on its way to the old port as it closes is lost; not one session is."""
    before = {host: handshakes(ten, host) for host in members(ten)}
    with Flow(ten, members(ten)) as flow:
        done = meshtui(ten, "set", NAME, "--port", "51999", "--yes", "--json")
    result = json.loads(done.stdout)
    assert directions(result) == (90, 90)
    assert result["receipt"] == {"there": 90, "renewed": 0, "lost": 0}
    assert {host: handshakes(ten, host) for host in members(ten)} == before
    assert not [way for way, lost in flow.lost_in.items() if lost and NAME not in way]
    assert max(flow.gaps.values()) <= 0.25, flow.gaps
    for host in members(ten):
        assert host == NAME or ":51999" in on(ten, host, "wg", "show", "wg0", "endpoints")
    plan(ten, code=0)


def test_a_hosts_key(ten: Lab) -> None:
    """A machine that does something else as well stretches it: the best of three counts."""
    silent = []
    while len(silent) < 3 and min(silent, default=1) > 0.25:
        with Flow(ten, members(ten)) as flow:
            meshtui(ten, "rotate", NAME, "--yes")
        assert not [way for way, lost in flow.lost_in.items() if lost and NAME not in way]
        silent.append(max(flow.gaps.values()))
    assert min(silent) <= 0.25, silent
    plan(ten, code=0)


def test_all_keys_one_host_after_the_other(ten: Lab) -> None:
    with Flow(ten, members(ten)) as flow:
        meshtui(ten, "rotate", "--all", "--yes", timeout=300)
    assert frozenset() not in flow.at_once(), sorted(flow.rows)
    plan(ten, code=0)
