"""The commands that a demo host has: all that its PATH leads to.

A program that comes for a host finds nothing else, so it can change nothing of the machine
that the demo runs on: the machine's own are tools for text and for files named to them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

#: Of the machine that the demo runs on.
BORROWED = (
    *("awk", "basename", "cat", "chmod", "cmp", "cp", "cut", "date", "dd", "df", "diff", "dirname"),
    *(
        "du",
        "env",
        "expr",
        "false",
        "find",
        "grep",
        "head",
        "ln",
        "ls",
        "mkdir",
        "mkfifo",
        "mktemp",
    ),
    *("mv", "nl", "od", "printf", "ps", "readlink", "rm", "rmdir", "sed", "seq", "sh", "sha256sum"),
    *(
        "sleep",
        "sort",
        "stat",
        "tail",
        "tee",
        "touch",
        "tr",
        "true",
        "uname",
        "uniq",
        "wc",
        "xargs",
    ),
)
#: Files of standins/ with a text of their own.
OWN = ("clock-awk", "clock-date", "hostname", "id", "login", "sudo", "sync", "tool", "uptime")
#: What login asks: which answers not the machine but the folder.
LEAD_IN = "lead-in"
#: Those that stand in where the machine's do not know GNU's options, and what tells that.
_SHIMS = {"stat": ("stat", "-c", "%a", "/"), "sha256sum": ("sha256sum", os.devnull)}

_WHERE = "/usr/bin:/bin:/usr/sbin:/sbin"


def lay_out(folder: Path, tools: Iterable[str]) -> None:
    """Make `folder` with a link for each command; `tools` are those that a machine answers."""
    folder.mkdir(mode=0o700)
    for name in BORROWED:
        if found := shutil.which(name, path=f"{_WHERE}:{os.environ.get('PATH', '')}"):
            (folder / name).symlink_to(found)
    # Copies: what is installed need not be executable, nor lie in a folder at all.
    with resources.as_file(resources.files("meshtui.demo") / "standins") as standins:
        for name in (*OWN, *(name for name, argv in _SHIMS.items() if not _works(argv))):
            (folder / name).unlink(missing_ok=True)
            shutil.copyfile(standins / name, folder / name)
            (folder / name).chmod(0o700)
    for name in (LEAD_IN, *tools):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("tool")


def _works(argv: tuple[str, ...]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
