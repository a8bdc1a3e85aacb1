"""A change that goes back by itself: the countdown, the question, keeping it, taking it back."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from presses import KEYS, presses
from stage import Stage, on_stage
from standin import (
    Applying,
    StandIn,
    confirmed,
    good_apply,
    make_mesh,
    make_plan,
    recovered,
    taken_back,
)

from meshtui.fleet.events import ApplyResult, Armed, Progress, Verdict
from meshtui.fleet.reports import Standing
from meshtui.store.settings import Settings
from meshtui.tui.apply_lines import apply_tree
from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.screens.host import HostScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.quit import QuitScreen
from meshtui.tui.widgets.tree import Branch

WORSE = "server-b does not reach server-c any more (is UDP let through?)"
TEXT = "change 12 by jo DIVERGED: server-a, server-c did not confirm what others did"
BROKEN = Standing(12, "jo", "2026-11-22T12:00:00Z", ("server-a", "server-c"), TEXT)


class Clock:
    """Seconds; it moves when a test says so."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def fleet_of(events: list[Applying] | None = None, **more: object) -> StandIn:
    return StandIn(make_mesh(3), apply_events=events, **more)  # type: ignore[arg-type]


def asking(*worse: str, within: float = 47.0, touches: bool = True) -> StandIn:
    return fleet_of(confirmed(make_plan(make_mesh(3)), 1000 + within, worse, touches=touches))


async def to_apply(stage: Stage) -> None:
    await stage.press("a")
    await stage.until("7 steps")
    await stage.press("A")
    await stage.until(ApplyScreen)


def lines_of(run: ApplyRun, width: int = 120) -> str:
    heads = (item for item in apply_tree(run, width) if isinstance(item, Branch))
    return "\n".join("".join(text for text, _ in (*one.head, *one.tail)) for one in heads)


# -- the lines


def taken(*events: Applying) -> ApplyRun:
    run = ApplyRun(make_plan(make_mesh(3)), lambda: 1000.0)
    for event in events:
        run.take(event)  # type: ignore[arg-type]
    return run


def test_phases_that_no_change_owes_show_only_where_there_are_any() -> None:
    assert taken().phases == ("key", "stage", "change", "verify")
    armed = taken(Progress("server-a", "arm", "running"))
    assert armed.phases == ("arm", "key", "stage", "change", "verify", "confirm")
    assert "» arm  · key  · stage  · change  · verify  · confirm" in lines_of(armed)
    back = taken(Armed(1047.0), Progress("server-a", "revert", "running"))
    assert back.phases == ("arm", "key", "stage", "change", "verify", "revert")


def test_where_the_phases_do_not_fit_their_marks_do() -> None:
    run = taken(*(Progress("server-a", "arm", s) for s in ("running", "done")))
    run.take(Progress("server-a", "stage", "running"))
    assert "✓ – » · · ·  stage" in lines_of(run, 60)


def test_a_host_that_went_back_is_told_apart() -> None:
    run = taken(Armed(1047.0), *taken_back(make_plan(make_mesh(3)), "it was not kept"))
    assert run.summary() == ("× taken back: it was not kept", "bad")
    assert lines_of(run).count("↶ server-") == 3
    run = taken(ApplyResult({"server-a": "no answer"}, (), 1.0, reverted="worse"))
    assert run.summary()[0] == "× taken back: worse; 1 host not as before"


def test_the_countdown_ends_with_the_first_host_that_keeps_it() -> None:
    run = taken(Armed(1046.2))
    assert run.left == 47
    run.take(Progress("server-a", "confirm", "running"))
    assert run.left is None


def test_an_apply_that_broke_off_while_armed_says_what_the_hosts_do() -> None:
    run = taken(Armed(1047.0))
    run.fail("lost")
    assert run.summary()[0].endswith("lost; hosts that were changed go back by themselves")


# -- the question


async def test_what_touches_nothing_is_kept_without_a_question() -> None:
    fleet = asking(touches=False)
    async with on_stage(fleet) as stage:
        await to_apply(stage)
        await stage.until("✓ 6 of 6 directions up")
        assert "keep True" in fleet.calls
        assert "is it to stay" not in stage.text()


