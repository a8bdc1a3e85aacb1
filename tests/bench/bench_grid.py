"""What the mesh screen costs on a real terminal, with every cell changing each second.

    .venv/bin/python tests/bench/bench_grid.py [--check] [--hosts N] [--seconds N] [--keys N]

The real app runs on a pty of 200 x 60 that is read and thrown away. Its fleet is played:
all that it will say is made beforehand, and what handing it out costs is measured apart and
taken off. `spread`: the hosts answer one after the other, `burst`: all at once, `flood`: all
at once, and their links fall ill and recover all the time.
`--check`: exit code 1 where a figure is over its budget (100 hosts, 2 cores).
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tui"), str(Path(__file__).parents[2])]

from terminal import Glass, Terminal  # noqa: E402

from tests.bench.bench_first_frame import BARE  # noqa: E402

SIZE = (200, 60)
#: Seconds before anything is counted.
WARM = 4
COUNTER = """
from textual.app import App
from textual.widgets import Static

class Counter(App):
    BINDINGS = [("j", "count", "count")]
    number = 0

    def compose(self):
        yield Static("number 0")

    def action_count(self):
        self.number += 1
        self.query_one(Static).update(f"number {self.number}")

Counter().run()
"""
PLAYED = [sys.executable, str(Path(__file__).parent / "played.py")]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Report:
    """Figures beside their budgets."""

    over: list[str] = field(default_factory=list)

    def say(self, what: str, value: float, unit: str, budget: float | None = None) -> None:
        text = f"{what:<44} {value:8.1f} {unit}"
        if budget is not None:
            fits = value <= budget
            text = f"{text:<66} budget {budget:g}  {'ok' if fits else 'OVER'}"
            if not fits:
                self.over.append(what)
        print(text, flush=True)


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used, all its threads together."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def peak(pid: int) -> float:
    """The most memory that it ever had, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def running(terminal: Terminal, seconds: int) -> tuple[float, float]:
    """Seconds of CPU, and bytes sent, per second."""
    terminal.read(WARM)
    used, sent, start = cpu(terminal.pid), len(terminal.sent), time.monotonic()
    terminal.read(seconds)
    took = time.monotonic() - start
    return (cpu(terminal.pid) - used) / took, (len(terminal.sent) - sent) / took


def handing_out(how: str, hosts: int, seconds: int) -> float:
    """Seconds of CPU a second that the played fleet needs for itself."""
    with Terminal([*PLAYED, how, str(hosts), "alone"], size=SIZE) as terminal:
        return running(terminal, seconds)[0]


def taking_in(how: str, hosts: int, seconds: int) -> float:
    """Seconds of CPU a second of the app on it, while it draws nothing of what comes."""
    with Terminal([*PLAYED, how, str(hosts), "undrawn"], size=SIZE) as terminal:
        terminal.until("live")
        return running(terminal, seconds)[0]


def refreshes(report: Report, how: str, keys: str, hosts: int, seconds: int) -> None:
    """CPU while every cell changes each second: in one refresh, or spread over it."""
    alone = handing_out(how, hosts, seconds)
    with Terminal([*PLAYED, how, str(hosts)], size=SIZE) as terminal:
        terminal.until(f"{hosts}/{hosts}")
        for key in keys:
            terminal.press(key)
            terminal.read(0.3)
        spent, sent = running(terminal, seconds)
        memory = peak(terminal.pid)
    name = f"{hosts} hosts, {how}{', ' + keys if keys else ''}"
    if how == "burst":
        undrawn = taking_in(how, hosts, seconds)
        report.say(f"{name}: CPU a refresh, drawing", 1000 * (spent - undrawn), "ms", 25)
        report.say(f"{name}: and taking in what came", 1000 * (undrawn - alone), "ms")
    limits = how != "flood"
    report.say(f"{name}: of a core, in all", 100 * (spent - alone), "%", 5 if limits else None)
    report.say(f"{name}: taken off for the fleet", 100 * alone, "%")
    report.say(f"{name}: sent", sent / 1000, "kB/s")
    report.say(f"{name}: peak memory, with asyncssh", memory, "MB", 120)


class Cursor:
    """Walks about the grid, off the diagonal, and knows where it is."""

    def __init__(self, hosts: int) -> None:
        self.hosts, self.row, self.column = hosts, 0, 20
        self.rng = random.Random(7)

    def step(self) -> str:
        """A key; `row` and `column` are then where it leads."""
        moves = {
            "j": (self.row + 1, self.column),
            "k": (self.row - 1, self.column),
            "l": (self.row, self.column + 1),
            "h": (self.row, self.column - 1),
        }
        good = [k for k, (row, column) in moves.items() if 0 <= row < 16 and 20 <= column < 32]
        key = self.rng.choice(good)
        self.row, self.column = moves[key]
        return key

    def shown(self, glass: Glass) -> bool:
        """Whether the details, which alone name two hosts in a line, are about this cell."""
        here, there = (f"node-{index + 1:03}" for index in (self.row, self.column))
        return any(here in line and there in line for line in glass.lines)


