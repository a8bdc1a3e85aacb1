"""What a host of a lab has of the mesh, all of it, as a value that compares."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from meshtui_on import on

from meshtui.lab import Lab

_READ = """
wg showconf wg0 2>/dev/null | grep -v '^Endpoint'
echo @; ip -o address show dev wg0 2>/dev/null | awk '$4 !~ /^fe80:/ { print $4 }'
echo @; ip -4 route show dev wg0 2>/dev/null; ip -6 route show dev wg0 2>/dev/null
echo @; cat /sys/class/net/wg0/mtu 2>/dev/null
echo @; cat /etc/wireguard/wg0.conf 2>/dev/null
echo @; ls -A /etc/wireguard 2>/dev/null
echo @; ls -A /var/lib/meshtui/wg0 2>/dev/null | grep -v '^last$'
echo @; pgrep -f '[p]rogram watch' || :
"""


_SECRET = re.compile(r"^((?:Private|Preshared)Key *= *)(.+)$", re.MULTILINE)


def _hidden(line: re.Match[str]) -> str:
    """What it can be told apart by: a test that fails prints it."""
    return line[1] + hashlib.sha256(line[2].encode()).hexdigest()[:16]


@dataclass(frozen=True)
class State:
    """Texts, as the tools print them."""

    wg: tuple[str, ...]
    """`wg showconf` without endpoints, its peers in one order."""
    addresses: str
    """But for link-local ones: an interface made anew has another."""
    routes: tuple[str, ...]
    mtu: str
    file: str
    files: str
    """What there is in /etc/wireguard."""
    left: str
    """What there is of a change under way, and the processes that would take it back."""

    def become(self, old: str, new: str) -> State:
        """The same with one text in the place of another."""
        wg = tuple(sorted(part.replace(old, new) for part in self.wg))
        return State(
            wg, self.addresses, self.routes, self.mtu, self.file.replace(old, new), self.files, ""
        )


def state(lab: Lab, host: str) -> State:
    """How the host is now."""
    parts = on(lab, host, "sh", "-c", _READ).split("@\n")
    wg, addresses, routes, mtu, file, files, left, watching = parts
    wg, file = _SECRET.sub(_hidden, wg), _SECRET.sub(_hidden, file)
    return State(
        tuple(sorted(part.strip() for part in wg.split("\n\n"))),
        addresses,
        tuple(sorted(routes.splitlines())),
        mtu,
        file,
        files,
        left + watching,
    )


def under_change(lab: Lab, host: str) -> bool:
    """Whether a change holds the host, or is about to end there."""
    held = "[ -L /var/lib/meshtui/wg0/change ] || pgrep -f '[p]rogram watch' >/dev/null"
    return lab.on(host, ["sh", "-c", held]).returncode == 0


def states(lab: Lab, hosts: Iterable[str]) -> dict[str, State]:
    """How they all are."""
    return {host: state(lab, host) for host in hosts}


def wait_for(
    what: Callable[[], object], seconds: float, why: Callable[[], object] = lambda: ""
) -> None:
    """Until it is so; AssertionError with `why` once the time is over."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, why()
        time.sleep(0.3)
