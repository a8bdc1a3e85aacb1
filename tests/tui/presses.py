"""Which test presses the keys of which action. `test_keys.py` names the actions that have none.

    @presses("host.sort")
    async def test_sorts_the_peers(key: str) -> None:
        async with on_stage(...) as stage:
            await stage.press(key)

runs once for every key of the action `host.sort`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from meshtui.tui.actions import ACTIONS

KEYS = {f"{action.scope}.{action.id}": action.keys for action in ACTIONS}


def presses(*names: str) -> pytest.MarkDecorator:
    """Run a test once for every key of these actions, as its argument `key`."""
    unknown = [name for name in names if name not in KEYS]
    assert not unknown, f"no such action in meshtui/tui/actions.py: {', '.join(unknown)}"
    keys = [key for name in names for key in KEYS[name]]
    return pytest.mark.parametrize("key", list(dict.fromkeys(keys)))


def pressed(folder: Path) -> set[str]:
    """The actions that stand in a `@presses(...)` of a test file in `folder`.

    The files are read, not imported: a worker of pytest-xdist has imported them all, a
    run of one file has not.
    """
    names = set()
    for path in sorted(folder.glob("test_*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            for mark in getattr(function, "decorator_list", ()):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("presses"):
                    names |= {ast.literal_eval(name) for name in mark.args}
    return names
