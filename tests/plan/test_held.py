"""Somebody else changes hosts: a plan says who, and what that means."""

from __future__ import annotations

from dataclasses import replace

from meshtui.plan.impact import impact
from meshtui.plan.impact_text import impact_lines
from meshtui.plan.model import Plan
from meshtui.plan.planner import again
from meshtui.plan.render import as_json, lines
from meshtui.plan.rotate import rotation
from meshtui.plan.seen import Seen, Underway
from tests.plan.fleets import formed, make_mesh


def held(*hosts: str, owner: str = "jo@laptop") -> Plan:
    plan = formed(make_mesh(3)).plan()
    assert plan.inputs
    now = {}
    for name in hosts:
        seen = plan.inputs.seen[name]
        assert isinstance(seen, Seen)
        now[name] = replace(seen, underway=Underway("a1b2", owner, 12, 48))
    return again(plan, now)


def test_each_host_says_who_is_changing_it() -> None:
    plan = held("a", "b")
    note = "jo@laptop is changing this host (change a1b2, begun 12 s ago); it ends in 48 s"
    assert as_json(plan)["notes"] == {n: [f"{note} at the latest"] for n in ("a", "b")}
    assert not plan.changes


def test_the_plan_sums_it_up_though_nothing_is_to_be_done() -> None:
    plan = held("a", "b")
    (line,) = impact_lines(plan, impact(plan))
    assert line.bad
    assert line.text == "jo@laptop is changing a, b (change a1b2): no apply until that ends"
    assert not impact_lines(held(), impact(held()))


def test_what_an_owner_calls_itself_is_harmless() -> None:
    text = "".join(line.text for line in lines(held("a", owner="\x1b[31mjo\x07")))
    assert "\x1b" not in text and "\x07" not in text


def test_a_rotation_says_so_too() -> None:
    plan = held("a")
    assert plan.inputs
    notes = {host.host: host.notes for host in rotation(plan.inputs, "b").hosts}
    assert notes["a"] and not notes["b"]
