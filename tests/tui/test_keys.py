"""Every key of the registry, pressed: here, or in a test marked `@presses`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from presses import KEYS, pressed
from stage import Stage, on_stage
from standin import StandIn, make_mesh
from textual.message import Message

from meshtui.errors import UnknownHostKey
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.screens.help import HelpScreen
from meshtui.tui.screens.hostkey import HostKeyScreen
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.screens.plan import PlanScreen
from meshtui.tui.screens.quit import QuitScreen
from meshtui.tui.widgets.grid import Grid
from meshtui.tui.widgets.question import Question
from meshtui.tui.widgets.tree import LineTree


@asynccontextmanager
async def at(scope: str, hosts: int = 40) -> AsyncIterator[Stage]:
    """The app, where the actions of `scope` are."""
    fleet = StandIn(make_mesh(hosts))
    fleet.apply_gate = asyncio.Event()
    if scope == "hostkey":
        fleet.asked = [UnknownHostKey("new", host="node-001", hint="", fingerprint="SHA256:x")]
    async with on_stage(fleet, size=(80, 24)) as stage:
        if scope == "hostkey":
            await stage.until(HostKeyScreen)
        if scope in ("plan", "apply", "quit", "tree"):
            await stage.press("a")
            await stage.until(lambda: "server" in stage.lines.plain or "node" in stage.lines.plain)
        if scope in ("apply", "quit"):
            await stage.press("A")
            await stage.until(ApplyScreen)
        if scope == "quit":
            await stage.press("q")
            await stage.until(QuitScreen)
        if scope in ("help", "scroll"):
            await stage.press("question_mark")
            await stage.until(HelpScreen)
        yield stage


Check = Callable[[Stage, str], Awaitable[None]]


def screen(kind: type) -> Check:
    async def check(stage: Stage, key: str) -> None:
        await stage.press(key)
        await stage.until(kind)

    return check


def cursor(start: tuple[int, int], end: tuple[int, int]) -> Check:
    async def check(stage: Stage, key: str) -> None:
        stage.grid.move(*start)
        await stage.press(key)
        await stage.pilot.pause()
        assert (stage.grid.row, stage.grid.column) == end

    return check


def scroll(start: tuple[int, int], moved: Callable[[int, int], bool]) -> Check:
    async def check(stage: Stage, key: str) -> None:
        lines = stage.lines
        lines.show([(("x" * 300, ""),)] * 200)
        await stage.pilot.pause()
        lines.scroll_to(*start, animate=False)
        await stage.pilot.pause()
        assert tuple(lines.scroll_offset) == start
        await stage.press(key)
        await stage.pilot.pause()
        assert moved(*lines.scroll_offset), lines.scroll_offset

    return check


def tree(start: str, end: str) -> Check:
    """From the line `start` of a plan, the key leads to `end`, then shown as it is there."""

    async def check(stage: Stage, key: str) -> None:
        lines = stage.app.screen.query_one(LineTree)
        lines.move(0)
        await stage.pilot.press("space")
        lines.move(next(i for i, line in enumerate(lines.plain.splitlines()) if start in line))
        await stage.pilot.press(key)
        await stage.pilot.pause()
        assert end in lines.plain.splitlines()[lines.cursor]

    return check


async def expand_all(stage: Stage, key: str) -> None:
    lines = stage.app.screen.query_one(LineTree)
    await stage.pilot.press(key)
    assert lines.plain.count("    add-peer ") == 78, "every host is open"
    await stage.pilot.press(key)
    assert lines.count == 40, "and closed: the diffs of so many open one by one"


def sideways(moved: Callable[[int], bool]) -> Check:
    async def check(stage: Stage, key: str) -> None:
        lines = stage.app.screen.query_one(LineTree)
        lines.plant([(("x" * 300, ""),)])
        await stage.pilot.pause()
        lines.scroll_to(x=20, animate=False)
        await stage.pilot.press(key)
        await stage.pilot.pause()
        assert moved(lines.scroll_offset.x), lines.scroll_offset

    return check


async def leaves(stage: Stage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: stage.app._exit)


async def mode(stage: Stage, key: str) -> None:
    for expected in ("rx", "tx", "rate", "rtt", "problems", "age"):
        await stage.press(key)
        assert stage.grid.mode == expected


def shows(mode: str) -> Check:
    async def check(stage: Stage, key: str) -> None:
        stage.grid.show_mode("tx" if mode == "age" else "age")
        await stage.pilot.press(key)
        assert stage.grid.mode == mode

    return check


def zooms(*expected: str) -> Check:
    async def check(stage: Stage, key: str) -> None:
        assert stage.grid.zoomed == "dots"
        for zoom in expected:
            await stage.pilot.press(key)
            assert stage.grid.zoomed == zoom

    return check


async def sort(stage: Stage, key: str) -> None:
    for expected in ("name", "worst", "rate", "file"):
        await stage.pilot.press(key)
        assert stage.grid.sorted == expected


async def mark(stage: Stage, key: str) -> None:
    await stage.pilot.press(key)
    assert stage.grid.marked == {"node-001"}
    await stage.pilot.press(key)
    assert stage.grid.marked == set()


async def opens(stage: Stage, key: str) -> None:
    opened: list[tuple[int, int]] = []
    real = stage.grid.post_message

    def post(message: Message) -> bool:
        if isinstance(message, Grid.Opened):
            opened.append((message.row, message.column))
        return real(message)

    stage.grid.post_message = post  # type: ignore[method-assign]
    stage.grid.move(3, 5)
    await stage.pilot.press(key)
    await stage.until(lambda: opened == [(3, 5)])


async def reconnect(stage: Stage, key: str) -> None:
    stage.fleet.feed(RuntimeError("gone"))
    await stage.until(lambda: "RuntimeError: gone" in stage.app.mesh_screen.message.said)
    await stage.press(key)
    await stage.until(lambda: stage.fleet.calls.count("watch") == 2)
    assert stage.app.mesh_screen.message.said == ""


async def clear(stage: Stage, key: str) -> None:
    stage.app.complain("something")
    assert stage.app.mesh_screen.message.said == "something"
    await stage.press(key)
    assert stage.app.mesh_screen.message.said == ""


async def prune(stage: Stage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: "remove-peer" in stage.lines.plain)
    await stage.press(key)
    await stage.until(lambda: "remove-peer" not in stage.lines.plain and stage.lines.plain != "")
    assert stage.fleet.calls.count("plan prune=True") == 1
    assert stage.fleet.calls.count("plan prune=False") == 2


async def apply(stage: Stage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: stage.fleet.applied is not None)
    assert isinstance(stage.app.screen, ApplyScreen)


async def choose(stage: Stage, key: str) -> None:
    hostkey = stage.app.screen
    assert isinstance(hostkey, HostKeyScreen)
    assert not hostkey._yes
    await stage.press(key)
    assert hostkey._yes
    await stage.press(key)
    assert not hostkey._yes


def question(direction: int) -> Check:
    async def check(stage: Stage, key: str) -> None:
        text = stage.app.screen.query_one(Question)
        await stage.pilot.resize_terminal(80, 5)
        await stage.until(lambda: text.max_scroll_y > 2)
        text.scroll_to(y=1, animate=False)
        await stage.pilot.press(key)
        await stage.pilot.pause()
        assert (text.scroll_offset.y - 1) * direction > 0

    return check


async def refuse(stage: Stage, key: str) -> None:
    await stage.press(key)
    await stage.until(lambda: "answer False" in stage.fleet.calls)


CHECKS: dict[str, Check] = {
    "mesh.plan": screen(PlanScreen),
    "grid.next_mode": mode,
    "mesh.reconnect": reconnect,
    "mesh.clear": clear,
    "grid.left": cursor((3, 3), (3, 2)),
    "grid.down": cursor((3, 3), (4, 3)),
    "grid.up": cursor((3, 3), (2, 3)),
    "grid.right": cursor((3, 3), (3, 4)),
    "grid.top": cursor((30, 3), (0, 3)),
    "grid.bottom": cursor((3, 3), (39, 3)),
    "grid.page_up": cursor((39, 3), (26, 3)),
    "grid.page_down": cursor((3, 3), (16, 3)),
    "grid.first": cursor((3, 30), (3, 0)),
    "grid.last": cursor((3, 3), (3, 39)),
    "grid.open": opens,
    "grid.age": shows("age"),
    "grid.rx": shows("rx"),
    "grid.tx": shows("tx"),
    "grid.rate": shows("rate"),
    "grid.rtt": shows("rtt"),
    "grid.problems": shows("problems"),
    "grid.zoom_in": zooms("values", "full", "full"),
    "grid.zoom_out": zooms("map", "map"),
    "grid.sort": sort,
    "grid.mark": mark,
    "plan.apply": apply,
    "plan.prune": prune,
    "plan.back": screen(MeshScreen),
    "apply.back": screen(MeshScreen),
    "tree.up": tree("  write-file ", "make-key"),
    "tree.down": tree("  write-file ", "bring-up"),
    "tree.open": tree("▸ node-002", "▾ node-002"),
    "tree.expand": tree("▸ node-002", "▾ node-002"),
    "tree.collapse": tree("  write-file ", "▾ node-001"),
    "tree.expand_all": expand_all,
    "tree.page_up": tree("▸ node-002", "node-024"),
    "tree.page_down": tree("▾ node-001", "node-017"),
    "tree.top": tree("▸ node-002", "▾ node-001"),
    "tree.bottom": tree("▾ node-001", "▸ node-040"),
    "tree.side_left": sideways(lambda x: x == 12),
    "tree.side_right": sideways(lambda x: x == 28),
    "scroll.line_up": scroll((0, 50), lambda x, y: (x, y) == (0, 49)),
    "scroll.line_down": scroll((0, 50), lambda x, y: (x, y) == (0, 51)),
    "scroll.side_left": scroll((20, 0), lambda x, y: (x, y) == (12, 0)),
    "scroll.side_right": scroll((20, 0), lambda x, y: (x, y) == (28, 0)),
    "scroll.screen_up": scroll((0, 100), lambda x, y: 70 < y < 95),
    "scroll.screen_down": scroll((0, 100), lambda x, y: 105 < y < 130),
    "scroll.to_top": scroll((0, 100), lambda x, y: y == 0),
    "scroll.to_bottom": scroll((0, 100), lambda x, y: y > 170),
    "help.close": screen(MeshScreen),
    "hostkey.choose": choose,
    "hostkey.answer": refuse,
    "hostkey.up": question(-1),
    "hostkey.down": question(1),
    "hostkey.no": refuse,
    "quit.yes": leaves,
    "quit.no": screen(ApplyScreen),
    "app.help": screen(HelpScreen),
    "app.leave": leaves,
    "app.leave_now": leaves,
}


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name in CHECKS for key in KEYS.get(name, ())],
)
async def test_key(name: str, key: str) -> None:
    async with at(name.split(".")[0]) as stage:
        await CHECKS[name](stage, key)


def test_every_action_has_a_test_that_presses_it() -> None:
    missing = KEYS.keys() - CHECKS.keys() - pressed(Path(__file__).parent)
    assert not missing, f"no @presses(...) in tests/tui for: {', '.join(sorted(missing))}"
    assert CHECKS.keys() <= KEYS.keys(), "a check for an action that is no more"


@pytest.mark.parametrize("scope", ["mesh", "plan", "apply", "help", "hostkey", "quit"])
async def test_ctrl_c_quits_from_everywhere(scope: str) -> None:
    async with at(scope, hosts=3) as stage:
        await leaves(stage, "ctrl+c")
