"""What `meshtui status` makes of a host that is disabled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from meshtui.cli.status import as_json, healthy, print_status
from meshtui.errors import Unreachable
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
        host = as_json(one, looks, datetime.now(UTC))["hosts"]["a"]
        assert (host["state"], host["disabled"]) == ("unreachable", disabled)
        print_status(one, looks, every_link=False)
        assert ("× unreachable, disabled" in capsys.readouterr().out) is disabled
