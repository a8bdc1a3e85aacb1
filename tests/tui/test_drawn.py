"""What the host screen and the link screen draw with: tables, plots, sparklines, alignments."""

import random
import time
from dataclasses import replace

import pytest
from standin import make_mesh

from meshtui.tui.ends import End, Flow, Wanted, verdict, wanted_of
from meshtui.tui.link_lines import flow_of
from meshtui.tui.widgets.board import beside, line_width, padded
from meshtui.tui.widgets.columns import Column, fitted, place
from meshtui.tui.widgets.lines import Line
from meshtui.tui.widgets.plot import Series, Span, age_label, age_top, byte_label, byte_top, plot
from meshtui.tui.widgets.sides import align, differences, unified
from meshtui.tui.widgets.sparkline import buckets, sparkline, strip
from meshtui.wg.endpoint import parse_endpoint

# -- sparklines


def test_buckets_take_the_mean_and_leave_gaps() -> None:
    points = [(5.0, 1.0), (10.0, 3.0), (25.0, None), (40.0, 8.0)]
    assert buckets(points, 0, 40, 4) == [2.0, None, None, 8.0]


def test_buckets_leave_out_what_is_outside() -> None:
    assert buckets([(0.0, 1.0), (41.0, 1.0)], 0, 40, 4) == [None] * 4


def test_sparkline() -> None:
    assert sparkline([0, 1, None, 50, 100]) == "▁▂ ▅█", "what is not 0 is seen"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([50], top=100) == "▅"


def test_strip_shows_the_worst_of_each_span() -> None:
    samples = [(5, "up"), (9, "never"), (15, "up"), (35, "idle")]
    assert strip(samples, 0, 40, 4) == [  # type: ignore[arg-type]
        ("×", "never"),
        ("●", "up"),
        (" ", ""),
        ("○", "idle"),
    ]


# -- plots


def text(lines: list[Line]) -> list[str]:
    return ["".join(piece for piece, _ in line) for line in lines]


def test_plot() -> None:
    points = [(60.0 * i, None if i in (5, 6) else 1024.0 * i) for i in range(1, 21)]
    series = [
        Series("rx", "solid", points, byte_top(16_000), byte_label),
        Series("tx", "shaded", points, byte_top(32_000), byte_label),
    ]
    assert text(plot(series, Span(0, 1200, 3600), 27, 10)) == [
        "16K/s ┤            ▂▄▆█████",
        "   rx │        ▂▄▆█████████",
        "      │      ▆█████████████",
        "  0/s ┤▂▄▆█  ██████████████",
        "32K/s ┤                    ",
        "   tx │                ▁▂▃▄",
        "      │        ▁▂▃▄▅▆▇▒▒▒▒▒",
        "  0/s ┤▁▂▃▄  ▇▒▒▒▒▒▒▒▒▒▒▒▒▒",
        "      └────  ────┬────────┬",
        "               01:10  01:20",
    ]


def test_a_plot_of_few_samples_fills_the_steps() -> None:
    points = [(300.0 * i, 1.0) for i in (1, 2, 4)]
    lines = text(plot([Series("age", "solid", points, 1.0, age_label)], Span(0, 1200), 25, 5))
    assert lines[0].endswith("██████████     █████")


@pytest.mark.parametrize(("width", "height"), [(0, 0), (10, 10), (60, 3), (200, 1)])
def test_a_plot_without_room_is_none(width: int, height: int) -> None:
    assert plot([Series("rx", "solid", [], 1.0, byte_label)], Span(0, 60), width, height) == []


def test_plots_have_the_size_asked_for() -> None:
    rng = random.Random(1)
    for _ in range(200):
        width, height, count = rng.randrange(20, 200), rng.randrange(4, 40), rng.randrange(1, 400)
        span = Span(0, rng.choice([600, 3600, 21600, 86400]))
        step = span.until / count
        values = [rng.choice([None, rng.random() * 10**7]) for _ in range(count)]
        points = [(step * (i + 1), value) for i, value in enumerate(values)]
        one = Series("rx", "solid", points, byte_top(10**7), byte_label)
        lines = plot([one, replace(one, name="tx", fill="shaded")], span, width, height)
        assert len(lines) <= height
        assert {line_width(line) for line in lines} <= {width}, (width, height)


