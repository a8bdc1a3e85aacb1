"""Does what is typed behind `:`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from meshtui.tui.actions import Action
from meshtui.tui.commands import COMMANDS, Command, action_commands, complete, parse
from meshtui.tui.theme import THEME_NAMES
from meshtui.tui.when import parse_when

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp
    from meshtui.tui.order import Sort
    from meshtui.tui.widgets.cells import Mode

#: Seconds: shorter than this nobody measures round trips, longer nobody looks at hosts.
_LEAST_RTT, _LEAST_INTERVAL, _MOST_INTERVAL = 2.0, 0.2, 3600.0


class Commands:
    """Commands of one app. Whatever is wrong with a command is a ValueError with the reason."""

    known: tuple[Command, ...] = COMMANDS
    """Those that take words."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app
        self.typed: list[str] = []
        """What was typed before, oldest first."""

    def words(self) -> Mapping[str, Sequence[str]]:
        """What completes an argument, by its kind."""
        from meshtui.tui.order import SORTS
        from meshtui.tui.widgets.cells import MODES

        app = self._app
        return {
            "host": list(app.looking.view.names),
            "member": [*app.looking.view.mesh.hosts, *app.looking.view.mesh.peers],
            "hosts": [*app.looking.view.mesh.hosts, "--all"],
            "theme": THEME_NAMES,
            "mesh": app.meshes.names,
            "mode": list(MODES),
            "sort": list(SORTS),
            "seconds": ["off", "1", "2", "5", "10", "30", "60"],
            "when": ["10m", "1h", "6h", "1d"],
        }

    def complete(self, line: str) -> list[tuple[str, str]]:
        """Whole lines that `line` may become."""
        return complete(line, self.words(), self.known)

    def offered(
        self, do: Callable[[str], Awaitable[None]]
    ) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """What the palette lists: a name, what it is, and how it is done: by `do`, or asked for."""
        for name, action in action_commands().items():
            yield name, action.description, partial(self._app.call_later, do, name)
        for command in self.known:
            if command.arguments:
                ask = partial(self._app.ask_command, f"{command.name} ")
                yield command.usage, command.description, ask

    async def do(self, line: str) -> None:
        """Do what `line` says."""
        if not line.strip():
            return
        self.typed.append(line.strip())
        what, words = parse(line, self.known)
        if isinstance(what, Action):
            await self._act(what)
        else:
            do = cast(
                "Callable[..., Awaitable[None]]", getattr(self, f"_{what.name.replace('-', '_')}")
            )
            await do(*words)

    async def _act(self, action: Action) -> None:
        app = self._app
        if action.scope in ("mesh", "grid"):
            app.back_to_mesh()
        node = {"mesh": app.mesh_screen, "grid": app.mesh_screen.grid}.get(action.scope, app)
        await app.run_action(action.id, node)

    def _known(self, name: str, *, peers: bool = False) -> str:
        """The one host, or also peer without SSH, that `name` is, or that begins with it."""
        mesh = self._app.looking.view.mesh
        hosts = [*mesh.hosts, *mesh.peers] if peers else mesh.hosts
        found = [name] if name in hosts else [host for host in hosts if host.startswith(name)]
        if len(found) != 1:
            raise ValueError(
                f"{name!r} could be {', '.join(found)}" if found else f"there is no host {name!r}"
            )
        return found[0]

    async def _host(self, name: str) -> None:
        self._app.open_host(self._known(name, peers=True))

    async def _link(self, from_: str, to: str) -> None:
        first, second = self._known(from_, peers=True), self._known(to, peers=True)
        if first == second:
            raise ValueError("a link has two ends")
        self._app.open_link(first, second)

    async def _goto(self, from_: str, to: str | None = None) -> None:
        view = self._app.looking.view
        row = view.index[self._known(from_, peers=True)]
        column = row if to is None else view.index[self._known(to, peers=True)]
        self._app.back_to_mesh()
        self._app.mesh_screen.grid.select(row, column)

    async def _ssh(self, name: str) -> None:
        self._app.at_hand.shell(self._known(name))

    async def _run(self, command: str) -> None:
        # Not run at once: who types it here has not been shown on which hosts.
        self._app.at_hand.ask_run(command)

    async def _add(self, name: str, ssh: str = "") -> None:
        self._app.changing.add(name, ssh)

    async def _add_peer(self, name: str = "") -> None:
        self._app.changing.add_peer(name)

    async def _set(self, name: str) -> None:
        self._app.changing.set(self._known(name))

    async def _rename(self, old: str, new: str = "") -> None:
        self._app.changing.rename(self._known(old, peers=True), new)

    async def _remove(self, name: str) -> None:
        self._app.changing.remove(self._known(name, peers=True))

    async def _disable(self, name: str, other: str | None = None) -> None:
        self._switch(name, other, disable=True)

    async def _enable(self, name: str, other: str | None = None) -> None:
        self._switch(name, other, disable=False)

    async def _rotate(self, names: str) -> None:
        words = names.split()
        if "--psk" in words:
            words.remove("--psk")
            await self._rotate_psk(" ".join(words))
        elif len(words) == 1 and words[0] in self._app.looking.view.mesh.peers:
            self._app.changing.rotate_peer(words[0])
        else:
            self._app.changing.keys.rotate(*self._all_known(words))

    async def _rotate_psk(self, names: str = "") -> None:
        self._app.changing.keys.renew(*self._all_known(names.split()))

    def _all_known(self, names: Sequence[str]) -> list[str]:
        """The hosts that are named; with none, those at hand."""
        if list(names) == ["--all"]:
            return list(self._app.looking.live.mesh.hosts)
        return [self._known(name) for name in names] or self._app.at_hand.chosen()

    def _switch(self, name: str, other: str | None, *, disable: bool) -> None:
        names = [self._known(one, peers=True) for one in (name, other) if one is not None]
        self._app.changing.switch(*names, disable=disable)

    async def _filter(self, text: str = "") -> None:
        self._app.back_to_mesh()
        self._app.mesh_screen.filter(text)

    async def _mode(self, name: str) -> None:
        self._one_of("mode", name)
        self._app.back_to_mesh()
        self._app.mesh_screen.grid.show_mode(cast("Mode", name))

    async def _sort(self, name: str) -> None:
        self._one_of("sort", name)
        self._app.back_to_mesh()
        self._app.mesh_screen.grid.sort(cast("Sort", name))

    async def _interval(self, text: str) -> None:
        self._app.looking.interval = _seconds(text, _LEAST_INTERVAL)
        self._app.picture.tell()

    async def _rtt(self, text: str = "") -> None:
        if not text:
            self._app.measuring.start()
            return
        seconds = 0.0 if text == "off" else _seconds(text, _LEAST_RTT)
        self._app.measuring.every(seconds)

    async def _past(self, text: str) -> None:
        self._app.back_to_mesh()
        self._app.mesh_screen.go_to(parse_when(text, self._app.now()))

    async def _live(self) -> None:
        self._app.looking.now()

    async def _mesh(self, name: str) -> None:
        self._one_of("mesh", name)
        self._app.meshes.show(name)

    async def _theme(self, name: str) -> None:
        self._one_of("theme", name)
        self._app.theme = name

    async def _quit(self) -> None:
        self._app.action_leave()

    def _one_of(self, kind: str, name: str) -> None:
        known = self.words()[kind]
        if name not in known:
            raise ValueError(f"there is no {kind} {name!r}: {', '.join(known)}")


def _seconds(text: str, least: float) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= _MOST_INTERVAL:
        raise ValueError(f"{text!r} is no number of seconds from {least:g} to {_MOST_INTERVAL:g}")
    return seconds
