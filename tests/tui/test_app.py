"""What the app does with what the fleet says."""

import asyncio
import gc
import subprocess
import sys
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from stage import Stage as Play
from stage import on_stage as playing
from standin import StandIn, dead, make_mesh, make_plan, poll

from meshtui.errors import UnknownHostKey, Unreachable, UsageError
from meshtui.fleet.events import HostPolled, LinkStatus, Progress
from meshtui.plan.model import HostPlan, Plan
from meshtui.tui.app import MeshApp
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.screens.hostkey import HostKeyScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.plan import PlanScreen
from meshtui.tui.screens.quit import QuitScreen
from meshtui.tui.start import check_terminal


async def test_the_first_frame_comes_before_the_fleet() -> None:
    fleet = StandIn(make_mesh(3))
    drawn: list[int] = []

    async def open_fleet(ask: object) -> StandIn:
        drawn.append(len(app.mesh_screen.grid._canvas.drawn))
        return fleet

    app = MeshApp(fleet.mesh, open_fleet)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        play = Play(app, fleet, pilot)
        assert drawn == [3], "three hosts"
        assert "3 connecting" in play.text()
        assert "0/3" in play.text()


async def test_fills_in_as_hosts_answer() -> None:
    fleet = StandIn(make_mesh(3))
    async with playing(fleet) as play:
        fleet.feed(poll(fleet.mesh, "server-b"))
        text = await play.until("1/3")
        assert "2 connecting" in text
        fleet.feed_all()
        text = await play.until("3/3")
        assert "directions 6/6 healthy" in text
        assert "server-a → server-b  ● up" in text


async def test_the_age_of_the_data_shows_when_nothing_comes() -> None:
    fleet, now = StandIn(make_mesh(2)), 1000.0
    async with playing(fleet, clock=lambda: now) as play:
        fleet.feed_all()
        await play.until("live")
        now = 1065.0
        await play.until("data 1 min 5 s old")
        fleet.feed_all()
        await play.until("live")


async def test_a_host_dies_while_on_screen() -> None:
    fleet = StandIn(make_mesh(3))
    async with playing(fleet) as play:
        fleet.feed_all()
        await play.until("3/3")
        fleet.feed(dead(fleet.mesh, "server-c", "no answer within 10 s\ntry: ssh server-c"))
        await play.until("2/3")
        text = await play.until("× unreachable")
        row = next(line for line in text.splitlines() if line.startswith(" server-c"))
        assert "× unreachable ↻0s" in row
        assert "●  10s ↓436" in row, "what it saw last stays"
        assert "no answer" not in text, "why is in the details"
        await play.pilot.press("G")
        text = await play.until("try: ssh server-c")
        assert "server-c → server-b  ● was up" in text
        assert "server-b → server-c  ● up" in text
        fleet.feed(poll(fleet.mesh, "server-c"))
        await play.until("3/3")


async def test_opening_fails_and_r_tries_again() -> None:
    fleet = StandIn(make_mesh(2))
    fails = True

    async def open_fleet(ask: object) -> StandIn:
        if fails:
            raise Unreachable("no agent, no key", hint="run ssh-add")
        return fleet

    app = MeshApp(fleet.mesh, open_fleet)
    async with app.run_test(size=(80, 24)) as pilot:
        play = Play(app, fleet, pilot)
        await play.until("no agent, no key (run ssh-add) (r starts over)")
        await pilot.press("a")
        await play.until("× no plan: no agent, no key")
        await pilot.press("escape")
        await play.until_screen(MeshScreen)
        fails = False
        await pilot.press("r")
        fleet.feed_all()
        await play.until("2/2")
        await play.until("no agent", gone=True)


async def test_a_failing_watch_does_not_end_the_app() -> None:
    fleet = StandIn(make_mesh(2))
    async with playing(fleet) as play:
        fleet.feed_all()
        await play.until("2/2")
        fleet.feed(KeyError("boom"))
        await play.until("the watch broke: KeyError: 'boom' (r starts over)")
        await play.until("stopped")
        await play.until("live", gone=True)
        await play.pilot.press("l", "j", "m")
        assert play.app.is_running
        assert "2/2" in play.text(), "what was seen stays"


