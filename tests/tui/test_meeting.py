"""After an apply, hosts behind NAT call each other; what comes of it is the next run."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from stage import Stage, on_stage
from standin import StandIn, good_apply, make_mesh, make_plan, taken_back

from meshtui.errors import Unreachable
from meshtui.fleet.events import ApplyResult, DirectionVerified
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.screens.mesh import MeshScreen

PAIR = [frozenset({"server-c", "server-b"})]
CALLING = "server-b and server-c are behind NAT: they call each other"
MET = "met: no relay any more"
HOW = "ssh reaches it at 203.0.113.2, and its port does not answer"
ODD = "ssh reaches it at 203.0.113.3, and nobody can ask"
NOW = 'mesh.toml says endpoint = "none" of them now'


def fleet_of(**more: object) -> StandIn:
    return StandIn(make_mesh(3), **more)  # type: ignore[arg-type]


async def to_apply(stage: Stage) -> None:
    await stage.press("a")
    await stage.until("7 steps")
    await stage.press("A")
    await stage.until(ApplyScreen)


def log(stage: Stage) -> str:
    return "\n".join(entry.text for entry in stage.app.looking.log.entries)


async def test_those_that_met_do_without_their_relay() -> None:
    fleet = fleet_of(meets=PAIR)
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until(lambda: fleet.calls.count("apply") == 2)
        await stage.until("✓ 6 of 6 directions up")
        told = log(stage)
        assert told.index(CALLING) < told.index(MET)
        assert fleet.calls.count("meet") == 1, "an apply that follows is not followed by another"
        assert isinstance(stage.app.screen, ApplyScreen)
        await stage.press("escape")
        await stage.until(MeshScreen)


def found_out(host: str = "server-b") -> ApplyResult:
    ways = tuple(e for e in good_apply(make_plan(make_mesh(3))) if isinstance(e, DirectionVerified))
    return ApplyResult({}, ways, 1.0, behind_nat={host: HOW}, unasked={"server-c": ODD})


async def test_those_that_are_found_to_be_behind_nat_are_planned_for_at_once() -> None:
    fleet = fleet_of(meets=PAIR, apply_turns=[[found_out()]])
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until(lambda: fleet.calls.count("apply") == 3)
        await stage.until("✓ 6 of 6 directions up")
        told = log(stage)
        assert f"it is behind NAT: {HOW}" in told and f"it may be behind NAT: {ODD}" in told
        assert told.index(HOW) < told.index(NOW) < told.index(CALLING) < told.index(MET)
        assert fleet.calls.count("meet") == 1
        assert isinstance(stage.app.screen, ApplyScreen)


async def test_also_where_something_else_failed_but_not_where_it_was_taken_back() -> None:
    one_bad = replace(found_out(), failed={"server-c": "no answer"})
    fleet = fleet_of(meets=PAIR, apply_turns=[[one_bad], [one_bad]])
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until(lambda: fleet.calls.count("apply") >= 2)
    back = replace(found_out(), reverted="it was not kept")
    fleet = fleet_of(meets=PAIR, apply_turns=[[back]])
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until("taken back")
        assert fleet.calls.count("apply") == 1 and "meet" not in fleet.calls


async def test_who_looks_elsewhere_is_not_called_away() -> None:
    fleet = fleet_of(meets=PAIR, apply_gate=asyncio.Event())
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.press("escape")
        await stage.until(MeshScreen)
        assert fleet.apply_gate
        fleet.apply_gate.set()
        await stage.until(lambda: fleet.calls.count("apply") == 2)
        await stage.until(lambda: not stage.app.applying.running)
        assert isinstance(stage.app.screen, MeshScreen)


@pytest.mark.parametrize("meets", [None, PAIR], ids=["nobody", "in vain"])
async def test_where_nobody_met_nothing_follows(meets: list[frozenset[str]] | None) -> None:
    fleet = fleet_of(meets=meets, meet_ends_well=False)
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until(lambda: "meet" in fleet.calls)
        await stage.until("✓ 6 of 6 directions up")
        assert fleet.calls.count("apply") == 1
        assert MET not in log(stage)
        assert (CALLING in log(stage)) == (meets is not None)


async def test_after_an_apply_that_failed_nobody_calls() -> None:
    fleet = fleet_of(meets=PAIR, apply_events=list(taken_back(make_plan(make_mesh(3)))))
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until("taken back")
        assert "meet" not in fleet.calls


async def test_that_it_failed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise Unreachable("the line broke", host="server-b")

    fleet = fleet_of()
    monkeypatch.setattr(fleet, "meet", fails)
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until(lambda: "meet behind NAT: server-b: the line broke" in log(stage))


async def test_of_many_pairs_a_few_are_named() -> None:
    pairs = [frozenset({"server-a", f"server-{letter}"}) for letter in "bcdef"]
    fleet = fleet_of(meets=pairs, meet_ends_well=False)
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until(lambda: "so do 2 more pairs" in log(stage))
        assert log(stage).count("they call each other") == 3
