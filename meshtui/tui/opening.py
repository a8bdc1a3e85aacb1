"""Opens the screen that is all about a member, or about two. Loaded with the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshtui.tui.screens.host import HostScreen
from meshtui.tui.screens.link import LinkScreen
from meshtui.tui.screens.peer import PeerScreen

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp


def open_member(app: MeshApp, name: str) -> None:
    """All about a host, or a device."""
    live = app.looking.live
    if name in live.mesh.peers:
        app.push_screen(PeerScreen(live, name))
    else:
        app.push_screen(HostScreen(live, name, app.opened, app.looking.log, now=app.now))
    app.picture.tell()


def open_pair(app: MeshApp, from_: str, to: str) -> None:
    """Both ends of a link, or of the way that two have instead."""
    live = app.looking.live
    if from_ in live.mesh.peers:
        # What a device sees, nobody knows: the host stands first.
        from_, to = to, from_
    if from_ in live.mesh.peers:
        app.say("nobody reaches either of them over SSH: hosts only see that they call")
        return
    app.push_screen(LinkScreen(live, from_, to, app.opened, now=app.now))
    app.picture.tell()
