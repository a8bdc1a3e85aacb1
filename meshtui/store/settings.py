"""What a person sets once for every mesh: `settings.toml` in the user's config directory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from meshtui.mesh.problem import Problem, key_path
from meshtui.store import readers
from meshtui.store.document import parse_text, read_text
from meshtui.store.errors import FileError
from meshtui.store.fields import Field
from meshtui.store.readers import Wrong, described
from meshtui.store.section import Section, did_you_mean

FILE = "settings.toml"
#: Names another file.
VARIABLE = "MESHTUI_SETTINGS"


class Settings(NamedTuple):
    """Each field is a key of the file; left out, the value here holds."""

    theme: str = "auto"
    """`auto`, `dark`, `light`, `high-contrast`, `high-contrast-light` or `ansi`."""
    interval: float = 1.0
    """Seconds between two looks at a host."""
    read_only: bool = False
    """Whether nothing on a host may be changed, or run there by `!`."""
    privacy: bool = False
    """Whether addresses and keys are hidden from the start."""
    mouse: bool = True
    rtt_interval: float = 0.0
    """Seconds between two measurements of round trips; 0: on demand only."""
    keys: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """`[keys]`: an action's id, `grid.up`, -> the keys that do it."""


_THEMES = ("auto", "dark", "light", "high-contrast", "high-contrast-light", "ansi")
_FLAG = "true or false, without quotes"
_THEME = Field("theme", readers.choice(_THEMES, "a theme"), f"one of {', '.join(_THEMES)}")
_INTERVAL = Field(
    "interval",
    readers.number(0.2, 3600, "a number of seconds between two looks"),
    "a number from 0.2 to 3600, without quotes",
)
_READ_ONLY = Field("read_only", readers.flag, _FLAG)
_PRIVACY = Field("privacy", readers.flag, _FLAG)
_MOUSE = Field("mouse", readers.flag, _FLAG)


def _rtt_interval(value: object) -> float:
    return 0.0 if value == 0 and not isinstance(value, bool) else _RARELY(value)


_RARELY = readers.number(1, 86400, "a number of seconds between two measurements")
_RTT_INTERVAL = Field(
    "rtt_interval", _rtt_interval, "0 (on demand only) or a number from 1 to 86400, without quotes"
)
_KNOWN = [
    *(one.key for one in (_THEME, _INTERVAL, _READ_ONLY, _PRIVACY, _MOUSE, _RTT_INTERVAL)),
    "keys",
]

_ACTION = r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"
_EXPECTED_KEY = 'expected a key such as "k", or a list such as ["k", "up"]'
_LONGEST_KEY = 40


def load_settings(path: Path | None = None) -> Settings:
    """What `path` says, else the file that $MESHTUI_SETTINGS names, else the user's own.

    Where there is no file, everything is as it comes. FileError holds all that is wrong.
    Whether there are such actions and keys is not looked at here.
    """
    if path is None:
        named = os.environ.get(VARIABLE)
        path = Path(named) if named else _users()
    if not os.path.lexists(path):
        return Settings()
    return parse(read_text(path, FILE, hint=None), path)


def parse(text: str, path: Path) -> Settings:
    """The settings that `text` says; `path` names the file in messages."""
    document = parse_text(text, path, FILE)
    problems = [
        Problem(key_path(key), "an unknown key" + did_you_mean(key, _KNOWN))
        for key in document
        if key not in _KNOWN
    ]
    section = Section((), document, problems)
    default = Settings()
    settings = Settings(
        theme=section.get(_THEME, default.theme),
        interval=section.get(_INTERVAL, default.interval),
        read_only=section.get(_READ_ONLY, default.read_only),
        privacy=section.get(_PRIVACY, default.privacy),
        mouse=section.get(_MOUSE, default.mouse),
        rtt_interval=section.get(_RTT_INTERVAL, default.rtt_interval),
        keys=_keys(document.get("keys", {}), problems),
    )
    if problems:
        raise FileError(path, problems)
    return settings


def _users() -> Path:
    from platformdirs import user_config_path  # slow to load, but Textual has done so

    return user_config_path("meshtui") / FILE


def _keys(table: object, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    if not isinstance(table, dict):
        expected = 'expected [keys] and below it lines such as "grid.up" = "k"'
        problems.append(Problem("keys", f"{described(table)} is not a table; {expected}"))
        return found
    for place, action, value in _written(table):
        if not re.fullmatch(_ACTION, action):
            problems.append(Problem(place, 'not an action; expected one such as "grid.up"'))
        elif action in found:
            problems.append(Problem(place, "is there twice; expected it once"))
        try:
            found[action] = _keys_of(value)
        except Wrong as wrong:
            problems.append(Problem(place, f"{wrong.found}; {_EXPECTED_KEY}"))
    return found


def _written(table: dict[str, object]) -> Iterator[tuple[str, str, object]]:
    """Where each action stands, its name and its value.

    Without quotes, `grid.up` is to TOML a table `grid` with `up` in it: that is as good.
    """
    for name, value in table.items():
        if isinstance(value, dict) and "." not in name:
            for last, inner in value.items():
                yield key_path("keys", name, last), f"{name}.{last}", inner
        else:
            yield key_path("keys", name), name, value


def _keys_of(value: object) -> tuple[str, ...]:
    keys = value if isinstance(value, list) else [value]
    if not keys:
        raise Wrong("an empty list")
    return tuple(dict.fromkeys(_key(key) for key in keys))


def _key(value: object) -> str:
    key = readers.text(value, "a key")
    commas = "," in key and len(key) > 1
    if not key or len(key) > _LONGEST_KEY or commas or any(map(str.isspace, key)):
        raise Wrong(f"{described(key)} is not one key")
    return key
