"""meshtui, broken off at a point: killed, or its network cut, as it asks or notes the Nth thing.

    python broken_off.py POINT kill|cut|wait SECONDS ARGUMENT...

Points are all that it writes into its journal and asks of hosts to change them: before and
after each. POINT is the number of one, or what it is called: `after arm on server-b`. To
`wait` there is to do nothing until a line comes on stdin. Run in the operator's namespace
of a lab. Without a point (0) it prints how many there are. Hosts go back after SECONDS.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from meshtui.cli import parser
from meshtui.fleet.session import Session
from meshtui.store.journal import Journal

#: Asked as often as time makes it.
_OFTEN = ("look", "observe", "ping_all", "extend")
_CUT = """
table inet cut {
    chain out { type filter hook output priority 0; oifname != "lo" drop; }
    chain in { type filter hook input priority 0; iifname != "lo" drop; }
}
"""


def main(at: str, how: str, seconds: int, argv: list[str]) -> int:
    """Run meshtui with `argv`; do as `how` says at point `at`."""
    passed = 0
    done = False

    def point(name: str) -> None:
        nonlocal passed, done
        passed += 1
        if done or at not in (str(passed), name):
            return
        done = True
        print(f"at {name}", file=sys.stderr, flush=True)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "cut":
            subprocess.run(["nft", "-f", "-"], input=_CUT, text=True, check=True)
        if how == "wait":
            sys.stdin.readline()

    note, ask = Journal.note, Session.ask

    def noted(self: Journal, event: str, **more: object) -> None:
        point(f"before the note {event}")
        note(self, event, **more)
        point(f"after the note {event}")

    async def asked(
        self: Session, verb: str, *args: str, data: bytes = b"", deadline: float
    ) -> bytes:
        if verb in _OFTEN:
            return await ask(self, verb, *args, data=data, deadline=deadline)
        point(f"before {verb} on {self.name}")
        reply = await ask(self, verb, *args, data=data, deadline=deadline)
        point(f"after {verb} on {self.name}")
        return reply

    Journal.note, Session.ask = noted, asked  # type: ignore[method-assign]
    parser._window = lambda _: seconds  # no person may choose so few
    argv = [*argv, "--confirm-within", "1"]
    from meshtui.cli import main as meshtui

    code = meshtui(argv)
    if at == "0":
        print(f"{passed} points", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
