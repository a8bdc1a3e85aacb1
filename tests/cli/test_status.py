"""What `meshtui status` makes of a host that is disabled, and of what it was not asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from meshtui.cli.parser import MOST_COMPARED, parser
from meshtui.cli.status import as_json, compares, healthy, print_status
from meshtui.errors import Unreachable
from meshtui.fleet.events import HostDrift
from meshtui.fleet.look import polled
from tests.plan.fleets import make_mesh


def test_a_disabled_host_is_told_and_its_silence_is_no_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mesh = make_mesh(1)
    away = Unreachable("no answer", host="a")
    off = replace(mesh, hosts={"a": replace(mesh.hosts["a"], disabled=True)})
    for one, disabled in ((mesh, False), (off, True)):
        looks = [polled(one, {}, "a", away)]
        assert healthy(one, looks) is disabled
        host = as_json(one, looks, {"a": HostDrift("a")}, datetime.now(UTC))["hosts"]["a"]
        assert (host["state"], host["disabled"]) == ("unreachable", disabled)
        print_status(one, looks, {"a": HostDrift("a")}, every_link=False)
        assert ("× unreachable, disabled" in capsys.readouterr().out) is disabled


def test_drift_that_was_not_asked_for_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    mesh = make_mesh(1)
    looks = [polled(mesh, {}, "a", Unreachable("no answer", host="a"))]
    assert as_json(mesh, looks, {}, datetime.now(UTC))["hosts"]["a"]["drift"] is None
    print_status(mesh, looks, {}, every_link=False)
    assert "drift" not in capsys.readouterr().out


def test_drift_is_looked_for_where_it_is_asked_for_and_among_few() -> None:
    few, many = (replace(make_mesh(1), hosts=dict.fromkeys(range(n))) for n in (200, 201))  # type: ignore[arg-type]
    assert MOST_COMPARED == 200
    for words, of_few, of_many in (([], True, False), (["--drift"], True, True)):
        asked = parser().parse_args(["status", *words]).drift
        assert (compares(few, asked), compares(many, asked)) == (of_few, of_many)
    assert not compares(few, parser().parse_args(["status", "--no-drift"]).drift)