async def test_plan_says_that_it_reads_and_escape_ends_it() -> None:
    fleet = StandIn(make_mesh(3), plan_gate=asyncio.Event())
    async with playing(fleet) as play:
        await play.pilot.press("a")
        await play.until("reading 3 hosts…")
        await play.pilot.press("A")
        assert isinstance(play.app.screen, PlanScreen), "nothing to apply yet"
        await play.pilot.press("escape")
        await play.until_screen(MeshScreen)
        fleet.plan_gate.set()
        await play.pilot.pause()
        assert "apply" not in fleet.calls and "plan prune=False" in fleet.calls


async def test_a_plan_without_changes_is_not_applied() -> None:
    mesh = make_mesh(2)
    fleet = StandIn(mesh, plan_result=Plan("prod", "wg0", (HostPlan("server-a"),)))
    async with playing(fleet) as play:
        await play.pilot.press("a")
        await play.until("nothing to change: all is as mesh.toml says")
        assert "A apply" not in play.text(), "what does nothing is no hint"
        await play.pilot.press("A")
        await play.until("nothing to apply; esc goes back")
        assert isinstance(play.app.screen, PlanScreen)
        assert fleet.applied is None


async def test_a_read_only_screen_applies_nothing() -> None:
    fleet = StandIn(make_mesh(2))
    async with playing(fleet) as play:
        play.app.settings = play.app.settings._replace(read_only=True)
        await play.pilot.press("a")
        await play.until("5 steps on 2 hosts")
        assert "A apply" not in play.text()
        for key in ("A", "enter", "y"):
            await play.pilot.press(key)
        await play.until("read-only: start without --read-only")
        assert isinstance(play.app.screen, PlanScreen)
        assert fleet.applied is None


@pytest.mark.parametrize("error", [Unreachable("gone", hint="wait"), ValueError("odd")])
async def test_a_plan_that_fails(error: Exception) -> None:
    fleet = StandIn(make_mesh(2), plan_result=error)
    async with playing(fleet) as play:
        await play.pilot.press("a")
        await play.until("× no plan: ")
        assert str(error) in play.text(), "in the title, or beside it"
        await play.pilot.press("escape")
        await play.until_screen(MeshScreen)


async def test_the_plan_shown_is_the_plan_applied() -> None:
    fleet = StandIn(make_mesh(3))
    fleet.plan_result = make_plan(fleet.mesh)
    async with playing(fleet) as play:
        await play.pilot.press("a")
        await play.until("7 steps on 3 hosts")
        await play.pilot.press("A")
        await play.until("✓ 6 of 6 directions up in 3.2 s")
        assert fleet.applied is fleet.plan_result
        await play.pilot.press("escape")
        await play.until_screen(MeshScreen)
        await play.pilot.press("a")
        await play.until_screen(PlanScreen)


async def test_leaving_the_apply_screen_does_not_stop_the_apply() -> None:
    fleet = StandIn(make_mesh(3), apply_gate=asyncio.Event())
    async with playing(fleet) as play:
        await play.pilot.press("a")
        await play.until("7 steps")
        await play.pilot.press("A")
        await play.until("verified 6/6")
        await play.pilot.press("escape")
        await play.until("applying: 3/3 changed")
        await play.pilot.press("a")
        await play.until_screen(ApplyScreen)
        assert fleet.calls.count("apply") == 1
        fleet.apply_gate.set()
        await play.until("✓ 6 of 6 directions up in 3.2 s")


async def test_quit_asks_once_while_an_apply_runs() -> None:
    fleet = StandIn(make_mesh(3), apply_gate=asyncio.Event())
    async with playing(fleet) as play:
        await play.pilot.press("a")
        await play.until("7 steps")
        await play.pilot.press("A")
        await play.until_screen(ApplyScreen)
        await play.pilot.press("q")
        await play.until_screen(QuitScreen)
        assert "Quit? y/n" in play.text()
        await play.pilot.press("n")
        await play.until_screen(ApplyScreen)
        await play.pilot.press("q")
        await play.until_screen(QuitScreen)
        assert not play.app._exit
        await play.pilot.press("q")
        await play.pilot.pause()
        assert play.app._exit, "a second q quits"


