"""What the mesh screen knows: looks taken in, silence, rates, both ends."""

from dataclasses import replace

import pytest
from standin import dead, make_mesh, poll

from meshtui.fleet.events import HostPolled, LinkStatus
from meshtui.fleet.reports import RoundTrip
from meshtui.mesh.model import Link
from meshtui.tui.row import Rate
from meshtui.tui.view import MeshView


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def look(view: MeshView, name: str, at: float, **fields: object) -> HostPolled:
    """A look at `name` that says the same of all its links."""
    links = tuple(
        LinkStatus(name, other, "up", 5, 0, 0, "203.0.113.9:51820")._replace(**fields)
        for other in view.mesh.hosts
        if other != name
    )
    return HostPolled(poll(view.mesh, name).host, links, at)


def test_counts_and_what_changed() -> None:
    mesh = make_mesh(3)
    view = MeshView(mesh)
    assert (view.hosts_up, view.answered, view.healthy, view.directions) == (0, 0, 0, 6)
    assert set(view.see(poll(mesh, "server-b"))) == {0, 1, 2}, "the far ends show it too"
    assert view.see(poll(mesh, "server-b")) == (1,), "now it has a rate"
    assert view.see(poll(mesh, "server-b")) == (), "the same again changes nothing"
    assert (view.hosts_up, view.answered, view.healthy) == (1, 1, 2)
    later = poll(mesh, "server-b", tick=5)
    assert view.see(later) == (1,), "ages and counters are on its own row only"


def test_takes_only_what_a_host_may_say() -> None:
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
    swapped = tuple(link._replace(from_="server-b") for link in event.links)
    view.see(HostPolled(event.host, swapped))
    assert view.rows[0].links == (None, None, None), "as many as it has, but not its own"
    stranger = replace(event.host, name="stranger")
    assert view.see(HostPolled(stranger, ())) == ()


def test_links_in_any_order_and_some_missing() -> None:
    mesh = make_mesh(4)
    view = MeshView(mesh)
    event = poll(mesh, "server-b")
    view.see(HostPolled(event.host, (event.links[2], event.links[0])))
    assert [link and link.to for link in view.rows[1].links] == [
        "server-a", None, None, "server-d"
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["unreachable", "refused"])
def test_a_silent_host_keeps_what_it_saw(clock: Clock, state: str) -> None:
    mesh = make_mesh(3)
    view = MeshView(mesh, clock)
    for name in mesh.hosts:
        view.see(poll(mesh, name))
    before = view.rows[2].links
    clock.now += 30
    touched = view.see(dead(mesh, "server-c", state=state))
    row = view.rows[2]
    assert set(touched) == {0, 1, 2}
    assert (row.kept, row.silent, row.links, row.state) == (True, False, before, state)
    assert view.age(2) == 30
    assert view.kept == [2]
    assert view.healthy == 4, "what is only remembered is not healthy"
    assert view.facing(0)[2] == "unknown", "nobody knows what the far end sees now"
    view.see(poll(mesh, "server-c"))
    assert (view.rows[2].kept, view.age(2), view.kept, view.healthy) == (False, 0, [], 6)


def test_a_host_that_never_answered_has_nothing_to_keep() -> None:
    mesh = make_mesh(3)
    view = MeshView(mesh)
    view.see(dead(mesh, "server-c"))
    assert (view.rows[2].kept, view.rows[2].silent, view.age(2)) == (False, True, None)


def test_an_answer_without_links_is_no_silence() -> None:
    mesh = make_mesh(3)
    view = MeshView(mesh)
    view.see(poll(mesh, "server-c"))
    view.see(dead(mesh, "server-c", "wg is not installed", "not-installed"))
    assert not view.rows[2].kept
    assert [link and link.state for link in view.rows[2].links] == ["unknown", "unknown", None]


def test_rates() -> None:
    view = MeshView(make_mesh(3))
    view.see(look(view, "server-a", 10.0, transfer_rx=1000, transfer_tx=100))
    assert view.rate(0, 1) is None
    assert view.traffic is None
    view.see(look(view, "server-a", 12.0, transfer_rx=3000, transfer_tx=200))
    assert view.rate(0, 1) == Rate(1000, 50)
    assert view.speeds(0, [0, 1, 2]) == [None, 1050, 1050]
    assert view.rows[0].rate == Rate(2000, 100)
    assert view.see(look(view, "server-a", 14.0, transfer_rx=3000, transfer_tx=200)) == (0,)
    assert view.rows[0].rate == Rate(0, 0), "nothing came: that is a change, too"
    view.see(look(view, "server-b", 14.0))
    view.see(look(view, "server-b", 15.0, transfer_rx=7))
    assert view.traffic == Rate(14, 0)


