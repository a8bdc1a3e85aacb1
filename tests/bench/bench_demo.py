"""What the embedded hosts of `meshtui demo` and meshtui itself need for a large mesh.

    .venv/bin/python tests/bench/bench_demo.py [--full N] [--groups N] [--seconds N]

`--full`: the screen of `meshtui demo N --formed` on a pty of 200 x 60; how often each host is
looked at (once a second is wanted), and what that costs. `--groups`: `meshtui status` of a
formed mesh of N hosts in groups, with and without the comparison with mesh.toml.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tui"), str(Path(__file__).parents[2])]

from terminal import Terminal  # noqa: E402

from meshtui.cli.formed import form  # noqa: E402
from meshtui.demo.served import Demo  # noqa: E402
from tests.bench.bench_grid import SIZE, WARM, Report, cpu, peak  # noqa: E402

#: The demo as its command starts it, which counts the looks that reach the screen.
COUNTING = """
import os, sys
from meshtui.cli import main
from meshtui.tui.looking import Looking
see, seen, file = Looking.see, {}, os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
def count(self, event):
    seen[event.host.name] = seen.get(event.host.name, 0) + (event.host.state == "up")
    counted = f"{min(seen.values()):9} {sum(seen.values()):9}"
    os.pwrite(file, counted.encode(), 0)
    see(self, event)
Looking.see = count
sys.exit(main(["demo", sys.argv[2], "--formed"]))
"""


def hosts_of(screen: int) -> int:
    """The process that the hosts live in, by that of the screen."""
    for found in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(found.read_text().rpartition(")")[2].split()[1])
            if parent == screen and b"meshtui.demo" in (found.parent / "cmdline").read_bytes():
                return int(found.parent.name)
        except OSError:
            continue  # it ended while we looked
    raise SystemExit("the demo's hosts are gone")


def of_children(pid: int) -> float:
    """Seconds of CPU of all that this process started and saw end."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[13]) + int(words[14])) / os.sysconf("SC_CLK_TCK")


def grid(report: Report, count: int, seconds: int, looks: Path) -> None:
    """The screen on a full mesh."""
    begun = time.monotonic()
    with Terminal([sys.executable, "-c", COUNTING, str(looks), str(count)], size=SIZE) as terminal:
        terminal.until(f"{count}/{count}", 180)
        report.say(f"{count} hosts, full mesh: all on the screen", time.monotonic() - begun, "s")
        hosts = hosts_of(terminal.pid)
        terminal.draw(WARM)
        before = [int(word) for word in looks.read_text().split()]
        used, start = (cpu(terminal.pid), cpu(hosts)), time.monotonic()
        terminal.draw(seconds)
        took = time.monotonic() - start
        after = [int(word) for word in looks.read_text().split()]
        report.say("looks at a host", (after[1] - before[1]) / count / took, "/s")
        report.say("looks at the host that had fewest", (after[0] - before[0]) / took, "/s")
        report.say("CPU of the screen", 100 * (cpu(terminal.pid) - used[0]) / took, "% of a core")
        report.say("CPU of the hosts, less shells", 100 * (cpu(hosts) - used[1]) / took, "%")
        report.say("peak memory of the screen", peak(terminal.pid), "MB")
        report.say("peak memory of the hosts", peak(hosts), "MB", 1536)
        terminal.press("q")
        terminal.read(5)


async def statuses(report: Report, count: int) -> None:
    """`meshtui status` of hosts in groups."""
    async with await Demo.start(count, spare=0, groups=True) as demo:
        begun = time.monotonic()
        await demo.form(form(demo.mesh_file))
        name = f"{count} hosts in groups"
        report.say(f"{name}: formed without SSH", time.monotonic() - begun, "s")
        pid = hosts_of(os.getpid())
        for more in ([], ["--drift"]):
            used, begun = (cpu(pid), of_children(os.getpid())), time.monotonic()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "meshtui", "-f", demo.mesh_file, "-F", demo.ssh_config),
                *("status", *more),
                env={**os.environ, "XDG_STATE_HOME": str(demo.folder / "state")},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
            await process.wait()
            what = " ".join([f"{name}: status", *more])
            report.say(what, time.monotonic() - begun, "s", *([] if more else [10]))
            report.say("  CPU of meshtui", of_children(os.getpid()) - used[1], "s")
            report.say("  CPU of the hosts, less shells", cpu(pid) - used[0], "s")
        report.say(f"{name}: peak memory", peak(pid), "MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", type=int, default=200)
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    report = Report()
    if args.full:
        with tempfile.TemporaryDirectory() as folder:
            grid(report, args.full, args.seconds, Path(folder, "looks"))
    if args.groups:
        asyncio.run(statuses(report, args.groups))


if __name__ == "__main__":
    main()
