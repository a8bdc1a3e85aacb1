"""Records the demo's story as screenshots/demo.svg, which moves: `meshtui demo`, played by itself.

    .venv/bin/python tests/record.py

What only waits is cut short, and a picture in which nothing but numbers is new is left out.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.color import Color

from meshtui.cli.rehearse import apart, app_on
from meshtui.demo.served import Demo
from meshtui.store.settings import Settings
from meshtui.tui import start
from meshtui.tui.demo.script import Script

FILE = Path(__file__).parents[1] / "screenshots" / "demo.svg"
SIZE = (110, 30)
#: Seconds between two looks; for which a picture stands at least, at most, and where there is
#: something new to read.
LOOK, LEAST, MOST, READ = 0.1, 0.35, 1.2, 2.2
#: Of a character, in pixels.
WIDTH, HEIGHT, BASE = 8, 18, 13

TEXT, GROUND = "#d0d0d0", "#121212"

Span = tuple[str, str, str, bool]
"""A text, its colours, and whether it is bold."""
Styles = dict[tuple[str, bool], str]
"""Colour and boldness -> the class that has them."""
Frame = tuple[tuple[Span, ...], ...]


def frame_of(app) -> Frame:
    lines = []
    for strip in app.screen._compositor.render_strips():
        spans: list[Span] = []
        for text, style, _ in strip:
            colour, ground = hexed(style.color, TEXT), hexed(style.bgcolor, GROUND)
            if style.reverse:
                colour, ground = ground, colour
            one = (colour, ground, bool(style.bold))
            if spans and spans[-1][1:] == one:
                spans[-1] = (spans[-1][0] + text, *one)
            else:
                spans.append((text, *one))
        lines.append(tuple(spans))
    return tuple(lines)


def hexed(colour: Color | None, default: str) -> str:
    return default if colour is None or colour.is_default else colour.get_truecolor().hex


def words(frame: Frame, last: int | None = None) -> str:
    """What can be read, but for numbers; `last`: so many of the last lines."""
    lines = frame if last is None else frame[-last:]
    return re.sub(r"[\d.]+[smhKM]?", "0", "\n".join("".join(s[0] for s in line) for line in lines))


class Recorder:
    """Takes a picture where one can see something new."""

    def __init__(self, app) -> None:
        self.app = app
        self.taken: list[tuple[float, Frame]] = []

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            if self.app.screen_stack and self.app.screen.is_mounted:
                frame = frame_of(self.app)
                if not self.taken or words(frame) != words(self.taken[-1][1]):
                    self.taken.append((time.monotonic(), frame))

    def timed(self) -> list[tuple[float, Frame]]:
        """Each picture that stood for a moment, and for how many seconds it is to stand."""
        end = self.taken[-1][0] + MOST
        ends = [*(at for at, _ in self.taken[1:]), end]
        shown, told = [], ""
        for (at, frame), until in zip(self.taken, ends, strict=True):
            says = words(frame, 3)
            if says != told:
                shown.append((READ, frame))
                told = says
            elif until - at >= LEAST:
                shown.append((min(MOST, until - at), frame))
        return shown


def svg(shown: list[tuple[float, Frame]]) -> str:
    """All pictures, one below the other, each line that comes again only once; one is in view."""
    columns, rows = SIZE
    width, height = columns * WIDTH, rows * HEIGHT
    styles: Styles = {}
    known: dict[tuple[Span, ...], str] = {}
    defs, frames, steps, at = [], [], [], 0.0
    total = sum(seconds for seconds, _ in shown)
    for n, (seconds, frame) in enumerate(shown):
        uses = []
        for y, line in enumerate(frame):
            if line not in known:
                known[line] = f"l{len(known)}"
                defs.append(f'<g id="{known[line]}">{drawn(line, styles)}</g>')
            uses.append(f'<use href="#{known[line]}" y="{y * HEIGHT + BASE}"/>')
        frames.append(f'<g transform="translate(0 {n * height})">{"".join(uses)}</g>')
        steps.append(f"{at / total * 100:.3f}%{{transform:translateY(-{n * height}px)}}")
        at += seconds
    classes = "".join(
        f".{name}{{fill:{colour}{';font-weight:bold' if bold else ''}}}"
        for (colour, bold), name in styles.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}"'
        f' width="{width:g}" height="{height}">'
        "<style>text{font:13.3px 'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}"
        f"{classes}@keyframes f{{{''.join(steps)}}}"
        f"#f{{animation:f {total:.1f}s steps(1,end) infinite}}</style>"
        f'<rect width="100%" height="100%" fill="{GROUND}"/><defs>{"".join(defs)}</defs>'
        f'<g id="f">{"".join(frames)}</g></svg>\n'
    )


def drawn(line: tuple[Span, ...], styles: Styles) -> str:
    """One line on its base: its grounds, then its words, each where it stands."""
    grounds: list[tuple[int, int, str]] = []
    texts, x = [], 0
    for text, colour, ground, bold in line:
        if grounds and grounds[-1][2] == ground:
            grounds[-1] = (grounds[-1][0], x + len(text), ground)
        else:
            grounds.append((x, x + len(text), ground))
        for word in re.finditer(r"\S+(?: \S+)*", text):
            name = styles.setdefault((colour, bold), f"s{len(styles)}")
            said = escape(word.group(), quote=False)
            texts.append(f'<text class="{name}" x="{(x + word.start()) * WIDTH}">{said}</text>')
        x += len(text)
    for left, right, ground in reversed(grounds):
        if ground != GROUND:
            name = styles.setdefault((ground, False), f"s{len(styles)}")
            path = f"M{left * WIDTH}-{BASE}H{right * WIDTH}v{HEIGHT}H{left * WIDTH}"
            texts.insert(0, f'<path class="{name}" d="{path}"/>')
    return "".join(texts)


async def main() -> None:
    async with await Demo.start() as demo:
        apart(demo)
        app = app_on(demo, Settings(theme="dark"))
        recorder, script = Recorder(app), Script(app, print)

        async def play(pilot) -> None:
            looking = asyncio.create_task(recorder.run())
            await script.play(pilot)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

        start.PLAYED = SIZE
        await start.stay(app, play)
    if script.failure is not None:
        sys.exit(script.failure)
    text = svg(recorder.timed())
    FILE.write_text(text)
    print(f"{FILE.name}: {len(text) / 1024:.0f} KiB, {len(recorder.taken)} pictures")


if __name__ == "__main__":
    os.environ.setdefault("COLORTERM", "truecolor")
    asyncio.run(main())
