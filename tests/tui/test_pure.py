"""Words, layout, view and the registry: no screen needed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from standin import dead, make_mesh, poll

from meshtui.fleet.events import HostPolled, LinkStatus
from meshtui.tui.actions import ACTIONS, TITLES, clashes
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import face
from meshtui.tui.widgets.layout import lay_out
from meshtui.tui.words import age_long, age_mid, age_short, bytes_long, bytes_short, fit, pad


@pytest.mark.parametrize(
    ("seconds", "short", "mid", "long"),
    [
        (None, "–", "–", "no handshake"),
        (0, "0s", "0s", "0 s ago"),
        (14, "10s", "14s", "14 s ago"),
        (59, "55s", "59s", "59 s ago"),
        (60, "1m", "1m0s", "1 min 0 s ago"),
        (3599, "59m", "59m59s", "59 min 59 s ago"),
        (3600, "1h", "1h0m", "1 h 0 min ago"),
        (86399, "23h", "23h59m", "23 h 59 min ago"),
        (90000, "1d", "1d1h", "1 d 1 h ago"),
        (10**9, "99d", "11574d1h", "11574 d 1 h ago"),
    ],
)
def test_ages(seconds: int | None, short: str, mid: str, long: str) -> None:
    assert (age_short(seconds), age_mid(seconds), age_long(seconds)) == (short, mid, long)


@pytest.mark.parametrize(
    ("count", "short", "long"),
    [
        (None, "–", "–"),
        (0, "0", "0 B"),
        (999, "999", "999 B"),
        (1000, "1.0K", "1000 B"),
        (1234, "1.2K", "1.21 KiB"),
        (10_188, "9.9K", "9.95 KiB"),
        (10_189, "10K", "9.95 KiB"),
        (1_048_576, "1.0M", "1.00 MiB"),
        (2**64 - 1, "16E", "16.00 EiB"),
    ],
)
def test_bytes(count: int | None, short: str, long: str) -> None:
    assert (bytes_short(count), bytes_long(count)) == (short, long)


@given(st.integers(0, 2**64), st.integers(0, 2**40))
def test_short_words_fit_their_columns(count: int, seconds: int) -> None:
    assert len(bytes_short(count)) <= 4
    assert len(age_short(seconds)) <= 3


@given(st.text(), st.integers(0, 20))
def test_padded_text_has_its_width(text: str, width: int) -> None:
    assert cell_len(pad(text, width)) == width
    assert cell_len(fit(text, width)) <= width


def test_faces() -> None:
    link = LinkStatus("a", "b", "up", 12, 436, 5280, "203.0.113.1:51820")
    assert face(link, "age", wide=False) == ("up", "● 10s")
    assert face(link, "rx", wide=False) == ("up", "● 436")
    assert face(link, "tx", wide=False) == ("up", "● 5.2K")
    assert face(link, "age", wide=True) == ("up", "● 10s ↓436  ↑5.2K")
    assert face(link._replace(state="missing"), "age", wide=True) == ("missing", "∅")
    never = link._replace(state="never", latest_handshake_age=None)
    assert face(never, "age", wide=False) == ("never", "× –")


@given(st.integers(1, 300), st.integers(1, 120), st.integers(1, 40), st.booleans())
def test_layouts(width: int, count: int, length: int, ages: bool) -> None:
    names = [f"{i:0{length}}"[:length] for i in range(count)]
    layout = lay_out(width, names, ["10.0.0.1"] * count, ages=ages)
    if width >= 80 and count * 7 + 8 + 30 <= width:
        assert layout.left + count * layout.cell <= width
    if width >= 40:
        assert layout.left + layout.cell <= width, "at least one column is in view"


def test_layout_is_as_roomy_as_it_can_be() -> None:
    names, addresses = ["server-a", "server-b", "server-c"], ["10.0.0.1"] * 3
    assert lay_out(120, names, addresses, ages=True).wide
    assert not lay_out(120, names, addresses, ages=False).wide
    narrow = lay_out(79, [*names, "server-d", "server-e", "server-f"], addresses, ages=True)
    assert (narrow.number, narrow.word) == (0, 0), "names over the columns go before words"
    crowded = lay_out(79, [f"server-{i}" for i in range(40)], addresses, ages=True)
    assert crowded.number == 2


def test_view_counts_and_versions() -> None:
    mesh = make_mesh(3)
    view = MeshView(mesh)
    assert (view.hosts_up, view.answered, view.healthy, view.directions) == (0, 0, 0, 6)
    assert view.see(poll(mesh, "server-b")) == 1
    assert view.see(poll(mesh, "server-b")) is None, "the same again changes nothing"
    assert (view.hosts_up, view.answered, view.healthy) == (1, 1, 2)
    assert view.see(dead(mesh, "server-b")) == 1
    assert (view.hosts_up, view.answered, view.healthy) == (0, 1, 0)
    assert view.rows[1].silent
    assert view.rows[1].version == 2


def test_view_takes_only_what_a_host_may_say() -> None:
    mesh = make_mesh(3)
    view = MeshView(mesh)
    event = poll(mesh, "server-a")
    lies = (
        LinkStatus("server-b", "server-c", "up", 1),
        LinkStatus("server-a", "server-a", "up", 1),
        LinkStatus("server-a", "nobody", "up", 1),
    )
    view.see(HostPolled(event.host, lies))
    assert view.rows[0].links == (None, None, None)
    stranger = replace(event.host, name="stranger")
    assert view.see(HostPolled(stranger, ())) is None


@pytest.mark.parametrize(
    "together",
    [
        ("app", "mesh", "grid"),
        ("app", "plan", "tree"),
        ("app", "apply", "tree"),
        ("app", "help", "scroll"),
        ("app", "hostkey"),
        ("app", "quit"),
    ],
)
def test_no_key_means_two_things(together: tuple) -> None:
    assert clashes(*together) == {}


def test_clashes_are_found() -> None:
    assert clashes("mesh", "plan")["escape"] == ["mesh.clear", "plan.back"]


def test_the_registry_is_whole() -> None:
    assert len({(action.scope, action.id) for action in ACTIONS}) == len(ACTIONS)
    assert {action.scope for action in ACTIONS} == set(TITLES)
    for action in ACTIONS:
        assert action.keys
        assert action.description
        assert len(action.description) <= 56, "it has to fit the help at 80 columns"
