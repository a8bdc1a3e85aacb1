"""Nothing that meshtui sends to a demo's host can touch the machine that the demo runs on.

Read from meshtui/ssh/scripts, so that a script that is changed later fails here instead.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from meshtui.demo import commands
from meshtui.demo.folder import Folder
from meshtui.ssh.shell import BOOT, KILL, lesson, program
from tests.demo.hosts import TOOLS

#: What has no need of a folder: no file, what runs it, and what a process knows of itself.
HARMLESS = {"/dev/null", "/dev/stdin", "/dev/stderr", "/bin/sh", "/proc/self/stat", "/proc/$$/stat"}
ROOT = Path("/a/host")
#: Of patterns and of what is below a folder.
NO_PATHS = {"/change.", "/comm", "/delete", "/from", "/owner/", "/pending.", "/policy"}
BUILT_IN = {"echo", "kill", "printf", "test"}
#: Functions and variables that have a command's name.
NO_COMMANDS = {"comm", "dir", "look", "size", "sum", "watch"}
#: A host has none of these, and what comes asks first.
MISSED = {"nft", "wireguard-go", "setsid", "modprobe", "iptables", "ip6tables"}


@pytest.fixture
def text() -> str:
    """All that runs on a host, without comments."""
    return re.sub(r"(?m)(^|\s)#.*$", r"\1", (lesson() + program()).decode())


def test_every_path_is_led_into_the_folder(text: str) -> None:
    led = Folder(ROOT, ROOT / "uptime").lead_in(text.encode()).decode()
    paths = set(re.findall(r"""(?<![\w.)}\]*$/-])/[a-z][\w.$/-]*""", led.replace("awk '", "\n")))
    assert {one for one in paths if not one.startswith(f"{ROOT}/")} == HARMLESS | NO_PATHS


def test_the_way_in_names_no_path() -> None:
    for command in (BOOT, KILL):
        assert set(re.findall(r"/\w[\w/]*", command)) <= HARMLESS


def test_every_command_is_one_that_a_host_of_the_demo_has(text: str, tmp_path: Path) -> None:
    commands.lay_out(tmp_path / "bin", TOOLS)
    has = {file.name for file in (tmp_path / "bin").iterdir()}
    plain = re.sub(r"'[^']*'", "''", text.replace("'\\''", ""))
    begins = (
        r"(?:^|[;|&({!]|\b(?:then|do|else|if|while|until|elif)\s)\s*([a-z][a-z0-9-]*)(?![\w=)-])"
    )
    words = set(re.findall(begins, plain, re.MULTILINE))
    there = {one for one in words if one not in has and shutil.which(one)}
    assert there <= BUILT_IN | NO_COMMANDS | MISSED, "give it a stand-in, or lend the machine's own"
    assert {"awk", "wg", "dd", "sync"} <= words