@pytest.mark.parametrize(
    ("most", "label"), [(0, "1K/s"), (1024, "1K/s"), (1025, "2K/s"), (3 << 20, "4M/s")]
)
def test_byte_axis(most: float, label: str) -> None:
    assert byte_label(byte_top(most)) == label


@pytest.mark.parametrize(
    ("most", "labels"),
    [
        (119, ["0s", "30s", "1m", "1m30s", "2m"]),
        (130, ["0s", "1m", "2m", "3m", "4m"]),
        (9000, ["0s", "1h", "2h", "3h", "4h"]),
        (10**9, None),
    ],
)
def test_age_axis(most: float, labels: list[str] | None) -> None:
    top = age_top(most)
    if labels is None:
        assert top == most
    else:
        assert [age_label(top * i / 4) for i in range(5)] == labels


# -- alignment


def conf(*peers: str, port: int = 1, endpoint: str = "e", comment: str = "") -> str:
    sections = "".join(
        f"\n# {name}\n[Peer]\nPublicKey = key-{name}\nEndpoint = {endpoint}-{name}\n"
        for name in peers
    )
    return f"{comment}[Interface]\nListenPort = {port}\n{sections}"


def test_the_same_texts_have_no_difference() -> None:
    rows = align(conf("a", "b"), conf("a", "b"), conf("a", "b"))
    assert all(row.same for row in rows)
    assert differences(rows) == []
    assert [row.texts[0] for row in rows] == conf("a", "b").splitlines()


def test_a_changed_value_stands_beside_the_other() -> None:
    rows = align(conf("a", port=1), conf("a", port=2), conf("a", port=3))
    (at,) = differences(rows)
    assert rows[at].texts == ("ListenPort = 1", "ListenPort = 2", "ListenPort = 3")


def test_a_missing_peer_leaves_a_gap_and_the_rest_aligned() -> None:
    rows = align(conf("a", "b", "c"), conf("a", "c"), conf("a", "b", "c"))
    (at,) = differences(rows)
    assert rows[at].texts == ("# b", None, "# b")
    assert [row.texts for row in rows if row.texts[0] == "# c"] == [("# c", "# c", "# c")]


def test_a_peer_that_two_have_and_the_first_lacks() -> None:
    rows = align(conf("a"), conf("a", "x"), conf("a", "x"))
    assert (None, "# x", "# x") in [row.texts for row in rows]


def test_a_side_that_is_not_there_differs_from_nothing() -> None:
    rows = align(conf("a"), None, conf("a"))
    assert all(row.same and row.texts[1] is None for row in rows)
    assert align(None, None) == []
    assert all(row.same for row in align(None, conf("a")))


def test_a_comment_over_the_interface_does_not_part_it() -> None:
    rows = align(conf("a", comment="# by hand\n"), conf("a", port=2))
    assert ("ListenPort = 1", "ListenPort = 2") in [row.texts for row in rows]


def test_unified_tells_first_what_the_left_has() -> None:
    rows = align(conf(port=1), conf(port=2))
    assert list(unified(rows)) == [
        (" ", "[Interface]"),
        ("-", "ListenPort = 1"),
        ("+", "ListenPort = 2"),
    ]


def test_no_line_is_lost() -> None:
    rng = random.Random(2)
    names = [f"n{i}" for i in range(8)]
    for _ in range(200):
        sides = [
            None
            if rng.random() < 0.1
            else conf(
                *(name for name in names if rng.random() < 0.7),
                port=rng.randrange(3),
                endpoint=rng.choice("xy"),
            )
            for _ in range(3)
        ]
        rows = align(*sides)
        for i, side in enumerate(sides):
            lines = [row.texts[i] for row in rows if row.texts[i] is not None]
            assert lines == (side or "").splitlines()


