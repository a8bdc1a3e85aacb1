"""Which pairs have their tunnel by their second choice of a family: the hosts' files say it."""

from __future__ import annotations

from collections.abc import Mapping

from meshtui.mesh.families import SECOND
from meshtui.plan.file import peers_by_key
from meshtui.plan.seen import Seen
from meshtui.wg.conf import parse


def told_second(names: Mapping[str, str], seen: Mapping[str, Seen]) -> dict[frozenset[str], int]:
    """Pair -> the IP version that it uses; `names`: public key -> host, as far as known.

    The file of one end is enough.
    """
    found = {}
    for host, one in seen.items():
        if not one.file or SECOND not in one.file:
            continue
        try:
            conf = parse(one.file)
        except ValueError:
            continue  # The plan of this host says so.
        for key, sections in peers_by_key(conf).items():
            for version in (4, 6):
                note = f"# by IPv{version}: IPv{10 - version} {SECOND}"
                if (far := names.get(key)) and any(section.has(note) for section in sections):
                    found[frozenset((host, far))] = version
    return found
