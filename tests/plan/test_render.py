from __future__ import annotations

from dataclasses import replace
from unicodedata import category

from hypothesis import given, settings
from hypothesis import strategies as st

from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.plan.render import Kind, as_json, diff, lines, show_marks, summary
from tests.plan.fleets import (
    foreign_peer,
    formed,
    fresh,
    left_the_mesh,
    lose_file,
    make_mesh,
    unreachable,
)
from tests.plan.sim import key

ONE = HostPlan("a", (Step("write-file", "/etc/wireguard/wg0.conf"),), before="", after="")


def kinds(plan: Plan, kind: Kind) -> list[str]:
    return [line.text for line in lines(plan) if line.kind == kind]


def test_nothing_to_do_is_one_line() -> None:
    plan = formed(make_mesh(3)).plan()
    assert [line.text for line in lines(plan)] == ["nothing to do"]


def test_a_fresh_mesh() -> None:
    plan = fresh(make_mesh(2)).plan()
    assert summary(plan) == "6 changes on 2 of 2 hosts; 2 directions get a new session"
    assert "    +PrivateKey = (made on the host)" in kinds(plan, "added")
    assert "    +PublicKey = (of the key that b will make)" in kinds(plan, "added")
    assert kinds(plan, "host") == ["a", "b"]


def test_the_impact_stands_before_the_sum() -> None:
    sim = formed(make_mesh(6))
    gone = sim.mesh.hosts["c"]
    left_the_mesh(sim, "c", 0)
    plan = sim.plan()
    assert [line.text for line in lines(plan) if line.kind in ("impact", "sum")] == [
        "lost         c with 5 others (the peer is removed)",
        "links        gone: c with 5 others",
        "10 changes on 5 of 5 hosts",
    ]
    told = as_json(plan)["impact"]
    assert told["links"]["down"] == [[name, gone.name] for name in "abdef"]
    assert told["lost"][0]["seconds"] is None and told["own_path"] == told["prefixes"] == []


def test_a_plan_of_files_says_that_nothing_is_touched() -> None:
    sim = formed(make_mesh(3))
    lose_file(sim, "b", 0)
    assert kinds(sim.plan(), "impact") == ["impact       touches nothing that runs"]


def test_who_is_owed_is_named() -> None:
    sim = formed(make_mesh(3))
    unreachable(sim, "b", 0)
    foreign_peer(sim, "a", 0)
    plan = sim.plan()
    assert summary(plan) == "nothing to do; 1 of 3 hosts can't be changed now"
    assert kinds(plan, "problem") == ["  ! left as it is: no answer"]
    assert "left alone (--prune removes it)" in kinds(plan, "note")[0]
    told = as_json(plan)
    assert told["changes"] == 0 and told["hosts"] == {"a": [], "b": [], "c": []}
    assert told["problems"] == {"b": "no answer"} and list(told["notes"]) == ["a"]


def test_no_mark_is_shown_and_none_is_missed() -> None:
    text = f"@secret:12@ @live@ @live-psk:{key('x')}@ @made@ @operator@ @public:a@ @psk:b.c@"
    assert "@" not in show_marks(text)


def test_a_line_like_a_heading_is_shown() -> None:
    host = replace(ONE, before="[Interface]\n-- x\n", after="[Interface]\n++ y\n")
    assert diff(host)[-2:] == ["--- x", "+++ y"]


def test_line_ends_are_no_difference_of_their_own() -> None:
    host = replace(ONE, before="[Interface]\r\nMTU = 1\r\n", after="[Interface]\r\nMTU = 2\r\n")
    assert diff(host)[-2:] == ["-MTU = 1", "+MTU = 2"]


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60)
def test_a_hosts_file_cannot_steer_the_terminal(before: str, after: str) -> None:
    host = replace(
        ONE,
        before=f"{before}\x1b[2J\n",
        after=f"{after}\udce9\u202e\n",
        notes=(after,),
        problem=before,
        steps=(Step("remove-peer", after, peer=after or None, takes=(before,)),),
    )
    for line in lines(Plan("m", "wg0", (host,))):
        assert not any(category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in line.text)
        line.text.encode()
