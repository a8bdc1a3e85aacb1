"""The line to paste on a machine that meshtui cannot reach; see scripts/invite.sh."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path


def pasteable(interface: str, name: str, say: str, lines: Sequence[str]) -> str:
    """One shell line that makes a key there and brings `interface` up with it.

    `lines` are those of the wg-quick file behind its private key; `say` is what a person
    types here then, but for the public key at its end.
    """
    text = (Path(__file__).with_name("scripts") / "invite.sh").read_text("utf-8")
    code = (line.strip() for line in text.splitlines())
    program = " ".join(line for line in code if line and not line.startswith("#"))
    return shlex.join(["sh", "-c", program, "meshtui", interface, name, say, *lines])
