"""Keys of the mesh screen, of hosts and links, and what is typed: one test an action."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from presses import presses
from stage import Stage, on_stage
from standin import StandIn, dead, make_mesh, poll

from meshtui.errors import MeshError
from meshtui.fleet.reports import CommandResult, RoundTrip
from meshtui.store.settings import Settings
from meshtui.tui import at_hand, clipboard, shellout
from meshtui.tui.screens import run
from meshtui.tui.screens.host import HostScreen
from meshtui.tui.screens.link import LinkScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.plan import PlanScreen
from meshtui.tui.screens.prompt import PromptScreen
from meshtui.tui.screens.run import RunScreen
from meshtui.tui.widgets.peers import Peers


def make(hosts: int = 4) -> StandIn:
    fleet = StandIn(make_mesh(hosts))
    fleet.feed_all()
    return fleet


async def type_(stage: Stage, text: str, *then: str) -> None:
    for character in text:
        await stage.press("space" if character == " " else character)
    await stage.press(*then)


# -- the mesh screen


@presses("mesh.plan")
async def test_plan(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.press(key)
        await stage.until(PlanScreen)


@presses("mesh.filter")
async def test_filter_while_it_is_typed(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press(key)
        await stage.until(PromptScreen)
        await type_(stage, "r-b")
        assert stage.grid.order.rows == (1,)
        await stage.press("enter")
        await stage.until("/r-b")
        await stage.press(key)
        await type_(stage, "x", "escape")
        assert stage.grid.order.rows == (1,), "esc leaves it as it was"
        await stage.press("escape")
        assert len(stage.grid.order.rows) == 4


async def test_a_filter_inverts() -> None:
    async with on_stage(make()) as stage:
        await stage.press("slash")
        await type_(stage, "!r-b", "enter")
        assert stage.grid.order.rows == (0, 2, 3)


@presses("mesh.measure")
async def test_round_trips(key: str) -> None:
    fleet = make(3)
    async with on_stage(fleet) as stage:
        await stage.until("3/3")
        await stage.press(key)
        live = stage.app.looking.live
        await stage.until(lambda: len(live.round_trips) == 6)
        assert stage.app.measuring.left is None
        fleet.answers["round_trips"] = [RoundTrip("server-a", "server-b", None)]
        await stage.press(key)
        await stage.until(lambda: live.round_trips[0, 1][0] is None)


async def test_round_trips_again_and_again() -> None:
    fleet = make(2)
    settings = Settings(theme="dark", rtt_interval=2.0)
    async with on_stage(fleet, settings=settings) as stage:
        await stage.until("2/2")
        await stage.until(lambda: fleet.calls.count("round_trips") >= 2)
        stage.app.measuring.every(0)
        count = fleet.calls.count("round_trips")
        stage.app.measuring.start()
        await stage.until(lambda: fleet.calls.count("round_trips") == count + 1)


@presses("mesh.pause")
async def test_pause(key: str) -> None:
    fleet = make(2)
    async with on_stage(fleet) as stage:
        await stage.until("2/2")
        await stage.press(key)
        await stage.until("paused")
        fleet.feed(dead(fleet.mesh, "server-a"))
        await stage.pilot.pause()
        assert "2/2" in stage.text()
        await stage.press(key)
        await stage.until("1/2")
        assert "paused" not in stage.text()


@presses("mesh.slower")
async def test_slower(key: str) -> None:
    async with on_stage(make(2)) as stage:
        await stage.press(key)
        await stage.until("every 2 s")
        assert stage.app.looking.wait() == 2.0


@presses("mesh.faster")
async def test_faster(key: str) -> None:
    async with on_stage(make(2)) as stage:
        await stage.press(key)
        await stage.until("every 0.5 s")


def with_past() -> StandIn:
    fleet = make(2)
    for at in (-5000, -700, -20, -10):
        events = [poll(fleet.mesh, name, 3) for name in fleet.mesh.hosts]
        fleet.recorded[fleet.now + at] = events if at > -700 else [dead(fleet.mesh, "server-b")]
    return fleet


@presses("mesh.past")
async def test_back_in_time(key: str) -> None:
    async with on_stage(with_past()) as stage:
        await stage.until("2/2")
        await stage.press(key)
        await stage.until("◂ 07:59:50")
        await stage.press(key)
        await stage.until("◂ 07:59:40")
        await stage.press("escape")
        await stage.until("◂", gone=True)


@presses("mesh.far_past")
async def test_far_back_in_time(key: str) -> None:
    async with on_stage(with_past()) as stage:
        await stage.press(key)
        await stage.until("◂ 07:48:20")
        assert stage.mesh_screen.view.rows[1].state == "unreachable"
        await stage.press(key)
        await stage.until("◂ 06:36:40")
        await stage.press(key)
        await stage.until("nothing older is recorded")


@presses("mesh.future")
async def test_forward_to_now(key: str) -> None:
    async with on_stage(with_past()) as stage:
        await stage.press(key)
        await stage.until("this is now")
        await stage.press("left_square_bracket", "left_square_bracket")
        await stage.until("◂ 07:59:40")
        await stage.press(key)
        await stage.until("◂ 07:59:50")
        await stage.press(key)
        await stage.until("◂", gone=True)


@presses("mesh.far_future")
async def test_far_forward(key: str) -> None:
    async with on_stage(with_past()) as stage:
        await stage.press("left_curly_bracket", "left_curly_bracket")
        await stage.until("◂ 06:36:40")
        await stage.press(key)
        await stage.until("◂ 07:48:20")


@presses("mesh.log")
async def test_log(key: str) -> None:
    fleet = make(2)
    async with on_stage(fleet, size=(80, 24)) as stage:
        await stage.until("2/2")
        fleet.feed(dead(fleet.mesh, "server-b", "no answer at all"))
        await stage.until("1/2")
        await stage.press(key)
        await stage.until("server-b  unreachable: no answer at all")
        await stage.press(key)
        await stage.until("server-b  unreachable: no answer at all", gone=True)


async def test_a_tall_screen_has_the_log_from_the_start() -> None:
    async with on_stage(make(2), size=(120, 40)) as stage:
        await stage.until(lambda: stage.mesh_screen.log_pane is not None)


@presses("mesh.reconnect")
async def test_reconnect(key: str) -> None:
    fleet = make(2)
    fleet.feed(MeshError("it broke"))
    async with on_stage(fleet) as stage:
        await stage.until("it broke (r starts over)")
        await stage.press(key)
        await stage.until("it broke", gone=True)
        assert fleet.calls.count("watch") == 2
        assert fleet.calls.count("open") == 1


@presses("mesh.clear")
async def test_clear_takes_one_thing_away_at_a_time(key: str) -> None:
    async with on_stage(with_past()) as stage:
        await stage.until("2/2")
        await stage.press("x", "left_square_bracket")
        await stage.until("◂")
        stage.mesh_screen.filter("b")
        stage.app.complain("something broke")
        await stage.until("something broke")
        await stage.press(key)
        assert "something broke" not in stage.text()
        await stage.press(key)
        assert stage.app.looking.past is None
        assert len(stage.grid.order.rows) == 1
        await stage.press(key)
        assert len(stage.grid.order.rows) == 2
        assert stage.grid.marked
        await stage.press(key)
        assert not stage.grid.marked


# -- on a host or a link


@presses("about.host")
async def test_the_host_of_the_row(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press("j", key)
        screen = await stage.until_screen(HostScreen)
        assert screen.host == "server-b"
        await stage.press(key)
        assert len(stage.app.screen_stack) == 2, "it is open already"


async def test_from_link_to_host_and_back() -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press("enter")
        await stage.until(LinkScreen)
        await stage.press("o")
        await stage.until(HostScreen)
        await stage.press("escape", "escape")
        await stage.until(MeshScreen)


class Handed:
    """Takes the place of giving the terminal away."""

    def __init__(self, status: int = 0) -> None:
        self.argv: list[str] = []
        self.status = status

    async def __call__(self, app: object, argv: Sequence[str], said: str) -> int:
        self.argv = list(argv)
        return self.status


@presses("about.ssh")
async def test_a_shell_on_the_host(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handed = Handed(3)
    monkeypatch.setattr(at_hand, "hand_over", handed)
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press(key)
        await stage.until(lambda: handed.argv == ["ssh", "root@203.0.113.1"])
        entries = stage.app.looking.log.entries
        await stage.until(lambda: stage.app.looking.log.entries)
        entries = stage.app.looking.log.entries
        assert entries[-1].text == "ssh ended with status 3"


async def test_a_terminal_that_cannot_be_given_away_is_said() -> None:
    # The headless driver of a test is such a one.
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press("S")
        await stage.until("ssh: ")
        assert stage.app.is_running


def test_ctrl_c_in_the_shell_is_not_ours() -> None:
    code = (
        "import os, signal; from meshtui.tui import shellout as s\n"
        "with s._ctrl_c_is_not_ours(): os.kill(os.getpid(), signal.SIGINT)\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@presses("about.run")
async def test_a_command_on_the_marked_hosts(key: str) -> None:
    fleet = make()
    fleet.answers["run"] = [
        CommandResult("server-a", 0, "same\n"),
        CommandResult("server-c", 0, "same\n"),
    ]
    async with on_stage(fleet) as stage:
        await stage.until("4/4")
        await stage.press("x", "j", "j", "x", key)
        await stage.until("as root on 2 hosts: server-a, server-c")
        await type_(stage, "id -u", "enter")
        await stage.until(RunScreen)
        await stage.until("server-a, server-c   2 hosts, exit 0")
        assert "run server-a,server-c: id -u" in fleet.calls
        assert "id -u" not in " ".join(entry.text for entry in stage.app.looking.log.entries)


async def test_many_answers_are_drawn_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    inner = run.grouped

    def counting(results: Sequence[CommandResult], *more: Any) -> object:
        shown.append(len(results))
        return inner(results, *more)

    monkeypatch.setattr(run, "grouped", counting)
    fleet = make(2)
    fleet.answers["run"] = [CommandResult(f"h{i}", 0, f"{i % 3}\n") for i in range(200)]
    async with on_stage(fleet) as stage:
        stage.app.push_screen(RunScreen(stage.app.opened, [f"h{i}" for i in range(200)], "id"))
        await stage.until("200 of 200 hosts ended with 0")
        assert "67 hosts, exit 0" in stage.lines.plain
    assert shown[-1] == 200
    assert len(shown) < 20


async def test_nothing_typed_runs_nothing() -> None:
    fleet = make()
    async with on_stage(fleet) as stage:
        await stage.until("4/4")
        for keys in (("escape",), ("enter",), ("space", "enter")):
            await stage.press("exclamation_mark", *keys)
            assert isinstance(stage.app.screen, MeshScreen)
    assert not [call for call in fleet.calls if call.startswith("run")]


async def test_what_is_not_shown_is_not_at_hand() -> None:
    handed = Handed()
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        stage.mesh_screen.filter("nobody")
        await stage.until("no host matches")
        assert stage.app.at_hand.host is None
        await stage.press("S", "o", "y")
        await stage.press("exclamation_mark")
        await stage.until("no host here to run it on")
        assert isinstance(stage.app.screen, MeshScreen)
    assert handed.argv == []


async def test_marks_are_told() -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press("x", "j", "x")
        await stage.until("2 marked")


async def test_a_second_key_opens_no_second_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, opened = asyncio.Event(), []

    async def hand_over(app: object, argv: Sequence[str], said: str) -> int:
        opened.append(argv)
        await gate.wait()
        return 0

    monkeypatch.setattr(at_hand, "hand_over", hand_over)
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press("S", "j", "S")
        gate.set()
        await stage.until(lambda: stage.app.looking.log.entries)
        assert opened == [["ssh", "root@203.0.113.1"]]
        await stage.press("S")
        await stage.until(lambda: len(opened) == 2)


async def test_a_shell_that_cannot_start_gives_the_terminal_back() -> None:
    class App:
        resumed = 0

        @contextmanager
        def suspend(self) -> Iterator[None]:
            # As Textual has it: nothing after an error.
            yield
            self.resumed += 1

        def batch_update(self) -> object:
            return nullcontext()

    app = App()
    with pytest.raises(OSError, match="no-such"):
        await shellout.hand_over(app, ["/no-such-shell"], "x")  # type: ignore[arg-type]
    assert app.resumed == 1
    waiting = asyncio.create_task(shellout.hand_over(app, ["sleep", "60"], "x"))  # type: ignore[arg-type]
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert app.resumed == 2


@presses("run.again")
async def test_run_again(key: str) -> None:
    fleet = make()
    async with on_stage(fleet) as stage:
        await stage.until("4/4")
        await stage.press("exclamation_mark", "i", "d", "enter")
        await stage.until("1 of 1 host ended with 0")
        await stage.press(key)
        await stage.until(lambda: fleet.calls.count("run server-a: id") == 2)


@presses("run.back")
async def test_run_back(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press("exclamation_mark", "i", "d", "enter")
        await stage.until(RunScreen)
        await stage.press(key)
        await stage.until(MeshScreen)


@presses("about.copy")
async def test_copy(key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\ncat >{taken}\n")
    program.chmod(0o755)
    for name in ("TMUX", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press(key)
        await stage.until("copied:")
        await stage.until(lambda: taken.exists() and "server-a → server-b" in taken.read_text())
        assert "server-a → server-b" in stage.app.clipboard


async def test_a_clipboard_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "helper", lambda _: ("false",))
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press("y")
        await stage.until("copy: false ended with status 1")


@pytest.mark.parametrize("key", ["S", "exclamation_mark"])
async def test_read_only_touches_no_host(key: str) -> None:
    fleet = make()
    async with on_stage(fleet, settings=Settings(theme="dark", read_only=True)) as stage:
        await stage.until("4/4")
        assert "read-only" in stage.text()
        await stage.press(key)
        await stage.until("read-only: start without --read-only")
        stage.app.at_hand.run_on(["server-a"], "reboot")
        assert isinstance(stage.app.screen, MeshScreen)
        assert not [call for call in fleet.calls if call.startswith(("run", "ssh"))]


# -- everywhere


@presses("app.command")
async def test_commands(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press(key)
        await stage.until(PromptScreen)
        await type_(stage, "link server-c server-a", "enter")
        screen = await stage.until_screen(LinkScreen)
        assert screen.host == "server-c"


@pytest.mark.parametrize(
    ("line", "shows"),
    [
        ("host server-b", HostScreen),
        ("host server-", "could be server-a, server-b"),
        ("link server-a nobody", "there is no host 'nobody'"),
        ("link server-a server-a", "a link has two ends"),
        ("nonsense", "there is no command 'nonsense'"),
        ("mode rx", "bytes rx"),
        ("mode nonsense", "there is no mode 'nonsense'"),
        ("sort worst", "by worst"),
        ("interval 5", "every 5 s"),
        ("interval never", "is no number of seconds"),
        ("rtt 1", "is no number of seconds"),
        ("theme light", lambda stage: stage.app.theme == "light"),
        ("theme pink", "there is no theme 'pink'"),
        ("goto server-d server-b", lambda s: (s.grid.row, s.grid.column) == (3, 1)),
        ("goto server-c", lambda s: (s.grid.row, s.grid.column) == (2, 2)),
        ("filter r-c", lambda stage: stage.grid.order.rows == (2,)),
        ("past tomorrow", "is no time"),
        ("past 1h", "nothing so old is recorded"),
        ("pause", "paused"),
        ("privacy", "masked"),
        ("plan", PlanScreen),
        ("run id", "as root on 1 host: server-a"),
        ("q", lambda stage: stage.app._exit),
    ],
)
async def test_every_command(line: str, shows: object) -> None:
    async with on_stage(make(), size=(120, 30)) as stage:
        await stage.until("4/4")
        await stage.app._command(line)
        await stage.until((lambda: shows(stage)) if type(shows) is type(lambda: 0) else shows)  # type: ignore[arg-type,operator]


async def test_past_and_live_by_command() -> None:
    async with on_stage(with_past()) as stage:
        await stage.until("2/2")
        await stage.app._command("past 5m")
        await stage.until("◂ 07:48:20")
        await stage.app._command("live")
        await stage.until("◂", gone=True)


@presses("app.command_palette")
async def test_palette(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        await stage.press(key)
        await type_(stage, "pause", "enter")
        await stage.until("paused")


async def test_the_palette_asks_for_what_a_command_needs() -> None:
    async with on_stage(make()) as stage:
        await stage.until("4/4")
        found = {one.title: one for one in stage.app.get_system_commands(stage.app.screen)}
        found["theme THEME"].callback()
        await stage.until(PromptScreen)
        await type_(stage, "light", "enter")
        await stage.until(lambda: stage.app.theme == "light")


@presses("app.privacy")
async def test_privacy(key: str) -> None:
    async with on_stage(make(), size=(120, 30)) as stage:
        await stage.until("4/4")
        assert "10.0.0.1" in stage.text()
        assert "203.0.113.2" in stage.text()
        await stage.press(key)
        assert "10.0.0.1" not in stage.text()
        assert "203.0.113" not in stage.text()
        await stage.press("o")
        await stage.until("Debian")
        assert "203.0.113" not in stage.text()
        assert "AAAAAAAAAAAA" not in stage.text()
        await stage.press("escape", key)
        assert "10.0.0.1" in stage.text()


async def test_privacy_from_the_start() -> None:
    async with on_stage(make(), settings=Settings(theme="dark", privacy=True)) as stage:
        await stage.until("4/4")
        assert "10.0.0.1" not in stage.text()


@presses("prompt.cancel")
async def test_cancel(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.press("colon", "q", key)
        await stage.until(MeshScreen)
        assert stage.app.is_running


@presses("prompt.complete")
async def test_complete(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.press("colon")
        await type_(stage, "lin", key)
        await type_(stage, "server-b", key)
        await type_(stage, "server-d", "enter")
        screen = await stage.until_screen(LinkScreen)
        assert screen.host == "server-b"


@presses("prompt.earlier")
async def test_earlier(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.app._command("goto server-b")
        await stage.press("colon", key)
        assert stage.app.screen.query_one("#typed").value == "goto server-b"  # type: ignore[attr-defined]


@presses("prompt.later")
async def test_later(key: str) -> None:
    async with on_stage(make()) as stage:
        await stage.app._command("goto server-b")
        await stage.press("colon", "up", key)
        assert stage.app.screen.query_one("#typed").value == ""  # type: ignore[attr-defined]


# -- mesh.toml, settings


async def test_mesh_toml_that_changes_is_shown() -> None:
    fleet = make(2)
    async with on_stage(fleet) as stage:
        await stage.until("2/2")
        fleet.reloaded = make_mesh(3)
        await stage.until("mesh.toml was changed: 1 host new: server-c")
        assert [row.name for row in stage.mesh_screen.view.rows] == [*make_mesh(3).hosts]
        assert stage.mesh_screen.view.rows[0].state == "up"
        assert fleet.calls.count("watch") == 2
        fleet.feed_all()
        await stage.until("3/3")


async def test_hosts_and_links_say_how_things_stand() -> None:
    fleet = make(3)
    fleet.recorded = {fleet.now - 100: [poll(fleet.mesh, name) for name in fleet.mesh.hosts]}
    async with on_stage(fleet) as stage:
        await stage.until("3/3")
        await stage.press("left_square_bracket")
        await stage.until("(esc: now)")
        stage.app.open_host("server-a")
        await stage.until("● up   live, the grid is at")
        fleet.feed(dead(fleet.mesh, "server-a"))
        await stage.until("× unreachable   live, the grid is at")
        assert stage.mesh_screen.view.rows[0].state == "up", "the grid shows the past"
        stage.app.open_link("server-b", "server-c")
        stage.app.looking.now()
        await stage.until("live, the grid", gone=True)
        stage.app.looking.pause(True)
        await stage.until("paused")
        fleet.feed(MeshError("no more"))
        await stage.until("stopped   paused")
        await stage.press("escape")
        await stage.until("stopped   paused")


@pytest.mark.parametrize("paused", [False, True], ids=["live", "paused"])
@pytest.mark.parametrize("sort", [0, 3])
async def test_a_peer_leaves_mesh_toml_while_one_looks_at_it(paused: bool, sort: int) -> None:
    fleet = make(4)
    async with on_stage(fleet) as stage:
        await stage.until("4/4")
        if paused:
            await stage.press("space")
        stage.app.open_host("server-a")
        screen = await stage.until_screen(HostScreen)
        await stage.press(*["s"] * sort)
        peers = screen.query_one(Peers)
        peers.move(peers.keys.index("server-d"))
        stage.fleet.reloaded = make_mesh(3)
        stage.app.take_over()
        await stage.press("j", "k", "j")
        assert sorted(peers.keys) == ["server-b", "server-c"]
        stage.fleet.reloaded = make_mesh(1)
        stage.app.take_over()
        await stage.press("j", "s")
        assert peers.cursor is None


async def test_a_host_leaves_mesh_toml_while_one_looks_at_it() -> None:
    fleet = make(4)
    async with on_stage(fleet) as stage:
        await stage.until("4/4")
        stage.app.open_host("server-d")
        stage.app.open_link("server-a", "server-d")
        await stage.until_screen(LinkScreen)
        stage.fleet.reloaded = make_mesh(2)
        stage.app.take_over()
        await stage.until("server-d is no longer in mesh.toml")
        await stage.press("j", "escape")
        await stage.until_screen(HostScreen)
        await stage.press("j", "s", "r")
        assert "is no longer in mesh.toml" in stage.text()


async def test_mesh_toml_that_is_wrong_is_told() -> None:
    fleet = make(2)
    async with on_stage(fleet) as stage:
        await stage.until("2/2")
        fleet.reloaded = MeshError("line 3: no such key")
        await stage.until("is wrong now: line 3: no such key")
        assert stage.mesh_screen.view.rows[0].state == "up", "all goes on as it was"
        assert fleet.calls.count("watch") == 1


async def test_keys_of_ones_own() -> None:
    settings = Settings(theme="dark", keys={"mesh.plan": ("F",), "grid.up": ("a",), "no.no": ()})
    async with on_stage(make(), settings=settings) as stage:
        assert "there is no action no.no" in " ".join(e.text for e in stage.app.looking.log.entries)
        assert "F plan" in stage.text()
        await stage.press("F")
        await stage.until(PlanScreen)


async def test_clashes_are_named_at_the_start() -> None:
    settings = Settings(theme="dark", keys={"grid.up": ("o",)})
    async with on_stage(make(), settings=settings) as stage:
        log = " ".join(entry.text for entry in stage.app.looking.log.entries)
        assert "o would be both about.host and grid.up" in log


async def test_a_cancel_that_nobody_asked_for_is_said() -> None:
    fleet = make(2)
    fleet.plan_result = asyncio.CancelledError()  # type: ignore[assignment]
    async with on_stage(fleet) as stage:
        await stage.until("2/2")
        fleet.feed(asyncio.CancelledError())  # type: ignore[arg-type]
        await stage.until("the watch was called off")
