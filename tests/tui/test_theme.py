"""Every theme can be read, and its states stay apart, whoever looks, on whatever terminal."""

from itertools import combinations, pairwise

import pytest
from rich.color import Color, ColorSystem
from rich.text import Text
from standin import StandIn, dead, make_mesh, poll
from textual.theme import Theme

from meshtui.tui.app import MeshApp
from meshtui.tui.theme import THEME_NAMES, THEMES, ThemeChoice, theme_for

STATES = ("up", "idle", "stale", "never", "missing", "unknown")
FULL = [theme for theme in THEMES if not theme.ansi]
NEED = {"dark": 4.5, "light": 4.5, "high-contrast": 7.0, "high-contrast-light": 7.0}
#: CIE76 differences of two states' colours, at least; 2 is just noticed, side by side.
APART, APART_256 = 12.0, 9.0

full_themes = pytest.mark.parametrize("theme", FULL, ids=lambda theme: theme.name)

#: What a dichromat sees, in linear RGB: Machado, Oliveira, Fernandes (2009), "A
#: Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.0.
SIGHT = {
    "trichromat": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}

Vector = tuple[float, float, float]


def linear(colour: str) -> Vector:
    def channel(value: int) -> float:
        c = value / 255
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    red, green, blue = Color.parse(colour).get_truecolor()
    return channel(red), channel(green), channel(blue)


