"""What a live change of one host costs a mesh of N: time, and pings that the others lose.

    sudo .venv/bin/python tests/bench/bench_live.py [HOSTS [TIMES]]

All directions that are there carry a ping every 20 ms meanwhile. The control runs change
nothing, the second one does all that comes before a change: what they lose is the machine's.
Times are from the command's start to the end of its checks, when the mesh is proven to work
and it begins to confirm; and to its exit; best and worst of TIMES. Budget (10 hosts): 3 s to
the first of them and nothing lost; for a key, 250 ms without an answer, and that on its host's
links only.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "lab")]

from flow import Flow  # noqa: E402
from meshtui_on import apply, meshtui  # noqa: E402

from meshtui.lab import Lab  # noqa: E402
from meshtui.store.meshfile import load  # noqa: E402

#: Seconds.
BUDGET = 3.0


class Bench:
    """A lab whose last host is not in the mesh, and what was measured of each thing done."""

    def __init__(self, lab: Lab, times: int) -> None:
        self.lab, self._times = lab, times
        *self.hosts, self.last = [host.name for host in lab.hosts]

    def change(self, *args: str) -> str:
        """Run the command; what it says of sessions that were to stay."""
        said = meshtui(self.lab, *args, "--yes", timeout=300).stdout
        found = re.findall(r"\d+ of \d+ sessions that were there", said)
        return f"; renewed: {found[-1]}" if found else ""

    def _confirmed(self, start: float) -> list[float]:
        """Seconds from `start` to when the latest change since was proven: it is noted down."""
        journal = self.lab.path / "state" / "meshtui" / load(self.lab.path / "mesh.toml").name
        entries = map(json.loads, (journal / "journal.jsonl").read_text("utf-8").splitlines())
        at = [datetime.fromisoformat(one["at"]) for one in entries if one["event"] == "confirm"]
        return [last - start for last in [at[-1].timestamp()] if last > start]

    def measure(
        self, what: dict[str, Callable[[], str]], own: str | None = None, most: float = BUDGET
    ) -> None:
        """Do each of `what` in turn, again and again; print how long it took, and what was lost.

        What is lost on the links of the host `own` is told apart.
        """
        took: dict[str, list[float]] = {name: [] for name in what}
        verified: dict[str, list[float]] = {name: [] for name in what}
        told: dict[str, str] = {}
        flows: dict[str, list[Flow]] = {name: [] for name in what}
        for _ in range(self._times):
            for name, do in what.items():
                with Flow(self.lab, self.hosts) as flow:
                    start = time.time()
                    told[name] = do()
                    took[name].append(time.time() - start)
                    verified[name] += self._confirmed(start)
                flows[name].append(flow)
        for name, all_of_it in took.items():
            seconds = verified[name] or all_of_it
            over = f" (budget: {most:g} s)" if min(seconds) > most else ""
            ended = f", exit {min(all_of_it):.2f} to {max(all_of_it):.2f} s"
            lost = sum(flow.lost for flow in flows[name])
            sent = sum(flow.sent for flow in flows[name])
            theirs = [n for flow in flows[name] for way, n in flow.lost_in.items() if own in way]
            silent = max(max(flow.gaps.values()) for flow in flows[name])
            print(
                f"{name:<20} {min(seconds):5.2f} to {max(seconds):5.2f} s{over}{ended}   "
                f"{lost - sum(theirs)} of {sent} pings lost"
                + (f", and {sum(theirs)} of {own}'s" if own else "")
                + (f", {1000 * silent:.0f} ms in a row at most" if lost else "")
                + told[name],
                flush=True,
            )
            if any(frozenset() in flow.at_once() for flow in flows[name]):
                print(f"{'':<20} at some moment on links that have no host in common")


def main(count: int, times: int) -> None:
    # An installed meshtui is not compiled anew each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with Lab.up(count + 1, name="bench-live") as lab:
        bench = Bench(lab, times)
        os.environ["PYTHONPYCACHEPREFIX"] = str(lab.path / "bytecode")
        apply(lab)
        bench.change("remove", bench.last)
        name = bench.hosts[1]

        def nothing() -> str:
            time.sleep(3)
            return ""

        def a_plan() -> str:
            meshtui(lab, "plan")
            return ""

        def all_keys() -> str:
            return bench.change("rotate", "--all")

        ssh = ("--ssh", f"root@{lab.host(bench.last).v4}")
        bench.measure({"control: nothing": nothing, "control: a plan": a_plan}, most=60)
        there = {
            "add a host": lambda: bench.change("add", bench.last, *ssh),
            "remove it": lambda: bench.change("remove", bench.last),
        }
        bench.measure(there)
        bench.measure(
            {
                "a host's keepalive": lambda: bench.change("set", name, "--keepalive", "20"),
                "undo that": lambda: bench.change("undo"),
            }
        )
        bench.measure(
            {
                "a host's port": lambda: bench.change("set", name, "--port", "51999"),
                "undo that": lambda: bench.change("undo"),
            },
            name,
        )
        bench.measure({"a host's key": lambda: bench.change("rotate", name)}, name)
        bench.measure({"all keys": all_keys}, most=BUDGET * count)
        # How long it takes where nothing else keeps the machine busy.
        for what, do in there.items():
            start = time.monotonic()
            do()
            print(f"{what + ', no pings':<20} {time.monotonic() - start:5.2f} s")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [10, 3][len(numbers) :]))
