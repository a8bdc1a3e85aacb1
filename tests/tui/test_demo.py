"""The story of a demo, its faults by key and by command, and nothing of it anywhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from embedded import Embedded, demo_app, embedded_fleet
from presses import presses
from rich.console import Console
from stage import Stage, settled

from meshtui.errors import MeshError
from meshtui.store.settings import Settings
from meshtui.tui.actions import ACTIONS
from meshtui.tui.demo.chooser import FaultScreen
from meshtui.tui.demo.faults import KINDS, Fault
from meshtui.tui.demo.scene import Scene
from meshtui.tui.demo.script import Script
from meshtui.tui.demo.story import PARTS, Story
from meshtui.tui.demo.strip import strip_text
from meshtui.tui.keymap import Keymap
from meshtui.tui.screens.drift import DriftScreen
from meshtui.tui.screens.form import FormScreen
from meshtui.tui.screens.link import LinkScreen
from meshtui.tui.screens.plan import PlanScreen

ON = Fault("down", ("fra-1",))


@asynccontextmanager
async def on_demo(demo: Embedded, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Stage]:
    app = demo_app(demo)
    async with app.run_test(size=size, notifications=True) as pilot:
        demo.look()
        await settled(app)
        yield Stage(app, demo.fleet, pilot)


def story_at(name: str) -> Story:
    story = Story()
    while story.part.name != name:
        story.skip()
    return story


WHOLE = Scene(healthy=6, directions=6, keys={"a": "k", "b": "l", "c": "m"})


def test_a_mesh_that_runs_begins_with_what_can_go_wrong() -> None:
    story = Story()
    story.look(WHOLE)
    assert story.part.name == "kill"


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        ("plan", Scene(directions=6), Scene(directions=6, front="PlanScreen")),
        ("apply", Scene(directions=6, running=True), WHOLE._replace(front="ApplyScreen")),
        ("grid", WHOLE._replace(front="ApplyScreen"), WHOLE),
        ("kill", WHOLE, WHOLE._replace(on=(ON,), healthy=2)),
        (
            "see",
            WHOLE._replace(on=(ON,), front="LinkScreen", about=("sgp-1", "nyc-1")),
            WHOLE._replace(on=(ON,), front="LinkScreen", about=("sgp-1", "fra-1")),
        ),
        ("revive", WHOLE._replace(healthy=5), WHOLE),
        ("add", WHOLE, WHOLE._replace(applied=1, keys={**WHOLE.keys, "d": "n"})),
        ("rotate", WHOLE._replace(applied=1), WHOLE._replace(applied=2, keys={"a": "other"})),
        ("heal", WHOLE._replace(healthy=5), WHOLE),
        ("forget", WHOLE, WHOLE._replace(done=1, missing=frozenset({"a"}))),
        ("repair", WHOLE._replace(drift=frozenset({"a"})), WHOLE),
        ("undo", WHOLE, WHOLE._replace(keys={"a": "k"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_goes_on_by_what_happened(part: str, before: Scene, after: Scene) -> None:
    story = story_at(part)
    story._begun, story._since = True, before
    story.look(before)
    assert story.part.name == part
    at = story.at
    story.look(after)
    assert story.at > at


def test_every_line_fits_on_two_of_eighty_columns_and_its_keys_are_real() -> None:
    scenes = [Scene(), WHOLE, WHOLE._replace(on=(ON,)), WHOLE._replace(asking=True, running=True)]
    fronts = ("MeshScreen", "PlanScreen", "ApplyScreen", "LinkScreen", "DriftScreen")
    console = Console()
    keymap, names = Keymap(), {action.name for action in ACTIONS}

    def key(name: str) -> str:
        assert name in names
        return keymap.of(name)

    for part in PARTS:
        story = story_at(part.name)
        for scene in scenes:
            for front in fronts:
                story.scene = scene._replace(
                    front=front, row="office", spare="nyc-12", stale=frozenset({"fra-1"})
                )
                text = strip_text(story, key)
                lines = text.wrap(console, 80 - 2 - len(". next  H hide") - 2)
                assert len(lines) <= 2, text.plain


async def test_the_strip_is_on_every_screen_and_follows() -> None:
    demo = Embedded()
    demo.formed = False
    async with on_demo(demo) as stage:
        await stage.until("1/15")
        await stage.press("a")
        await stage.until(PlanScreen)
        await stage.until("2/15")
        await stage.press("escape")
        demo.formed = True
        demo.look()
        await stage.until("4/15")


@presses("demo.fault", "faults.choose")
async def test_a_host_is_killed_and_healed_by_keys(key: str) -> None:
    demo = Embedded()
    async with on_demo(demo) as stage:
        await stage.until("4/15")
        await stage.press("F")
        await stage.until(FaultScreen)
        await stage.press("enter")
        await stage.until("unreachable")
        await stage.until("5/15")
        await stage.press("enter")
        await stage.until(LinkScreen)
        await stage.until("6/15")
        await stage.press("F")
        assert "heal fra-1" in await stage.until(FaultScreen)
        await stage.press("enter")
        await stage.until("7/15")
        assert demo.calls == ["down fra-1 on", "down fra-1 off"]


@presses("faults.up", "faults.down")
async def test_one_of_the_list_is_marked(key: str) -> None:
    demo = Embedded()
    async with on_demo(demo) as stage:
        await stage.press("F")
        screen = await stage.until_screen(FaultScreen)
        await stage.press(key)
        await stage.press("enter")
        await stage.until(lambda: demo.calls)
        last = key in ("up", "k")
        assert demo.calls == ["forget fra-1 fra-2 on" if last else "slow fra-1 on"]
        assert not screen.is_current


@presses("faults.cancel")
async def test_the_list_is_left(key: str) -> None:
    demo = Embedded()
    async with on_demo(demo) as stage:
        await stage.press("F")
        await stage.until(FaultScreen)
        await stage.press(key)
        await stage.until(FaultScreen, gone=True)
        assert demo.calls == []


@presses("demo.skip")
async def test_a_part_is_skipped(key: str) -> None:
    async with on_demo(Embedded()) as stage:
        await stage.until("4/15")
        await stage.press(key)
        await stage.until("5/15")


@presses("demo.hide")
async def test_the_strip_is_hidden_and_shown(key: str) -> None:
    async with on_demo(Embedded()) as stage:
        await stage.until("4/15")
        await stage.press(key)
        await stage.until("4/15", gone=True)
        await stage.press(key)
        await stage.until("4/15")


async def test_the_form_for_a_new_host_is_filled_in() -> None:
    async with on_demo(Embedded()) as stage:
        await stage.press("n")
        await stage.until(FormScreen)
        text = await stage.until("192.0.2.22:51820")
        assert text.count("sgp-2") == 2


async def test_what_was_removed_is_drift() -> None:
    demo = Embedded()
    async with on_demo(demo) as stage:
        while stage.app.story.part.name != "forget":
            await stage.press("full_stop")
        await stage.press("colon", *"fault forget fra-1 nyc-1", "enter")
        await stage.until("14/15")
        await stage.press("d")
        await stage.until(DriftScreen)
        await stage.until("plans what mends")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fault flood fra-1", "there is no fault 'flood'"),
        ("fault block fra-1", "block takes two hosts"),
        ("fault down fra-1 nyc-1", "down takes one host"),
        ("heal", "nothing was done"),
        ("fault down x", "there is no host 'x'"),
    ],
)
async def test_a_command_that_cannot_be(line: str, said: str) -> None:
    demo = Embedded()
    async with on_demo(demo) as stage:
        await stage.app._command(line)
        await stage.until(said)
        assert demo.calls == []


async def test_commands_are_completed_and_heal() -> None:
    demo = Embedded()
    async with on_demo(demo) as stage:
        commands = stage.app.commands
        assert [line for line, _ in commands.complete("fault ")] == [
            f"fault {kind}" for kind in sorted(KINDS)
        ]
        assert commands.complete("fault block fra-1 ny") == [("fault block fra-1 nyc-1", "")]
        await stage.app._command("fault block fra-1 nyc-1")
        await stage.app._command("fault slow sgp-1")
        await stage.app._command("heal sgp-1")
        await stage.app._command("heal")
        assert demo.calls == [
            "block fra-1 nyc-1 on",
            "slow sgp-1 on",
            "slow sgp-1 off",
            "block fra-1 nyc-1 off",
        ]


async def test_its_keys_are_in_the_help_of_a_demo_only() -> None:
    async with on_demo(Embedded()) as stage:
        await stage.press("question_mark")
        await stage.until("show what would change")
        assert "In a demo" in stage.lines.plain


async def test_the_script_plays_it_to_its_end() -> None:
    demo, said = embedded_fleet(), []
    app = demo_app(demo, settings=Settings(theme="dark", interval=0.5))
    script = Script(app, said.append)
    await app.run_async(headless=True, size=(120, 36), auto_pilot=script.play)
    assert script.failure is None
    assert [line.split()[2] for line in said[:-1]] == [part.name for part in PARTS[:-1]]
    assert said[-1] == "12 of 12 directions up"
    assert demo.calls == [
        "down fra-1 on",
        "down fra-1 off",
        "block fra-1 fra-2 on",
        "block fra-1 fra-2 off",
        "forget fra-2 fra-1 on",
    ]


async def test_the_script_says_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshtui.tui.demo.script.WITHIN", 1.0)
    demo, said = embedded_fleet(), []
    demo.fleet.apply_events = [MeshError("no space left on device", host="fra-2")]
    app = demo_app(demo)
    script = Script(app, said.append)
    await app.run_async(headless=True, size=(120, 36), auto_pilot=script.play)
    assert script.failure is not None
    assert script.failure.startswith("apply: ")
    assert "no space left on device" in script.failure
