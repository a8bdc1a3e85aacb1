"""What a person asks of hosts in depth, and how soon trouble is seen, on real hosts."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from fleet_on import COMMAND_SECONDS, Watch, ask
from meshtui_on import apply, on

from meshtui.lab import Lab, faults
from meshtui.wg.health import ANSWERED, SHAKEN

pytestmark = pytest.mark.lab

STRANGER = "WVJgt1cpsqm2tNZdZ3SxzRXcW4X1k0dQ3nvAq1JZDUs="


@pytest.fixture(scope="module")
def three(lab: Callable[..., Lab]) -> Lab:
    one = lab(3)
    apply(one)
    return one


@pytest.fixture
def stranger(three: Lab) -> Iterator[None]:
    """A peer on server-a that somebody added behind meshtui's back."""
    on(three, "server-a", "wg", "set", "wg0", "peer", STRANGER, "allowed-ips", "10.0.0.77/32")
    yield
    on(three, "server-a", "wg", "set", "wg0", "peer", STRANGER, "remove")


def test_a_formed_host_reads_three_times_the_same(three: Lab) -> None:
    [found] = ask(three, "inspect", "server-a")
    assert found["wanted"] == found["disk"] == found["running"]
    assert found["wanted"].count("[Peer]") == 2 and "# server-b\n" in found["wanted"]
    assert found["notes"] == []
    facts = found["facts"]
    assert facts["os"].startswith("Debian GNU/Linux")
    assert facts["kernel"] == " ".join(on(three, "server-a", "uname", "-r", "-m").split())
    assert facts["wireguard"].startswith("wireguard-go 0.0.")
    assert facts["tools"].startswith("wireguard-tools v1.")
    assert (facts["mtu"], facts["listen_port"]) == (1420, 51820)
    assert facts["addresses"] == ["10.0.0.1/24"]
    assert "eth0 203.0.113.1/32" in facts["other_addresses"]
    assert facts["uptime"] > 0 and 0 < facts["ssh_round_trip"] < 1000
    assert facts["ssh_target"] == "root@203.0.113.1"


def test_what_is_set_by_hand_shows_in_what_runs(three: Lab, stranger: None) -> None:
    [found] = ask(three, "inspect", "server-a")
    assert found["wanted"] == found["disk"] != found["running"]
    new = set(found["running"].splitlines()) - set(found["disk"].splitlines())
    assert new == {"# unknown", f"PublicKey = {STRANGER}", "AllowedIPs = 10.0.0.77/32"}
    with Watch(three) as watch:
        watch.until(lambda e: e["host"]["unknown_peers"] == [STRANGER], 10)


def test_pings_and_packets(three: Lab) -> None:
    found = ask(three, "round_trips", ["server-a", "server-b"])
    pairs = {(one["from_"], one["to"]) for one in found}
    assert len(found) == len(pairs) == 4 and ("server-b", "server-c") in pairs
    assert all(0 < one["milliseconds"] < 1000 for one in found)
    [one] = ask(three, "ping", "server-a", "server-c")
    assert (one["sent"], one["received"], one["error"]) == (10, 10, None)
    assert 0 < one["minimum"] <= one["average"] <= one["maximum"] < 1000
    [size] = ask(three, "path_mtu", "server-a", "server-b")
    assert (size["tunnel"], size["path"], size["interface"]) == (1420, 1500, 1420)


def test_a_path_that_is_narrower_than_it_looks(three: Lab) -> None:
    """A black hole: nobody says that the packets are too big."""
    rule = "table inet narrow { chain out { type filter hook output priority 0;"
    on(
        *(three, "server-a", "sh", "-c"),
        f"nft '{rule} oifname \"eth0\" meta length > 1333 drop; }}; }}'",
    )
    try:
        start = time.monotonic()
        [size] = ask(three, "path_mtu", "server-a", "server-b")
        # 60 of IPv4, UDP and WireGuard, which fills up to 16 bytes, but not beyond the MTU.
        assert (size["tunnel"], size["path"], size["error"]) == (1264, 1333, None)
        assert time.monotonic() - start < 20
    finally:
        on(three, "server-a", "nft", "delete", "table", "inet", "narrow")


def test_commands_side_by_side(three: Lab) -> None:
    names = ["server-a", "server-b", "server-c"]
    text = "hostname; echo '$x \"y\"' >&2; [ $(hostname) != server-b ] || exit 9"
    found = {one["host"]: one for one in ask(three, "run", names, text)}
    assert [found[name]["status"] for name in names] == [0, 9, 0]
    assert found["server-c"]["output"] == 'server-c\n$x "y"\n'
    [big] = ask(three, "run", ["server-a"], "seq 1000000; exit 4")
    assert big["status"] == 4 and 65536 < len(big["output"]) < 65700
    assert big["output"].endswith("[meshtui: only the first 64 KiB are kept]\n")
    journal = (three.path / "state").rglob("journal.jsonl")
    noted = json.loads(next(journal).read_text().splitlines()[-1])
    assert noted["event"] == "run" and noted["hosts"] == ["server-a"] and "seq" not in str(noted)


