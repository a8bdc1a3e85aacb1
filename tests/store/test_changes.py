"""The journal, read as a list of changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from meshtui.errors import MeshError
from meshtui.store.changes import broken_off, changes, owed, to_undo
from meshtui.store.kept import Kept

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


def applied(*files: str) -> list[dict[str, object]]:
    return [entry for file in files for entry in (APPLY | {"file": file}, DONE)]


def test_undoing_goes_back_to_the_change_before() -> None:
    known = changes([*applied("one"), RUN, *applied("two"), {"event": "file", "file": "three"}])
    before, last = to_undo(known)
    assert (before.number, before.file, last.number, last.file) == (1, "one", 3, "three")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ((), "nothing was applied"),
        (("one",), "change 1 is the first"),
        (("one", "two", "two"), "change 3 did not change mesh.toml"),
    ],
)
def test_there_may_be_nothing_to_go_back_to(files: tuple[str, ...], why: str) -> None:
    with pytest.raises(MeshError, match=why):
        to_undo(changes(applied(*files)))


def test_what_was_applied_is_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "m" / "applied")
    one, two = kept.keep("[mesh]\r\n"), kept.keep("[mesh] # ü\n")
    assert kept.keep("[mesh]\r\n") == one != two
    assert (kept.text(one), kept.text(two)) == ("[mesh]\r\n", "[mesh] # ü\n")
    path = tmp_path / "m" / "applied" / f"{two}.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("else")
    with pytest.raises(MeshError, match="is not what was applied"):
        kept.text(two)
    path.unlink()
    with pytest.raises(MeshError, match="not kept any more"):
        kept.text(two)


def test_the_oldest_of_very_many_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshtui.store.kept.MOST", 2)
    kept = Kept(tmp_path)
    first = kept.keep("1")
    os.utime(tmp_path / f"{first}.toml", (0, 0))
    second = kept.keep("2")
    os.utime(tmp_path / f"{second}.toml", (1, 1))
    kept.keep("3")
    assert kept.text(second) == "2"
    with pytest.raises(MeshError):
        kept.text(first)


def test_what_was_broken_off_and_what_is_owed() -> None:
    begun = {"event": "apply", "id": "a1", "file": "f", "was": "w"}
    armed = {"event": "arm", "hosts": ["a", "b"]}
    done = {"event": "done", "failed": {"c": "no answer"}, "up": 2, "directions": 2, "seconds": 1}
    assert broken_off(changes([])) is None
    left = broken_off(changes([begun]))
    assert left is not None and left.armed == [], "mesh.toml was written"
    left = broken_off(changes([begun, armed, {"event": "confirm", "hosts": ["a"]}]))
    assert left is not None and (left.armed, left.phase) == (["a", "b"], "confirm")
    assert broken_off(changes([begun, armed, done])) is None
    assert broken_off(changes([begun, armed, done | {"diverged": ["b"]}])) is not None
    recovered = {"event": "recovered", "id": "a1", "how": "reverted"}
    assert broken_off(changes([begun, armed, recovered])) is None
    assert changes([begun, armed, recovered])[0].taken_back
    assert owed(changes([begun, armed, done])) == {"c": "no answer"}
    back = done | {"failed": {"d": "x"}, "reverted": "a is worse"}
    assert owed(changes([begun, armed, done, begun, armed, back])) == {"c": "no answer"}


def test_who_was_found_to_be_behind_nat() -> None:
    [change] = changes([APPLY, DONE | {"behind_nat": {"server-b": "its port does not answer"}}])
    assert change.behind_nat == {"server-b": "its port does not answer"} and change.ok
    assert changes([APPLY, DONE | {"behind_nat": "?"}])[0].behind_nat == {}


def test_a_change_that_was_taken_back_is_none_to_undo() -> None:
    one, two = ({"event": "apply", "file": name} for name in "fg")
    done = {"event": "done", "failed": {}, "up": 0, "directions": 0, "seconds": 1}
    back = done | {"reverted": "a is worse"}
    with pytest.raises(MeshError, match="nothing to go back to"):
        to_undo(changes([one, done, two, back]))


def test_what_diverged_stays_so_through_changes_that_were_taken_back() -> None:
    arm = {"event": "arm", "hosts": ["server-a"]}
    diverged = [APPLY, arm, {**DONE, "diverged": ["server-a"]}]
    refused = [APPLY, arm, {**DONE, "reverted": "server-a: held"}]
    left = broken_off(changes([*diverged, *refused, APPLY]))
    assert left and left.number == 1
    assert broken_off(changes([*diverged, APPLY, arm, DONE])) is None
