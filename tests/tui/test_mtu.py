"""The screen that proposes an MTU."""

from __future__ import annotations

from presses import presses
from stage import on_stage
from standin import StandIn, make_mesh

from meshtui.fleet.reports import PathMtu
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.mtu import MtuScreen
from meshtui.tui.screens.plan import PlanScreen


class Narrow(StandIn):
    """One path is narrower than the others."""

    async def path_mtu(self, from_: str, to: str) -> PathMtu:
        self.calls.append(f"path_mtu {from_} {to}")
        if {from_, to} == {"server-b", "server-c"}:
            return PathMtu(from_, to, 1392, 1452, 1420, None, 4)
        return PathMtu(from_, to, 1420, 1500, 1420, None, 4)


@presses("mesh.mtu")
async def test_the_table_and_what_follows(key: str) -> None:
    async with on_stage(Narrow(make_mesh(3))) as stage:
        await stage.press(key)
        await stage.until(MtuScreen)
        text = await stage.until("mtu = 1392")
        rows = [line for line in text.splitlines() if " – " in line]
        worst = rows[0].split("≠ ")[1]
        assert " ".join(worst.split()) == "server-b – server-c 1420 1392 1452 IPv4 1392"
        assert len(rows) == 3
        assert "server-b–server-c now loses packets above 1392" in text


@presses("mtu.set")
async def test_the_value_becomes_a_plan(key: str) -> None:
    fleet = Narrow(make_mesh(3))
    async with on_stage(fleet) as stage:
        await stage.press("T")
        await stage.until("mtu = 1392")
        await stage.press(key)
        await stage.until(PlanScreen)
        assert "mtu = 1392 for the mesh" in stage.text()


@presses("mtu.again", "mtu.back")
async def test_again_and_back(key: str) -> None:
    fleet = StandIn(make_mesh(2))
    async with on_stage(fleet) as stage:
        await stage.press("T")
        await stage.until("every interface has it")
        # There is nothing to set.
        await stage.press("a")
        assert isinstance(stage.app.screen, MtuScreen)
        await stage.press(key)
        if key == "escape":
            await stage.until(MeshScreen)
        else:
            await stage.until(lambda: fleet.calls.count("path_mtu server-a server-b") == 2)