def test_a_command_without_end_and_one_that_ends_the_session(three: Lab) -> None:
    text = (
        "case $(hostname) in server-a) echo begun; sleep 600;;"
        " server-b) kill -9 $(pgrep -x sshd | tail -n +2);; *) echo fine;; esac"
    )
    start = time.monotonic()
    found = {
        one["host"]: one for one in ask(three, "run", ["server-a", "server-b", "server-c"], text)
    }
    assert COMMAND_SECONDS < time.monotonic() - start < COMMAND_SECONDS + 10
    assert found["server-c"]["status"] == 0
    late, cut = found["server-a"], found["server-b"]
    assert late["status"] is None and late["output"] == "begun\n"
    assert late["error"] == f"not done after {COMMAND_SECONDS} s: it was ended"
    assert cut["status"] is None and "not known whether it was done" in cut["error"]
    assert three.on("server-a", ["pgrep", "-f", "^sleep 600"]).returncode == 1


@contextmanager
def pinging(lab: Lab, host: str, *addresses: str) -> Iterator[None]:
    running = [
        subprocess.Popen(
            [*lab.enter(host), "ping", "-q", "-n", "-i", "0.5", address],
            stdout=subprocess.DEVNULL,
        )
        for address in addresses
    ]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait()


@pytest.mark.long
def test_a_cut_link_is_seen_while_it_matters(three: Lab) -> None:
    """server-a pings both others: one way is cut each, the far one and the near one."""
    with pinging(three, "server-a", "10.0.0.2", "10.0.0.3"), Watch(three) as watch:
        for a, b in ("ab", "ba", "ac", "ca", "bc", "cb"):
            watch.link(f"server-{a}", f"server-{b}", "up", 10)
        cut = time.monotonic()
        faults.block_udp(three, "server-b", "server-a")
        faults.block_udp(three, "server-a", "server-c")
        # Nothing arrives at server-a any more, or at server-c: they see it, the others hear them.
        seen = watch.link("server-a", "server-b", "stale") - cut
        assert ANSWERED <= seen <= ANSWERED + 3
        seen = watch.link("server-c", "server-a", "stale") - cut
        assert seen <= 15.5 + SHAKEN + 3
        assert watch.states("server-b", "server-a", cut) == ["up"]
        assert watch.states("server-a", "server-c", cut) == ["up"]
        mended = time.monotonic()
        faults.clear_network(three)
        watch.link("server-a", "server-b", "up", 12)
        watch.link("server-c", "server-a", "up", 12)
        assert time.monotonic() - mended < 12
        for one, other in ("ab", "ca"):
            states = watch.states(f"server-{one}", f"server-{other}", cut)
            assert states == ["up", "stale", "up"]
        assert watch.states("server-b", "server-c") == ["up"]


def test_a_frozen_host_is_late_and_then_there_again(three: Lab) -> None:
    def connections() -> list[str]:
        lines = on(three, "server-c", "ss", "-Htn", "state", "established", "sport = :22")
        return sorted(line.split()[3] for line in lines.splitlines())

    with Watch(three) as watch:
        watch.host("server-c", "up")
        before = connections()
        start = time.monotonic()
        faults.freeze_link(three, "server-c")
        assert watch.host("server-c", "unreachable") - start <= 3
        faults.thaw_link(three, "server-c")
        watch.host("server-c", "up", 5)
        assert connections() == before


def test_a_dead_host_is_seen_at_once_and_so_is_its_return(three: Lab) -> None:
    with Watch(three) as watch:
        watch.host("server-c", "up")
        start = time.monotonic()
        three.kill("server-c")
        assert watch.host("server-c", "unreachable") - start <= 3
        with ThreadPoolExecutor() as at_once:
            gone = at_once.submit(ask, three, "run", ["server-c", "server-b"], "true")
            error = at_once.submit(ask, three, "inspect", "server-c")
            [lost] = ask(three, "ping", "server-a", "server-c")
        first, last = gone.result()
        assert (first["host"], first["status"]) == ("server-b", 0)
        assert last["status"] is None and "203.0.113.3" in last["error"]
        assert error.result()[0]["state"] == "unreachable"
        assert (lost["sent"], lost["received"], lost["average"]) == (10, 0, None)
        three.boot("server-c")
        back = time.monotonic()
        assert watch.host("server-c", "no-interface", 10) - back <= 3
