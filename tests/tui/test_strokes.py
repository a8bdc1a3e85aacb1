"""A line told to the terminal: as Textual tells it, in fewer bytes."""

import pytest
from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from meshtui.tui.widgets.strokes import Strokes

STYLES = [
    "#11aa55 on #101010",
    "#cc4411 on #101010",
    "bold #cc4411 on #101010",
    "reverse #11aa55 on #101010",
    "#11aa55 on #303030",
    "none",
    "dim",
    "bold",
    "#11aa55",
    "red on blue",
]


def seen(told: str) -> list[tuple[str, Style]]:
    """Each character, and how it looks."""
    (text,) = AnsiDecoder().decode(told) if told else (Text(),)
    console = Console(width=200, color_system="truecolor")
    return [
        (char, style or Style.null())
        for piece, style, _ in text.render(console)
        for char in piece
        if char != "\n"
    ]


@pytest.mark.parametrize("system", ["truecolor", "256", "standard"])
def test_every_change_of_style_looks_the_same(system: str) -> None:
    console = Console(color_system=system)  # type: ignore[arg-type]
    # Made anew: a style keeps the codes of the first colour system it was asked for.
    Style.parse.cache_clear()
    styles = {style: Style.parse(style) if style != "none" else None for style in STYLES}
    for first in STYLES:
        for second in STYLES:
            pieces = (("ab", first), ("c", second), ("d", first), ("e", first))
            segments = [Segment(text, styles[style]) for text, style in pieces]
            told = Strokes(segments).render(console)
            assert told.endswith("\x1b[0m"), "nothing holds beyond its end"
            assert seen(told) == seen(Strip(segments).render(console)), (first, second)


def test_it_is_short() -> None:
    Style.parse.cache_clear()
    styles = [Style.parse(style) for style in STYLES[:2]]
    segments = [Segment("●", styles[i % 2]) for i in range(100)]
    console = Console(color_system="truecolor")
    told, long = Strokes(segments).render(console), Strip(segments).render(console)
    assert len(told) < 0.6 * len(long)