async def test_the_question_goes_when_the_apply_has_ended() -> None:
    gate = asyncio.Event()
    async with playing(StandIn(make_mesh(3), apply_gate=gate)) as play:
        await play.pilot.press("a")
        await play.until("7 steps")
        await play.pilot.press("A")
        await play.until_screen(ApplyScreen)
        await play.pilot.press("q")
        await play.until_screen(QuitScreen)
        gate.set()
        await play.until_screen(ApplyScreen)
        assert not play.app._exit


@pytest.mark.parametrize("error", [Unreachable("cut", host="server-a"), OSError("no fds")])
async def test_an_apply_that_breaks_off(error: Exception) -> None:
    fleet = StandIn(make_mesh(3))
    fleet.apply_events = [Progress("server-a", "key", "running"), error]
    async with playing(fleet) as play:
        await play.pilot.press("a")
        await play.until("7 steps")
        await play.pilot.press("A")
        await play.until("× the apply broke off: ")
        assert str(error) in play.text()
        await play.pilot.press("q")
        await play.pilot.pause()
        assert play.app._exit, "nothing is under way any more"


async def test_host_keys_are_asked_one_at_a_time() -> None:
    fleet = StandIn(make_mesh(2))
    answers: list[bool] = []

    async def open_fleet(ask: object) -> StandIn:
        def unknown(name: str) -> UnknownHostKey:
            return UnknownHostKey("new", host=name, hint="", fingerprint=f"SHA256:{name}")

        answers.extend(await asyncio.gather(*(ask(unknown(n)) for n in ("one", "two", "three"))))
        return fleet

    app = MeshApp(fleet.mesh, open_fleet)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        play = Play(app, fleet, pilot)
        await play.until("SHA256:one")
        assert "▸ No, refuse it" in play.text()
        assert len(app.screen_stack) == 2
        await pilot.press("enter")
        await play.until("SHA256:two")
        await pilot.press("right", "enter")
        await play.until("SHA256:three")
        # A key that says yes elsewhere says nothing here.
        await pilot.press("y")
        await pilot.pause()
        assert isinstance(app.screen, HostKeyScreen)
        await pilot.press("escape")
        await play.until_screen(MeshScreen)
        assert answers == [False, True, False]


async def test_a_question_whose_asker_gave_up_goes_away() -> None:
    fleet, given_up = StandIn(make_mesh(2)), asyncio.Event()

    async def open_fleet(ask: object) -> StandIn:
        unknown = UnknownHostKey("new", host="server-a", hint="", fingerprint="SHA256:x")
        asking = asyncio.create_task(ask(unknown))  # type: ignore[operator]
        await given_up.wait()
        asking.cancel()
        return fleet

    app = MeshApp(fleet.mesh, open_fleet)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        play = Play(app, fleet, pilot)
        await play.until_screen(HostKeyScreen)
        given_up.set()
        await play.until_screen(MeshScreen)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (10, 5), (20, 8), (40, 12), (300, 100)])
async def test_any_size(size: tuple[int, int]) -> None:
    fleet = StandIn(make_mesh(12))
    async with playing(fleet, size=size) as play:
        fleet.feed_all()
        fleet.feed(dead(fleet.mesh, "server-c"))
        await play.pilot.pause()
        await play.pilot.press("G", "end", "k", "h", "m", "m", "g", "home")
        for keys in (["question_mark", "escape"], ["a", "escape"], ["a"], ["A"], ["escape"]):
            await play.pilot.press(*keys)
            await play.pilot.pause()
        await play.pilot.resize_terminal(80, 24)
        await play.pilot.pause()
        assert "11/12" in play.text()


async def test_a_mesh_of_one_and_of_none() -> None:
    for count in (0, 1):
        fleet = StandIn(make_mesh(count))
        async with playing(fleet) as play:
            fleet.feed_all()
            await play.until(f"{count}/{count}")
            await play.pilot.press("j", "l", "G", "end", "pagedown", "m")
            assert play.app.is_running


