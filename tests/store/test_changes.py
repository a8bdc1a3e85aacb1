"""The journal, read as a list of changes."""

from __future__ import annotations

import json

from meshtui.store.changes import changes

APPLY = {
    "at": "2026-11-22T10:00:00.000+00:00",
    "mesh": "m",
    "event": "apply",
    "by": "ada",
    "plan": "2 changes on 1 of 2 hosts",
    "steps": {"server-a": ["add-peer server-b", "write-file /etc/wireguard/wg0.conf"]},
}
RUN = {"at": "2026-11-22T11:00:00.000+00:00", "event": "run", "by": "ada", "hosts": ["server-a"]}
CHANGE = {"event": "change", "hosts": ["server-a"]}
DONE = {
    "event": "done",
    "failed": {},
    "up": 2,
    "directions": 2,
    "seconds": 1.5,
    "receipt": "0 of 4",
}


def test_an_apply_that_ended_well() -> None:
    (one,) = changes([APPLY, CHANGE, {"event": "verify"}, DONE])
    assert (one.number, one.kind, one.by, one.plan) == (1, "apply", "ada", APPLY["plan"])
    assert (one.up, one.directions, one.seconds, one.receipt) == (2, 2, 1.5, "0 of 4")
    assert one.steps == APPLY["steps"]
    assert one.ended and one.ok


def test_one_that_was_broken_off_says_where() -> None:
    cut, next_ = changes([APPLY, {"event": "stage", "hosts": ["server-a", "server-b"]}, APPLY])
    assert (cut.ended, cut.ok, cut.phase, cut.hosts) == (
        False,
        False,
        "stage",
        ["server-a", "server-b"],
    )
    assert (next_.number, next_.phase) == (2, "")


def test_failures_are_kept_and_the_end_has_the_last_word() -> None:
    failed = {"event": "failed", "host": "server-a", "phase": "stage", "why": "disk full"}
    (open_,) = changes([APPLY, failed])
    assert open_.failed == {"server-a": "disk full"}
    (ended,) = changes([APPLY, failed, {**DONE, "failed": {"server-b": "no sudo"}, "up": 0}])
    assert ended.failed == {"server-b": "no sudo"}
    assert ended.ended and not ended.ok


def test_a_command_in_the_middle_of_an_apply_is_one_of_its_own() -> None:
    apply, run = changes([APPLY, RUN, DONE])
    assert (apply.ended, run.kind, run.plan) == (True, "run", "a command on 1 host")
    assert run.ok and run.hosts == ["server-a"]


def test_what_makes_no_sense_is_no_change() -> None:
    odd = [{}, {"event": 3}, {"event": "done", "up": 1}, {"event": "failed", "host": 1}]
    assert changes(odd) == []
    (one,) = changes([{"event": "apply", "steps": 7, "at": None}, {"event": "done", "up": "x"}])
    assert (one.at, one.steps, one.up, one.ok) == ("", {}, 0, True)


def test_older_entries_without_steps_are_told_all_the_same() -> None:
    old = {key: value for key, value in APPLY.items() if key not in ("steps", "by")}
    (one,) = changes([old, DONE])
    assert (one.by, one.steps, one.ok) == ("", {}, True)
    assert json.loads(json.dumps(one.as_json()))["ok"] is True
