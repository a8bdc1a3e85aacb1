"""A host that answers with whatever it likes harms nobody but itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshtui.plan.planner import make_plan
from meshtui.plan.render import as_json
from meshtui.plan.seen import Seen, parse_seen
from meshtui.wg.dump import parse_dump
from tests.plan.fleets import formed, make_mesh
from tests.plan.sim import key

ESCAPE = "\x1b]0;owned\x07\x9b2J\u202e\udcff"


def test_what_a_file_says_is_inert_in_problems_and_json() -> None:
    inputs = formed(make_mesh(2)).plan().inputs
    assert inputs
    seen = inputs.seen["a"]
    assert isinstance(seen, Seen) and seen.file
    broken = replace(seen, file=f"[{ESCAPE}\n")
    plan = make_plan(replace(inputs, seen={**inputs.seen, "a": broken}))
    assert plan.problems and (plan.problems[0].problem or "").isprintable()
    stranger = f"\n[Peer]\n# meshtui: {ESCAPE}\nPublicKey = {key('gone')}\nAllowedIPs = {ESCAPE}\n"
    unknown = f"\n[Peer]\nPublicKey = {ESCAPE}\nAllowedIPs = {ESCAPE}\n"
    edited = replace(seen, file=seen.file + stranger + unknown)
    told = as_json(make_plan(replace(inputs, seen={**inputs.seen, "a": edited})))
    texts = [step["detail"] for step in told["hosts"]["a"]] + told["notes"]["a"]
    assert texts and all(text.isprintable() for text in texts)


@pytest.mark.parametrize(
    "reply",
    [
        b"@link\n|7: wg0: mtu\n",
        b"@addresses\n|7: wg0 inet\n",
        b"@addresses\n|7: wg0 inet6\n",
        b"@routes\n|1.2.3\n",
        b"@clock\n|" + b"9" * 5000 + b"\n",
    ],
)
def test_a_reply_cut_short_is_a_value_error(reply: bytes) -> None:
    with pytest.raises(ValueError):
        parse_seen("wg0", reply)


def test_numbers_that_no_counter_reaches_are_refused() -> None:
    line = f"{key('b')}\t(none)\t(none)\t10.0.0.2/32\t0\t{'9' * 400}\t0\toff"
    with pytest.raises(ValueError, match="not a peer"):
        parse_dump("wg0", f"-\t{key('own')}\t51820\toff\n{line}")


def test_prefixes_that_are_none_stop_no_plan() -> None:
    sim = formed(make_mesh(3))
    inputs = sim.plan().inputs
    assert inputs
    seen = inputs.seen["a"]
    assert isinstance(seen, Seen) and seen.live
    peers = {
        name: peer._replace(allowed_ips=("999.1/99", "10.7.7.7/3"))
        for name, peer in seen.live.peers.items()
    }
    odd = replace(seen, live=replace(seen.live, peers=peers))
    plan = make_plan(replace(inputs, seen={**inputs.seen, "a": odd}))
    assert any(step.action == "change-peer" for step in plan.hosts[0].steps)


def test_a_file_without_end_is_not_compared() -> None:
    inputs = formed(make_mesh(2)).plan().inputs
    assert inputs
    seen = inputs.seen["a"]
    assert isinstance(seen, Seen) and seen.file
    long = replace(seen, file=seen.file + "# x\n" * 30_000)
    plan = make_plan(replace(inputs, seen={**inputs.seen, "a": long}))
    assert "lines" in (plan.hosts[0].problem or "")
