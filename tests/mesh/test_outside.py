"""Who calls whom, to learn who can be reached: nobody is called by whom it has called."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from meshtui.mesh.model import Mesh
from meshtui.mesh.outside import Call, next_calls
from meshtui.mesh.proof import to_prove
from tests.plan.fleets import make_mesh


def found_out(mesh: Mesh, unsure: str, public: str, there: str = "abcdef") -> tuple[str, str]:
    """(those found to be hidden, those left unasked), where only the `public` ones answer."""
    left, hidden, called = list(unsure), set[str](), set[Call]()
    while calls := next_calls(mesh, left, {*there} & mesh.hosts.keys(), called):
        for name, callers in calls.items():
            assert not called & {(name, caller) for caller in callers}, "NAT lets these in"
            called |= {(caller, name) for caller in callers}
            left.remove(name)
            if name not in public:
                hidden.add(name)
    return "".join(sorted(hidden)), "".join(left)


def test_those_outside_call_all_at_once() -> None:
    mesh = make_mesh(6)
    calls = next_calls(mesh, ["b", "e"], {*"abcdef"}, set())
    assert calls == {"b": ["a", "c", "d"], "e": ["a", "c", "d"]}
    assert found_out(mesh, "be", "abcdf") == ("e", "")


def test_whoever_is_known_to_be_behind_nat_calls_last() -> None:
    mesh = make_mesh(4)
    hosts = {**mesh.hosts, "a": replace(mesh.hosts["a"], behind_nat=True)}
    mesh = replace(mesh, hosts=hosts)
    assert next_calls(mesh, ["d"], {*"abcd"}, set()) == {"d": ["b", "c", "a"]}
    assert next_calls(mesh, ["d"], {*"ad"}, set()) == {"d": ["a"]}


def test_where_all_are_in_doubt_one_begins() -> None:
    mesh = make_mesh(3)
    assert next_calls(mesh, [*"abc"], {*"abc"}, set()) == {"b": ["a"]}
    assert found_out(mesh, "abc", "abc") == ("", "")
    assert found_out(mesh, "abc", "bc") == ("a", "")
    assert found_out(mesh, "abc", "ab") == ("c", "")
    assert found_out(mesh, "abc", "c") == ("ab", "")
    # Of two, one has called the other: that one can't be asked about.
    assert found_out(make_mesh(2), "ab", "ab") == ("", "a")


def test_nobody_is_asked_who_has_no_tunnel_with_it() -> None:
    mesh = make_mesh(3)
    hosts = {**mesh.hosts, "a": replace(mesh.hosts["a"], hub=True)}
    mesh = replace(mesh, topology="hub", hosts=hosts)
    assert next_calls(mesh, ["c"], {*"abc"}, set()) == {"c": ["a"]}
    assert next_calls(mesh, ["c"], {*"bc"}, set()) == {}
    assert next_calls(make_mesh(1), ["a"], {"a"}, set()) == {}


def test_what_leads_between_two_that_are_hidden_proves_nothing() -> None:
    def ways(mesh: Mesh, hidden: Set[str]) -> dict[str, str]:
        found = to_prove(mesh, mesh.hosts.keys(), hidden)
        return {name: "".join(others) for name, others in found.items()}

    assert ways(make_mesh(4), {"c", "d"}) == {"c": "ab", "d": "ab", "a": "bcd", "b": "acd"}
    assert [*ways(make_mesh(4), {"c", "d"})] == ["c", "d", "a", "b"], "they begin"
    mesh = make_mesh(3)
    hosts = {**mesh.hosts, "a": replace(mesh.hosts["a"], hub=True)}
    mesh = replace(mesh, topology="hub", hosts=hosts)
    assert ways(mesh, {"a", "c"}) == {"a": "b", "c": "", "b": "a"}
