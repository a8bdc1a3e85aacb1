"""What is done to the hosts and links that a screen shows: copy, open a shell, run a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual.app import SuspendNotSupported
from textual.screen import ModalScreen

from meshtui.tui.clipboard import give
from meshtui.tui.screens.host import HostScreen
from meshtui.tui.screens.peer import PeerScreen
from meshtui.tui.screens.prompt import PromptScreen
from meshtui.tui.screens.run import RunScreen
from meshtui.tui.shellout import hand_over
from meshtui.tui.words import counted, describe

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp

#: Hosts that are named before a command runs on them.
_NAMED = 8


@runtime_checkable
class About(Protocol):
    """A screen that shows hosts."""

    @property
    def host(self) -> str | None:
        """The host that it is about, or that the cursor is on."""
        ...

    def copied(self) -> str:
        """What the cursor is on, for the clipboard; empty: nothing."""
        ...


class AtHand:
    """For one app, whichever screen is open."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app
        self._run: list[str] = []
        """Commands that were run, oldest first."""
        self._in_shell = False

    @property
    def _about(self) -> About | None:
        # A question over it is not in the way: commands are typed into one.
        screens = [s for s in self._app.screen_stack if not isinstance(s, ModalScreen)]
        return screens[-1] if isinstance(screens[-1], About) else None

    @property
    def host(self) -> str | None:
        """The host at hand."""
        about = self._about
        return None if about is None else about.host

    @property
    def is_host(self) -> bool:
        """Whether the screen is all about that host already."""
        return isinstance(self._about, HostScreen | PeerScreen)

    def chosen(self) -> list[str]:
        """The marked hosts of the grid, where that is in front; else the one at hand."""
        marked = self._app.mesh_screen.marked if self._about is self._app.mesh_screen else []
        return marked or ([self.host] if self.host is not None else [])

    def reached(self, name: str) -> bool:
        """Whether SSH goes to this member; says so where it does not."""
        device = name in self._app.looking.view.mesh.peers
        if device:
            self._app.say(f"nobody reaches {name} over SSH: it is only seen by the hosts")
        return not device

    def copy(self) -> None:
        """Copy what the cursor is on."""
        about = self._about
        text = "" if about is None else about.copied()
        if not text:
            self._app.say("nothing to copy here")
            return

        async def copy() -> None:
            try:
                await give(text)
            except OSError as error:
                self._app.complain(f"copy: {error}; the terminal was asked, too")

        self._app.copy_to_clipboard(text)
        self._app.work(copy, "copy")
        self._app.say(f"copied: {text}")

    def shell(self, name: str) -> None:
        """Give the terminal to SSH until it ends."""
        app = self._app

        async def shell() -> None:
            try:
                argv = (await app.opened()).ssh_argv(name)
                status = await hand_over(app, argv, f"meshtui: {name}; leave it to come back")
            except (OSError, SuspendNotSupported) as error:
                app.complain(f"ssh: {describe(error)}")
                return
            finally:
                self._in_shell = False
            app.looking.log.add("info", f"ssh ended with status {status}", name)

        # A second key press, typed ahead, must not put two shells on one terminal.
        if self.reached(name) and not self._refused() and not self._in_shell:
            self._in_shell = True
            app.work(shell, "ssh")

    def ask_run(self, command: str = "") -> None:
        """Ask for a command that begins as `command`, and run it on the chosen hosts."""
        chosen = self.chosen()
        hosts = [name for name in chosen if name not in self._app.looking.live.mesh.peers]
        if self._refused() or (chosen and not hosts and not self.reached(chosen[0])):
            return
        if not hosts:
            self._app.say("no host here to run it on: go to a host, or mark some with x")
            return
        more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
        note = f"as root on {counted(len(hosts), 'host')}: {', '.join(hosts[:_NAMED])}{more}"
        self._app.push_screen(
            PromptScreen("!", text=command, note=note, history=self._run),
            lambda line: self.run_on(hosts, line or ""),
        )

    def run_on(self, hosts: Sequence[str], command: str) -> None:
        """Run a shell command on hosts, and show what they answer."""
        if not command.strip() or not hosts or self._refused():
            return
        self._run.append(command)
        # Not what it says: it may hold a secret.
        self._app.looking.log.add("info", f"a command is run on {', '.join(hosts)}")
        self._app.push_screen(RunScreen(self._app.opened, hosts, command))

    def _refused(self) -> bool:
        if self._app.read_only:
            self._app.say("read-only: start without --read-only to do that")
        return self._app.read_only
