"""The host screen and the link screen: how they look, and what becomes of them when things fail."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from one_screen import OneScreen, interface
from presses import presses
from stage import screen_text, settled
from standin import StandIn, dead, make_inspection, make_mesh, poll
from textual.pilot import Pilot

from meshtui.errors import Unreachable
from meshtui.fleet.reports import LinkSample, PathMtu, PingReport, TrafficSample
from meshtui.tui.screens.host import HostScreen
from meshtui.tui.screens.link import LinkScreen
from meshtui.wg.dump import LivePeer

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Snap = Callable[..., bool]
WHY = "no SSH answer from 203.0.113.1:22 within 10 s\ntry: ssh root@203.0.113.1"
KEYS = {name: f"{letter * 42}A=" for name, letter in (("server-b", "b"), ("stranger", "z"))}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock on the wall is the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def host_app(hosts: int = 6, size: int = 0) -> OneScreen:
    app = OneScreen(StandIn(make_mesh(hosts)), lambda app: app.host_screen("server-a"))
    app.log_book.add("good", "up again", "server-a")
    app.log_book.add("bad", "no business of this screen", "server-b")
    app.log_book.add("warn", "link to server-b stale", "server-a")
    return app


def link_app() -> OneScreen:
    return OneScreen(StandIn(make_mesh(3)), lambda app: app.link_screen("server-a", "server-b"))


def one_way(app: OneScreen) -> None:
    """What server-a sends never arrives; the far end moved, too."""
    app.see_all(
        {
            ("server-b", "server-a"): lambda link: link._replace(
                state="stale", latest_handshake_age=410, endpoint="198.51.100.9:51820"
            )
        }
    )


@asynccontextmanager
async def shown(app: OneScreen, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(app)
        yield pilot


async def until(app: OneScreen, what: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end, screen_text(app)
        await asyncio.sleep(0.01)


def the_host(app: OneScreen) -> HostScreen:
    assert isinstance(app.screen, HostScreen)
    return app.screen


def the_link(app: OneScreen) -> LinkScreen:
    assert isinstance(app.screen, LinkScreen)
    return app.screen


def before(app: OneScreen, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        for key in keys:
            await pilot.press(key)
        await settled(app)

    return run


# -- how they look


@sizes
def test_host(snap_compare: Snap, size: tuple[int, int]) -> None:
    app = host_app()
    app.see_all(
        {
            ("server-b", "server-a"): lambda link: link._replace(state="stale"),
            ("server-a", "server-f"): lambda link: link._replace(
                state="missing",
                latest_handshake_age=None,
                transfer_rx=None,
                transfer_tx=None,
                endpoint=None,
            ),
        }
    )
    assert snap_compare(app, terminal_size=size, run_before=before(app))


@sizes
def test_host_dead(snap_compare: Snap, size: tuple[int, int]) -> None:
    app = host_app()
    app.fleet.answers["inspect"] = Unreachable("no SSH answer", host="server-a")
    app.see_all()
    app.see(dead(app.fleet.mesh, "server-a", WHY))
    app.moved += 130
    assert snap_compare(app, terminal_size=size, run_before=before(app))


@sizes
def test_host_without_history(snap_compare: Snap, size: tuple[int, int]) -> None:
    class Forgetful(StandIn):
        async def traffic(self, host: str, since: float, step: float) -> list[TrafficSample]:
            return [TrafficSample(since + step, None, None)]

    app = host_app()
    app.fleet = Forgetful(app.fleet.mesh)
    app.see_all()
    assert snap_compare(app, terminal_size=size, run_before=before(app, "2"))


@sizes
def test_host_configuration(snap_compare: Snap, size: tuple[int, int]) -> None:
    app = host_app(3)
    app.see_all()
    assert snap_compare(app, terminal_size=size, run_before=before(app, "4"))


def test_host_traffic(snap_compare: Snap) -> None:
    app = host_app()
    app.see_all()
    assert snap_compare(app, terminal_size=(80, 24), run_before=before(app, "2"))


@sizes
def test_link(snap_compare: Snap, size: tuple[int, int]) -> None:
    app = link_app()
    app.see_all()
    assert snap_compare(app, terminal_size=size, run_before=before(app, "t", "u"))


@sizes
def test_link_one_way(snap_compare: Snap, size: tuple[int, int]) -> None:
    app = link_app()
    one_way(app)
    lossy = PingReport("server-a", "server-b", 10, 0)
    app.fleet.answers["ping"] = lossy
    app.fleet.answers["path_mtu"] = PathMtu("server-a", "server-b", 1280, None, 1420)
    assert snap_compare(app, terminal_size=size, run_before=before(app, "t", "u", "j", "j", "j"))


@sizes
def test_link_dead(snap_compare: Snap, size: tuple[int, int]) -> None:
    class Forgetful(StandIn):
        async def link_history(self, from_: str, to: str, since: float) -> list[LinkSample]:
            return []

        async def last_worked(self, from_: str, to: str) -> float | None:
            return None

    app = link_app()
    app.fleet = Forgetful(app.fleet.mesh)
    app.see_all()
    app.see(dead(app.fleet.mesh, "server-a", WHY))
    app.moved += 130
    assert snap_compare(app, terminal_size=size, run_before=before(app))


# -- what lives


async def test_a_host_dies_while_one_looks_at_it() -> None:
    app = host_app()
    async with shown(app) as pilot:
        app.see_all()
        await pilot.pause()
        assert "● up" in screen_text(app)
        app.moved += 5
        app.see(dead(app.fleet.mesh, "server-a", WHY))
        await pilot.pause()
        text = screen_text(app)
        assert "× unreachable" in text
        assert "all values as seen 5 s ago" in text
        assert "try: ssh root@203.0.113.1" in text
        assert "203.0.113.2:51820" in text, "the peers stay as they were last seen"
        app.see(poll(app.fleet.mesh, "server-a", 20))
        await pilot.pause()
        assert "as seen" not in screen_text(app)


async def test_a_host_that_goes_from_the_file_says_so() -> None:
    app = host_app(3)
    async with shown(app) as pilot:
        app.see_all()
        app.view.replace(make_mesh(names=["server-b", "server-c"]))
        the_host(app).rows_changed({0})
        await pilot.pause()
        assert "no longer in mesh.toml" in screen_text(app)


async def test_rows_changed_before_and_after_the_screen_is_there() -> None:
    app = host_app(3)
    screen = app.host_screen("server-b")
    screen.rows_changed({1})
    link = app.link_screen("server-a", "server-b")
    link.rows_changed({1})
    async with shown(app) as pilot:
        await app.push_screen(screen)
        await pilot.press("escape")
        screen.rows_changed({1})
        assert the_host(app).host == "server-a"


async def test_a_hundred_live_peers_draw_only_what_changed() -> None:
    app = OneScreen(StandIn(make_mesh(100)), lambda app: app.host_screen("node-001"))
    async with shown(app) as pilot:
        app.see_all()
        await pilot.pause()
        peers = the_host(app)._peers
        built: list[str] = []
        row_of = peers._cells
        peers._cells = lambda key: (built.append(key), row_of(key))[1]  # type: ignore[func-returns-value]
        app.see(poll(app.fleet.mesh, "node-001", 12))
        await pilot.pause()
        assert 0 < len(set(built)) < 25, "only rows in view are built"


async def test_an_unknown_peer_has_a_row_and_no_link() -> None:
    app = host_app(3)
    async with shown(app) as pilot:
        event = poll(app.fleet.mesh, "server-a", 5)
        stranger = LivePeer(KEYS["stranger"], False, "192.0.2.9:4", (), 0, 2048, 3072, 0)
        live = interface(stranger)
        status = replace(event.host, live=live, unknown_peers=(KEYS["stranger"],))
        app.see(replace(event, host=status))
        await pilot.pause()
        assert "192.0.2.9:4" in screen_text(app)
        await pilot.press("G", "enter")
        assert "no such peer" in screen_text(app)
        assert the_host(app).copied() == KEYS["stranger"]


# -- what fails


@pytest.mark.parametrize("error", [Unreachable("gone", host="server-a"), RuntimeError("gone")])
@pytest.mark.parametrize("method", ["inspect", "traffic"])
async def test_a_host_screen_whose_questions_fail(error: Exception, method: str) -> None:
    app = host_app(3)

    async def fail(*_: object) -> object:
        raise error

    setattr(app.fleet, method, fail)
    async with shown(app) as pilot:
        app.see_all()
        await pilot.press("2")
        assert "gone" in screen_text(app)
        setattr(app.fleet, method, getattr(StandIn(app.fleet.mesh), method))
        await pilot.press("r")
        await settled(app)
        assert "gone" not in screen_text(app)
        assert app.is_running


@pytest.mark.parametrize("error", [Unreachable("gone", host="server-a"), RuntimeError("gone")])
@pytest.mark.parametrize(
    ("method", "key"), [("link_history", "r"), ("ping", "t"), ("path_mtu", "u")]
)
async def test_a_link_screen_whose_questions_fail(error: Exception, method: str, key: str) -> None:
    app = link_app()
    real = getattr(app.fleet, method)

    async def fail(from_: str, *more: object) -> object:
        if from_ == "server-a":
            raise error
        return await real(from_, *more)

    setattr(app.fleet, method, fail)
    async with shown(app, (120, 40)) as pilot:
        app.see_all()
        await pilot.press(key)
        await settled(app)
        text = screen_text(app)
        assert "gone" in text
        good = {"link_history": "●●●●", "ping": "0.4 / 0.9 / 2.3 ms", "path_mtu": "1420 in the"}
        assert good[method] in text, "the other way is told all the same"
        assert app.is_running


async def test_text_from_a_host_is_inert() -> None:
    evil = "[red]x[/red]\x1b[31m\u202eevil"
    app = host_app(3)
    good = make_inspection(app.fleet.mesh, "server-a")
    facts = replace(good.facts, os=evil, other_addresses=(evil,), wireguard=evil * 1000)
    app.fleet.answers["inspect"] = replace(
        good, facts=facts, disk=f"[Interface]\n{evil}\n", notes=(evil,)
    )
    async with shown(app, (120, 40)) as pilot:
        app.see_all({("server-a", "server-b"): lambda link: link._replace(endpoint=evil)})
        await pilot.pause()
        text = screen_text(app)
        assert "[red]x[/red]␛[31m<U+202E>evil" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        await pilot.press("enter")
        assert "\u202e" not in screen_text(app)
        assert "[red]x" in screen_text(app)


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (79, 23), (300, 100)])
async def test_any_size(size: tuple[int, int]) -> None:
    app = host_app(3)
    async with shown(app, size) as pilot:
        app.see_all()
        await pilot.press("2", "3", "4", "f", "1")
        await pilot.press("enter")
        await pilot.press("j", "l", "w")
        assert app.is_running


# -- every key


@presses("host.next_pane", "host.previous_pane")
async def test_panes_in_turn(key: str) -> None:
    app = host_app()
    async with shown(app) as pilot:
        app.see_all()
        seen = []
        for _ in range(4):
            seen.append(the_host(app)._pane)
            await pilot.press(key)
        forward = ["peers", "traffic", "log", "config"]
        assert seen == (forward if key == "tab" else ["peers", "config", "log", "traffic"])
        assert the_host(app)._pane == "peers"


@presses("host.peers", "host.traffic", "host.log", "host.config")
async def test_panes_by_number(key: str) -> None:
    app = host_app(3)
    async with shown(app) as pilot:
        app.see_all()
        await pilot.press("4" if key == "1" else "1", key)
        shows = {"1": "ENDPOINT", "2": "mean", "3": "up again", "4": "ListenPort"}
        text = screen_text(app)
        assert [word for word in shows.values() if word in text] == [shows[key]]
        assert the_host(app).focused is the_host(app)._panes[the_host(app)._pane]


@presses("host.full")
async def test_one_pane_or_all(key: str) -> None:
    app = host_app(3)
    async with shown(app, (200, 60)) as pilot:
        app.see_all()
        await pilot.pause()
        assert "ListenPort" in screen_text(app)
        await pilot.press(key)
        assert "ListenPort" not in screen_text(app)
        assert "ENDPOINT" in screen_text(app)
        await pilot.press(key)
        assert "ListenPort" in screen_text(app)


@presses("host.sort")
async def test_sorts_by_the_next_column(key: str) -> None:
    app = host_app(4)
    async with shown(app) as pilot:
        app.see_all({("server-a", "server-c"): lambda link: link._replace(state="never")})
        await pilot.pause()
        peers = the_host(app)._peers
        assert list(peers.keys) == ["server-b", "server-c", "server-d"]
        await pilot.press(key)
        assert peers.sorted_by == "here"
        assert peers.keys[0] == "server-c", "the worst first"
        assert peers.cursor == "server-b", "the cursor stays on its row"
        assert "HERE▼" in screen_text(app)


@presses("host.reverse")
async def test_sorts_the_other_way_round(key: str) -> None:
    app = host_app(4)
    async with shown(app) as pilot:
        app.see_all()
        await pilot.press(key)
        assert list(the_host(app)._peers.keys) == ["server-d", "server-c", "server-b"]


async def test_a_click_on_a_heading_sorts() -> None:
    app = host_app(4)
    async with shown(app) as pilot:
        app.see_all()
        await pilot.pause()
        peers = the_host(app)._peers
        start = next(p.start for p in peers._placed if p.column.id == "rx")
        await pilot.click(peers, offset=(start + 1, 0))
        assert (peers.sorted_by, peers.reverse) == ("rx", True)
        assert list(peers.keys) == ["server-d", "server-c", "server-b"]
        await pilot.click(peers, offset=(start + 1, 0))
        assert list(peers.keys) == ["server-b", "server-c", "server-d"]
        await pilot.click(peers, offset=(3, 2))
        assert peers.cursor == "server-c"


async def test_a_click_on_a_tab_goes_there() -> None:
    app = host_app(4)
    async with shown(app) as pilot:
        app.see_all()
        await pilot.pause()
        at = the_host(app)._tabs.said.index("2 traffic")
        await pilot.click("#tabs", offset=(at + 2, 0))
        assert the_host(app)._pane == "traffic"


@presses("host.zoom_in", "host.zoom_out")
async def test_zooms(key: str) -> None:
    app = host_app()
    async with shown(app) as pilot:
        app.see_all()
        asked: list[float] = []
        real = app.fleet.traffic

        async def traffic(host: str, since: float, step: float) -> list[TrafficSample]:
            asked.append(app.fleet.now - since)
            return await real(host, since, step)

        app.fleet.traffic = traffic  # type: ignore[method-assign]
        await pilot.press("2", *[key] * 5)
        await settled(app)
        assert asked[-1] == (600 if key == "plus" else 86400)
        assert ("10 min" if key == "plus" else "24 h") in screen_text(app)


@presses("host.compare")
async def test_compares_others(key: str) -> None:
    app = host_app(3)
    async with shown(app) as pilot:
        app.see_all()
        await pilot.press("4")
        assert "+ running" in screen_text(app)
        await pilot.press(key)
        assert "+ on disk" in screen_text(app)
        assert "no difference" in screen_text(app)
        await pilot.press(key)
        assert "- on disk" in screen_text(app)


@presses("host.difference")
async def test_goes_to_the_next_difference(key: str) -> None:
    app = host_app(26)
    good = make_inspection(app.fleet.mesh, "server-a")
    app.fleet.answers["inspect"] = replace(
        good, running=good.wanted.replace("10.0.0.20/32", "10.9.9.9/32")
    )
    async with shown(app) as pilot:
        await pilot.press(key)
        assert the_host(app)._pane == "config"
        assert "+ AllowedIPs = 10.9.9.9/32" in screen_text(app)


@presses("host.again")
async def test_looks_again(key: str) -> None:
    app = host_app(3)
    async with shown(app) as pilot:
        app.see_all()
        calls = app.fleet.calls.count("inspect server-a")
        await pilot.press(key)
        await settled(app)
        assert app.fleet.calls.count("inspect server-a") == calls + 1


@presses("host.back")
async def test_leaves_the_host(key: str) -> None:
    app = host_app(3)
    async with shown(app) as pilot:
        await pilot.press(key)
        assert not isinstance(app.screen, HostScreen)


@presses("table.up", "table.down", "table.page_up", "table.page_down", "table.top", "table.bottom")
async def test_moves_in_the_peers(key: str) -> None:
    app = host_app()
    app = OneScreen(StandIn(make_mesh(60)), lambda app: app.host_screen("node-001"))
    ends = {
        **dict.fromkeys(("up", "k"), 29),
        **dict.fromkeys(("down", "j"), 31),
        **dict.fromkeys(("g", "home"), 0),
        **dict.fromkeys(("G", "end"), 58),
    }
    async with shown(app) as pilot:
        app.see_all()
        peers = the_host(app)._peers
        peers.move(30)
        await pilot.press(key)
        at = list(peers.keys).index(peers.cursor or "")
        if key.startswith("page"):
            assert 8 <= abs(at - 30) <= 20
        else:
            assert at == ends[key]
        assert (peers.cursor or "") in screen_text(app)


@presses("table.open")
async def test_opens_the_link(key: str) -> None:
    app = host_app(4)
    async with shown(app) as pilot:
        app.see_all()
        await pilot.press("down", key)
        assert the_link(app).pair == ("server-a", "server-c")


@presses("link.ping")
async def test_pings_both_ways(key: str) -> None:
    app = link_app()
    app.fleet.pace = 0.05
    async with shown(app) as pilot:
        app.see_all()
        the_link(app).action_ping()
        await pilot._wait_for_screen()
        assert screen_text(app).count("pinging 10 times") == 2
        await pilot.press(key)
        await until(app, lambda: screen_text(app).count("0.4 / 0.9 / 2.3 ms") == 2)
        assert {"ping server-a server-b", "ping server-b server-a"} <= set(app.fleet.calls)


@presses("link.mtu")
async def test_finds_the_path_mtu(key: str) -> None:
    app = link_app()
    async with shown(app) as pilot:
        app.see_all()
        await pilot.press(key)
        await settled(app)
        assert screen_text(app).count("1420 in the tunnel") == 2


@presses("link.swap")
async def test_swaps_the_ends(key: str) -> None:
    app = link_app()
    async with shown(app) as pilot:
        one_way(app)
        await pilot.press("t", key)
        text = screen_text(app)
        assert text.index("server-b sees server-a") < text.index("server-a sees server-b")
        assert the_link(app).host == "server-b"
        assert text.count("0.4 / 0.9 / 2.3 ms") == 2, "what was measured stays"


@presses("link.again")
async def test_reads_the_records_again(key: str) -> None:
    app = link_app()
    async with shown(app) as pilot:
        app.see_all()
        asked: list[str] = []
        real = app.fleet.last_worked

        async def last_worked(from_: str, to: str) -> float | None:
            asked.append(from_)
            return await real(from_, to)

        app.fleet.last_worked = last_worked  # type: ignore[method-assign]
        await pilot.press(key)
        await settled(app)
        assert asked == ["server-a", "server-b"]


@presses("link.up", "link.down", "link.left", "link.right", "link.top", "link.bottom")
async def test_marks_a_field(key: str) -> None:
    app = link_app()
    async with shown(app, (120, 40)) as pilot:
        app.see_all()
        link = the_link(app)
        link._cursor = (0 if key in ("right", "l") else 1, 3)
        await pilot.press(key)
        ends = {
            **dict.fromkeys(("up", "k"), (1, 2)),
            **dict.fromkeys(("down", "j"), (1, 4)),
            **dict.fromkeys(("left", "h"), (0, 3)),
            **dict.fromkeys(("right", "l"), (1, 3)),
            **dict.fromkeys(("g", "home"), (1, 0)),
            **dict.fromkeys(("G", "end"), (1, 7)),
        }
        assert link._cursor == ends[key]
        marked = [line for line in screen_text(app).splitlines() if "▸" in line]
        assert len(marked) == 1


@presses("link.page_up", "link.page_down")
async def test_scrolls_the_link(key: str) -> None:
    app = link_app()
    async with shown(app, (80, 12)) as pilot:
        app.see_all()
        board = the_link(app)._board
        await pilot.pause()
        board.scroll_to(y=5, animate=False)
        await pilot.press(key)
        assert (board.scroll_offset.y > 5) is (key == "pagedown")


@presses("link.back")
async def test_leaves_the_link(key: str) -> None:
    app = link_app()
    async with shown(app) as pilot:
        await pilot.press(key)
        assert not isinstance(app.screen, LinkScreen)


async def test_what_is_marked_is_what_is_copied() -> None:
    app = link_app()
    async with shown(app) as pilot:
        app.see_all()
        link = the_link(app)
        found = []
        for _ in range(8):
            found.append(link.copied())
            await pilot.press("j")
        assert found[3:6] == ["203.0.113.2:51820", "k" * 43 + "=", "10.0.0.2/32"]


async def test_a_click_marks_a_field_and_a_name_opens_its_host() -> None:
    app = link_app()
    async with shown(app) as pilot:
        app.see_all()
        await pilot.pause()
        link = the_link(app)
        await pilot.click(link._board, offset=(5, 6))
        assert link.copied() == "k" * 43 + "="
        await pilot.click(link._board, offset=(3, link._starts[1]))
        assert the_host(app).host == "server-b"


async def test_an_answer_is_one_sample_however_often_it_is_drawn() -> None:
    app = link_app()
    async with shown(app) as pilot:
        app.see_all()
        screen = the_link(app)
        before = {pair: len(seen) for pair, seen in screen._seen.items()}
        app.moved += 7200
        app.fleet.now += 7200
        for _ in range(3):
            await pilot.press("j")
        assert {pair: len(seen) for pair, seen in screen._seen.items()} == before
        assert all(app.fleet.now - seen[-1][0] >= 7200 for seen in screen._seen.values())
        app.see_all()
        assert all(len(seen) > before[pair] for pair, seen in screen._seen.items())
