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
        ("meshtui.store.meshfile", ("textual", "asyncssh", "tomlkit", "json")),
        ("meshtui.demo.wire.show", ("textual", "asyncssh", "asyncio")),
        ("meshtui.plan.planner", ("textual", "asyncssh", "asyncio", "cryptography")),
    ],
)
def test_a_room_loads_no_more_than_it_needs(module: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert loaded.isdisjoint(forbidden)


FIRST_FRAME = """
import sys
from pathlib import Path
from meshtui.errors import MeshError
from meshtui.store.meshfile import load
from meshtui.store.settings import load_settings
from meshtui.tui import start

async def open_fleet(ask):
    # The first frame stands.
    print(*sorted(sys.modules), file=sys.__stdout__)
    app.exit()
    raise MeshError("enough")

app = start.MeshApp(load(Path("mesh.toml")), open_fleet, settings=load_settings())
app.run(headless=True)
"""


def test_the_first_frame_loads_only_what_it_draws(tmp_path: Path) -> None:
    (tmp_path / "mesh.toml").write_text(
        '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n'
        '[hosts.a]\nssh = "root@192.0.2.1"\n[hosts.b]\nssh = "root@192.0.2.2"\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "TERM": "xterm-256color"},
    )
    loaded = set(done.stdout.split())
    assert "meshtui.tui.widgets.grid" in loaded, done.stderr
    assert loaded.isdisjoint({"asyncssh", "cryptography", "sqlite3", "json", "argparse"})
    rooms = {".".join(name.split(".")[:2]) for name in loaded}
    assert rooms.isdisjoint(
        {"meshtui.fleet", "meshtui.plan", "meshtui.ssh", "meshtui.lab", "meshtui.demo"}
    )
    # Values of hosts that answered, and what is shown when a key is pressed.
    assert loaded.isdisjoint({"meshtui.wg.dump", "meshtui.wg.interface", "meshtui.wg.conf"})
    opened = {name for name in loaded if name.startswith("meshtui.tui.screens.")}
    assert opened == {"meshtui.tui.screens.mesh"}
    assert "meshtui.tui.widgets.lines" not in loaded
    assert not {name for name in loaded if name.startswith("meshtui.tui.demo")}


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
