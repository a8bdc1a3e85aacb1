"""Makes the pictures in screenshots/, from the real screens on a real lab.

sudo .venv/bin/python tests/screenshots.py
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "screenshots"
HOSTS = 6
NAME = "prod"
SIZE = (156, 24)


def save(app, name: str) -> None:
    """As SVG, and as PNG for where an SVG's fonts cannot be fetched."""
    import cairosvg

    svg = app.export_screenshot(title=f"meshtui: {name}")
    # Textual names its elements after the time: the same screen is to be the same file.
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    (FOLDER / f"{name}.svg").write_text(svg)
    local = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S)
    local = local.replace("Fira Code", "DejaVu Sans Mono")
    cairosvg.svg2png(bytestring=local.encode(), write_to=str(FOLDER / f"{name}.png"), scale=1.5)


async def until(pilot, what, deadline: float = 60) -> None:
    end = time.monotonic() + deadline
    while not what():
        assert time.monotonic() < end, "the screen never got there"
        await pilot.pause(0.1)


async def take() -> None:
    from meshtui.fleet.fleet import Fleet
    from meshtui.store.meshfile import load
    from meshtui.tui.app import MeshApp

    path = Path("mesh.toml")

    async def refuse(_: object) -> bool:
        return False

    async def open_fleet(_: object) -> Fleet:
        return Fleet(path, refuse)

    app = MeshApp(load(path), open_fleet)

    def shows(text: str):
        return lambda: text in re.sub(r"&#160;", " ", app.export_screenshot())

    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows("no-interface"))
        await pilot.press("a")
        await until(pilot, shows("make-key"))
        save(app, "plan")
        await pilot.press("A")
        count = HOSTS * (HOSTS - 1)
        await until(pilot, shows(f"{count} of {count} directions up"))
        await pilot.press("escape", "down", "right", "right")
        await until(pilot, shows(f"{count}/{count}"))
        await asyncio.to_thread(traffic)
        await until(pilot, shows("20s"))
        save(app, "mesh")


def traffic() -> None:
    """Something to count."""
    from meshtui.lab import Lab

    lab = Lab.attach(NAME)
    for number in (2, 3):
        flood = ["ping", "-q", "-f", "-c", "3000", "-s", "1200", f"10.0.0.{number}"]
        lab.on("server-a", flood, check=True)


def main() -> None:
    from meshtui.lab import Lab

    FOLDER.mkdir(exist_ok=True)
    with Lab.up(HOSTS, name=NAME) as lab:
        argv = [sys.executable, str(Path(__file__).resolve()), "inside"]
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        done = lab.run(argv, env=env, timeout=120)
        sys.stderr.write(done.stderr)
        sys.exit(done.returncode)


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        asyncio.run(take())
    else:
        main()