async def test_the_mouse_selects_cells_and_hosts() -> None:
    fleet = StandIn(make_mesh(3))
    async with playing(fleet, size=(120, 30)) as play:
        fleet.feed_all()
        await play.until("3/3")
        grid = play.mesh_screen.grid
        left, cell = grid._layout.left, grid._layout.cell
        await play.pilot.click(grid, offset=(left + 2 * cell + 1, 2))
        assert (grid.row, grid.column) == (1, 2)
        await play.pilot.click(grid, offset=(3, 1))
        assert (grid.row, grid.column) == (0, 2)
        await play.pilot.click(grid, offset=(left + 1, 0))
        assert (grid.row, grid.column) == (0, 0)
        await play.pilot.click(grid, offset=(3, 15))
        assert (grid.row, grid.column) == (0, 0)


async def test_hints_can_be_clicked() -> None:
    fleet = StandIn(make_mesh(3))
    async with playing(fleet) as play:
        await play.pilot.click("Hints", offset=(1, 0))
        await play.until_screen(PlanScreen)


async def test_columns_and_headings_stay_in_view_when_scrolled() -> None:
    fleet = StandIn(make_mesh(60))
    async with playing(fleet, size=(80, 24)) as play:
        fleet.feed_all()
        await play.until("60/60")
        await play.pilot.press("z", "G", "end")
        text = await play.until("▸60 node-060")
        heading = text.splitlines()[1]
        assert heading.startswith("    HOST")
        assert heading.split()[-1] == "60"
        assert " 59 " in heading
        assert "node-001" not in text


async def test_only_rows_that_look_different_are_drawn_again() -> None:
    fleet = StandIn(make_mesh(20))
    async with playing(fleet, size=(200, 50)) as play:
        fleet.feed_all(tick=0)
        await play.until("20/20")
        grid = play.mesh_screen.grid
        drawn: list[str] = []
        real = grid.refresh

        def refresh(*regions: object, **more: bool) -> object:
            drawn.extend(map(str, regions))
            return real(*regions, **more)  # type: ignore[arg-type]

        grid.refresh = refresh  # type: ignore[assignment,method-assign]
        fleet.feed_all(tick=0)
        await play.pilot.pause()
        assert drawn == [], "the same again"
        event = poll(fleet.mesh, "server-e", 0)
        older = tuple(
            LinkStatus(x.from_, x.to, x.state, x.latest_handshake_age, 0, 0, None)
            for x in event.links
        )
        fleet.feed(HostPolled(event.host, older))
        await play.pilot.pause()
        assert drawn == [], "bytes are not shown in this mode"
        fleet.feed(poll(fleet.mesh, "server-e", 40))
        await play.pilot.pause()
        assert len(drawn) == 1


async def test_the_palette_offers_the_registry() -> None:
    fleet = StandIn(make_mesh(3))
    async with playing(fleet) as play:
        names = [c.title for c in play.app.get_system_commands(play.app.screen)]
        assert {"plan", "next-mode", "reconnect", "help", "quit-now", "theme THEME"} <= set(names)
        assert len(names) == len(set(names))
        await play.pilot.press("ctrl+p", *"plan")
        await play.until("show what would change")


async def test_a_crash_prints_no_locals(capsys: pytest.CaptureFixture[str]) -> None:
    fleet = StandIn(make_mesh(2))
    app = MeshApp(fleet.mesh, fleet.open)

    def crash() -> None:
        private_key = "".join(["hun", "ter2"])
        raise ZeroDivisionError(len(private_key))

    app.action_help = crash  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("f1")
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_is_refused(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    with pytest.raises(UsageError, match="meshtui status"):
        check_terminal()


def test_importing_the_app_loads_no_ssh() -> None:
    code = (
        "import sys, meshtui.tui.start; "
        "print([m for m in ('asyncssh', 'tomlkit', 'cryptography') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_of_what_has_one_name_only_the_last_is_begun() -> None:
    done: list[str] = []

    def doing(what: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def do() -> None:
            done.append(what)

        return do

    fleet = StandIn(make_mesh(2))
    async with playing(fleet) as play:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            play.app.work(doing("first"), "look")
            play.app.work(doing("second"), "look")
            play.app.work(doing("third"), "another")
            await play.until(lambda: len(done) > 1)
            gc.collect()
        assert (done, told) == (["second", "third"], [])