def test_two_hundred_peers_that_all_moved_are_aligned_at_once() -> None:
    names = [f"n{i}" for i in range(200)]
    start = time.process_time()
    rows = align(conf(*names), conf(*names, endpoint="x"), conf(*names[1:], endpoint="y"))
    assert time.process_time() - start < 1
    assert len(differences(rows)) >= 199


# -- columns


COLUMNS = (
    Column("name", "NAME", 8, 4, 0),
    Column("state", "STATE", 7, 1, 1),
    Column("end", "END", 10, 5, 2),
)


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (40, [8, 7, 10]),
        (27, [8, 7, 10]),
        (20, [8, 5, 5]),
        (12, [4, 1, 5]),
        (11, [8, 2]),
        (6, [4, 1]),
        (4, [4]),
        (3, []),
    ],
)
def test_columns_are_cut_and_left_out_by_rank(room: int, widths: list[int]) -> None:
    placed = place(COLUMNS, room)
    assert [one.width for one in placed] == widths
    assert sum(widths) + max(0, len(widths) - 1) <= room


def test_cells_are_cut_to_their_width() -> None:
    cell = (("●", "up"), (" up", ""))
    assert fitted(cell, 1, right=False) == (("●", "up"),), "a glyph alone says it, too"
    assert fitted(cell, 6, right=False) == (("●", "up"), (" up", ""), ("  ", ""))
    assert fitted((("12", ""),), 4, right=True) == (("  ", ""), ("12", ""))
    assert fitted((("server-a", ""),), 5, right=False) == (("serv…", ""),)


def test_lines_beside_each_other() -> None:
    left: list[Line] = [(("abc", ""),), (("defghijk", "dim"),)]
    lines = beside(left, [(("x", ""),)], 11, "│")
    assert text(lines) == ["abc  │x    ", "defg…│     "]
    assert padded((), 3) == (("   ", ""),)


# -- the two ends of a link


WANT = Wanted("203.0.113.2:51820", parse_endpoint("203.0.113.2:51820"), None, (), 0)


def end(here: str, there: str, state: str, **more: object) -> End:
    return End(here, there, state, WANT, listen_port=51820, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "flows", "said", "state"),
    [
        ({"state": "up"}, {"state": "up"}, (), "works both ways", "up"),
        ({"state": "idle"}, {"state": "idle"}, (), "neither end has anything to send", "idle"),
        ({"state": "up", "age": 9}, {"state": "idle"}, (), "works: a had a handshake 9 s", "up"),
        ({"state": "connecting"}, {"state": "up"}, (), "a has not answered yet", "unknown"),
        ({"state": "missing"}, {"state": "missing"}, (), "neither end has the other", "missing"),
        ({"state": "up"}, {"state": "missing"}, (), "b has no peer entry for a", "missing"),
        (
            {"state": "up", "age": 12},
            {"state": "stale", "age": 410},
            (),
            "b gets nothing from a: its latest handshake is 6 min 50 s old, while a had one 12 s"
            " ago. Look at the firewall of b (UDP port 51820)",
            "stale",
        ),
        (
            {"state": "never"},
            {"state": "up", "age": 12},
            (),
            "a gets nothing from b: it never had a handshake",
            "never",
        ),
        (
            {"state": "stale", "age": 300},
            {"state": "stale", "age": 300},
            (Flow(2, 2), Flow(400, 2)),
            "b gets nothing from a: a sends, and gets what b sends. Look at the firewall of b",
            "stale",
        ),
        (
            {"state": "stale", "age": 300},
            {"state": "stale", "age": 300},
            (Flow(400, 2), Flow(400, 2)),
            "both ends send and neither gets anything",
            "stale",
        ),
        (
            {"state": "stale", "age": 300},
            {"state": "idle"},
            (Flow(400, 2), Flow(400, 400)),
            "a sends and b gets nothing of it: look at the firewall of b",
            "stale",
        ),
        ({"state": "never"}, {"state": "never"}, (), "neither end gets a handshake", "never"),
        (
            {"state": "up", "silent": True, "host": "unreachable"},
            {"state": "up", "age": 3},
            (),
            "a cannot be asked now (unreachable); b had a handshake with it 3 s ago",
            "unknown",
        ),
        (
            {"state": "up", "silent": True, "host": "refused"},
            {"state": "stale"},
            (),
            "b gets no handshake from it either",
            "unknown",
        ),
    ],
)
def test_what_is_wrong_and_at_which_end(
    one: dict[str, object],
    other: dict[str, object],
    flows: tuple[Flow, ...],
    said: str,
    state: str,
) -> None:
    a, b = end("a", "b", **one), end("b", "a", **other)  # type: ignore[arg-type]
    flow_a, flow_b = flows or (Flow(), Flow())
    text, colour = verdict(a, b, flow_a, flow_b)
    assert said in text
    assert colour == state
    turned, _ = verdict(b, a, flow_b, flow_a)
    assert turned == text, "it is the same link from the other side"


