"""From start to the first frame on a real pty: meshtui beside a bare Textual app.

    .venv/bin/python tests/bench/bench_first_frame.py [ROUNDS]

Budget: 1.3 times the bare app. The processor's time says the same with less noise.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("first frame")

Bare().run()
"""
MESH = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n' + "".join(
    f'[hosts.h{i}]\nssh = "root@h{i}"\nendpoint = "192.0.2.{i + 1}"\n' for i in range(10)
)


def first_frame(argv: list[str], mark: bytes, folder: str) -> tuple[float, float]:
    """Milliseconds from start until `mark` is sent to the terminal: by the clock, on the CPU."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        # As installed: compiled once, by the round that is not counted.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.execv(argv[0], argv)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
    start, sent = time.perf_counter(), b""
    while mark not in sent:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, sent[-500:]
        sent += os.read(terminal, 65536)
    took = time.perf_counter() - start
    os.kill(pid, signal.SIGKILL)
    _, _, used = os.wait4(pid, 0)
    os.close(terminal)
    return took * 1000, (used.ru_utime + used.ru_stime) * 1000


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    bare, ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mesh.toml").write_text(MESH)
        for _ in range(rounds + 1):
            bare.append(first_frame([sys.executable, "-c", BARE], b"first frame", folder))
            ours.append(first_frame([sys.executable, "-m", "meshtui"], b"connecting", folder))
    ratios = []
    for what, bare_ms, our_ms in zip(
        ("wall", "CPU"), zip(*bare[1:], strict=True), zip(*ours[1:], strict=True), strict=True
    ):
        for name, times in (("bare Textual app", bare_ms), ("meshtui", our_ms)):
            median, best = statistics.median(times), min(times)
            print(f"{what:<4}  {name:<17} median {median:4.0f} ms  best {best:4.0f} ms")
        ratio = statistics.median(our_ms) / statistics.median(bare_ms)
        ratios.append(f"{what} {ratio:4.2f} (best {min(our_ms) / min(bare_ms):4.2f})")
    print("ratio", *ratios, sep="  ")


if __name__ == "__main__":
    main()
