"""Hosts that come, go and change, and the list of changes: each from its key to its apply."""

import re
from dataclasses import replace
from ipaddress import ip_interface

import pytest
from presses import presses
from proposed import disabled
from stage import Stage, on_stage
from standin import StandIn, make_mesh
from textual.widgets import Input

from meshtui.errors import MeshError, Unreachable
from meshtui.store.changes import Change
from meshtui.store.settings import Settings
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.screens.changes import ChangesScreen
from meshtui.tui.screens.form import FormScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.plan import PlanScreen


def fleet_of(hosts: int = 3) -> StandIn:
    fleet = StandIn(make_mesh(hosts))
    fleet.feed_all()
    return fleet


def words(stage: Stage) -> str:
    """The screen's text with every gap and frame as one space."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", stage.text())


async def type_in(stage: Stage, text: str) -> None:
    for character in text:
        stage.app.screen.query_one("Input:focus", Input).insert_text_at_cursor(character)
    await stage.pilot.pause()


async def apply(stage: Stage) -> None:
    await stage.press("A")
    await stage.until(ApplyScreen)
    await stage.until("directions up in")
    await stage.press("escape")
    await stage.until(MeshScreen)


# -- a new host


@presses("mesh.add")
async def test_a_host_is_added(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet, size=(80, 24)) as stage:
        await stage.press(key)
        text = await stage.until("a new host")
        assert "user@host[:port]" in text
        await type_in(stage, "server-d")
        await stage.press("tab")
        await type_in(stage, "root@203.0.113.4")
        await stage.press("enter")
        await stage.until(PlanScreen)
        text = await stage.until("3 steps on 3 hosts")
        assert text.startswith(" a new host  ")
        assert "▾ mesh.toml  +3" in text
        assert "+[hosts.server-d]" in text
        assert "server-d" not in fleet.mesh.hosts, "nothing is made before it is applied"
        await apply(stage)
        await stage.until(" server-d 10.0.0.4 ")
        assert "close the proposal" in fleet.calls


@presses("form.cancel")
async def test_or_it_is_not(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press("n")
        await stage.until(FormScreen)
        await stage.press(key)
        await stage.until(MeshScreen)
        assert not [call for call in fleet.calls if call.startswith("propose")]


async def test_a_plan_that_is_left_closes_what_was_proposed() -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press("D")
        await stage.until("steps on")
        await stage.press("escape")
        await stage.until(lambda: "close the proposal" in fleet.calls)
        assert "server-a" in fleet.mesh.hosts
        assert "apply" not in fleet.calls


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        (("server-a", "root@x"), "name", "there is a host server-a already"),
        (("no name", "root@x"), "name", "is not a name for a host"),
        (("", "root@x"), "name", "is not a name for a host"),
        (("server-d", ""), "ssh", "is empty: where does SSH reach it?"),
        (("server-d", "a b c"), "ssh", "expected one such as"),
        (("server-d", "root@x", "1.2.3.4:99999"), "endpoint", "expected one such as"),
        (("server-d", "root@x", "", "10.0.0"), "address", "expected one such as"),
        (("[red]x[/]\x1b[31m", "root@x"), "name", "[red]x[/]"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    said: tuple[str, ...], field: str, why: str
) -> None:
    fleet = fleet_of()
    async with on_stage(fleet, size=(80, 24)) as stage:
        await stage.press("n")
        await stage.until(FormScreen)
        for id_, text in zip(("name", "ssh", "endpoint", "address"), said, strict=False):
            stage.app.screen.query_one(f"#{id_}", Input).value = text
        await stage.press("enter")
        await stage.until(lambda: why in words(stage))
        assert isinstance(stage.app.focused, Input)
        assert stage.app.focused.id == field
        assert "--" not in words(stage), "options are the command line's"
        await stage.press("escape")
        assert not [call for call in fleet.calls if call.startswith("plan")], "no host was asked"


async def test_a_host_that_cannot_be_reached_is_not_added() -> None:
    fleet = fleet_of()
    fleet.plan_result = Unreachable("no answer: it was not added", host="server-d")
    async with on_stage(fleet) as stage:
        await stage.press("n")
        await stage.until(FormScreen)
        await type_in(stage, "server-d")
        await stage.press("tab")
        await type_in(stage, "root@x")
        await stage.press("enter")
        await stage.until("× no plan: server-d: no answer: it was not added")
        await stage.press("A")
        assert "apply" not in fleet.calls


@presses("form.next")
async def test_the_next_field(key: str) -> None:
    async with on_stage(fleet_of()) as stage:
        await stage.press("n")
        await stage.until(FormScreen)
        await stage.press(key)
        assert stage.app.focused is stage.app.screen.query_one("#ssh")


@presses("form.previous")
async def test_the_field_before(key: str) -> None:
    async with on_stage(fleet_of()) as stage:
        await stage.press("n")
        await stage.until(FormScreen)
        await stage.press("tab", key)
        assert stage.app.focused is stage.app.screen.query_one("#name")


@presses("form.submit")
async def test_the_plan_of_what_is_filled_in(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press("N")
        await stage.until(FormScreen)
        await type_in(stage, "alpha")
        await stage.press(key)
        await stage.until(PlanScreen)
        assert "propose rename server-a alpha" in fleet.calls


# -- one that is there


@presses("mesh.rename")
async def test_a_host_is_renamed(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press("j", key)
        await stage.until("another name for server-b")
        await type_in(stage, "server-c")
        await stage.press("enter")
        await stage.until("there is a host server-c already")
        await type_in(stage, "2")
        await stage.press("enter")
        await stage.until("+[hosts.server-c2]")
        await apply(stage)
        await stage.until(lambda: list(fleet.mesh.hosts) == ["server-a", "server-c2", "server-c"])


@presses("mesh.set")
async def test_a_host_is_set(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet, size=(80, 24)) as stage:
        await stage.press(key)
        text = await stage.until("settings of server-a")
        assert "51820" in text
        assert "10.0.0.1" in text
        await stage.press("enter")
        await stage.until("nothing here is another than it was")
        stage.app.screen.query_one("#keepalive", Input).value = "often"
        await stage.press("enter")
        await stage.until(lambda: getattr(stage.app.focused, "id", "") == "keepalive")
        stage.app.screen.query_one("#keepalive", Input).value = "25"
        stage.app.screen.query_one("#endpoint", Input).value = "none"
        await stage.press("enter")
        text = await stage.until(PlanScreen)
        assert "+persistent_keepalive = 25" in text
        assert '+endpoint = "none"' in text
        assert "listen_port" not in text.replace(" ", "").split("+endpoint")[1], "it stays"
        await apply(stage)
        await stage.until(lambda: fleet.mesh.hosts["server-a"].persistent_keepalive == 25)


async def test_a_form_shows_what_the_fleet_found_out_since() -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.until(lambda: stage.app.fleet is not None)
        own = replace(fleet.mesh.hosts["server-a"], addresses=(ip_interface("10.0.0.99/16"),))
        fleet.mesh = replace(fleet.mesh, hosts={**fleet.mesh.hosts, "server-a": own})
        await stage.press("e")
        await stage.until("settings of server-a")
        assert stage.app.screen.query_one("#address", Input).value == "10.0.0.99"


async def test_what_is_emptied_is_as_for_all() -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press("e")
        await stage.until("settings of server-a")
        stage.app.screen.query_one("#address", Input).value = ""
        await stage.press("enter")
        await stage.until("it needs one at least")
        stage.app.screen.query_one("#address", Input).value = "10.0.0.77"
        stage.app.screen.query_one("#mtu", Input).value = "1380"
        await stage.press("enter")
        await stage.until("+mtu = 1380")
        await apply(stage)
        await stage.until(lambda: fleet.mesh.hosts["server-a"].mtu == 1380)
        await stage.press("e")
        await stage.until("1380")
        stage.app.screen.query_one("#mtu", Input).value = ""
        await stage.press("enter")
        await stage.until("-mtu = 1380")


@presses("mesh.remove")
async def test_a_host_is_removed(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press("j", key)
        text = await stage.until("-[hosts.server-b]")
        assert text.startswith(" remove server-b  ")
        await apply(stage)
        await stage.until(lambda: "server-b" not in stage.app.looking.live.mesh.hosts)


async def test_the_last_host_stays() -> None:
    async with on_stage(fleet_of(1)) as stage:
        await stage.press("D")
        await stage.until("server-a is the last host of the mesh")
        assert isinstance(stage.app.screen, MeshScreen)


@presses("mesh.switch")
async def test_a_link_or_a_host_is_disabled_and_enabled_again(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press(key)
        text = await stage.until("+disabled = true")
        assert text.startswith(" disable server-a ⇄ server-b  ")
        await apply(stage)
        await stage.until(lambda: fleet.mesh.links != ())
        await stage.press(key)
        await stage.until(" enable server-a ⇄ server-b  ")
        await stage.until("-disabled = true")
        await stage.press("escape", "h", key)
        await stage.until("disable server-a  ")


async def test_a_disabled_host_is_enabled() -> None:
    fleet = fleet_of()
    disabled(fleet, "server-a")
    async with on_stage(fleet) as stage:
        await stage.press("h", "E")
        await stage.until("enable server-a  ")


@presses("mesh.undo", "changes.undo")
async def test_the_last_change_is_undone(key: str) -> None:
    fleet = fleet_of()
    async with on_stage(fleet) as stage:
        await stage.press(key)
        await stage.until("nothing was applied: there is nothing to go back to")
        await stage.press("D")
        await stage.until("-[hosts.server-a]")
        await apply(stage)
        await stage.until(lambda: "server-a" not in fleet.mesh.hosts)
        await stage.press("C")
        await stage.until(ChangesScreen)
        await stage.press(key)
        text = await stage.until("+[hosts.server-a]")
        assert text.startswith(" undo the last change  ")


# -- what was changed


JOURNAL = [
    Change(1, "apply", "2026-11-20T10:00:00+00:00", "jo", "2 hosts to change: 7 steps"),
    Change(2, "run", "2026-11-21T10:00:00+00:00", "jo", "a command on 2 hosts", hosts=["a", "b"]),
    Change(
        3,
        "apply",
        "2026-11-22T10:00:00+00:00",
        "[red]al[/]\x1b[31m",
        "1 host to change: 2 steps",
        steps={"server-a": ["set-peer server-b"]},
        failed={"server-b": "no answer"},
        up=5,
        directions=6,
        seconds=3.25,
        receipt="0 of 4 sessions that were there renewed a handshake",
    ),
]


@presses("mesh.changes")
async def test_the_list_of_changes(key: str) -> None:
    fleet = fleet_of()
    fleet.journal = JOURNAL
    async with on_stage(fleet) as stage:
        await stage.press(key)
        text = await stage.until("3 changes")
        assert text.index("  3  2026-11-22 10:00:00") < text.index("  1  2026-11-20 10:00:00")
        assert "[red]al[/]␛[31m" in text
        await stage.press("enter")
        text = await stage.until("5 of 6 directions up in 3.2 s, 1 host not as planned")
        assert "0 of 4 sessions" in text
        assert "× server-b: no answer" in text
        assert "  set-peer server-b" in text
        await stage.press("G", "enter")
        await stage.until("broken off after nothing was begun")


@presses("changes.back")
async def test_back_from_it(key: str) -> None:
    async with on_stage(fleet_of()) as stage:
        await stage.press("C")
        await stage.until("nothing was changed from here yet")
        await stage.press(key)
        await stage.until(MeshScreen)


async def test_a_journal_that_cannot_be_read() -> None:
    fleet = fleet_of()
    fleet.answers["changes"] = MeshError("the journal is in ruins")
    async with on_stage(fleet) as stage:
        await stage.press("C")
        await stage.until("× they cannot be told: the journal is in ruins")


# -- when it is refused


@pytest.mark.parametrize("key", ["n", "e", "N", "D", "E", "u"])
async def test_read_only_refuses(key: str) -> None:
    fleet = fleet_of()
    settings = Settings(theme="dark", read_only=True)
    async with on_stage(fleet, settings=settings) as stage:
        await stage.press(key)
        await stage.until("read-only: start without --read-only")
        assert isinstance(stage.app.screen, MeshScreen)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("add server-x root@x", "root@x"),
        ("remove server-b", "remove server-b"),
        ("rename server-b beta", "beta"),
        ("set server-c", "settings of server-c"),
        ("disable server-a server-c", "disable server-a ⇄ server-c"),
        ("enable server-b", "enable server-b"),
        ("undo", "nothing to go back to"),
        ("changes", "nothing was changed from here yet"),
        ("remove server-z", "there is no host 'server-z'"),
    ],
)
async def test_as_commands(line: str, expected: str) -> None:
    async with on_stage(fleet_of()) as stage:
        await stage.app._command(line)
        await stage.until(expected)
