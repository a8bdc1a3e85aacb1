"""No private or preshared key anywhere but in the hosts' own files and interfaces."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from meshtui_on import edit, meshtui, on, set_mesh
from screen import Screen

from meshtui.lab import Lab

pytestmark = pytest.mark.lab


class Argvs(threading.Thread):
    """Reads argv and environment of all processes, over and over: here and on all hosts."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        self.seen.add((process / name).read_bytes())
                    except OSError:
                        continue


def secrets_of(lab: Lab) -> set[str]:
    """The actual keys, as `wg` on the hosts has them."""
    keys = set()
    for host in lab.hosts:
        keys.add(on(lab, host.name, "wg", "show", "wg0", "private-key").strip())
        lines = on(lab, host.name, "wg", "show", "wg0", "preshared-keys").splitlines()
        keys |= {line.split()[1] for line in lines}
    keys.discard("(none)")
    return keys


@pytest.mark.parametrize("keys", [pytest.param("host", marks=pytest.mark.long), "operator"])
def test_no_secret_shows_while_an_apply_runs(lab: Callable[..., Lab], keys: str) -> None:
    one = lab(3)
    set_mesh(one, f'keys = "{keys}"\npreshared_keys = true')
    argvs = Argvs()
    argvs.start()
    shown = []

    def run(*args: str, code: int | None = None) -> None:
        done = meshtui(one, *args, code=code)
        shown.extend((done.stdout, done.stderr))

    run("plan", code=3)
    run("apply", "--yes", code=0)
    run("apply", "--yes", "--json", code=0)
    # A live change, drift, a failure and a crash of our own see the same keys.
    edit(one, "preshared_keys = true", "preshared_keys = true\npersistent_keepalive = 5")
    run("plan", code=3)
    on(one, "server-b", "ip", "link", "del", "wg0")
    run("apply", "--yes", "--json")
    run("status", "--json")
    run("status", "--links")
    crash = (
        "import asyncio, sys\nfrom meshtui.fleet import apply\n"
        "def broken(self, *a): raise RuntimeError(repr(vars(self)))\n"
        "apply.Apply._verify = broken\n"
        "from meshtui.cli import main\nsys.exit(main(['apply', '--yes']))\n"
    )
    edit(one, "persistent_keepalive = 5", "persistent_keepalive = 6")
    on(one, "server-c", "sh", "-c", "ip link del wg0; rm /etc/wireguard/wg0.conf")
    done = one.run([sys.executable, "-c", crash], timeout=60, stdin=subprocess.DEVNULL)
    assert "RuntimeError" in done.stderr
    shown.extend((done.stdout, done.stderr))
    # It took itself back.
    on(one, "server-c", "sh", "-c", "! ip link show wg0 && [ ! -e /etc/wireguard/wg0.conf ]")
    with Screen(one) as screen:
        screen.until("server-c ○")
        screen.press("a")
        screen.until("steps on")
        screen.press("A")
        screen.until("take it back; all is as it was")
        screen.press("K")
        screen.until("directions up")
        screen.press("q")
        screen.code()
    shown.append(screen.output.decode("utf-8", "replace"))
    run("apply", "--yes", code=0)
    argvs.over.set()
    argvs.join()

    secrets = secrets_of(one)
    assert len(secrets) == 6
    files = [one.path / "mesh.toml", *(one.path / "state").rglob("*.jsonl")]
    assert any(path.name == "journal.jsonl" for path in files)
    everything = [text.encode() for text in shown] + [path.read_bytes() for path in files]
    everything += argvs.seen
    assert len(argvs.seen) > 50
    for secret in secrets:
        for place in everything:
            assert secret.encode() not in place
