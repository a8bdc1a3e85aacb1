"""A change that somebody does something to while it is under way, and how it ended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from state import State, states, under_change, wait_for

from meshtui.lab import Lab

_SCRIPT = Path(__file__).with_name("broken_off.py")


class Stopped:
    """`meshtui ARGS`, which waits at a point of what it does: see broken_off.py."""

    def __init__(
        self, lab: Lab, at: str, *args: str, within: int = 4, env: Iterable[str] = ()
    ) -> None:
        argv = ["env", *env, sys.executable, str(_SCRIPT), at, "wait", str(within), *args]
        self._process = subprocess.Popen(
            lab.command(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr
        said = []
        for line in self._process.stderr:
            said.append(line)
            if line == f"at {at}\n":
                self._since = time.monotonic()
                return
        raise AssertionError("".join(said))

    def go_on(self, code: int) -> str:
        """Let it come to its end with this exit code; what it said on stderr since."""
        _, said = self._process.communicate("\n", timeout=90)
        assert self._process.returncode == code, said
        return said

    def age(self) -> float:
        """Seconds since it was there."""
        return time.monotonic() - self._since

    def release(self) -> None:
        """Let it go on, and do not wait for it."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """With SIGKILL."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.kill()


def settled(lab: Lab, hosts: Iterable[str], seconds: float) -> dict[str, State]:
    """How the hosts are once no change is under way on any, within `seconds`."""
    names, under, now = list(hosts), list(hosts), dict[str, State]()

    def over() -> bool:
        # One after the other: to look at all of all hosts keeps a machine busy.
        while under and not under_change(lab, under[0]):
            del under[0]
        if not under:
            now.update(states(lab, names))
            # What was asked of one when meshtui was killed may have begun only then.
            under.extend(host for host, one in now.items() if one.left)
        return not under

    wait_for(over, seconds, lambda: under)
    return now
