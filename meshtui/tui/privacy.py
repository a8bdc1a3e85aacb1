"""Hides addresses and keys on the whole screen, whichever widget drew them.

It works on the finished lines, so that no widget can forget it. What is copied or
written to a file is not touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from meshtui.mesh.model import Mesh

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp

_DOT = "•"
_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\.\d)(?:/\d{1,2})?"
#: Cut short by a column that is too narrow.
_CUT = r"(?<![\w.:])(?:\d{1,3}\.[\d.]*|(?:[0-9a-fA-F]{1,4}:){2,}[0-9a-fA-F:]*)…"
# `::` or all eight groups: 14:03:20 is a time.
_IPV6 = (
    r"(?<![\w:])(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}"
    r"|(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})*)?::[0-9a-fA-F:.]*)(?:%\w+)?(?:/\d{1,3})?"
)
# Also a key that is cut short: letters of both kinds, or digits, and "…".
_CUT_KEY = r"(?<![\w+/])(?=[a-z]*[A-Z0-9+/])[A-Za-z0-9+/]{4,}=?…"
_KEY = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="


class PrivacyFilter(LineFilter):
    """Puts dots in the place of every address and key, and of the names in `mesh` that SSH
    and endpoints go to.
    """

    def __init__(self, mesh: Mesh) -> None:
        super().__init__()
        known = []
        names = sorted(_destinations(mesh), key=len, reverse=True)
        if names:
            known.append(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
        self._hidden = re.compile("|".join([_KEY, _CUT_KEY, _IPV4, _IPV6, _CUT, *known]))

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line, with dots."""
        whole = "".join(text for text, _, _ in segments)
        masked = self._hidden.sub(lambda found: _DOT * len(found[0]), whole)
        if masked == whole:
            return segments
        at, hidden = 0, []
        for text, style, control in segments:
            hidden.append(Segment(masked[at : at + len(text)], style, control))
            at += len(text)
        return hidden


def _destinations(mesh: Mesh) -> set[str]:
    """The names that SSH targets and endpoints have; a host's own name stays readable."""
    found = set()
    for host in mesh.hosts.values():
        address = host.ssh.rpartition("@")[2].removeprefix("ssh://").partition("/")[0]
        found.add(address.partition(":")[0])
        found |= {at.host for at in host.endpoints}
    return found - mesh.hosts.keys() - {"", "local"}


def switch(app: MeshApp) -> None:
    """Hide addresses and keys, or show them again."""
    app.privacy = None if app.privacy else PrivacyFilter(app.looking.live.mesh)
    # Every line that was drawn is drawn anew.
    for screen in app.screen_stack:
        for widget in (screen, *screen.query("*")):
            widget.notify_style_update()
            widget.refresh()
    app.picture.tell()