def test_a_counter_that_falls_back_is_no_traffic() -> None:
    view = MeshView(make_mesh(3))
    view.see(look(view, "server-a", 10.0, transfer_rx=5000, transfer_tx=100))
    view.see(look(view, "server-a", 11.0, transfer_rx=40, transfer_tx=300))
    assert view.rate(0, 1) == Rate(0, 200)
    assert view.rows[0].rate == Rate(0, 400)


def test_a_counter_that_comes_into_sight_is_no_traffic() -> None:
    view = MeshView(make_mesh(3))
    view.see(look(view, "server-a", 10.0, state="missing", transfer_rx=None, transfer_tx=None))
    view.see(look(view, "server-a", 11.0, transfer_rx=10**12, transfer_tx=10**12))
    assert view.rate(0, 1) is None
    assert view.rows[0].rate == Rate(0, 0)


def test_a_silent_host_has_no_rate() -> None:
    view = MeshView(make_mesh(2))
    for at in (10.0, 11.0):
        view.see(look(view, "server-a", at, transfer_rx=int(at) * 100))
    assert view.rate(0, 1) == Rate(100, 0)
    view.see(dead(view.mesh, "server-a"))
    assert (view.rate(0, 1), view.rows[0].rate, view.traffic) == (None, None, None)


def test_round_trips(clock: Clock) -> None:
    view = MeshView(make_mesh(2), clock)
    assert view.measured(RoundTrip("server-a", "server-b", 1.5)) == 0
    assert view.measured(RoundTrip("server-b", "server-a", None)) == 1
    assert view.measured(RoundTrip("server-a", "stranger", 1.5)) is None
    assert view.measured(RoundTrip("server-a", "server-a", 1.5)) is None
    assert view.round_trips == {(0, 1): (1.5, 1000.0), (1, 0): (None, 1000.0)}


def test_unknown_peers_are_inert_and_trouble() -> None:
    view = MeshView(make_mesh(2))
    event = poll(view.mesh, "server-a")
    view.see(event)
    assert not view.troubled(0)
    view.see(replace(event, host=replace(event.host, unknown_peers=("\x1b[31mkey",))))
    assert view.rows[0].unknown_peers == ("␛[31mkey",)
    assert view.troubled(0)


def test_another_mesh_keeps_the_hosts_that_stay() -> None:
    view = MeshView(make_mesh(names=["a", "b", "c"]))
    for name in "abc":
        view.see(look(view, name, 10.0, transfer_rx=1000))
    view.measured(RoundTrip("c", "a", 2.5))
    view.measured(RoundTrip("c", "b", 2.5))
    view.replace(make_mesh(names=["c", "new", "a"]))
    assert [row.state for row in view.rows] == ["up", "connecting", "up"]
    assert [link and link.to for link in view.rows[0].links] == [None, None, "a"]
    assert view.facing(2) == ("up", None, None)
    assert (view.healthy, view.directions) == (2, 6)
    assert list(view.round_trips) == [(0, 2)]
    view.see(look(view, "c", 11.0, transfer_rx=1500))
    assert view.rate(0, 2) == Rate(500, 0)
    assert view.rows[0].rate == Rate(500, 0), "what the new host has counted is no traffic"


def test_hosts_behind_nat_have_no_link() -> None:
    mesh = make_mesh(3)
    hosts = {
        name: replace(host, behind_nat=name != "server-a") for name, host in mesh.hosts.items()
    }
    assert MeshView(replace(mesh, hosts=hosts)).directions == 4


def test_what_is_disabled_has_no_link_and_is_no_fault() -> None:
    mesh = make_mesh(3)
    view = MeshView(mesh)
    for name in mesh.hosts:
        view.see(poll(mesh, name))
    off = replace(mesh.hosts["server-c"], disabled=True)
    links = (Link(("server-b", "server-a"), disabled=True),)
    view.replace(replace(mesh, hosts={**mesh.hosts, "server-c": off}))
    assert view.directions == 2 and view.link(0, 2) is None and view.link(0, 1)
    # Nor where a host fell silent before it was disabled.
    view.see(dead(view.mesh, "server-c"))
    assert view.rows[2].states == (None, None, None)
    view.replace(replace(mesh, links=links))
    assert view.directions == 4 and view.link(0, 1) is None
    assert not view.troubled(0)
