"""Disks, clocks and power that fail in the middle of a change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from confirmed import Stopped, settled
from meshtui_on import apply, edit, meshtui, on, plan
from state import State, states

from meshtui.lab import Lab, faults

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
HOSTS = ("server-a", "server-b", "server-c")
BAD = "server-b"
DISKS = ("/etc/wireguard", "/var/lib/meshtui")
READ_ONLY = "server-c"
OFF = "server-a"


@pytest.fixture(scope="module")
def mesh(lab: MakeLab) -> Lab:
    one = lab(3)
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    apply(one)
    for where in DISKS:
        faults.small_disk(one, BAD, where)
    return one


@pytest.fixture
def one(mesh: Lab) -> Iterator[Lab]:
    """The mesh, with a change to be made; it is as before afterwards."""
    text = (mesh.path / "mesh.toml").read_text()
    settled(mesh, HOSTS, 5)
    edit(mesh, "keepalive = 20", "keepalive = 21")
    yield mesh
    mesh.on(READ_ONLY, ["umount", "/etc"])
    on(mesh, BAD, "rm", "-f", *(f"{where}/.full" for where in DISKS))
    (mesh.path / "mesh.toml").write_text(text)
    apply(mesh)


def new(old: dict[str, State]) -> dict[str, State]:
    """What the hosts are with the change."""
    return {host: was.become("Keepalive = 20", "Keepalive = 21") for host, was in old.items()}


def unfilled(now: dict[str, State]) -> dict[str, State]:
    """Without what fills a disk."""
    return {host: replace(one, files=one.files.replace(".full\n", "")) for host, one in now.items()}


@pytest.mark.parametrize("where", DISKS)
@pytest.mark.parametrize("at", ["before the note arm", "after arm on server-b", None])
def test_a_disk_that_is_full_before_anything_runs_otherwise(
    one: Lab, where: str, at: str | None
) -> None:
    """That host drops out, and says why; the others have the change."""
    before = settled(one, HOSTS, 5)
    if at is None:
        faults.fill_disk(one, BAD, where)
        said = meshtui(one, "apply", "--yes", code=1).stderr
    else:
        with Stopped(one, at, "apply", "--yes", within=10) as it:
            faults.fill_disk(one, BAD, where)
            said = it.go_on(1)
    assert f"{BAD}: " in said and "taken back: " not in said, said
    assert "No space left" in said or "disk full" in said, said
    now = unfilled(settled(one, HOSTS, 15))
    assert now == new(before) | {BAD: before[BAD]}


@pytest.mark.parametrize("where", DISKS)
@pytest.mark.parametrize("at", ["before the note change", "before confirm on server-b"])
def test_what_is_staged_needs_no_more_room(one: Lab, where: str, at: str) -> None:
    before = settled(one, HOSTS, 5)
    with Stopped(one, at, "apply", "--yes", within=10) as it:
        faults.fill_disk(one, BAD, where)
        it.go_on(0)
    assert unfilled(settled(one, HOSTS, 5)) == new(before)


def test_going_back_needs_no_more_room(one: Lab) -> None:
    before = settled(one, HOSTS, 5)
    with Stopped(one, "after the note verify", "apply", "--yes", within=6) as it:
        for where in DISKS:
            faults.fill_disk(one, BAD, where)
        it.kill()
    assert unfilled(settled(one, HOSTS, 15)) == before


def test_an_etc_that_cannot_be_written_takes_all_back(one: Lab) -> None:
    before = settled(one, HOSTS, 5)
    with Stopped(one, "before the note verify", "apply", "--yes", within=10) as it:
        faults.read_only_etc(one, READ_ONLY)
        said = it.go_on(1)
    assert f"taken back: {READ_ONLY} cannot be confirmed" in said and "Read-only" in said, said
    # What was staged cannot be removed there meanwhile.
    faults.writable_etc(one, READ_ONLY)
    assert settled(one, HOSTS, 20) == before


def test_at_the_very_end_it_waits_until_etc_can_be_written(one: Lab) -> None:
    before = settled(one, HOSTS, 5)
    with Stopped(one, f"before confirm on {READ_ONLY}", "apply", "--yes", within=10) as it:
        faults.read_only_etc(one, READ_ONLY)
        said = it.go_on(1)
    assert f"{READ_ONLY}: confirmed elsewhere, and not here: " in said, said
    assert on(one, READ_ONLY, "ls", "/var/lib/meshtui/wg0/change/committing")
    others = {host: state for host, state in new(before).items() if host != READ_ONLY}
    assert settled(one, others, 5) == others
    for command in (("recover",), ("apply", "--yes"), ("recover",)):
        said = meshtui(one, *command, code=1).stderr
        assert f"{READ_ONLY}: " in said and "cannot write /etc/wireguard/wg0.conf" in said, said
    faults.writable_etc(one, READ_ONLY)
    meshtui(one, "recover")
    assert settled(one, HOSTS, 5) == new(before)
    plan(one, code=0)


@pytest.mark.parametrize(
    "at",
    [pytest.param("after arm on server-a", marks=pytest.mark.long), "after change on server-a"],
)
def test_a_host_that_loses_its_power_is_as_before(one: Lab, at: str) -> None:
    before = settled(one, HOSTS, 5)
    with Stopped(one, at, "apply", "--yes", within=3) as it:
        one.kill(OFF)
        it.kill()
    one.boot(OFF)
    others = [host for host in HOSTS if host != OFF]
    assert settled(one, others, 12) == {host: before[host] for host in others}
    # Without systemd nothing is brought up at boot; the file is the old one.
    meshtui(one, "recover")
    assert settled(one, [OFF], 5)[OFF].file == before[OFF].file
    on(one, OFF, "wg-quick", "up", "wg0")
    assert settled(one, HOSTS, 5) == before


def blocks(lab: Lab, host: str, program: str, when: str) -> None:
    """Have `program` stand still on the host, with arguments like `when`; /run/still tells."""
    script = f"""#!/bin/sh
