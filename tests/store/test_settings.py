from pathlib import Path

import pytest

from meshtui.errors import UsageError
from meshtui.store.errors import FileError
from meshtui.store.settings import Settings, load_settings

ALL = """
theme = "high-contrast"
interval = 2
read_only = true
privacy = true
mouse = false
rtt_interval = 30.5

[keys]
"grid.up" = "k"
"mesh.plan" = ["a", "ctrl+p", ","]
grid.page_down = ["space"]
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Nobody's own settings take part."""
    monkeypatch.delenv("MESHTUI_SETTINGS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config" / "meshtui"


def write(text, path="settings.toml"):
    Path(path).write_text(text)
    return Path(path)


def test_without_a_file_everything_is_as_it_comes():
    assert load_settings() == load_settings(Path("none.toml")) == Settings()


def test_everything_that_can_be_set():
    found = load_settings(write(ALL))
    assert found == Settings(
        theme="high-contrast",
        interval=2.0,
        read_only=True,
        privacy=True,
        mouse=False,
        rtt_interval=30.5,
        keys={"grid.up": ("k",), "mesh.plan": ("a", "ctrl+p", ","), "grid.page_down": ("space",)},
    )
    changed = {key for key, value in found._asdict().items() if value != Settings()._asdict()[key]}
    assert changed == set(Settings._fields)


def test_where_it_looks(home, tmp_path, monkeypatch):
    home.mkdir(parents=True)
    write("interval = 3", home / "settings.toml")
    assert load_settings().interval == 3
    write("interval = 4", tmp_path / "other.toml")
    monkeypatch.setenv("MESHTUI_SETTINGS", str(tmp_path / "other.toml"))
    assert load_settings().interval == 4
    assert load_settings(write("interval = 5")).interval == 5
    monkeypatch.setenv("MESHTUI_SETTINGS", "")
    assert load_settings().interval == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ('theme = "auto"\nrtt_interval = 0', []),
        (
            'theme = "drak"',
            [
                'theme: "drak" is not a theme; expected one of '
                "auto, dark, light, high-contrast, high-contrast-light, ansi"
            ],
        ),
        (
            "theme = true",
            [
                "theme: true is not a theme; expected one of "
                "auto, dark, light, high-contrast, high-contrast-light, ansi"
            ],
        ),
        (
            "intervall = 1",
            ["intervall: an unknown key; did you mean interval?"],
        ),
        (
            "[key]\na = 1",
            ["key: an unknown key; did you mean keys?"],
        ),
        (
            'interval = "1"\nread_only = "yes"\nmouse = 1',
            [
                'interval: "1" is not a number of seconds between two looks; '
                "expected a number from 0.2 to 3600, without quotes",
                'read_only: "yes" is neither true nor false; '
                "expected true or false, without quotes",
                "mouse: 1 is neither true nor false; expected true or false, without quotes",
            ],
        ),
        (
            "interval = 0.1",
            [
                "interval: 0.1 is not a number of seconds between two looks; "
                "expected a number from 0.2 to 3600, without quotes"
            ],
        ),
        (
            "interval = nan",
            [
                "interval: nan is not a number of seconds between two looks; "
                "expected a number from 0.2 to 3600, without quotes"
            ],
        ),
        (
            "rtt_interval = false",
            [
                "rtt_interval: false is not a number of seconds between two measurements; expected "
                "0 (on demand only) or a number from 1 to 86400, without quotes"
            ],
        ),
        (
            "rtt_interval = 0.5",
            [
                "rtt_interval: 0.5 is not a number of seconds between two measurements; expected "
                "0 (on demand only) or a number from 1 to 86400, without quotes"
            ],
        ),
        (
            'keys = "k"',
            [
                'keys: "k" is not a table; '
                'expected [keys] and below it lines such as "grid.up" = "k"'
            ],
        ),
        (
            '[keys]\nup = "k"\n"Grid Up" = "k"',
            [
                'keys.up: not an action; expected one such as "grid.up"',
                'keys."Grid Up": not an action; expected one such as "grid.up"',
            ],
        ),
        (
            '[keys]\n"grid.up" = 5\n"grid.down" = []\n"grid.left" = ["h", 2]\n"grid.top" = ""\n'
            '"grid.last" = "k,up"\n"grid.first" = "ctrl k"\n"grid.right".x = "l"',
            [
                f'keys.{where}; expected a key such as "k", or a list such as ["k", "up"]'
                for where in (
                    '"grid.up": 5 is not a key',
                    '"grid.down": an empty list',
                    '"grid.left": 2 is not a key',
                    '"grid.top": "" is not one key',
                    '"grid.last": "k,up" is not one key',
                    '"grid.first": "ctrl k" is not one key',
                    '"grid.right": a table is not a key',
                )
            ],
        ),
        (
            '[keys]\n"grid.up" = "k"\ngrid.up = "j"',
            ["keys.grid.up: is there twice; expected it once"],
        ),
        (
            '[keys]\n"grid.up" = "\\u001b[2J"',
            [
                'keys."grid.up": "\\x1b[2J" has a control or invisible character in it; '
                'expected a key such as "k", or a list such as ["k", "up"]'
            ],
        ),
        (
            "theme = dark",
            [
                "line 1, column 9: not a value; expected text in quotes, a number, true, "
                "false or a list"
            ],
        ),
        (
            'theme = "dark"\ntheme = "light"\n',
            ["line 2, column 16: theme is there twice; expected it once"],
        ),
    ],
)
def test_every_wrong_thing_is_said_at_once(text, expected):
    path = write(text)
    if not expected:
        assert load_settings(path) == Settings()
        return
    with pytest.raises(FileError) as caught:
        load_settings(path)
    assert str(caught.value).splitlines() == [f"settings.toml: {line}" for line in expected]
    assert isinstance(caught.value, UsageError)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match=r"settings\.toml: this is a directory"):
        (tmp_path / "settings.toml").mkdir()
        load_settings(tmp_path / "settings.toml")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(FileError) as caught:
        load_settings(tmp_path / "dangling")
    assert "init" not in str(caught.value)
    (tmp_path / "big").write_bytes(b"#" * (1 << 21))
    with pytest.raises(FileError, match=r"expected a settings\.toml"):
        load_settings(tmp_path / "big")
