"""A new peer from its key to its apply, and what it imports, shown once."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from presses import presses
from stage import Stage, on_stage
from test_changing import fleet_of, type_in, words

from meshtui.fleet.device import Given
from meshtui.mesh.model import Device
from meshtui.qr import compact, half_blocks
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.screens.device import DeviceScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.plan import PlanScreen
from meshtui.tui.screens.prompt import PromptScreen
from meshtui.tui.widgets.calm import Calm
from meshtui.wg.keys import Secret, keypair

PUBLIC = keypair(bytes(32))[1]
PRIVATE = "cGhvbmUncyBwcml2YXRlIGtleSwgd2hpY2ggaXMgMzI="
CONF = f"[Interface]\nPrivateKey = {PRIVATE}\nAddress = 10.0.0.7/32\n"


async def shown(stage: Stage, *, secret: bool = True) -> None:
    stage.app.push_screen(DeviceScreen(Given("phone", Secret(CONF), secret)))
    await stage.until(DeviceScreen)
    await stage.pilot.pause()


def code_of(stage: Stage) -> str:
    return stage.app.screen.query_one("#code", Calm).said


@presses("mesh.add_peer")
async def test_a_peer_is_added_and_its_configuration_is_shown(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet, size=(200, 60)) as stage:
        await stage.press(key)
        await stage.until("a new peer")
        await type_in(stage, "phone")
        await stage.press("enter")
        await stage.until(PlanScreen)
        assert "+[peers.phone]" in await stage.until("steps on")
        await stage.press("A")
        await stage.until(DeviceScreen)
        text = stage.text()
        assert "shown this once" in text and "PrivateKey = " in text and "# server-b" in text
        assert "█▀▀▀▀▀█" in text
        private = text.split("PrivateKey = ")[1].split()[0]
        await stage.press("escape")
        await stage.until("It is not shown again")
        await stage.press("escape")
        await stage.until(ApplyScreen)
        await stage.press("escape")
        await stage.until(MeshScreen)
        assert "phone" in stage.app.looking.live.mesh.peers
        assert private not in stage.text()
        assert not any(private in line.text for line in stage.app.looking.log.entries)


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        (("server-a",), "name", "there is a host server-a already"),
        (("phone", "server-z"), "name", "server-z"),
        (("phone", "", "", "10.0.0"), "address", "expected one such as"),
        (("phone", "", "", "", "short"), "public-key", "44 characters"),
    ],
)
async def test_what_is_wrong_is_said(said: tuple[str, ...], field: str, why: str) -> None:
    async with on_stage(fleet_of()) as stage:
        await stage.press("p")
        await stage.until("a new peer")
        for text in said:
            await type_in(stage, text)
            await stage.press("tab")
        await stage.press("enter")
        await stage.until(lambda: why in words(stage))
        assert stage.app.screen.focused is stage.app.screen.query_one(f"#{field}")


@presses("device.turn")
async def test_where_both_have_no_room_they_take_turns(key: str) -> None:
    async with on_stage(fleet_of(), size=(80, 24)) as stage:
        await shown(stage)
        assert code_of(stage) == "\n".join(half_blocks(compact(CONF)) or [])
        assert "PrivateKey" not in stage.text()
        await stage.press(key)
        assert f"PrivateKey = {PRIVATE}" in stage.text() and "█▀▀▀▀▀█" not in stage.text()
        await stage.press(key)
        assert "█▀▀▀▀▀█" in stage.text()


async def test_a_code_that_has_no_room_says_how_much_it_needs() -> None:
    async with on_stage(fleet_of(), size=(80, 24)) as stage:
        await shown(stage)
        await stage.pilot.resize_terminal(80, 15)
        text = await stage.until("takes 41 × 24, and here are 80 × 15")
        assert "PrivateKey" in text
        await stage.pilot.resize_terminal(120, 40)
        text = await stage.until("█▀▀▀▀▀█")
        assert "PrivateKey" in text, "beside each other"


@presses("device.save")
async def test_it_is_saved_for_its_owner_alone(key: str, tmp_path: Path) -> None:
    path = tmp_path / "phone.conf"
    async with on_stage(fleet_of()) as stage:
        await shown(stage)
        for said in ("saved as", "is there already"):
            await stage.press(key)
            await stage.until(PromptScreen)
            assert "phone.conf" in stage.text()
            await stage.press("ctrl+u")
            await type_in(stage, str(path))
            await stage.press("enter")
            await stage.until(lambda said=said: said in words(stage))
        assert path.read_text() == CONF
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await stage.press("escape")
        await stage.until(MeshScreen)


@presses("device.back")
async def test_nothing_is_lost_unsaid(key: str) -> None:
    async with on_stage(fleet_of()) as stage:
        await shown(stage)
        await stage.press("q")
        await stage.press(key)
        await stage.until("It is not shown again")
        await stage.press(key)
        await stage.until(MeshScreen)
        await shown(stage, secret=False)
        assert "█▀▀▀▀▀█" not in stage.text()
        await stage.press(key)
        await stage.until(MeshScreen)


async def test_what_is_typed_of_a_peer(tmp_path: Path) -> None:
    fleet = fleet_of()
    fleet.mesh = replace(fleet.mesh, peers={"phone": Device("phone", public_key=PUBLIC)})
    fleet.feed_all()
    async with on_stage(fleet, size=(120, 40)) as stage:
        for line, title in (
            ("remove phone", "remove phone"),
            ("rename pho tablet", "another name for phone"),
            ("disable phone", "disable phone"),
            ("rotate phone", "another key for phone"),
        ):
            await stage.app.commands.do(line)
            await stage.until(title)
            if line.startswith("rename"):
                await stage.press("enter")
            await stage.until(PlanScreen)
            await stage.until("▾ mesh.toml")
            await stage.press("escape")
            await stage.until(MeshScreen)