def contrast(one: str, other: str) -> float:
    """By WCAG 2.1."""

    def luminance(colour: str) -> float:
        red, green, blue = linear(colour)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: Vector) -> Vector:
    red, green, blue = rgb

    def f(t: float) -> float:
        return t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116

    x = f((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047)
    y = f(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    z = f((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def seen(colour: str, sight: str) -> Vector:
    rgb = linear(colour)
    red, green, blue = (
        min(1.0, max(0.0, sum(m * c for m, c in zip(row, rgb, strict=True))))
        for row in SIGHT[sight]
    )
    return lab((red, green, blue))


def difference(one: str, other: str, sight: str) -> float:
    pairs = zip(seen(one, sight), seen(other, sight), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def in_256(colour: str) -> str:
    """As a terminal of 256 colours shows it: what Rich sends there."""
    return Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().hex


def grounds(theme: Theme) -> dict[str, str]:
    assert theme.background
    assert theme.surface
    assert theme.panel
    return {
        "background": theme.background,
        "surface": theme.surface,
        "panel": theme.panel,
        "mark": theme.variables["mark"],
    }


def texts(theme: Theme) -> dict[str, str]:
    assert theme.foreground
    states = {state: theme.variables[f"state-{state}"] for state in STATES}
    return {**states, "text": theme.foreground, "dim": theme.variables["dim"]}


@full_themes
def test_every_text_can_be_read_on_every_ground(theme: Theme) -> None:
    for ground, back in grounds(theme).items():
        for name, colour in texts(theme).items():
            assert contrast(colour, back) >= NEED[theme.name], (name, ground)
            # The 256 colours are a coarse grid: a little is lost to it.
            assert contrast(in_256(colour), in_256(back)) >= NEED[theme.name] - 0.7, (name, ground)


@full_themes
@pytest.mark.parametrize("sight", SIGHT)
def test_states_stay_apart(theme: Theme, sight: str) -> None:
    for one, other in combinations(STATES, 2):
        a, b = theme.variables[f"state-{one}"], theme.variables[f"state-{other}"]
        assert difference(a, b, sight) >= APART, (one, other)
        assert difference(in_256(a), in_256(b), sight) >= APART_256, (one, other)


@full_themes
def test_frames_and_grounds_differ_from_each_other(theme: Theme) -> None:
    back = grounds(theme)
    for quieter, louder in pairwise([back["background"], back["panel"], back["mark"]]):
        assert quieter != louder
    # WCAG asks 3:1 of what shows where a control is.
    assert contrast(theme.variables["frame"], back["background"]) >= 3


@full_themes
def test_greys_stay_grey_in_256_colours(theme: Theme) -> None:
    greys = [*grounds(theme).values(), *(theme.variables[n] for n in ("dim", "frame", "rule"))]
    for grey in greys:
        red, green, blue = Color.parse(in_256(grey)).get_truecolor()
        assert red == green == blue


def test_the_contrast_that_is_computed_is_the_published_one() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert difference("#000000", "#FFFFFF", "trichromat") == pytest.approx(100, abs=0.1)


def test_all_themes_have_the_same_variables() -> None:
    needed = set(FULL[0].variables)
    for theme in THEMES:
        assert needed <= set(theme.variables), theme.name


TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("name", "environ", "choice"),
    [
        ("auto", TRUE, ThemeChoice("dark", None)),
        ("auto", {"TERM": "xterm-256color"}, ThemeChoice("dark", None)),
        ("auto", {"TERM": "xterm-16color"}, ThemeChoice("ansi", None)),
        ("auto", {"TERM": "linux"}, ThemeChoice("ansi", None)),
        ("auto", {**TRUE, "COLORFGBG": "0;15"}, ThemeChoice("light", None)),
        ("auto", {**TRUE, "COLORFGBG": "0;default;15"}, ThemeChoice("light", None)),
        ("auto", {**TRUE, "COLORFGBG": "15;0"}, ThemeChoice("dark", None)),
        ("auto", {**TRUE, "COLORFGBG": "nonsense"}, ThemeChoice("dark", None)),
        ("auto", {**TRUE, "NO_COLOR": "1"}, ThemeChoice("ansi", True)),
        ("light", {**TRUE, "NO_COLOR": "1"}, ThemeChoice("ansi", True)),
        ("light", {"TERM": "linux", "COLORFGBG": "15;0"}, ThemeChoice("light", None)),
        ("high-contrast", TRUE, ThemeChoice("high-contrast", None)),
    ],
)
def test_which_theme(name: str, environ: dict[str, str], choice: ThemeChoice) -> None:
    assert theme_for(name, environ) == choice


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(KeyError):
        theme_for("solarized", TRUE)


def colours(app: MeshApp) -> set[str]:
    """All colours of text and ground that are on the screen."""
    strips = app.screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if segment.style]
    found = {one for style in styles for one in (style.color, style.bgcolor) if one}
    return {one.name for one in found}


@pytest.mark.parametrize("name", THEME_NAMES)
async def test_a_theme_shows_at_once_and_everywhere(name: str) -> None:
    """What was drawn before another theme was chosen is drawn anew."""
    fleet = StandIn(make_mesh(4))
    app = MeshApp(fleet.mesh, fleet.open)
    async with app.run_test(size=(120, 30)) as pilot:
        fleet.feed(*(poll(fleet.mesh, host) for host in list(fleet.mesh.hosts)[:-1]))
        fleet.feed(dead(fleet.mesh, "server-d", "gone\ntry: ssh server-d"))
        await pilot.pause(0.3)
        for keys in ((), ("a",), ("question_mark",)):
            await pilot.press(*keys)
            await pilot.pause(0.2)
            app.theme = "dark"
            await pilot.pause(0.1)
            dark = colours(app)
            assert "#d0d0d0" in dark
            app.theme = name
            await pilot.pause(0.2)
            if name != "dark":
                mine = {v.lower() for v in THEMES[0].variables.values() if v.startswith("#")}
                own = next(theme for theme in THEMES if theme.name == name)
                shared = {v.lower() for v in (own.foreground, *own.variables.values()) if v}
                assert colours(app) & (mine - shared) == set(), (name, keys)


async def test_a_calm_text_changes_with_the_theme() -> None:
    fleet = StandIn(make_mesh(2))
    app = MeshApp(fleet.mesh, fleet.open)
    async with app.run_test(size=(80, 24)) as pilot:
        message = app.mesh_screen.message
        text = Text("ill", f"bold {message.colour('never')}")
        message.say(text)
        message.set_class(True, "-shown")
        for theme in FULL:
            app.theme = theme.name
            await pilot.pause(0.1)
            assert theme.variables["state-never"].lower() in colours(app)
