"""What a live change of one host costs a mesh of N: time, and pings that the others lose.

    sudo .venv/bin/python tests/bench/bench_live.py [HOSTS]

All directions that are there carry a ping every 20 ms meanwhile. The control runs change
nothing, the second one does all that comes before a change: what they lose is the machine's.
Times are from the command's start to its exit. Budget (10 hosts): 3 s, and nothing lost.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "lab")]

from flow import Flow  # noqa: E402
from meshtui_on import meshtui  # noqa: E402

from meshtui.lab import Lab  # noqa: E402


def measure(lab: Lab, hosts: list[str], what: str, do: Callable[[], object], but: str = "") -> None:
    """Print how long `do` took, and what the pings between `hosts` lost meanwhile.

    Those of the host `but` are told apart.
    """
    with Flow(lab, hosts) as flow:
        start = time.monotonic()
        do()
        took = time.monotonic() - start
    lost, sent = flow.lost, flow.sent
    if but:
        lost = sum(count for way, count in flow.lost_in.items() if but not in way)
    gap = max((seconds for way, seconds in flow.gaps.items() if but and but in way), default=0)
    told = f"; {but} itself: at most {1000 * gap:.0f} ms without an answer" if but else ""
    print(f"{what:<20} {took:5.2f} s   {lost} of {sent} pings lost{told}", flush=True)


def main(count: int) -> None:
    with Lab.up(count + 1, name="bench-live") as lab:
        *hosts, last = [host.name for host in lab.hosts]
        path = lab.path / "mesh.toml"
        text = path.read_text()
        found = re.search(rf"\n\[hosts\.{last}\]\n(?:[^\[\n].*\n)*", text)
        assert found
        path.write_text(text.replace(found[0], ""))
        meshtui(lab, "apply", "--yes")

        def keepalive() -> None:
            head = f"[hosts.{hosts[1]}]\n"
            path.write_text(path.read_text().replace(head, f"{head}persistent_keepalive = 20\n"))
            meshtui(lab, "apply", "--yes")

        ssh = ("--ssh", f"root@{lab.host(last).v4}")
        measure(lab, hosts, "control: nothing", lambda: time.sleep(3))
        measure(lab, hosts, "control: a plan", lambda: meshtui(lab, "plan"))
        measure(lab, hosts, "add a host", lambda: meshtui(lab, "add", last, *ssh, "--yes"))
        measure(lab, hosts, "remove it", lambda: meshtui(lab, "remove", last, "--yes"))
        measure(lab, hosts, "a host's keepalive", keepalive)
        measure(lab, hosts, "undo that", lambda: meshtui(lab, "undo", "--yes"))
        rotate = ("rotate", hosts[1], "--yes")
        measure(lab, hosts, "a host's key", lambda: meshtui(lab, *rotate), hosts[1])
        # How long it takes where nothing else keeps the machine busy.
        start = time.monotonic()
        meshtui(lab, "add", last, *ssh, "--yes")
        print(f"{'add, without pings':<20} {time.monotonic() - start:5.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
