"""What changes the mesh itself: hosts that come, go and change, links that do, and undoing it.

Each is an edit of mesh.toml. It is proposed, shown with its plan, and applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from meshtui.errors import UsageError
from meshtui.fleet.edits import Edit
from meshtui.inert import inert
from meshtui.store.edit_peers import Asked
from meshtui.tui.rotating import Rotating
from meshtui.tui.row import NAME_LIMIT
from meshtui.tui.screens.form import Field, FormScreen
from meshtui.tui.waiting import answer

if TYPE_CHECKING:
    from meshtui.mesh.model import Host, Member
    from meshtui.tui.app import MeshApp
    from meshtui.tui.fleet_api import ProposalApi


class Changing:
    """For one app."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app
        self.keys = Rotating(app, self.refused)

    def add(self, name: str = "", ssh: str = "", endpoint: str = "") -> None:
        """Ask for a new host."""
        fields = (
            Field("name", "name", "as mesh.toml and every screen are to call it", name),
            Field("ssh", "ssh", "user@host[:port], or an alias of ~/.ssh/config", ssh),
            Field(
                "endpoint", "endpoint", "where ssh goes; host[:port]; none: behind NAT", endpoint
            ),
            Field("address", "address", "a free one; on the mesh, one for each family"),
        )

        def edit(said: Mapping[str, str]) -> Edit:
            if not said["ssh"]:
                raise UsageError("--ssh is empty: where does SSH reach it?")
            addresses = _words(said["address"])
            return Edit("add", (said["name"],), said["ssh"], said["endpoint"] or None, addresses)

        self._form("a new host", fields, edit)

    def add_peer(self, name: str = "") -> None:
        """Ask for a new peer that nobody reaches over SSH."""
        fields = (
            Field("name", "name", "a phone, a laptop, a router", name),
            Field("through", "through", "all that it can reach; or the hosts that it calls"),
            Field("exit", "exit", "none; the host that all its traffic goes out through"),
            Field("address", "address", "a free one; on the mesh, one for each family"),
            Field("public-key", "public key", "made here; or of the key that it has"),
        )

        def edit(said: Mapping[str, str]) -> Edit:
            asked = Asked(
                public_key=said["public-key"] or None,
                addresses=_words(said["address"]),
                through=_words(said["through"]),
                exit=said["exit"] or None,
            )
            return Edit("add-peer", (said["name"],), peer=asked)

        self._form("a new peer, which nobody reaches over SSH", fields, edit)

    def rotate_peer(self, name: str) -> None:
        """Show what it is to give a peer another key, and a new configuration."""
        self._at_once(f"another key for {_shown(name)}", Edit("rotate", (name,)))

    def set(self, name: str) -> None:
        """Ask for other settings of a host."""
        host = self._app.looking.live.mesh.hosts[name]
        if self._app.fleet is not None:
            # With what the fleet found out since: addresses that it allocated.
            host = self._app.fleet.mesh.hosts.get(name, host)
        now = _settings(host)
        fields = (
            Field("endpoint", "endpoint", "where ssh goes; none: behind NAT", now["endpoint"]),
            Field("port", "port", "the mesh's; where it listens, UDP", now["port"]),
            Field("address", "address", "on the mesh, one for each family", now["address"]),
            Field("keepalive", "keepalive", "the mesh's; seconds, or off", now["keepalive"]),
            Field("mtu", "mtu", "wg-quick works it out", now["mtu"]),
            Field("exit", "exit", "none; the host that all else goes out through", now["exit"]),
        )

        def edit(said: Mapping[str, str]) -> Edit:
            new = {key: text for key, text in said.items() if text != now[key]}
            if not new:
                raise UsageError("nothing here is another than it was")
            if new.get("address") == "":
                raise UsageError("--address is empty: it needs one at least")
            # What is emptied is as the mesh has it for all.
            asked = {key: text or "default" for key, text in new.items()}
            return Edit(
                "set",
                (name,),
                addresses=_words(asked.get("address", "")),
                endpoint=asked.get("endpoint"),
                port=asked.get("port"),
                keepalive=asked.get("keepalive"),
                mtu=asked.get("mtu"),
                exit_host=asked.get("exit"),
            )

        self._form(f"settings of {_shown(name)}", fields, edit)

    def rename(self, old: str, new: str = "") -> None:
        """Ask for another name of a host."""
        fields = (Field("new", "new name", old, new),)
        edit = lambda said: Edit("rename", (old, said["new"]))  # noqa: E731
        self._form(f"another name for {_shown(old)}", fields, edit)

    def remove(self, name: str) -> None:
        """Show what it is to take a host out."""
        self._at_once(f"remove {_shown(name)}", Edit("remove", (name,)))

    def switch(self, *names: str, disable: bool | None = None) -> None:
        """Show what it is to disable a host or a link, or to enable it again; None: the other."""
        if disable is None:
            disable = not self._is_disabled(names)
        what = " ⇄ ".join(map(_shown, names))
        kind = "disable" if disable else "enable"
        self._at_once(f"{kind} {what}", Edit("disable" if disable else "enable", names))

    def mtu(self, mtu: int) -> None:
        """Show what it is to give the whole mesh an MTU."""
        self._at_once(f"mtu = {mtu} for the mesh", Edit("mtu", mtu=str(mtu)))

    def undo(self) -> None:
        """Show what it is to take back the last change."""
        self._at_once("undo the last change", Edit("undo"))

    def changes(self) -> None:
        """Show what was changed."""
        from meshtui.tui.screens.changes import ChangesScreen

        def undone(undo: bool | None) -> None:
            if undo:
                self.undo()

        self._app.push_screen(ChangesScreen(self._app.opened), undone)

    def _is_disabled(self, names: tuple[str, ...]) -> bool:
        mesh = self._app.looking.live.mesh
        if len(names) == 1:
            members: dict[str, Member] = {**mesh.hosts, **mesh.peers}
            return members[names[0]].disabled
        return any(link.disabled and set(link.between) == set(names) for link in mesh.links)

    # -- from an edit to its plan

    def _form(
        self, title: str, fields: tuple[Field, ...], edit: Callable[[Mapping[str, str]], Edit]
    ) -> None:
        if self.refused():
            return

        async def propose(said: Mapping[str, str]) -> ProposalApi:
            return await self._propose(edit(said))

        def done(proposal: ProposalApi | None) -> None:
            if proposal is not None:
                self._app.applying.propose(proposal, title)

        self._app.push_screen(FormScreen(title, fields, propose), done)

    def _at_once(self, title: str, edit: Edit) -> None:
        async def propose() -> None:
            self._app.applying.propose(await self._propose(edit), title)

        if not self.refused():
            self._app.work(propose, title)

    async def _propose(self, edit: Edit) -> ProposalApi:
        return await answer((await self._app.opened()).propose(edit))

    def refused(self) -> bool:
        """Whether nothing may be changed now; it says why."""
        if self._app.read_only:
            self._app.say("read-only: start without --read-only to do that")
        elif self._app.applying.running:
            self._app.say("a change is under way: wait for its end")
        else:
            return False
        return True


def _settings(host: Host) -> dict[str, str]:
    """What the fields of a host say now."""
    return {
        "endpoint": "none" if host.behind_nat else ", ".join(map(str, host.endpoints)),
        "port": str(host.listen_port),
        "address": " ".join(str(address.ip) for address in host.addresses),
        "keepalive": str(host.persistent_keepalive or "off"),
        "mtu": str(host.mtu or ""),
        "exit": host.exit or "",
    }


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _shown(name: str) -> str:
    return inert(name, NAME_LIMIT)
