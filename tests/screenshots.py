"""Makes the pictures in screenshots/ from a played fleet: the same bytes each time.

    .venv/bin/python tests/screenshots.py [NAME...]

As SVG, and as PNG for where an SVG's fonts cannot be fetched. A picture whose keys do
nothing, or whose text does not come, is not taken, and the exit code is 1.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parent / "tui"), str(Path(__file__).parents[1])]
FOLDER = Path(__file__).parents[1] / "screenshots"


class Picture(NamedTuple):
    """What is to be seen, and the keys that lead there from the grid."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...]
    shows: str
    """A text that stands there when it is drawn."""
    hundred: bool = False


PICTURES = (
    # The cursor is on nyc-2 -> lon-1, which is one-way.
    Picture("mesh", (120, 40), (*"jjjjjll",), "nyc-2 → lon-1"),
    Picture("mesh-80x24", (80, 24), (*"jjjjjll",), "nyc-2 → lon-1"),
    Picture("mesh-200x60", (200, 60), (*"jjjjjll",), "nyc-2 → lon-1"),
    Picture("heat-map", (200, 60), (*"ZZZjjjllllllllllll",), "fra-04 → ams-04", hundred=True),
    Picture("host", (120, 40), ("o",), "Debian"),
    Picture("link", (120, 40), ("enter", "t"), "fra-2"),
    Picture("plan", (120, 40), ("a",), "make-key"),
    Picture("apply", (120, 40), ("a", "A"), "verify"),
    Picture("help", (120, 40), ("question_mark",), "one host to the left"),
)


def save(app, name: str) -> None:
    """As SVG, and as PNG."""
    import cairosvg

    svg = app.export_screenshot(title=f"meshtui: {name}")
    # Textual names its elements after the time: the same screen is to be the same file.
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    (FOLDER / f"{name}.svg").write_text(svg)
    local = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S)
    local = dotted(local.replace("Fira Code", "DejaVu Sans Mono"))
    cairosvg.svg2png(bytestring=local.encode(), write_to=str(FOLDER / f"{name}.png"))


def dotted(svg: str) -> str:
    """Braille as drawn dots: DejaVu Sans Mono has none."""

    def draw(found: re.Match[str]) -> str:
        left, base, dots = float(found["x"]), float(found["y"]), []
        text = found["text"].replace("&#160;", "\u00a0")
        for cell, char in enumerate(text):
            bits = ord(char) - 0x2800
            for bit in range(8) if 0 < bits < 256 else ():
                if bits >> bit & 1:
                    column, row = (bit // 3, bit % 3) if bit < 6 else (bit - 6, 3)
                    x, y = left + 12.2 * cell + 3.5 + 5.2 * column, base - 14.5 + 5.6 * row
                    dots.append(
                        f'<circle class="{found["class"]}" cx="{x:.1f}" cy="{y:.1f}" r="1.7"/>'
                    )
        plain = re.sub("[\u2800-\u28ff]", "\u00a0", text)
        return f"<text{found['head']}>{plain}</text>{''.join(dots)}"

    return re.sub(
        r'<text(?P<head> class="(?P<class>[^"]+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)"[^>]*)>'
        r"(?P<text>[^<]*[\u2801-\u28ff][^<]*)</text>",
        draw,
        svg,
    )


async def take(picture: Picture) -> None:
    """One picture. AssertionError: it cannot be taken."""
    from stage import on_stage, settled
    from story import Story, hundred

    fleet = Story(hundred() if picture.hundred else None)
    fleet.apply_gate = asyncio.Event()
    async with on_stage(fleet, picture.size, clock=lambda: fleet.clock) as stage:
        fleet.tell()
        await settled(stage.app)
        for key in picture.keys:
            bound = stage.app.screen.active_bindings
            assert key in bound, f"{key!r} does nothing on {stage.app.screen!r}"
            await stage.press(key)
        await stage.until(picture.shows, deadline=5)
        save(stage.app, picture.name)


def main() -> int:
    # Times on screen are of one place, toasts and colours of one terminal.
    os.environ.update(TZ="UTC", TERM="xterm-256color", COLORTERM="truecolor")
    time.tzset()
    os.environ.pop("NO_COLOR", None)
    FOLDER.mkdir(exist_ok=True)
    code = 0
    for picture in PICTURES:
        if sys.argv[1:] and picture.name not in sys.argv[1:]:
            continue
        try:
            asyncio.run(take(picture))
        except AssertionError as error:
            code = 1
            print(f"{picture.name}: NOT TAKEN: {str(error).splitlines()[0]}", file=sys.stderr)
        else:
            print(f"{picture.name}: {picture.size[0]}x{picture.size[1]}")
    return code


if __name__ == "__main__":
    sys.exit(main())
