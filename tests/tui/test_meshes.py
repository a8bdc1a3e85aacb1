"""Several meshes on one screen, one at a time."""

from __future__ import annotations

from presses import presses
from stage import on_stage
from standin import StandIn, make_mesh, make_plan

from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.meshes import Shown


def two() -> tuple[StandIn, StandIn]:
    return StandIn(make_mesh(3)), StandIn(make_mesh(2, "office"))


@presses("app.next_mesh")
async def test_the_key_shows_the_next_mesh_and_nothing_of_the_other(key: str) -> None:
    prod, office = two()
    async with on_stage(prod, others=[Shown(office.mesh, office.open)]) as stage:
        prod.feed_all()
        text = await stage.until("3/3")
        assert "prod wg0" in text and "mesh 1/2" in text
        await stage.press("x", key)
        # Its hosts have the same names: what the other mesh's said is not theirs.
        text = await stage.until("0/2")
        assert "office wg0" in text and "mesh 2/2" in text and "server-c" not in text
        assert "2 connecting" in text and "marked" not in text
        await stage.until(lambda: prod.closed)
        prod.feed_all()
        office.feed_all()
        await stage.until("2/2 up")
        assert stage.app.fleet is office
        await stage.press(key)
        await stage.until("prod wg0")
        prod.feed_all()
        await stage.until("3/3")


async def test_by_its_name_from_any_screen() -> None:
    prod, office = two()
    async with on_stage(prod, others=[Shown(office.mesh, office.open)]) as stage:
        prod.feed_all()
        await stage.until("3/3")
        await stage.press("o")
        await stage.app.commands.do("mesh office")
        await stage.until("office wg0")
        await stage.app._command("mesh nowhere")
        await stage.until("there is no mesh 'nowhere': prod, office")


async def test_one_mesh_alone() -> None:
    fleet = StandIn(make_mesh(2))
    async with on_stage(fleet) as stage:
        assert "mesh 1/1" not in stage.text()
        await stage.press("M")
        await stage.until("the only mesh")


async def test_not_while_an_apply_is_under_way() -> None:
    prod, office = two()
    async with on_stage(prod, others=[Shown(office.mesh, office.open)]) as stage:
        stage.app.applying.run = ApplyRun(make_plan(prod.mesh), stage.app.clock)
        assert stage.app.applying.running
        await stage.press("M")
        await stage.until("an apply is under way")
        assert stage.app.fleet is prod


async def test_what_the_file_says_by_now() -> None:
    prod, office = two()
    old = make_mesh(4, "office")
    async with on_stage(prod, others=[Shown(old, office.open)]) as stage:
        await stage.press("M")
        await stage.until("0/2")
