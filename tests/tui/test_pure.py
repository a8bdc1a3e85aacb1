"""Words, layout, view, plan and apply as text: no screen needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from standin import good_apply, make_mesh, make_plan

from meshtui.fleet.events import ApplyResult, DirectionVerified, Progress
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.tui.actions import ACTIONS, TITLES, clashes
from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.plan_lines import plan_lines, summary
from meshtui.tui.words import age_long, age_mid, age_short, bytes_long, bytes_short, fit, pad


def text_of(lines: list) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


@pytest.mark.parametrize(
    ("seconds", "short", "mid", "long"),
    [
        (None, "–", "–", "no handshake"),
        (0, "0s", "0s", "0 s ago"),
        (14, "10s", "14s", "14 s ago"),
        (59, "55s", "59s", "59 s ago"),
        (60, "1m", "1m0s", "1 min 0 s ago"),
        (3599, "59m", "59m59s", "59 min 59 s ago"),
        (3600, "1h", "1h0m", "1 h 0 min ago"),
        (86399, "23h", "23h59m", "23 h 59 min ago"),
        (90000, "1d", "1d1h", "1 d 1 h ago"),
        (10**9, "99d", "11574d1h", "11574 d 1 h ago"),
    ],
)
def test_ages(seconds: int | None, short: str, mid: str, long: str) -> None:
    assert (age_short(seconds), age_mid(seconds), age_long(seconds)) == (short, mid, long)


@pytest.mark.parametrize(
    ("count", "short", "long"),
    [
        (None, "–", "–"),
        (0, "0", "0 B"),
        (999, "999", "999 B"),
        (1000, "1.0K", "1000 B"),
        (1234, "1.2K", "1.21 KiB"),
        (10_188, "9.9K", "9.95 KiB"),
        (10_189, "10K", "9.95 KiB"),
        (1_048_576, "1.0M", "1.00 MiB"),
        (2**64 - 1, "16E", "16.00 EiB"),
    ],
)
def test_bytes(count: int | None, short: str, long: str) -> None:
    assert (bytes_short(count), bytes_long(count)) == (short, long)


@given(st.integers(0, 2**64), st.integers(0, 2**40))
def test_short_words_fit_their_columns(count: int, seconds: int) -> None:
    assert len(bytes_short(count)) <= 4
    assert len(age_short(seconds)) <= 3


@given(st.text(), st.integers(0, 20))
def test_padded_text_has_its_width(text: str, width: int) -> None:
    assert cell_len(pad(text, width)) == width
    assert cell_len(fit(text, width)) <= width


def test_plan_reads_by_host() -> None:
    plan = make_plan(make_mesh(3))
    text = text_of(plan_lines(plan, 78))
    assert summary(plan) == "7 steps on 3 hosts"
    assert text.index("server-a  5 steps") < text.index("server-b  1 step")
    assert "+AllowedIPs = 10.0.0.1/32" in text
    assert "note: 1 peer that mesh.toml does not know" in text
    assert "add-peer       handshake  server-a 10.0.0.1/32" in text
    assert "handshake: a link's session starts anew" in text
    assert "route:" not in text, "only the impacts that occur are explained"


def test_plan_says_what_is_owed_first() -> None:
    hosts = (
        HostPlan("a", (Step("mtu", "1420"),)),
        HostPlan("b", problem="no answer\n(try ssh b)"),
        HostPlan("c"),
        HostPlan("d"),
    )
    plan = Plan("prod", "wg0", hosts)
    text = text_of(plan_lines(plan, 60))
    assert summary(plan) == "1 step on 1 host, 1 host owed"
    assert text.startswith("× b  can't be changed now\n    no answer\n    (try ssh b)")
    assert text.endswith("nothing to change on 2 hosts: c, d")


def test_plan_without_changes() -> None:
    plan = Plan("prod", "wg0", (HostPlan("a"),))
    assert summary(plan).startswith("nothing to change")


def test_apply_run_fills_in() -> None:
    now = 100.0
    plan = make_plan(make_mesh(3))
    run = ApplyRun(plan, lambda: now)
    run.take(Progress("server-a", "key", "running"))
    now = 103.0
    assert "▸ key  · stage  · change  · verify      3 s" in text_of(run.lines(80))
    run.take(Progress("server-a", "key", "done"))
    run.take(Progress("server-b", "key", "failed", "read-only file system"))
    text = text_of(run.lines(80))
    assert "✓ key" in text
    assert "× server-b  × key" in text
    assert "\n    read-only file system" in text
    assert run.running
    assert run.summary()[0].startswith("▸ applying, 3 s")
    for event in good_apply(plan):
        run.take(event)
    assert not run.running
    assert run.summary() == ("✓ 6 of 6 directions up in 3.2 s", "good")


def test_apply_run_says_what_does_not_work() -> None:
    plan = make_plan(make_mesh(2))
    run = ApplyRun(plan, lambda: 0.0)
    bad = DirectionVerified("server-a", "server-b", False, "no handshake within 5 s")
    good = DirectionVerified("server-b", "server-a", True, "ok")
    run.take(ApplyResult({"server-b": "sudo refused"}, (bad, good), 5.0))
    assert run.summary() == ("× 1 of 2 directions up in 5.0 s, 1 host not as planned", "bad")
    text = text_of(run.lines(80))
    assert "    sudo refused" in text
    assert "× server-a → server-b  no handshake within 5 s" in text


def test_apply_run_broken_off() -> None:
    run = ApplyRun(make_plan(make_mesh(2)), lambda: 0.0)
    run.fail("lost\x1b[31m")
    assert not run.running
    assert run.summary() == ("× the apply broke off: lost␛[31m", "bad")


@pytest.mark.parametrize(
    "together",
    [
        ("app", "mesh", "grid"),
        ("app", "plan", "scroll"),
        ("app", "apply", "scroll"),
        ("app", "help", "scroll"),
        ("app", "hostkey"),
        ("app", "quit"),
    ],
)
def test_no_key_means_two_things(together: tuple) -> None:
    assert clashes(*together) == {}


def test_clashes_are_found() -> None:
    assert clashes("mesh", "plan")["escape"] == ["mesh.clear", "plan.back"]


def test_the_registry_is_whole() -> None:
    assert len({(action.scope, action.id) for action in ACTIONS}) == len(ACTIONS)
    assert {action.scope for action in ACTIONS} == set(TITLES)
    for action in ACTIONS:
        assert action.keys
        assert action.description
        assert len(action.description) <= 56, "it has to fit the help at 80 columns"
