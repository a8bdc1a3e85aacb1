"""Somebody else changes a host: the plan says so, and an apply that is refused reads so."""

import re
from dataclasses import replace

from stage import Stage, on_stage
from standin import StandIn, make_mesh, make_plan, make_rotation

from meshtui.errors import MeshError
from meshtui.fleet.events import Progress
from meshtui.plan.planner import again
from meshtui.plan.seen import Seen, Underway
from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.screens.apply import ApplyScreen

HELD = MeshError(
    "jo@laptop is changing this host (change a1b2, begun 12 s ago): nothing was changed",
    host="server-b",
    hint="wait for its end, then plan again",
)


def words(stage: Stage) -> str:
    return re.sub(r"\s+", " ", stage.text())


async def test_the_plan_says_who_changes_its_hosts() -> None:
    fleet = StandIn(make_mesh(3))
    plan = make_rotation(fleet.mesh, "server-a")
    assert plan.inputs
    seen = plan.inputs.seen["server-b"]
    assert isinstance(seen, Seen)
    held = replace(seen, underway=Underway("a1b2", "\x1b[31mjo@laptop", 12, 48))
    fleet.plan_result = again(plan, {"server-b": held})
    async with on_stage(fleet, size=(80, 24)) as stage:
        await stage.press("a")
        text = await stage.until("held")
        assert "␛[31mjo@laptop is changing server-b (change a1b2)" in words(stage)
        assert "\x1b" not in text


async def test_an_apply_that_is_refused_says_why_and_what_to_do() -> None:
    armed = [Progress("server-a", "arm", "done"), Progress("server-b", "arm", "failed", "held")]
    fleet = StandIn(make_mesh(3), apply_events=[*armed, HELD])
    async with on_stage(fleet, size=(80, 24)) as stage:
        await stage.press("a")
        await stage.until("7 steps")
        await stage.press("A")
        await stage.until(ApplyScreen)
        text = await stage.until("not applied: server-b: jo@laptop is changing")
        assert "broke off" not in text
        assert "→ wait for its end, then plan again" in text
        assert "– server-a" in text, "it is worked on no more"


def test_once_a_host_is_touched_it_is_no_refusal() -> None:
    run = ApplyRun(make_plan(make_mesh(3)), lambda: 0.0)
    run.take(Progress("server-a", "change", "running"))
    run.end(HELD)
    assert run.summary()[0].startswith("× the apply broke off: server-b: jo@laptop")
