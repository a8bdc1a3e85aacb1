"""Plan and apply: how they read, and the tree that shows them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from standin import StandIn, good_apply, make_mesh, make_plan
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from meshtui.fleet.events import ApplyResult, DirectionVerified, Progress
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.tui.app import MeshApp
from meshtui.tui.apply_lines import apply_tree
from meshtui.tui.apply_run import ApplyRun
from meshtui.tui.plan_lines import PlanTree, split_hint, summary
from meshtui.tui.screens.apply import ApplyScreen
from meshtui.tui.theme import THEMES, VARIABLES
from meshtui.tui.widgets.tree import Branch, Item, LineTree


def text_of(items: Sequence[Item], *, all_open: bool = True, depth: int = 0) -> str:
    """A tree as text: all of it, or only what is open from the start."""
    lines = []
    for item in items:
        opened = all_open or (isinstance(item, Branch) and item.open)
        line = (
            (item.head if opened else item.head + item.tail) if isinstance(item, Branch) else item
        )
        lines.append(("  " * depth + "".join(text for text, _ in line)).rstrip())
        if isinstance(item, Branch) and opened:
            lines.append(text_of(item.body(), all_open=all_open, depth=depth + 1))
    return "\n".join(lines)


def plan_text(plan: Plan, width: int = 78, *, all_open: bool = True) -> str:
    return text_of(PlanTree(plan).roots(width), all_open=all_open)


# -- how a plan reads


def test_plan_reads_by_host() -> None:
    plan = make_plan(make_mesh(3))
    text = plan_text(plan)
    assert summary(plan) == "7 steps on 3 hosts"
    assert text.index("server-a  5 steps") < text.index("server-b  1 step")
    assert "+AllowedIPs = 10.0.0.1/32" in text
    assert "note  1 peer that mesh.toml does not know" in text
    assert "  add-peer       ↻ handshake  server-a 10.0.0.1/32 at" in text
    assert "/etc/wireguard/wg0.conf  new file  +1" in text


def test_a_host_is_as_bad_as_its_worst_step() -> None:
    steps = (Step("mtu", "1420", "none"), Step("add-route", "10.1.0.0/16", "route"))
    new = (Step("bring-up", "wg0", "new"), Step("add-peer", "b", "handshake"))
    plan = Plan("prod", "wg0", (HostPlan("a", steps), HostPlan("b", new), HostPlan("c", steps[:1])))
    heads = [line for line in plan_text(plan).splitlines() if "step" in line]
    assert ["! route" in heads[0], "↻ handshake" in heads[1], "· none" in heads[2]] == [True] * 3
    many = replace(plan, hosts=plan.hosts * 30)
    assert "a  2 steps    ! route      mtu, add-route" in plan_text(many, all_open=False)


def test_plan_says_what_is_owed_first() -> None:
    hosts = (
        HostPlan("a", (Step("mtu", "1420"),)),
        HostPlan("b", problem="no answer (try ssh b)"),
        HostPlan("c"),
        HostPlan("d"),
    )
    plan = Plan("prod", "wg0", hosts)
    text = plan_text(plan, 60)
    assert summary(plan) == "1 step on 1 host, 1 host owed"
    assert text.startswith("× b  can't be changed now\n  no answer\n  → try ssh b")
    assert text.endswith("nothing to change on 2 hosts: c, d")


def test_plan_without_changes() -> None:
    plan = Plan("prod", "wg0", (HostPlan("a"),))
    assert summary(plan).startswith("nothing to change")


def test_a_small_plan_is_open_and_a_large_one_is_not() -> None:
    small = plan_text(make_plan(make_mesh(3)), all_open=False)
    assert "add-peer" in small
    large = plan_text(make_plan(make_mesh(100)), all_open=False)
    assert len(large.splitlines()) == 100


def test_diffs_are_worked_out_when_they_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def slow(host: HostPlan) -> list[str]:
        asked.append(host.host)
        return ["+a line"]

    monkeypatch.setattr("meshtui.tui.plan_lines.diff", slow)
    roots = PlanTree(make_plan(make_mesh(100))).roots(120)
    head = roots[1]
    assert isinstance(head, Branch)
    diff = head.body()[-1]
    assert isinstance(diff, Branch)
    assert asked == []
    assert "+6 −0" in "".join(text for text, _ in diff.head), "counted all the same"
    assert diff.body()
    assert diff.body()
    assert asked == ["node-002"], "once"


def test_the_lines_that_are_counted_are_those_of_the_diff() -> None:
    text = plan_text(make_plan(make_mesh(3)))
    for part in text.split("/etc/wireguard/wg0.conf  ")[1:]:
        told = part.splitlines()[0].split()[-2:]
        lines = [line.strip() for line in part.splitlines()]
        assert told[0] == f"+{sum(line.startswith('│ +') for line in lines)}"
        assert told[1] == f"−{sum(line.startswith('│ -') for line in lines)}"


def test_hosts_with_nothing_to_do_are_one_line_however_many() -> None:
    plan = Plan("prod", "wg0", tuple(HostPlan(f"server-{i}") for i in range(90)))
    assert plan_text(plan, all_open=False) == "nothing to change on 90 hosts"
    assert "server-89" in plan_text(plan)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("no answer (is it up?)", ("no answer", "is it up?")),
        ("it failed", ("it failed", "")),
        ("cut (see MaxSessions (10))", ("cut", "see MaxSessions (10)")),
        ("(all of it)", ("(all of it)", "")),
        ("odd)", ("odd)", "")),
        ("", ("", "")),
    ],
)
def test_what_to_do_is_told_apart(text: str, parts: tuple[str, str]) -> None:
    assert split_hint(text) == parts


# -- how an apply reads


def test_apply_run_fills_in() -> None:
    now = 100.0
    plan = make_plan(make_mesh(3))
    run = ApplyRun(plan, lambda: now)
    run.take(Progress("server-a", "key", "running"))
    now = 103.0
    assert "» key  · stage  · change  · verify     3 s" in text_of(apply_tree(run, 80))
    run.take(Progress("server-a", "key", "done"))
    run.take(Progress("server-b", "key", "failed", "read-only file system (remount it)"))
    text = text_of(apply_tree(run, 80), all_open=False)
    assert "✓ key" in text
    assert text.startswith("× server-b  × key"), "what failed comes first"
    assert "\n  read-only file system\n  → remount it" in text, "and is open"
    assert run.running
    assert run.summary()[0].startswith("» applying, 3 s")


def test_an_apply_that_went_well() -> None:
    plan = make_plan(make_mesh(3))
    run = ApplyRun(plan, lambda: 0.0)
    for event in good_apply(plan):
        if isinstance(event, DirectionVerified) and event.from_ == "server-c":
            break
        run.take(event)  # type: ignore[arg-type]
    text = text_of(apply_tree(run, 100), all_open=False)
    assert "2/2 ●●" in text
    assert "0/2 ··" in text
    for event in good_apply(plan):
        run.take(event)  # type: ignore[arg-type]
    assert not run.running
    assert run.summary() == ("✓ 6 of 6 directions up in 3.2 s", "good")
    text = text_of(apply_tree(run, 100), all_open=False)
    assert text.count("✓ server-") == 3
    assert len(text.splitlines()) == 3, "nothing is open"


def test_apply_run_says_what_does_not_work() -> None:
    plan = make_plan(make_mesh(2))
    run = ApplyRun(plan, lambda: 0.0)
    bad = DirectionVerified("server-a", "server-b", False, "no handshake: is UDP let through?")
    good = DirectionVerified("server-b", "server-a", True, "ok")
    for host in ("server-a", "server-b"):
        run.take(Progress(host, "verify", "running"))
    run.take(ApplyResult({"server-b": "sudo refused"}, (bad, good), 5.0))
    assert run.summary() == ("× 1 of 2 directions up in 5.0 s, 1 host not as planned", "bad")
    text = text_of(apply_tree(run, 80))
    assert "  sudo refused" in text
    assert "  it does not reach 1 of 1 host" in text
    assert "  × → server-b  no handshake: is UDP let through?" in text
    assert "0/1 ×" in text


def test_a_phase_that_was_not_needed_is_not_waited_for() -> None:
    run = ApplyRun(make_plan(make_mesh(2)), lambda: 0.0)
    run.take(Progress("server-b", "change", "running"))
    assert "– key  – stage  » change  · verify" in text_of(apply_tree(run, 80))
    run.take(Progress("server-b", "change", "done"))
    run.take(Progress("server-b", "verify", "done"))
    assert "✓ server-b  – key  – stage  ✓ change  ✓ verify" in text_of(apply_tree(run, 80))


def test_a_host_that_failed_is_nobodys_way() -> None:
    run = ApplyRun(make_plan(make_mesh(3)), lambda: 0.0)
    assert run.ways()["server-a"] == ["server-b", "server-c"]
    run.take(Progress("server-b", "stage", "failed", "disk full"))
    assert run.ways()["server-a"] == ["server-c"]


def test_apply_run_broken_off() -> None:
    run = ApplyRun(make_plan(make_mesh(2)), lambda: 0.0)
    run.fail("lost\x1b[31m")
    assert not run.running
    assert run.summary() == ("× the apply broke off: lost␛[31m", "bad")


async def test_leaving_the_apply_leaves_nothing_running() -> None:
    fleet = StandIn(make_mesh(3), apply_gate=asyncio.Event())
    app = MeshApp(fleet.mesh, fleet.open)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: "server-a" in app.screen.query_one(LineTree).plain)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, ApplyScreen))
        left = app.screen
        assert isinstance(left, ApplyScreen)
        await until(pilot, lambda: left._timer is not None)
        task = left._timer._task  # type: ignore[union-attr]
        await pilot.press("escape")
        await until(pilot, lambda: not left.is_running and task is not None and task.done())


# -- the tree


async def until(pilot: Pilot[None], what: Callable[[], bool]) -> None:
    for _ in range(200):
        if what():
            return
        await pilot.pause(0.02)
    raise AssertionError("it did not come to be")


class TreeApp(App[None]):
    CSS_PATH = ["../../meshtui/tui/widgets/tree.tcss"]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield LineTree()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def on_mount(self) -> None:
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name


class Garden:
    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.tree = pilot.app.query_one(LineTree)

    @property
    def shown(self) -> list[str]:
        return [line.strip() for line in self.tree.plain.splitlines()]

    @property
    def at(self) -> str:
        return self.shown[self.tree.cursor]

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        return self.at


def branches(names: str = "abc", leaves: int = 3, *, opened: bool = False) -> list[Item]:
    def body(name: str) -> list[Item]:
        inner = Branch((name, "in"), (("in " + name, ""),), lambda: [(("deep " + name, ""),)])
        return [*[((f"{name}{i}", "dim"),) for i in range(leaves)], inner]

    return [
        Branch(name, ((name, "strong"),), lambda name=name: body(name), opened)  # type: ignore[misc]
        for name in names
    ]


@asynccontextmanager
async def garden(roots: Sequence[Item], size: tuple[int, int] = (40, 12)) -> AsyncIterator[Garden]:
    app = TreeApp()
    async with app.run_test(size=size) as pilot:
        one = Garden(pilot)
        one.tree.plant(roots)
        await pilot.pause()
        yield one


async def test_opening_and_closing() -> None:
    async with garden(branches()) as one:
        assert one.shown == ["▸ a", "▸ b", "▸ c"]
        assert await one.press("j", "enter") == "▾ b"
        assert one.shown == ["▸ a", "▾ b", "b0", "b1", "b2", "▸ in b", "▸ c"]
        assert await one.press("right") == "b0", "right goes in where it is open"
        assert await one.press("left") == "▾ b", "left goes out"
        assert await one.press("left") == "▸ b", "and closes"
        assert await one.press("space", "down", "down", "enter") == "b1", "a leaf does not open"
        await one.press("k", "k", "k", "enter")
        assert one.shown[0] == "▾ a"
        assert await one.press("G") == "▸ c"
        assert await one.press("g") == "▾ a"


async def test_all_at_once_level_by_level() -> None:
    async with garden(branches()) as one:
        await one.press("G", "e")
        assert one.at == "▾ c", "the cursor stays on what it was on"
        assert "▸ in a" in one.shown
        await one.press("j", "j", "j", "j", "e")
        assert one.at == "▾ in c"
        assert "deep a" in one.shown
        assert await one.press("e") == "▸ c"
        assert one.shown == ["▸ a", "▸ b", "▸ c"]


async def test_closing_takes_the_cursor_along() -> None:
    async with garden(branches(opened=True)) as one:
        one.tree.move(4)
        await one.press("right", "down")
        assert one.at == "deep a"
        one.tree.toggle(0)
        assert one.at == "▸ a"
        one.tree.move(1)
        one.tree.toggle(0)
        assert one.at == "a0", "opened above it: it does not follow its line"


async def test_another_tree_keeps_what_is_open_and_the_cursor() -> None:
    async with garden(branches()) as one:
        await one.press("j", "enter", "j", "j")
        assert one.at == "b1"
        one.tree.plant(branches("xcba"))
        assert one.at == "b1"
        assert one.shown.count("▾ b") == 1
        one.tree.plant(branches("xy"))
        assert one.tree.cursor < len(one.shown)


async def test_the_cursor_stays_on_the_first_line_whatever_comes_there() -> None:
    async with garden(branches()) as one:
        one.tree.plant(branches("zabc"))
        assert one.at == "▸ z"


async def test_nothing_to_show() -> None:
    async with garden([]) as one:
        await one.pilot.press("j", "k", "enter", "right", "left", "e", "G", "g", "pagedown")
        assert one.tree.plain == ""
        assert one.tree.cursor == 0


async def test_the_mouse_opens_and_closes() -> None:
    async with garden(branches()) as one:
        await one.pilot.click(LineTree, offset=(2, 1))
        assert one.at == "▾ b"
        await one.pilot.click(LineTree, offset=(4, 3))
        assert one.at == "b1"
        await one.pilot.click(LineTree, offset=(2, 1))
        assert one.shown == ["▸ a", "▸ b", "▸ c"]
        await one.pilot.click(LineTree, offset=(2, 9))
        assert one.at == "▸ b", "there is nothing"


async def test_what_was_opened_is_in_view() -> None:
    async with garden(branches("abcdefghijkl", 4)) as one:
        await one.press("G", "enter")
        assert one.tree.scroll_offset.y == 17 - 12
        assert one.at == "▾ l"


async def test_a_plan_of_200_hosts_answers_at_once() -> None:
    """100,000 lines: only what is opened is built, and only what is in view is drawn."""
    plan = make_plan(make_mesh(200))
    asked: list[str] = []

    def body(name: str) -> list[Item]:
        asked.append(name)
        return [((f"{name} line {i}", "added"),) for i in range(500)]

    roots: list[Item] = [
        Branch(host.host, ((host.host, ""),), lambda host=host: body(host.host))  # type: ignore[misc]
        for host in plan.hosts
    ]
    async with garden(roots, (200, 60)) as one:
        assert asked == []
        await one.press("enter")
        assert asked == ["node-001"]
        await one.press("G", "e")
        assert one.tree.count == 200 * 501
        took = []
        for _ in range(30):
            start = time.thread_time()
            one.tree.move(one.tree.cursor - 1)
            for y in range(60):
                one.tree.render_line(y)
            took.append(time.thread_time() - start)
        # Every line is drawn anew here, which only a move off the screen does.
        assert sorted(took)[len(took) // 2] < 0.01
