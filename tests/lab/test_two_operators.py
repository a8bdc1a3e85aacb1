"""Two at once: the second sees who is changing the hosts, and is refused until that ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from meshtui_on import edit, meshtui
from state import states, wait_for

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
SCRIPT = Path(__file__).with_name("broken_off.py")
WINDOW = 25
"""Seconds after which hosts go back."""


@pytest.mark.long
def test_the_second_sees_the_first(lab: Callable[..., Lab]) -> None:
    one = lab(3)
    meshtui(one, "apply", "--yes")
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    # Killed when its hosts are armed and staged: to them it is still at work.
    argv = [sys.executable, str(SCRIPT), "20", "kill", str(WINDOW), "apply", "--yes"]
    process = subprocess.Popen(one.command(argv), stderr=subprocess.PIPE, text=True)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, said
    plan = json.loads(meshtui(one, "plan", "--json", code=None).stdout)
    for host in one.hosts:
        (note,) = (n for n in plan["notes"][host.name] if "is changing this host" in n)
        assert "begun" in note and "it ends in" in note
    told = meshtui(one, "plan", code=None).stdout
    assert "is changing server-a, server-b, server-c" in told
    assert "no apply until that ends" in told
    hosts = [host.name for host in one.hosts]
    wait_for(lambda: not any(s.left for s in states(one, hosts).values()), WINDOW + 12, dict)
    assert "is changing" not in meshtui(one, "plan", code=None).stdout
