"""The log: what is kept, what is counted, which changes are worth a line."""

from dataclasses import replace

from standin import dead, make_mesh, poll

from meshtui.fleet.events import HostPolled
from meshtui.tui.log import KEPT, SHARE, Log, changes
from meshtui.tui.row import Row
from meshtui.tui.view import MeshView
from meshtui.wg.health import LinkState


def rows(*events: HostPolled, hosts: int = 3) -> list[Row]:
    """The first host's row after each look."""
    view = MeshView(make_mesh(hosts))
    seen = [view.rows[0]]
    for event in events:
        view.see(event)
        seen.append(view.rows[0])
    return seen


def looks(state: LinkState, count: int, hosts: int = 12) -> HostPolled:
    """A look at the first host, with `count` links in `state` and the rest up."""
    event = poll(make_mesh(hosts), "server-a")
    links = [
        link._replace(state=state if i < count else "up") for i, link in enumerate(event.links)
    ]
    return HostPolled(event.host, tuple(links))


def texts(before: Row, after: Row) -> list[tuple[str, str]]:
    found = changes(before, after)
    assert all("server-a" in (change.host, change.seer) for change in found)
    return [
        (change.level, f"{change.host} {change.text}" if change.seer else change.text)
        for change in found
    ]


def test_the_first_answer_is_no_news() -> None:
    waiting, first, second = rows(looks("stale", 2), looks("stale", 2), hosts=12)
    assert changes(waiting, first) == []
    assert changes(first, second) == []


def test_a_host_that_goes_and_comes() -> None:
    mesh = make_mesh(3)
    _, up, gone, again = rows(
        poll(mesh, "server-a"), dead(mesh, "server-a", "cut\ntry: ssh a"), poll(mesh, "server-a")
    )
    assert texts(up, gone) == [("bad", "unreachable: cut\ntry: ssh a")]
    assert texts(gone, again) == [("good", "up again")], "links that were not known are no news"
    log = Log()
    log.add(*changes(up, gone)[0])
    assert log.entries[0].text == "unreachable: cut; try: ssh a"


def test_links_that_fall_ill_and_recover() -> None:
    _, well, one, three, many, back = rows(
        looks("up", 0),
        looks("stale", 1),
        looks("stale", 3),
        looks("stale", 9),
        looks("idle", 9),
        hosts=12,
    )
    assert texts(well, one) == [("warn", "server-b stale")]
    assert texts(one, three) == [("warn", "server-c stale"), ("warn", "server-d stale")]
    assert texts(well, many) == [("warn", "9 links stale")]
    assert texts(many, back) == [("good", "9 links healthy again")]
    assert texts(back, well) == [], "idle is healthy too"
    worse = rows(looks("never", 4), looks("missing", 5), hosts=12)
    assert texts(many, worse[1]) == [
        ("bad", "4 links never up"),
        ("good", "5 links healthy again"),
    ]


def test_what_many_hosts_say_of_one_is_one_line() -> None:
    now = 1000.0
    log = Log(lambda: now)

    def told(*seers: str) -> str:
        for seer in seers:
            log.add("warn", "stale", "dead", seer)
        (entry,) = log.entries
        assert (entry.host, entry.times) == ("dead", 1)
        return entry.told

    assert told("a") == "stale, says a"
    assert told("b", "c") == "stale, say a, b, c"
    now = 1050.0
    assert told("d") == "stale, say 4 hosts"
    assert [log.entries[0].about(name) for name in ("dead", "d", "e")] == [True, True, False]
    log.add("warn", "stale", "dead", "a")
    assert [(e.at, e.told, e.times) for e in log.entries] == [(1050.0, "stale, say 4 hosts", 2)]
    now = 1111.0
    log.add("warn", "stale", "dead", "b")
    assert [e.told for e in log.entries] == ["stale, say 4 hosts", "stale, says b"]


def test_a_host_that_comes_back_says_what_is_another_than_it_last_said() -> None:
    mesh = make_mesh(12)
    *_, gone, back = rows(looks("stale", 1), dead(mesh, "server-a"), looks("stale", 2), hosts=12)
    assert texts(gone, back) == [("good", "up again"), ("warn", "server-c stale")]


def test_unknown_peers() -> None:
    event = poll(make_mesh(3), "server-a")
    keys = tuple(f"key-{i}" for i in range(5))
    _, none, one, all_ = rows(
        event,
        replace(event, host=replace(event.host, unknown_peers=keys[:1])),
        replace(event, host=replace(event.host, unknown_peers=keys)),
    )
    assert texts(none, one) == [("warn", "unknown peer appeared: key-0")]
    assert texts(one, all_) == [("warn", "unknown peer appeared: key-1, key-2, key-3 and 1 more")]
    assert texts(one, none) == [("info", "unknown peer is gone: key-0")]


def test_the_same_again_is_counted_and_moves_to_the_end() -> None:
    now = 1000.0
    log = Log(lambda: now)
    log.add("bad", "cut", "a")
    log.add("info", "else")
    now = 1050.0
    log.add("bad", "cut", "a")
    log.add("bad", "cut", "b")
    assert [(e.at, e.host, e.text, e.times) for e in log.entries] == [
        (1000.0, None, "else", 1),
        (1050.0, "a", "cut", 2),
        (1050.0, "b", "cut", 1),
    ]
    now = 1111.0
    log.add("bad", "cut", "a")
    assert [(e.host, e.times) for e in log.entries] == [(None, 1), ("a", 2), ("b", 1), ("a", 1)]
    assert log.version == 5


def test_it_is_bounded_and_inert() -> None:
    log = Log(lambda: 0.0)
    for i in range(KEPT + 50):
        log.add("info", f"entry {i}")
    assert len(log.entries) == KEPT
    assert log.entries[0].text == "entry 50"
    assert len(log._latest) == KEPT, "what went is forgotten"
    log.add("bad", "\x1b[31m\u202e" + "x" * 10_000, "\x07" * 200)
    last = log.entries[-1]
    assert last.text.startswith("␛[31m<U+202E>")
    assert len(last.text) <= 1000
    assert last.host is not None
    assert set(last.host) <= {"␇", "…"}


def test_one_host_does_not_wash_the_others_out() -> None:
    log = Log(lambda: 0.0)
    log.add("bad", "it died", "server-b")
    log.add("info", "apply begun")
    for number in range(5000):
        log.add("warn", f"noise {number}", "server-a")
    texts = [entry.text for entry in log.entries]
    assert texts[:2] == ["it died", "apply begun"]
    assert len(texts) == 2 + SHARE
