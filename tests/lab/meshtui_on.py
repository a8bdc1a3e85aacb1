"""meshtui, run as an operator would on a lab; and what the hosts then really have."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from meshtui.lab import Lab


def meshtui(
    lab: Lab, *args: str, code: int | None = 0, **kw: Any
) -> subprocess.CompletedProcess[str]:
    """Run `meshtui ARGS` in the operator's namespace and expect the exit code."""
    kw.setdefault("timeout", 120)
    # No terminal, whatever pytest was started from.
    kw.setdefault("stdin", subprocess.DEVNULL)
    done = lab.run([sys.executable, "-m", "meshtui", *args], **kw)
    if code is not None:
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def apply(lab: Lab, *args: str, code: int = 0) -> dict[str, Any]:
    """Apply without asking; what `--json` says of it."""
    done = meshtui(lab, "apply", "--yes", "--json", *args, code=code)
    return json.loads(done.stdout)


def plan(lab: Lab, *args: str, code: int = 3) -> dict[str, Any]:
    """The plan as JSON; by default there must be changes."""
    return json.loads(meshtui(lab, "plan", "--json", *args, code=code).stdout)


def status(lab: Lab, *, code: int = 0) -> dict[str, Any]:
    """`meshtui status --json`."""
    return json.loads(meshtui(lab, "status", "--json", code=code).stdout)


def on(lab: Lab, host: str, *argv: str) -> str:
    """What a command prints inside a host; it must succeed."""
    return lab.on(host, argv, check=True).stdout


def conf(lab: Lab, host: str) -> str:
    """The host's wg-quick file."""
    return on(lab, host, "cat", "/etc/wireguard/wg0.conf")


def handshakes(lab: Lab, host: str) -> dict[str, int]:
    """Peer's public key -> epoch seconds of the latest handshake."""
    lines = on(lab, host, "wg", "show", "wg0", "latest-handshakes").splitlines()
    return {key: int(at) for key, at in (line.split() for line in lines)}


def edit(lab: Lab, old: str, new: str) -> None:
    """Change the lab's mesh.toml as an operator would."""
    path = lab.path / "mesh.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def set_mesh(lab: Lab, line: str) -> None:
    """Add a line to [mesh]."""
    edit(lab, "[mesh]\n", f"[mesh]\n{line}\n")


def directions(result: dict[str, Any]) -> tuple[int, int]:
    """(working, all) of an apply."""
    return sum(one["ok"] for one in result["directions"]), len(result["directions"])