@presses("app.keep")
async def test_a_change_that_touched_something_waits_to_be_kept(key: str) -> None:
    fleet, clock = asking(), Clock()
    async with on_stage(fleet, clock=clock) as stage:
        await to_apply(stage)
        text = await stage.until("is it to stay?")
        assert "nothing is worse than before" in text
        assert "goes back by itself in 47 s" in " ".join(text.split())
        clock.at += 7
        await stage.until(lambda: "in 40 s" in " ".join(stage.text().split()))
        await stage.press(key)
        await stage.until("✓ 6 of 6 directions up")
        assert "keep True" in fleet.calls
        assert "goes back" not in stage.text()


@pytest.mark.parametrize("known", [False, True], ids=["it is read", "the fleet has it"])
async def test_what_the_change_itself_wrote_into_mesh_toml_is_no_news(known: bool) -> None:
    fleet = asking()
    async with on_stage(fleet, clock=Clock()) as stage:
        await to_apply(stage)
        await stage.until("is it to stay?")
        wrote = replace(fleet.mesh, hosts_file=True)
        if known:
            fleet.mesh = wrote
        else:
            fleet.reloaded = wrote
        stage.app.applying.keep()
        await stage.until("✓ 6 of 6 directions up")
        await stage.until(lambda: stage.app.looking.live.mesh == wrote)
        told = [note.message for note in stage.app._notifications]
        assert not any("mesh.toml" in text for text in told)
        assert any("the same hosts" in entry.text for entry in stage.app.looking.log.entries)
        await stage.until(lambda: fleet.calls.count("watch") == 2)


@presses("app.revert")
async def test_or_to_be_taken_back(key: str) -> None:
    fleet = asking(WORSE)
    async with on_stage(fleet, clock=Clock()) as stage:
        await to_apply(stage)
        text = await stage.until("is it to stay?")
        assert "× 1 thing worked before and does not now" in text
        assert "server-b does not reach server-c any more" in text
        assert "→ is UDP let through?" in text
        assert "keep it; what is listed stays broken" in text
        await stage.press(key)
        await stage.until("× taken back: it was not kept")
        assert "keep False" in fleet.calls
        await stage.press("escape", "L")
        await stage.until("apply: × taken back: it was not kept")


async def test_nobody_answers() -> None:
    fleet = asking(within=0.3)
    async with on_stage(fleet, clock=Clock()) as stage:
        await to_apply(stage)
        await stage.until("× taken back: it was not kept")
        assert "keep False" in fleet.calls
        assert any("nobody answered" in entry.text for entry in stage.app.looking.log.entries)


@pytest.mark.parametrize("worse", [(), (WORSE,)], ids=["well", "worse"])
async def test_it_is_answered_from_another_screen(worse: tuple[str, ...]) -> None:
    fleet = asking(*worse)
    async with on_stage(fleet, clock=Clock(), size=(120, 30)) as stage:
        fleet.feed_all()
        await to_apply(stage)
        await stage.until("is it to stay?")
        await stage.press("escape")
        await stage.until(MeshScreen)
        await stage.until("keep? K / R, goes back in 47 s")
        await stage.press("o")
        await stage.until(HostScreen)
        await stage.until("keep? K / R, goes back in 47 s")
        await stage.press("K")
        if worse:
            text = await stage.until(ApplyScreen)
            assert "keep True" not in fleet.calls, "what stays broken is shown first"
            assert "stays broken" in text
            await stage.press("K")
        await stage.until(lambda: "keep True" in fleet.calls)


@pytest.mark.parametrize("keys", [("C",), ("exclamation_mark", "i", "d", "enter")])
async def test_it_counts_down_wherever_one_is(keys: tuple[str, ...]) -> None:
    clock = Clock()
    async with on_stage(asking(), clock=clock, size=(120, 30)) as stage:
        await to_apply(stage)
        await stage.until("is it to stay?")
        await stage.press("escape", *keys)
        await stage.until("keep? K / R, goes back in 47 s")
        clock.at += 7
        await stage.until("keep? K / R, goes back in 40 s")


# -- taken back before there is a verdict


def running(revert_gate: asyncio.Event | None = None) -> StandIn:
    events = [Armed(1047.0), *good_apply(make_plan(make_mesh(3)))]
    return fleet_of(events, apply_gate=asyncio.Event(), revert_gate=revert_gate)


async def test_taken_back_while_it_runs() -> None:
    gate = asyncio.Event()
    fleet = running(gate)
    async with on_stage(fleet, clock=Clock()) as stage:
        await to_apply(stage)
        text = await stage.until("It goes back by itself in 47 s")
        assert "take it back" in text
        await stage.press("R")
        await stage.until("taking it back")
        await stage.until("go back by themselves in 47 s")
        await stage.press("R", "K")
        assert fleet.calls.count("cancelled") == 1
        gate.set()
        text = await stage.until("× taken back: as you asked")
        assert text.count("↶ server-") == 3
        assert "reverted" in fleet.calls
        assert not stage.app.applying.running


