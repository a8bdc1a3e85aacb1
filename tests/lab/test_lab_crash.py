"""Whatever happens to `up`, `down` leaves nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from meshtui.lab import Lab, down, names, procs
from meshtui.lab.paths import lab_path, marker

pytestmark = pytest.mark.lab

_HOSTS = 6
_UP = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from meshtui.lab import Lab
steps = 0
def progress(line):
    global steps
    steps += 1
    if str(steps) == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
print("go", flush=True)
Lab.up(int(sys.argv[4]), name=sys.argv[2], progress=progress)
"""


def start(name: str, step: int = 0) -> subprocess.Popen[str]:
    root = str(Path(names.__file__).parents[2])
    up = subprocess.Popen(
        [sys.executable, "-c", _UP, root, name, str(step), str(_HOSTS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert up.stdout
    assert up.stdout.readline() == "go\n"
    return up


def family(name: str) -> list[procs.Process]:
    """Every process of the lab: who holds its lock or lives in it, with all descendants."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    roots = [*procs.holding(lab_path(name) / "lock"), *procs.inside(marker(name))]
    found = {each.pid for each in roots}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return [each for pid in found if (each := procs.process(pid))]


def assert_gone(name: str, were: list[procs.Process]) -> None:
    assert [each for each in were if each.alive] == []
    assert procs.inside(marker(name)) == []
    assert not lab_path(name).exists()
    mounts = Path("/proc/self/mountinfo").read_text()
    assert name not in mounts
    assert not Path("/run/netns").exists() or not list(Path("/run/netns").glob(f"*{name}*"))


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_killed_at_a_step(lab_name: str, step: int) -> None:
    up = start(lab_name, step)
    assert up.wait(30) == -signal.SIGKILL
    were = family(lab_name)
    assert len(were) >= (0, 0, 2, 2, 15)[step - 1]
    assert down(lab_name)
    assert_gone(lab_name, were)
    assert not down(lab_name)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.09, 0.13, 0.17, 0.21, 0.25, 0.3])
def test_killed_at_a_moment(lab_name: str, delay: float) -> None:
    up = start(lab_name)
    time.sleep(delay)
    up.kill()
    up.wait(30)
    were = family(lab_name)
    down(lab_name)
    assert_gone(lab_name, were)
    assert not down(lab_name)


def test_down_ends_an_up_under_way(lab_name: str) -> None:
    up = start(lab_name)
    procs.wait_until((lab_path(lab_name) / "keeper.pid").exists, 10, lambda: "no keeper")
    assert down(lab_name)
    assert up.wait(10) != 0
    assert_gone(lab_name, [])


def test_up_after_a_crash_starts_anew(lab_name: str) -> None:
    up = start(lab_name, 4)
    up.wait(30)
    # The keeper outlives the `up` that was killed; without it only files are left.
    procs.end(procs.holding(lab_path(lab_name) / "lock"))
    again = Lab.up(1, name=lab_name)
    assert again.run(["ssh", "server-a", "true"]).returncode == 0


def test_down_after_the_keeper_died(lab_name: str) -> None:
    lab = Lab.up(2, name=lab_name)
    visitor = subprocess.Popen(lab.command(["sleep", "1000"]))
    lab.run(["true"])
    were = family(lab_name)
    assert len(were) > 6
    procs.end([each for each in were if "keeper.sh" in _words(each)])
    assert {each.pid for each in were if each.alive} == {visitor.pid}  # the kernel ended them all
    assert visitor.poll() is None
    down(lab_name)
    assert visitor.wait(5) != 0
    assert_gone(lab_name, were)


def _words(process: procs.Process) -> str:
    return Path(f"/proc/{process.pid}/cmdline").read_text()


def _network() -> dict[str, str]:
    asked: dict[str, Callable[[], str]] = {
        words: lambda words=words: (
            subprocess.run(
                words.split(), capture_output=True, text=True, check=True, timeout=10
            ).stdout
        )
        for words in (
            "ip -j link",
            "ip -j addr",
            "ip -j route show table all",
            "ip -6 -j route show table all",
            "ip -j rule",
            "nft list ruleset",
            "ip netns",
        )
    }
    seen = {words: ask() for words, ask in asked.items()}
    for words in ("ip -j link", "ip -j addr"):
        for link in json.loads(seen[words]):
            assert "mtlab" not in str(link.get("ifalias", ""))
    for file in Path("/proc/sys/net").glob("ipv[46]/conf/*/*"):
        if "temp_" not in file.name and file.stat().st_mode & 0o444:
            seen[str(file)] = file.read_text() if "secret" not in file.name else ""
    for limit in Path("/proc/sys/net").glob("ipv[46]/neigh/default/*"):
        seen[str(limit)] = limit.read_text()
    return seen


def test_the_machine_keeps_its_network(lab_name: str) -> None:
    before, mounts = _network(), Path("/proc/self/mountinfo").read_text()
    lab = Lab.up(3, name=lab_name)
    assert _network() == before
    assert Path("/proc/self/mountinfo").read_text() == mounts
    lab.down()
    assert _network() == before