def place(glass: Glass) -> tuple[object, ...]:
    """Where the cursor is drawn, and the heading over it: no look at a host moves these."""
    row = next((y for y, line in enumerate(glass.lines) if line.startswith("▸")), 0)
    return row, glass.marks[row].find("r"), glass.lines[1], glass.marks[1]


def drawn(glass: Glass) -> tuple[str, bool]:
    """The heading, and whether the first host's cells are bars: what a mode or a zoom changes."""
    return glass.lines[1], any(bar in glass.text for bar in "▂▃▄")


def chrome(glass: Glass) -> list[str]:
    """The lines that only a change of mode or zoom changes: heading, legend, hints."""
    return [line for line in glass.lines[1:] if "node-" not in line]


def another(look: Callable[[Glass], object], glass: Glass) -> Callable[[], bool]:
    """Whether it looks different from now."""
    before = look(glass)
    return lambda: look(glass) != before


def answered(terminal: Terminal, key: str, *signs: Callable[[], bool]) -> list[float]:
    """Milliseconds from a key to the piece of output with which each of `signs` is there."""
    pressed, times = time.monotonic(), [0.0] * len(signs)
    terminal.press(key)
    while not all(times):
        assert time.monotonic() < pressed + 3, f"{key!r}: no answer:\n{terminal.glass.text}"
        # It is drawn here only after it was read: what drawing costs delays no answer.
        for came, piece in terminal.read(0.15):
            terminal.glass.take(piece)
            for number, sign in enumerate(signs):
                if not times[number] and sign():
                    times[number] = (came - pressed) * 1000
    return times


def keys(report: Report, hosts: int, count: int) -> None:
    """How long keys take, pressed at any moment while the hosts answer."""
    cursor, first, whole = Cursor(hosts), [], []
    with Terminal([*PLAYED, "spread", str(hosts)], size=SIZE) as terminal:
        glass = terminal.glass
        terminal.until(f"{hosts}/{hosts}")
        for _ in range(cursor.column - 1):
            terminal.press("l")
            terminal.draw(0.1)
        terminal.until(lambda: cursor.shown(glass))
        # A press in ten changes how all is drawn.
        others = "21zZ"
        for number in range(count):
            terminal.draw(cursor.rng.uniform(0.05, 0.35))
            if number % 10 == 9:
                key = others[number // 10 % len(others)]
                signs = [another(drawn, glass), another(chrome, glass)]
            else:
                key = cursor.step()
                signs = [another(place, glass), lambda: cursor.shown(glass)]
            moved, told = answered(terminal, key, *signs)
            first.append(moved)
            whole.append(told)
    report.say(f"{count} keys while polling: answered, median", statistics.median(first), "ms")
    report.say(f"{count} keys while polling: 99th percentile", percentile(first, 99), "ms", 50)
    report.say("and the details or the legend: median", statistics.median(whole), "ms")
    report.say("and the details or the legend: 99th percentile", percentile(whole, 99), "ms")


def bare_keys(report: Report, count: int) -> None:
    """The same of an app with one line to draw: what Textual and this machine make of it."""
    rng, took = random.Random(7), []
    with Terminal([sys.executable, "-c", COUNTER], size=SIZE) as terminal:
        terminal.until("number 0")
        for number in range(1, count + 1):
            terminal.draw(rng.uniform(0.05, 0.35))
            shown = f"number {number}"
            took += answered(terminal, "j", lambda shown=shown: shown in terminal.glass.text)
    report.say("keys of a bare Textual app: median", statistics.median(took), "ms")
    report.say("keys of a bare Textual app: 99th percentile", percentile(took, 99), "ms")


def percentile(values: list[float], part: int) -> float:
    """The value that `part` in a hundred do not pass."""
    return sorted(values)[max(0, -(-len(values) * part // 100) - 1)]


def idle(report: Report, seconds: int) -> None:
    """10 hosts on which nothing happens but the clock, beside an app that does nothing."""
    with Terminal([*PLAYED, "idle", "10"], size=SIZE) as terminal:
        terminal.until("10/10")
        spent, sent = running(terminal, seconds)
    with Terminal([sys.executable, "-c", BARE], size=SIZE) as terminal:
        terminal.until("first frame")
        bare, _ = running(terminal, seconds)
    report.say("10 hosts, idle: of a core", 100 * spent, "%", 2)
    report.say("10 hosts, idle: sent", sent / 1000, "kB/s")
    report.say("a bare Textual app, idle: of a core", 100 * bare, "%")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit code 1 where over budget")
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=20, help="of each measurement of CPU")
    parser.add_argument("--keys", type=int, default=200)
    given = parser.parse_args()
    report = Report()
    refreshes(report, "spread", "", given.hosts, given.seconds)
    refreshes(report, "burst", "", given.hosts, given.seconds)
    # Zoomed out as far as it goes, where all cells are in view.
    refreshes(report, "spread", "ZZZ", given.hosts, given.seconds)
    refreshes(report, "flood", "", given.hosts, given.seconds)
    keys(report, given.hosts, given.keys)
    bare_keys(report, given.keys)
    idle(report, given.seconds)
    for what in report.over:
        print(f"over its budget: {what}")
    return int(given.check and bool(report.over))


if __name__ == "__main__":
    sys.exit(main())
