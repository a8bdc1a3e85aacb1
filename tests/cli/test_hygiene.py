"""What must not be loaded, is not: measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("meshtui.cli", ("textual", "asyncssh", "cryptography", "tomlkit", "rich")),
        ("meshtui.tui.app", ("asyncssh", "cryptography")),
        ("meshtui.store.meshfile", ("textual", "asyncssh", "tomlkit")),
        ("meshtui.plan.planner", ("textual", "asyncssh", "asyncio", "cryptography")),
    ],
)
def test_a_room_loads_no_more_than_it_needs(module: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert loaded.isdisjoint(forbidden)
