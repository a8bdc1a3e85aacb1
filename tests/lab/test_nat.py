"""Hosts behind NAT: they meet without a relay, and come back when NAT forgets them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from fleet_on import Watch
from meshtui_on import apply, handshakes, meshtui, on, plan, status
from state import wait_for

from meshtui.lab import Lab, faults

pytestmark = pytest.mark.lab
C, D = "server-c", "server-d"
#: How soon the two have a tunnel of their own, in seconds from the end of the first apply.
SOON = 5
COUNT = """
table inet count {
    chain passed { type filter hook forward priority -300; counter; }
}
"""


@pytest.fixture(scope="module")
def four(lab: Callable[..., Lab]) -> Lab:
    """Two public hosts, two behind NAT; one apply that a person sees, with the time of its end."""
    one = lab(4, nat=2)
    one.ended = formed(one)  # type: ignore[attr-defined]
    return one


def formed(lab: Lab) -> float:
    """Apply; epoch seconds of the end of the first of its two."""
    words = lab.command([sys.executable, "-m", "meshtui", "apply", "--yes"])
    with subprocess.Popen(words, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stderr and run.stdout
        ends = [time.time() for line in run.stderr if "12 of 12 directions up" in line]
        said = run.stdout.read()
    assert run.returncode == 0 and len(ends) == 2, said
    assert "behind NAT, and met all the same" in said
    return ends[0]


def keys(lab: Lab) -> dict[str, str]:
    return {host.name: on(lab, host.name, "wg", "show", "wg0", "public-key").strip()
            for host in lab.hosts}  # fmt: skip


def peer(lab: Lab, at: str, of: str, what: str) -> str:
    """What `wg show WHAT` of the host `at` says of its peer; empty: it has no such peer."""
    lines = on(lab, at, "wg", "show", "wg0", what).splitlines()
    told = dict(line.split("\t", 1) for line in lines)
    return told.get(keys(lab)[of], "")


def ping(lab: Lab, from_: str, to: str, count: int = 1, seconds: int = 5) -> bool:
    address = f"10.0.0.{ord(to[-1]) - ord('a') + 1}"
    words = ["ping", "-q", "-c", str(count), "-i", "0.2", "-w", str(seconds), address]
    return lab.on(from_, words).returncode == 0


def passed(lab: Lab, host: str) -> int:
    """Packets that the host passed on since `count`."""
    said = on(lab, host, "nft", "list", "table", "inet", "count")
    [number] = re.findall(r"counter packets (\d+)", said)
    return int(number)


def count(lab: Lab, host: str) -> None:
    on(lab, host, "sh", "-c", "nft delete table inet count 2>/dev/null || :")
    lab.on(host, ["nft", "-f", "-"], input=COUNT, check=True)


def test_one_command_and_they_have_a_tunnel_of_their_own(four: Lab) -> None:
    ended, names = four.ended, keys(four)  # type: ignore[attr-defined]
    for at, of in ((C, D), (D, C)):
        assert 0 < handshakes(four, at)[names[of]] <= ended + SOON
        assert peer(four, at, of, "persistent-keepalive") == "25"
    for relay in ("server-a", "server-b"):
        count(four, relay)
    assert ping(four, C, D, 20, 10) and ping(four, D, C, 20, 10)
    assert [passed(four, relay) for relay in ("server-a", "server-b")] == [0, 0]
    said = meshtui(four, "path", C, D, "--now").stdout
    assert said.startswith(f"{C} → {D}  (10.0.0.3 to 10.0.0.4)\n")
    # They still reach those outside, and are reached: by the way that they opened.
    assert ping(four, C, "server-a") and ping(four, "server-b", D)
    links = status(four)["links"]
    assert [link["state"] for link in links] == ["up"] * 12


def test_then_there_is_nothing_to_do(four: Lab) -> None:
    said = meshtui(four, "apply", "--yes")
    assert "nothing to do" in said.stdout and "behind NAT" not in said.stdout
    note = "should NAT close it, the next apply opens it again or has it relayed"
    assert note in said.stdout and "nothing does before" in said.stdout
    assert plan(four, code=0)["changes"] == 0


def test_a_hole_that_is_lost_comes_back_with_an_apply(four: Lab) -> None:
    before = peer(four, "server-a", C, "endpoints")
    faults.forget_mapping(four, C)
    assert not ping(four, D, C, 1, 2)
    # What it sends next shows where NAT has it now; with its keepalives that takes 25 s.
    assert ping(four, C, "server-a") and ping(four, C, "server-b")
    now = peer(four, "server-a", C, "endpoints")
    assert now != before
    planned = json.dumps(plan(four))
    assert C in planned
    apply(four)
    assert peer(four, D, C, "endpoints") == now
    assert ping(four, C, D) and ping(four, D, C)
    assert plan(four, code=0)["changes"] == 0
    count(four, "server-a")
    assert ping(four, C, D, 5) and passed(four, "server-a") == 0


@pytest.mark.long
def test_while_somebody_watches_they_call_again(four: Lab) -> None:
    """By where the others see it, and once they have heard nothing for 30 s."""
    before = peer(four, C, D, "endpoints")
    faults.forget_mapping(four, D)
    assert not ping(four, C, D, 1, 2)
    with Watch(four):
        wait_for(lambda: ping(four, C, D, 1, 1) and ping(four, D, C, 1, 1), 120)
    assert peer(four, C, D, "endpoints") not in ("", before)
    count(four, "server-a")
    assert ping(four, C, D, 5) and passed(four, "server-a") == 0


@pytest.mark.long
def test_a_tunnel_that_died_is_relayed_and_made_again(four: Lab) -> None:
    """Nothing gets through between the two, and others see them where they were."""
    faults.block_udp(four, C, D)
    faults.block_udp(four, D, C)
    try:
        wait_for(lambda: "server-a: allowed IPs" in json.dumps(plan(four, code=None)), 240)
        apply(four)
        assert ping(four, C, D) and ping(four, D, C)
        assert not peer(four, C, D, "allowed-ips")
        assert "through server-a to server-d" in meshtui(four, "plan").stdout
    finally:
        faults.clear_network(four)
    apply(four)
    count(four, "server-a")
    assert ping(four, C, D, 5) and passed(four, "server-a") == 0
