"""What must not be loaded, is not: measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("meshtui.cli", ("textual", "asyncssh", "cryptography", "tomlkit", "rich")),
        ("meshtui.tui.start", ("asyncssh", "cryptography", "sqlite3")),
        ("meshtui.fleet.fleet", ("textual", "sqlite3", "platformdirs")),
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


def test_looking_once_loads_no_history(tmp_path: Path) -> None:
    """`status` and `plan`, to the end, of hosts that cannot be reached."""
    file = tmp_path / "mesh.toml"
    file.write_text(
        '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n'
        '[hosts.a]\nssh = "root@127.0.0.1:1"\nendpoint = "192.0.2.1"\n'
    )
    for command in ("status", "plan"):
        code = (
            "import sys; from meshtui.cli import main;"
            f"main(['{command}', '-f', {str(file)!r}, '-F', '/dev/null']);"
            "print('loaded:', *sorted(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
        )
        loaded = set(done.stdout.partition("loaded:")[2].split())
        assert "meshtui.fleet.fleet" in loaded, done.stderr
        assert "sqlite3" not in loaded
        assert not (tmp_path / "state").exists()
