"""New keys: of one host, of several one after another, and the preshared ones of links."""

import re
from dataclasses import replace

import pytest
from presses import presses
from stage import Stage, on_stage
from standin import StandIn, make_mesh

from meshtui.errors import MeshError
from meshtui.fleet.events import ApplyResult
from meshtui.store.settings import Settings
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.plan import PlanScreen


def fleet_of(hosts: int = 3, *, psk: bool = False) -> StandIn:
    fleet = StandIn(replace(make_mesh(hosts), preshared_keys=psk))
    fleet.feed_all()
    return fleet


def asked(fleet: StandIn) -> list[str]:
    return [call for call in fleet.calls if "plan" in call]


def words(stage: Stage) -> str:
    """The screen's text, with the frame of a notice and every gap as one space."""
    return re.sub(r"[\s▌▐│]+", " ", stage.text())


async def command(stage: Stage, line: str) -> None:
    await stage.app.commands.do(line)
    await stage.pilot.pause()


@presses("mesh.rotate")
async def test_the_rows_host_gets_another_key(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet, size=(100, 30)) as stage:
        await stage.press("down", key)
        await stage.until(PlanScreen)
        text = await stage.until("switch-key")
        assert text.startswith(" another key for server-b  ")
        assert "prune" not in text, "a rotation removes nobody"
        assert "of the key that server-b will make" in text
        await stage.press("p", "A")
        await stage.until(ApplyScreen)
        await stage.until("directions up in")
        assert asked(fleet) == ["plan_rotation server-b"]
        assert "apply" in fleet.calls


async def test_marked_hosts_one_after_another_each_with_its_plan() -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press("x", "down", "down", "x", "X")
        await stage.until("another key for server-a, 1 of 2")
        await stage.until("switch-key")
        await stage.press("A")
        await stage.until("another key for server-c, 2 of 2")
        await stage.until("make-key")
        assert fleet.calls.count("apply") == 1, "nothing is changed that was not shown"
        await stage.press("A")
        await stage.until("directions up in")
        assert fleet.calls.count("apply") == 2


async def test_it_stops_at_the_first_that_does_not_end_well() -> None:
    fleet = fleet_of()
    fleet.apply_events = [ApplyResult({}, (), 1.0, reverted="server-c does not answer")]
    async with on_stage(fleet) as stage:
        await command(stage, "rotate --all")
        await stage.until("switch-key")
        await stage.press("A")
        await stage.until("taken back")
        said = "rotating stopped after server-a: server-b, server-c to go"
        await stage.until(lambda: said in words(stage))
        assert asked(fleet) == ["plan_rotation server-a"]


async def test_whoever_looks_elsewhere_is_told_and_finds_no_other_plan_there() -> None:
    fleet = fleet_of()
    fleet.pace = 0.05
    async with on_stage(fleet) as stage:
        await command(stage, "rotate server-a server-b")
        await stage.until("switch-key")
        await stage.press("A")
        await stage.until(ApplyScreen)
        await stage.press("escape")
        await stage.until("rotating stopped: server-b to go (:rotate goes on)")
        assert isinstance(stage.app.screen, MeshScreen)
        assert asked(fleet) == ["plan_rotation server-a"]


async def test_why_there_is_none() -> None:
    fleet = fleet_of()
    fleet.answers["plan_rotation"] = MeshError("hosts are not as mesh.toml wants them")
    async with on_stage(fleet) as stage:
        await stage.press("X")
        await stage.until("no plan: hosts are not as mesh.toml wants them")


@pytest.mark.parametrize("line", ["rotate --psk server-b", "rotate-psk server-b"])
async def test_new_preshared_keys(line: str) -> None:
    fleet = fleet_of(psk=True)
    async with on_stage(fleet) as stage:
        await command(stage, line)
        await stage.until("new preshared keys for the links of server-b")
        assert asked(fleet) == ["plan prune=False renew_psk=server-b"]


async def test_where_the_mesh_has_none() -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await command(stage, "rotate --psk --all")
        await stage.until("the mesh has no preshared keys")
        assert not asked(fleet)


@pytest.mark.parametrize("line", ["rotate server-a", "rotate-psk server-a"])
async def test_read_only_refuses(line: str) -> None:
    fleet = fleet_of(psk=True)
    async with on_stage(fleet, settings=Settings(theme="dark", read_only=True)) as stage:
        await command(stage, line)
        await stage.until("read-only")
        assert not asked(fleet)


async def test_the_hosts_are_completed() -> None:
    async with on_stage(fleet_of()) as stage:
        lines = [line for line, _ in stage.app.commands.complete("rotate server-a server-")]
        assert lines == [f"rotate server-a server-{letter}" for letter in "abc"]
        with pytest.raises(ValueError, match="no host 'x'"):
            await stage.app.commands.do("rotate x")
