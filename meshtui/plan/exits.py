"""A host's own exit: all that has no other way goes to one peer, and who calls from outside is
answered from where it was called.

At boot wg-quick does the first, because the peer has a /0; live, the items `tunnel 4` and
`tunnel 6` of exit.sh do. The second are its items `reply ADDRESS`, and hooks of the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import ip_address

from meshtui.plan.model import Difference, Step
from meshtui.plan.seen import Seen
from meshtui.wg.endpoint import is_address
from meshtui.wg.interface import Interface

#: Replies first: a tunnel never stands without them.
ITEMS = ("reply", "tunnel")
_HOOK = re.compile(r"PostUp = ip -[46] rule add from (\S+) table main .*")
_ZERO = {4: "0.0.0.0/0", 6: "::/0"}


def exit_items(want: Interface, seen: Seen) -> list[str]:
    """All that `want` needs for its exit, in the order in which to make it."""
    families = _families(want)
    own = [text for text in seen.passing.own if ip_address(text).version in families]
    return [*(f"reply {text}" for text in own), *(f"tunnel {family}" for family in families)]


def leads_elsewhere(want: Interface, seen: Seen, gone: Collection[str]) -> list[int]:
    """The families whose /0 a peer has that mesh.toml does not decide on: its tunnel stays."""
    live = seen.live.peers if seen.live else {}
    decided = {peer.public_key for peer in want.peers}.union(gone)
    left = [peer.allowed_ips for key, peer in live.items() if key not in decided]
    return [family for family, zero in _ZERO.items() if any(zero in texts for texts in left)]


def exit_steps(want: Interface, comes: Sequence[str], goes: Sequence[str]) -> list[Step]:
    """What a person is told of the items that come and go."""
    steps = []
    if comes:
        tunnels, answers = _told(comes)
        said = [f"all else that it sends goes through {want.exit} ({tunnels})"] if tunnels else []
        said += [f"{answers} go as they came"] if answers else []
        mends = Difference("kernel", "exit", _listed(tunnels, answers), None)
        steps.append(Step("exit", "; ".join(said), "route", mends=mends))
    if goes:
        what = _listed(*_told(goes))
        how = "less goes" if want.exit else "what it sends goes no longer"
        mends = Difference("kernel", "exit", None, what)
        steps.append(Step("stop-exit", f"{how} through an exit ({what})", "route", mends=mends))
    return steps


def reply_hook(address: str) -> tuple[str, str]:
    """What makes and ends the rule, as wg-quick runs it; exit.sh does the same."""
    ip = f"ip -{ip_address(address).version} rule"
    return f"{ip} add from {address} table main", f"{ip} del from {address} table main"


def reply_of(line: str) -> str | None:
    """The item of a hook in a file; None: it is no such hook."""
    match = _HOOK.fullmatch(line.strip())
    return f"reply {match[1]}" if match and is_address(match[1]) else None


def _families(want: Interface) -> list[int]:
    peers = [peer for peer in want.peers if peer.name == want.exit]
    return sorted({n.version for peer in peers for n in peer.allowed_ips if not n.prefixlen})


def _told(items: Sequence[str]) -> tuple[str, str]:
    """The families of tunnels, and whose answers; empty: none."""
    pairs = [item.split() for item in items]
    tunnels = [f"IPv{value}" for kind, value in pairs if kind == "tunnel"]
    replies = [value for kind, value in pairs if kind == "reply"]
    return ", ".join(tunnels), f"answers from {', '.join(replies)}" if replies else ""


def _listed(*texts: str) -> str:
    return ", ".join(filter(None, texts))
