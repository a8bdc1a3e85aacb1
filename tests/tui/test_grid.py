"""The grid: what its cells, lines and the widgets around it say, and what moves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from stage import on_stage
from standin import StandIn, dead, make_mesh, poll
from textual.events import MouseScrollDown
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot

from meshtui.fleet.events import HostPolled, LinkStatus
from meshtui.fleet.reports import RoundTrip
from meshtui.tui.app import MeshApp
from meshtui.tui.screens.mesh import MeshScreen
from meshtui.tui.theme import LINK_GLYPHS
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import (
    HERE_ONLY,
    MODES,
    THERE_ONLY,
    Face,
    dot,
    faces,
    milliseconds,
    pair,
    shade,
)
from meshtui.tui.widgets.grid import Grid
from meshtui.tui.widgets.layout import ZOOMS, lay_out

STATES = list(LINK_GLYPHS)


class Play:
    def __init__(self, app: MeshApp, fleet: StandIn, pilot: Pilot[None]) -> None:
        self.app, self.fleet, self.pilot = app, fleet, pilot
        self.opened: list[tuple[int, int]] = []

    @property
    def screen(self) -> MeshScreen:
        return self.app.mesh_screen

    @property
    def grid(self) -> Grid:
        return self.screen.grid

    @property
    def view(self) -> MeshView:
        return self.grid.view

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, shown: str) -> str:
        for _ in range(150):
            if shown in (text := self.text()):
                return text
            await self.pilot.pause(0.02)
        raise AssertionError(f"{shown!r} not on screen:\n{text}")

    def feed(self, name: str, to: str = "", **fields: object) -> None:
        event = poll(self.fleet.mesh, name)
        links = tuple(
            link._replace(**fields) if to in ("", link.to) else link for link in event.links
        )
        self.fleet.feed(HostPolled(event.host, links))

    def cell(self, row: str, column: str) -> str:
        """What the grid shows of two hosts, one of which is not in the last column."""
        frame, index = self.grid._frame, self.view.index
        line = next(y for y in range(1, frame.height) if index[row] in frame.hosts(y))
        strip = self.grid.render_line(line)
        at = frame.layout.left + frame.columns.index(index[column]) * frame.layout.cell
        return strip.crop(at, at + frame.layout.cell).text


@asynccontextmanager
async def playing(
    hosts: int | list[str] = 3, size: tuple[int, int] = (120, 40), *, fed: bool = True
) -> AsyncIterator[Play]:
    mesh = make_mesh(names=hosts) if isinstance(hosts, list) else make_mesh(hosts)
    fleet = StandIn(mesh)
    app = MeshApp(mesh, fleet.open)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        play = Play(app, fleet, pilot)
        if fed:
            fleet.feed_all()
            await play.until(f"{len(mesh.hosts)}/{len(mesh.hosts)}")
        real = play.grid.post_message

        def post(message: Message) -> bool:
            if isinstance(message, Grid.Opened):
                play.opened.append((message.row, message.column))
                return True
            return real(message)

        play.grid.post_message = post  # type: ignore[method-assign]
        yield play


# -- cells


def said(face: Face) -> str:
    return "".join(text for text, _ in face)


def view_of(near: str, far: str | None = None, **fields: object) -> MeshView:
    """Two hosts: a sees b as `near`, b sees a as `far`; None: b has not answered."""
    view = MeshView(make_mesh(names=["a", "b"]))
    for one, other, state in (("a", "b", near), ("b", "a", far)):
        if state is not None:
            link = LinkStatus(one, other, state, 12, 436, 5280, "203.0.113.1:51820")  # type: ignore[arg-type]
            view.see(HostPolled(poll(view.mesh, one).host, (link._replace(**fields),), 10.0))
    return view


def cell_of(view: MeshView, mode: str = "age", zoom: str = "values", name: int = 6) -> Face:
    layout = lay_out(100, ["a" * name, "b" * name], ["", ""], 2, zoom=zoom)  # type: ignore[arg-type]
    return faces(view, 0, [1], mode, layout)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("near", "far", "shown"),
    [
        ("up", None, "● 10s"),
        ("up", "up", "● 10s"),
        ("up", "stale", "●◐10s"),
        ("stale", "up", "◐●10s"),
        ("stale", "never", "◐×10s"),
        ("up", "missing", "●∅10s"),
        ("missing", "never", "∅×"),
        ("unknown", None, "?"),
    ],
)
def test_a_cell_shows_both_ends(near: str, far: str | None, shown: str) -> None:
    face = cell_of(view_of(near, far))
    assert said(face).rstrip() == shown
    assert face[0][1] == near, "the colour is the glyph's state"
    if far not in (None, near):
        assert face[1] == (LINK_GLYPHS[far], far)  # type: ignore[index]


def test_a_one_way_link_is_no_dead_link_even_from_afar() -> None:
    looks = {
        said(dot(near, far, False))  # type: ignore[arg-type]
        for near, far in (("up", "up"), ("up", "stale"), ("stale", "up"), ("stale", "stale"))
    }
    assert looks == {"●", HERE_ONLY, THERE_ONLY, "◐"}
    assert said(dot("up", "unknown", False)) == "●", "a far end that is not heard says nothing"


@pytest.mark.parametrize(
    ("mode", "values", "full"),
    [
        ("age", "● 10s", "●  10s ↓436  ↑5.2K"),
        ("rx", "● 436", "●  10s ↓436  ↑5.2K"),
        ("tx", "● 5.2K", "●  10s ↓436  ↑5.2K"),
        ("rate", "● 1.1K", "●  10s ↓1.0K ↑100"),
        ("rtt", "● 1.5", "●  10s 1.5  ms"),
        ("problems", "·", "·"),
    ],
)
def test_modes(mode: str, values: str, full: str) -> None:
    view = view_of("up", "up")
    more = (view.rows[0].links[1]._replace(transfer_rx=436 + 2000, transfer_tx=5480),)  # type: ignore[union-attr]
    view.see(HostPolled(poll(view.mesh, "a").host, more, 12.0))
    if mode != "rate":
        view.see(HostPolled(poll(view.mesh, "a").host, (view_of("up").rows[0].links[1],), 13.0))  # type: ignore[arg-type]
    view.measured(RoundTrip("a", "b", 1.46))
    assert said(cell_of(view, mode)).rstrip() == values
    assert said(cell_of(view, mode, "full")).rstrip() == full


def test_what_a_silent_host_saw_is_grey_and_keeps_its_glyph() -> None:
    view = view_of("stale", "up")
    view.see(dead(view.mesh, "a"))
    for zoom in ("dots", "values", "full"):
        glyph, style = cell_of(view, zoom=zoom)[0]
        assert (glyph, style) == ("◐", "kept")


def test_problems_mode_shows_an_ill_far_end() -> None:
    assert said(cell_of(view_of("up", "never"), "problems")).rstrip() == "●×10s"


@pytest.mark.parametrize(
    ("amount", "mode", "shown"),
    [
        (None, "rx", "·"), (0, "rx", "·"), (1, "rx", "▁"), (10_000, "rx", "▂"),
        (10**13, "tx", "█"), (50, "rate", "▁"), (0.4, "rtt", "▁"), (2000, "rtt", "█"),
    ],
)  # fmt: skip
def test_shades(amount: float | None, mode: str, shown: str) -> None:
    assert shade(amount, mode) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (None, "none"), (0.0, "0.00"), (0.424, "0.42"), (0.996, "1.0"), (12.34, "12.3"),
        (99.6, "100"), (1234, "1.2s"), (9960, "10s"), (10**9, "999s"),
    ],
)  # fmt: skip
def test_round_trips_in_four_characters(time: float | None, text: str) -> None:
    assert milliseconds(time) == text


def test_two_hosts_in_one_character() -> None:
    def char(*ends: tuple[str | None, str | None]) -> str:
        return pair(ends)[0][0]  # type: ignore[arg-type]

    assert char(("up", "up"), ("idle", "up")) == "·"
    assert char((None, None), (None, None)) == " "
    looks = {
        char((near, "up"), ("up", far)) for near in ("stale", "never") for far in ("up", "unknown")
    }
    assert len(looks) == 4, "every end of both can be told"
    assert char(("never", "up"), ("up", "up")) != char(("up", "up"), ("never", "up"))
    assert pair((("up", "stale"), ("never", "up")))[0][1] == "never", "the worst one's colour"


@given(
    st.sampled_from(STATES),
    st.sampled_from([None, *STATES]),
    st.sampled_from(MODES),
    st.sampled_from(["dots", "values", "full"]),
    st.integers(0, 2**64),
    st.integers(1, 30),
    st.booleans(),
)
def test_cells_are_as_wide_as_laid_out(
    near: str, far: str | None, mode: str, zoom: str, count: int, name: int, silent: bool
) -> None:
    view = view_of(near, far, transfer_rx=count, transfer_tx=count)
    more = view.rows[0].links[1]._replace(transfer_rx=2 * count)  # type: ignore[union-attr]
    view.see(HostPolled(poll(view.mesh, "a").host, (more,), 11.0))
    view.measured(RoundTrip("a", "b", count / 1000))
    if silent:
        view.see(dead(view.mesh, "a"))
    layout = lay_out(100, ["a" * name, "b"], ["", ""], 2, zoom=zoom)  # type: ignore[arg-type]
    for face in faces(view, 0, [0, 1], mode, layout):  # type: ignore[arg-type]
        assert cell_len(said(face)) == layout.cell


# -- layout


@given(
    st.integers(1, 300),
    st.integers(1, 120),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from([None, *ZOOMS]),
)
def test_layouts(width: int, count: int, length: int, roomy: bool, zoom: str | None) -> None:
    names = [f"{i:0{length}}"[:length] for i in range(count)]
    layout = lay_out(width, names, ["10.0.0.1"] * count, count, zoom=zoom, roomy=roomy)  # type: ignore[arg-type]
    if zoom:
        assert layout.zoom == zoom
    elif width >= 80 and count * 7 + 8 + 30 <= width:
        assert layout.left + count * layout.cell <= width
    if width >= 40 and length < 20:
        assert layout.left + layout.cell <= width, "at least one column is in view"


def test_layout_is_as_roomy_as_it_can_be() -> None:
    def lay(width: int, count: int, **more: object):  # type: ignore[no-untyped-def]
        names = [f"server-{i:02}" for i in range(count)]
        return lay_out(width, names, ["10.0.0.1"] * count, count, **more)  # type: ignore[arg-type]

    assert lay(120, 3).zoom == "full"
    assert lay(120, 3, roomy=False).zoom == "values"
    assert (lay(79, 6).number, lay(79, 6).word) == (0, 0), "names over the columns go before words"
    assert (lay(120, 12).zoom, lay(120, 12).number) == ("values", 2)
    assert lay(79, 12).zoom == "values", "more than half of it is in view"
    assert lay(79, 40).zoom == "dots"
    assert lay(152, 100).zoom == "dots"
    assert lay(152, 100).left + 100 <= 152, "all of 100 beside the details at 200 columns"


# -- on the screen


async def test_a_hundred_hosts_are_in_sight_at_once() -> None:
    async with playing(100, (200, 60)) as play:
        play.feed("node-100", "node-001", state="never", latest_handshake_age=None)
        assert play.grid.zoomed == "dots"
        assert len(play.grid._frame.columns) == 100
        await play.pilot.press("Z")
        frame = play.grid._frame
        assert play.grid.zoomed == "map"
        last = play.grid.order.rows[-1]
        assert any(last in frame.hosts(line) for line in range(3, frame.height))
        assert not play.grid.show_vertical_scrollbar
        await play.until("⡄")


async def test_zoom_keeps_the_cursor_in_view() -> None:
    async with playing(40, (80, 24)) as play:
        await play.pilot.press("G", "end")
        for key in ("z", "z", "Z", "Z", "Z"):
            await play.pilot.press(key)
            frame = play.grid._frame
            assert play.grid.column in frame.columns
            assert any(39 in frame.hosts(line) for line in range(frame.height))
            await play.pilot.pause()
            marked = ("▸40 node-040", "▸node-040", "▄ 39", "▄39")
            assert any(each in play.text() for each in marked)


async def test_a_mode_of_values_leaves_the_map_of_states() -> None:
    async with playing(40) as play:
        await play.pilot.press("Z")
        assert (play.grid.zoomed, play.grid.mode) == ("map", "age")
        await play.pilot.press("2")
        assert (play.grid.zoomed, play.grid.mode) == ("dots", "rx")
        await play.pilot.press("Z")
        assert (play.grid.zoomed, play.grid.mode) == ("map", "age")


async def test_the_cursor_stays_on_its_hosts_when_the_order_changes() -> None:
    async with playing(["b", "c", "a"]) as play:
        play.grid.select(0, 2)
        play.grid.sort("name")
        await play.pilot.pause()
        assert [play.view.names[i] for i in play.grid.order.rows] == ["a", "b", "c"]
        assert (play.grid.row, play.grid.column, play.grid.place) == (0, 2, (1, 0))
        await play.pilot.press("down", "right")
        assert (play.grid.row, play.grid.column) == (1, 0), "to the next in the order shown"
        play.grid.filter("!c")
        await play.pilot.pause()
        assert "▸b" in play.text(), "a cursor whose host is hidden goes to one near it"
        play.grid.filter("")
        assert play.grid.place == (1, 1)


async def test_a_filter_that_nothing_matches_says_so() -> None:
    async with playing(3) as play:
        play.grid.filter("nothing")
        await play.until("no host matches the filter")
        await play.pilot.press("j", "G", "end", "x", "enter", "z", "pagedown")
        assert play.opened == []
        play.grid.filter("server-b")
        await play.until("▸server-b")


async def test_problems_only() -> None:
    async with playing(6) as play:
        await play.pilot.press("6")
        await play.until("no problems")
        play.feed("server-b", "server-d", state="stale", latest_handshake_age=400)
        text = await play.until("▸server-b")
        assert "no problems" not in text
        assert play.grid.order == ((1,), (3,))
        play.fleet.feed(dead(play.fleet.mesh, "server-f"))
        await play.until("× unreachable")
        assert play.grid.order == ((1, 5), (3, 5))
        play.fleet.feed_all()
        await play.until("no problems")


async def test_a_host_that_falls_silent_and_comes_back() -> None:
    async with playing(3) as play:
        before = play.cell("server-c", "server-a")
        play.fleet.feed(dead(play.fleet.mesh, "server-c", "no answer within 10 s"))
        await play.until("× unreachable ↻0s")
        assert play.cell("server-c", "server-a").split() == before.split()
        text = await play.until("directions 4/6 healthy")
        assert "hosts 2/3 up" in text
        assert play.cell("server-a", "server-c").startswith("●?"), "the far end is not known"
        assert play.cell("server-c", "server-c").strip() == "↻0s"
        play.grid.select(2, 0)
        text = await play.until("● was up")
        assert "last seen 0 s ago" in text
        play.fleet.feed_all()
        await play.until("directions 6/6")


async def test_a_silent_host_grows_older_while_others_answer() -> None:
    now = 1000.0
    fleet = StandIn(make_mesh(3))
    app = MeshApp(fleet.mesh, fleet.open, clock=lambda: now)
    async with app.run_test(size=(120, 40)) as pilot:
        play = Play(app, fleet, pilot)
        fleet.feed_all()
        fleet.feed(dead(fleet.mesh, "server-c"))
        await play.until("↻0s")
        now += 60
        fleet.feed(poll(fleet.mesh, "server-a", 3))
        await play.until("unreachable ↻1m")


async def test_unknown_peers_show_on_the_host() -> None:
    async with playing(3, (120, 40)) as play:
        assert "+1" not in play.text()
        event = poll(play.fleet.mesh, "server-b")
        host = replace(event.host, unknown_peers=("U" * 43 + "=",))
        play.fleet.feed(replace(event, host=host))
        await play.until("●+1 up")
        play.grid.select(1, 1)
        text = await play.until("1 peer that mesh.toml does not know")
        assert "U" * 43 in text


@pytest.mark.parametrize("zoom", ["", "ZZZ"])
async def test_a_line_that_changed_out_of_view_is_right_when_it_comes_back(zoom: str) -> None:
    async with playing(60, size=(80, 24)) as play:
        play.fleet.feed_all()
        await play.until("60/60")
        await play.pilot.press(*zoom, "G")
        await play.until("node-060 →")
        await play.pilot.press("g")
        await play.until("node-001 →")
        play.feed("node-060", state="never", latest_handshake_age=None)
        await play.until("3481/3540")
        await play.pilot.press("G", "0")
        bad = play.grid.render_line(play.grid.size.height - 1).text
        assert bad.count("⡄" if zoom else "×") + bad.count("◨") > 5, bad


async def test_marks() -> None:
    async with playing(3) as play:
        await play.pilot.press("j", "x")
        await play.until("✓server-b")
        await play.pilot.press("k")
        assert "▸server-a" in play.text()
        assert "✓server-b" in play.text()
        assert play.grid.marked == {"server-b"}


async def test_the_mouse() -> None:
    async with playing(3) as play:
        grid = play.grid
        left, cell = grid._layout.left, grid._layout.cell
        await play.pilot.click(grid, offset=(left + 2 * cell + 1, 2))
        assert (grid.row, grid.column, play.opened) == (1, 2, [])
        await play.pilot.click(grid, offset=(left + 2 * cell + 1, 2))
        assert play.opened == [(1, 2)], "the cell under the cursor opens"
        await play.pilot.click(grid, offset=(left + 1, 0))
        assert (grid.row, grid.column) == (1, 0), "a heading is its column"
        await play.pilot.click(grid, offset=(3, 1))
        assert (grid.row, grid.column) == (0, 0), "a host is its row"
        await play.pilot.double_click(grid, offset=(left + cell + 1, 3))
        assert play.opened[1:] == [(2, 1)]
        await play.pilot.click(grid, offset=(3, 15))
        await play.pilot.click(grid, offset=(left + 3 * cell + 1, 1))
        assert (grid.row, grid.column) == (2, 1), "nothing is there"


async def test_the_wheel_scrolls_both_ways() -> None:
    async with playing(60, (80, 24)) as play:
        play.grid.zoom_to("values")
        await play.pilot.pause()
        grid = play.grid
        await play.pilot._post_mouse_events([MouseScrollDown], grid, offset=(30, 5))
        await play.pilot.pause()
        assert grid.scroll_offset.y > 0
        assert grid.scroll_offset.x == 0
        await play.pilot._post_mouse_events([MouseScrollDown], grid, offset=(30, 5), shift=True)
        await play.pilot.pause()
        assert grid.scroll_offset.x > 0
        assert "HOST" in play.text()
        assert grid._frame.columns[0] > 0


async def test_another_mesh_keeps_the_cursor_and_the_marks() -> None:
    async with playing(["a", "b", "c"]) as play:
        play.grid.select(2, 1)
        play.grid.marked = {"b", "c"}
        play.view.replace(make_mesh(names=["c", "d", "b"]))
        play.grid.hosts_changed()
        await play.pilot.pause()
        assert (play.grid.row, play.grid.column) == (0, 2)
        assert play.grid.marked == {"b", "c"}
        assert "d" in play.text()
        play.view.replace(make_mesh(names=["x"]))
        play.grid.hosts_changed()
        assert (play.grid.row, play.grid.column, play.grid.marked) == (0, 0, set())
        play.view.replace(make_mesh(names=[]))
        play.grid.hosts_changed()
        await play.pilot.press("j", "l", "enter", "x", "z", "6")
        assert play.app.is_running


async def test_only_lines_that_look_different_are_drawn_again() -> None:
    async with playing(40, (120, 40)) as play:
        drawn: list[str] = []
        real = play.grid.refresh

        def refresh(*regions: object, **more: bool) -> object:
            drawn.extend(map(str, regions))
            return real(*regions, **more)  # type: ignore[arg-type]

        play.grid.refresh = refresh  # type: ignore[assignment,method-assign]
        assert play.grid.zoomed == "dots"
        play.fleet.feed_all(tick=40)
        await play.until("live")
        await play.pilot.pause(0.3)
        assert drawn == [], "ages do not show from afar"
        play.feed("node-005", "node-009", state="stale")
        for _ in range(100):
            await play.pilot.pause(0.02)
            if drawn:
                break
        assert len(drawn) == 2, "both ends of the link"


async def test_the_details_never_jump() -> None:
    for size in ((80, 24), (120, 40), (200, 60)):
        async with playing(6, size) as play:
            play.fleet.feed(dead(play.fleet.mesh, "server-c", "no\nanswer\n" * 5))
            await play.until("5/6")
            region = play.screen.details.region
            for key in ("j", "j", "l", "l", "G", "end"):
                await play.pilot.press(key)
                assert play.screen.details.region == region
            beside = region.x > 0
            assert beside is (size[0] >= 160)


# -- around the grid


def test_the_status_drops_what_matters_least() -> None:
    from meshtui.tui.widgets.status import _fitted

    pieces = [
        (1, (("prod", ""),)),
        (0, (("hosts 5/6 up", ""),)),
        (0, (("directions 24/30 healthy", ""),)),
        (7, (("↓1.2M/s ↑3.4M/s", ""),)),
        (4, (("live", ""),)),
        (3, (("paused", ""),)),
    ]
    assert "↓1.2M/s" in _fitted(pieces[:], 100).plain
    at80 = _fitted(pieces[:], 75).plain
    assert "↓1.2M/s" not in at80
    assert at80.split("  ")[-2:] == ["live", "paused"]
    assert _fitted(pieces[:], 20).plain.strip() == "hosts 5/6 up  directions 24/30 healthy"


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("zoom", ZOOMS)
async def test_the_legend_follows_and_fits(width: int, zoom: str) -> None:
    async with playing(3, (width, 30)) as play:
        for mode in MODES:
            if zoom == "map" and mode not in ("age", "problems"):
                continue
            play.grid.show_mode(mode)
            play.grid.zoom_to(zoom)  # type: ignore[arg-type]
            await play.pilot.pause()
            legend = play.screen.legend.said
            words = {"map": "far end", "dots": "this end", "values": "differs", "full": "differs"}
            assert words[zoom] in legend[:width]
            if zoom == "dots" and mode in ("rx", "rtt") and width > 80:
                assert "█ ≥" in legend


async def test_a_row_that_changes_before_others_are_painted_is_drawn_in_its_turn() -> None:
    """Textual builds all lines between those that it paints: built is not painted."""
    fleet = StandIn(make_mesh(6))
    async with on_stage(fleet) as play:
        names = list(fleet.mesh.hosts)
        view = play.grid.view
        for name in (names[0], names[4]):
            view.see(poll(fleet.mesh, name))
        play.grid.rows_changed({0, 4})
        view.see(poll(fleet.mesh, names[2]))
        await play.pilot.pause()
        asked: list[Region] = []
        play.grid.refresh = lambda *regions, **more: asked.extend(regions)  # type: ignore[assignment,method-assign]
        play.grid.rows_changed({2})
        assert [region.y for region in asked] == [3]
        play.grid.rows_changed({2})
        assert len(asked) == 1, "nor is it drawn twice"