async def test_too_late_to_take_back() -> None:
    fleet = fleet_of(confirmed(make_plan(make_mesh(3)), 1047.0, touches=False))
    fleet.apply_gate = asyncio.Event()
    async with on_stage(fleet, clock=Clock()) as stage:
        await to_apply(stage)
        await stage.until("✓ confirm")
        assert "goes back" not in stage.text()
        await stage.press("R")
        await stage.until("too late: hosts keep it already")
        await stage.press("q")
        await stage.until("the next start brings the others to it")


@pytest.mark.parametrize("key", ["K", "R"])
async def test_there_is_nothing_to_answer(key: str) -> None:
    async with on_stage(fleet_of()) as stage:
        await stage.press(key)
        await stage.until("there is no change")


async def test_quitting_says_that_the_hosts_go_back_and_waits_for_them() -> None:
    gate = asyncio.Event()
    fleet = running(gate)
    async with on_stage(fleet, clock=Clock()) as stage:
        await to_apply(stage)
        await stage.until("It goes back by itself")
        await stage.press("q")
        text = await stage.until(QuitScreen)
        assert "Quitting takes it back" in text
        assert "in 47 s at most" in text
        await stage.press("y")
        await stage.until(lambda: "cancelled" in fleet.calls)
        over = stage.app.applying.over
        assert not over.is_set(), "whoever waits for it waits for the hosts"
        gate.set()
        await stage.until(over.is_set)
        assert "reverted" in fleet.calls


# -- broken off


@pytest.fixture
def broken() -> Iterator[StandIn]:
    yield fleet_of(broken_off=BROKEN)


async def test_what_was_broken_off_is_told_and_recovered(broken: StandIn) -> None:
    async with on_stage(broken, size=(120, 30)) as stage:
        broken.feed_all()
        text = await stage.until(f"{TEXT} (R: recover)")
        assert "DIVERGED, R: recover" in text
        await stage.press("R")
        await stage.until(ApplyScreen)
        await stage.until("✓ change 12 recovered in 2.1 s: every host has it")
        await stage.press("escape")
        await stage.until("DIVERGED", gone=True)


async def test_recovered_by_going_back(broken: StandIn) -> None:
    broken.recover_events = recovered(broken.mesh, "no host had kept it")
    async with on_stage(broken) as stage:
        await stage.until("did not confirm")
        await stage.press("R")
        text = await stage.until("✓ change 12 recovered in 2.1 s: taken back, no host had kept it")
        assert "✓ revert" in text
        assert "verify" not in text, "a recovery has no such phase"


async def test_a_recovery_that_fails_is_offered_again(broken: StandIn) -> None:
    broken.recover_events = [ApplyResult({"server-c": "no answer"}, (), 1.0)]
    async with on_stage(broken) as stage:
        await stage.until("did not confirm")
        await stage.press("R")
        await stage.until("1 host not as planned")
        broken.broken_off = BROKEN
        await stage.press("escape")
        await stage.press("r")
        await stage.until("DIVERGED, R: recover")


async def test_nothing_is_recovered_read_only(broken: StandIn) -> None:
    async with on_stage(broken, settings=Settings(theme="dark", read_only=True)) as stage:
        await stage.until("did not confirm")
        await stage.press("R")
        await stage.until("read-only: start without --read-only")
        assert "recover" not in broken.calls


async def test_that_nobody_knows_what_was_broken_off_is_told() -> None:
    fleet = fleet_of(broken_off=OSError("the journal is gone"))
    async with on_stage(fleet) as stage:
        await stage.until("the journal is gone")


def test_the_keys_are_deliberate() -> None:
    assert KEYS["app.keep"] == ("K",)
    assert KEYS["app.revert"] == ("R",)


def test_the_question_outlives_what_was_proved() -> None:
    run = taken(Armed(1047.0))
    verdict = Verdict((WORSE,), (), touches=True, until=1047.0)
    run.ask(verdict)
    assert run.summary()[0] == "» it runs, and waits for your answer: is it to stay?"
    run.answered(keep=True)
    assert "1 thing worked before" in lines_of(run), "what stays broken stays listed"