def test_where_no_tunnel_is_wanted_nothing_is_wrong() -> None:
    none = replace(WANT, tunnel=False)
    a, b = (replace(end(*names, "unknown"), wanted=none) for names in ("ab", "ba"))
    assert verdict(a, b, Flow(), Flow())[0].startswith("no tunnel wanted: it is disabled")


@pytest.mark.parametrize(
    ("seen", "roamed"),
    [
        ("203.0.113.2:51820", False),
        ("203.0.113.2:51821", True),
        ("[fe80::1%eth0]:51820", True),
        (None, False),
    ],
)
def test_roamed(seen: str | None, roamed: bool) -> None:
    assert end("a", "b", "up", endpoint=seen).roamed is roamed


def test_a_name_is_not_compared_with_an_address() -> None:
    named = replace(WANT, endpoint="vpn.example.com:51820", exact=None)
    assert not replace(end("a", "b", "up", endpoint="192.0.2.1:1"), wanted=named).roamed


def test_what_is_wanted_of_a_direction() -> None:
    mesh = make_mesh(3)
    b = replace(
        mesh.hosts["server-b"], endpoint=parse_endpoint("vpn.example.com:7"), public_key="key"
    )
    c = replace(mesh.hosts["server-c"], behind_nat=True)
    mesh = replace(mesh, hosts={**mesh.hosts, "server-b": b, "server-c": c})
    assert wanted_of(mesh, "server-a", "server-b") == Wanted(
        "vpn.example.com:7", None, "key", ("10.0.0.2/32",), 0
    )
    where_ssh_goes = wanted_of(mesh, "server-b", "server-a")
    assert where_ssh_goes.endpoint == "203.0.113.1:51820"
    assert where_ssh_goes.exact == parse_endpoint("203.0.113.1:51820")
    assert wanted_of(mesh, "server-a", "server-c").endpoint == ""
    assert wanted_of(mesh, "server-c", "server-a").persistent_keepalive == 25
    off = replace(mesh, hosts={**mesh.hosts, "server-b": replace(b, disabled=True)})
    assert wanted_of(off, "server-a", "server-b") == replace(
        wanted_of(mesh, "server-a", "server-b"), tunnel=False
    )


def test_flow_is_how_long_ago_counters_went_up() -> None:
    seen = [(0.0, 100, 100), (10.0, 200, 100), (20.0, 200, 150), (30.0, 200, 150)]
    assert flow_of(seen, 40.0) == Flow(30.0, 20.0)
    assert flow_of([(0.0, 5, None), (30.0, 5, None)], 40.0) == Flow(40.0, None)
    assert flow_of([], 40.0) == Flow()
    assert flow_of([(0.0, 500, 500), (10.0, 1, 501)], 10.0) == Flow(10.0, 0.0)
