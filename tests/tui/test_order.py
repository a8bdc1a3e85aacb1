"""Which hosts are shown, and in what order."""

from dataclasses import replace

import pytest
from standin import dead, make_mesh, poll

from meshtui.fleet.events import HostPolled
from meshtui.tui.order import arrange
from meshtui.tui.view import MeshView


def seen(names: list[str]) -> MeshView:
    view = MeshView(make_mesh(names=names))
    for name in names:
        view.see(poll(view.mesh, name))
    return view


def change(view: MeshView, name: str, to: str, **fields: object) -> None:
    event = poll(view.mesh, name)
    links = tuple(link._replace(**fields) if link.to == to else link for link in event.links)
    view.see(HostPolled(event.host, links))


@pytest.mark.parametrize(
    ("text", "rows", "columns"),
    [
        ("", "web1 web2 db1", "web1 web2 db1"),
        ("  ", "web1 web2 db1", "web1 web2 db1"),
        ("web", "web1 web2", "web1 web2"),
        ("WEB", "web1 web2", "web1 web2"),
        ("!web", "db1", "db1"),
        ("! web ", "db1", "db1"),
        ("!", "web1 web2 db1", "web1 web2 db1"),
        ("web>db", "web1 web2", "db1"),
        ("> db", "web1 web2 db1", "db1"),
        ("db >", "db1", "web1 web2 db1"),
        ("!db > !web1", "web1 web2", "web2 db1"),
        ("10.0.0.2", "web2", "web2"),
        ("nothing", "", ""),
    ],
)
def test_filter(text: str, rows: str, columns: str) -> None:
    view = seen(["web1", "web2", "db1"])
    order = arrange(view, "file", text)
    assert " ".join(view.names[i] for i in order.rows) == rows
    assert " ".join(view.names[i] for i in order.columns) == columns


def test_by_name_as_a_person_counts() -> None:
    view = seen(["node-10", "node-9", "Alpha", "node-100"])
    order = arrange(view, "name")
    assert [view.names[i] for i in order.rows] == ["Alpha", "node-9", "node-10", "node-100"]
    assert order.rows == order.columns


def test_worst_first() -> None:
    view = seen(["fine", "old", "stale", "never", "dead", "silent"])
    change(view, "old", "fine", latest_handshake_age=200)
    change(view, "stale", "fine", state="stale", latest_handshake_age=900)
    change(view, "never", "fine", state="never", latest_handshake_age=None)
    view.see(dead(view.mesh, "dead"))
    view.see(dead(view.mesh, "silent", state="refused"))
    order = [view.names[i] for i in arrange(view, "worst").rows]
    assert set(order[:2]) == {"dead", "silent"}
    assert order[2:5] == ["never", "stale", "old"]


def test_by_rate() -> None:
    view = MeshView(make_mesh(names=["a", "b", "c"]))
    for at, gained in ((10.0, 0), (11.0, 1000)):
        for name, factor in (("a", 1), ("b", 0), ("c", 5)):
            event = poll(view.mesh, name)
            links = tuple(link._replace(transfer_rx=gained * factor) for link in event.links)
            view.see(HostPolled(event.host, links, at))
    assert arrange(view, "rate").rows == (2, 0, 1)


def test_problems_only() -> None:
    view = seen(["a", "b", "c", "d"])
    assert arrange(view, "file", problems=True) == ((), ())
    change(view, "b", "d", state="never", latest_handshake_age=None)
    assert arrange(view, "file", problems=True) == ((1,), (3,))
    view.see(dead(view.mesh, "c"))
    assert arrange(view, "file", problems=True) == ((1, 2), (2, 3))
    assert arrange(view, "file", "c", problems=True) == ((2,), (2,))


def test_an_unknown_peer_is_a_problem() -> None:
    view = seen(["a", "b"])
    event = poll(view.mesh, "a")
    view.see(replace(event, host=replace(event.host, unknown_peers=("k",))))
    assert arrange(view, "file", problems=True).rows == (0,)


def test_hosts_that_have_not_answered_are_no_problem() -> None:
    assert arrange(MeshView(make_mesh(3)), "file", problems=True).rows == ()