case $* in {when}) touch /run/still; sleep 60;; esac
exec /bin/{program} "$@"
"""
    put = f"cat >/usr/local/sbin/{program}; chmod 755 /usr/local/sbin/{program}"
    lab.on(host, ["sh", "-c", put], input=script, check=True)


def off_and_on(lab: Lab, host: str, program: str) -> None:
    """Cut the power once that stands still."""
    on(lab, host, "sh", "-c", "until [ -e /run/still ]; do sleep 0.05; done")
    lab.kill(host)
    lab.boot(host)
    on(lab, host, "rm", f"/usr/local/sbin/{program}")


def test_a_host_that_loses_its_power_as_it_confirms_has_the_change(one: Lab) -> None:
    before = settled(one, HOSTS, 5)
    blocks(one, OFF, "mv", "*wg0.conf")
    with Stopped(one, f"before confirm on {OFF}", "apply", "--yes", within=10) as it:
        it.release()
        off_and_on(one, OFF, "mv")
        it.kill()
    assert states(one, [OFF])[OFF].left.startswith("change")
    # What runs after a boot of a light host is nothing: recover brings it up, and proves it.
    meshtui(one, "recover")
    assert settled(one, HOSTS, 5) == new(before)
    plan(one, code=0)


@pytest.mark.long
def test_a_host_that_loses_its_power_as_it_is_armed_keeps_no_copy_of_its_keys(one: Lab) -> None:
    before = settled(one, HOSTS, 5)
    blocks(one, OFF, "ln", "-sn*")
    with Stopped(one, f"before arm on {OFF}", "apply", "--yes", within=3) as it:
        it.release()
        off_and_on(one, OFF, "ln")
        it.kill()
    left = states(one, [OFF])[OFF].left
    assert left.startswith("change.") and left.count("\n") == 1, left
    time.sleep(max(0.0, 15 - it.age()))
    meshtui(one, "apply", "--yes")
    assert settled(one, HOSTS, 5) == new(before)


_CLOCK = """
cat >/usr/local/sbin/date <<'END'
#!/bin/sh
[ "$*" = +%s ] || exec /bin/date "$@"
echo "$(($(/bin/date +%s) + OFF))"
END
cat >/usr/local/sbin/awk <<'END'
#!/bin/bash
exec /usr/bin/awk "${@//print srand()/print srand() + OFF}"
END
chmod 755 /usr/local/sbin/date /usr/local/sbin/awk
"""


@pytest.mark.parametrize("off", [86400, pytest.param(-86400, marks=pytest.mark.long)])
def test_a_clock_that_somebody_sets_does_not_count(one: Lab, off: int) -> None:
    """The machine's own clock is everybody's: what reads it here is told another time."""
    before = settled(one, HOSTS, 5)
    with Stopped(one, "before the note change", "apply", "--yes") as it:
        on(one, OFF, "sh", "-c", _CLOCK.replace("OFF", f"({off})"))
        since = time.monotonic()
        it.kill()
    assert settled(one, HOSTS, 12) == before
    assert time.monotonic() - since > 2, "before its time"
    assert abs(int(on(one, OFF, "date", "+%s")) - time.time() - off) < 5
    meshtui(one, "apply", "--yes")
    assert settled(one, HOSTS, 5) == new(before)
    on(one, OFF, "rm", "/usr/local/sbin/date", "/usr/local/sbin/awk")
