"""A change that is broken off anywhere: all hosts are as they were, or all are changed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confirmed import settled
from meshtui_on import edit, meshtui
from state import State, wait_for

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
SCRIPT = Path(__file__).with_name("broken_off.py")
HOSTS = 5
WINDOW = 4
"""Seconds after which hosts go back; shorter than a person may choose."""
POINTS = 66
"""Of an apply that changes five hosts; see `test_the_points_are_counted`."""


@dataclass
class Sweep:
    """A mesh whose keepalive is changed again and again, and broken off each time."""

    lab: Lab
    value: int = 20
    hosts: list[str] = field(default_factory=list)
    old: dict[str, State] = field(default_factory=dict)
    reached: int = 0
    """How many points were come to: on a busy machine hosts may have gone back before."""

    def begin(self, at: int, how: str) -> subprocess.Popen[str]:
        """Begin the next change; it is broken off at point `at`."""
        self.old = self.settled()
        edit(self.lab, f"keepalive = {self.value}\n", f"keepalive = {self.value + 1}\n")
        argv = [sys.executable, SCRIPT, str(at), how, str(WINDOW), "apply", "--yes"]
        return subprocess.Popen(
            self.lab.command(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def new(self) -> dict[str, State]:
        """What the hosts are once they have the change."""
        before, after = f"Keepalive = {self.value}", f"Keepalive = {self.value + 1}"
        return {host: was.become(before, after) for host, was in self.old.items()}

    def settled(self) -> dict[str, State]:
        """How the hosts are when no change is under way on any: within the window."""
        return settled(self.lab, self.hosts, WINDOW + 30)

    def ends_well(self) -> str:
        """Assert that no host is in between, and all agree once that is asked for."""
        now, new = self.settled(), self.new()
        for host, one in now.items():
            assert one in (self.old[host], new[host]), f"{host} is in between"
        done = meshtui(self.lab, "recover", code=None)
        assert done.returncode == 0, done.stderr
        now = self.settled()
        assert now in (self.old, new), done.stderr
        if now == new:
            self.value += 1
        else:
            edit(self.lab, f"keepalive = {self.value + 1}\n", f"keepalive = {self.value}\n")
        wait_for(lambda: meshtui(self.lab, "status", code=None).returncode == 0, 20)
        return "new" if now == new else "old"

    def kill_at(self, at: int) -> str:
        """Have it killed at `at`; which way it ended."""
        process = self.begin(at, "kill")
        process.communicate(timeout=60)
        self.reached += process.returncode == -signal.SIGKILL
        return self.ends_well()

    def cut_at(self, at: int) -> str:
        """Have its network cut at `at`, for longer than hosts wait; which way it ended."""
        process = self.begin(at, "cut")
        try:
            assert process.stderr
            self.reached += any(line.startswith("at ") for line in process.stderr)
            self.settled()
        finally:
            process.kill()
            process.communicate()
            self.lab.run(["nft", "delete", "table", "inet", "cut"])
        return self.ends_well()


@pytest.fixture(scope="module")
def sweep(lab: Callable[..., Lab]) -> Iterator[Sweep]:
    one = lab(HOSTS)
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    meshtui(one, "apply", "--yes")
    return Sweep(one, hosts=[host.name for host in one.hosts])


def test_the_points_are_counted(sweep: Sweep) -> None:
    process = sweep.begin(0, "kill")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert err.splitlines()[-1] == f"{POINTS} points"
    assert sweep.ends_well() == "new"


# Before the live change, in the middle of it, while it is proved, and while it is confirmed.
@pytest.mark.parametrize("at", [13, 33, 45, 57])
def test_killed(sweep: Sweep, at: int) -> None:
    before = sweep.reached
    assert sweep.kill_at(at) == ("new" if at > 54 else "old")
    assert sweep.reached == before + 1


@pytest.mark.parametrize("at", [33, 57])
def test_cut_off(sweep: Sweep, at: int) -> None:
    sweep.cut_at(at)


@pytest.mark.long
@pytest.mark.parametrize("at", range(1, POINTS))
def test_killed_anywhere(sweep: Sweep, at: int) -> None:
    sweep.kill_at(at)


@pytest.mark.long
@pytest.mark.parametrize("at", range(1, POINTS))
def test_cut_off_anywhere(sweep: Sweep, at: int) -> None:
    sweep.cut_at(at)


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_two_hundred_times_at_random(lab: Callable[..., Lab], part: int) -> None:
    chance = random.Random(f"meshtui {part}")
    one = lab(HOSTS)
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    meshtui(one, "apply", "--yes")
    its = Sweep(one, hosts=[host.name for host in one.hosts])
    for _ in range(50):
        at, how = chance.randrange(1, POINTS), chance.choice(("kill", "cut"))
        try:
            its.kill_at(at) if how == "kill" else its.cut_at(at)
        except AssertionError as error:
            raise AssertionError(f"{how} at point {at}: {error}") from error
    assert its.reached >= 40
