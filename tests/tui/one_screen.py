"""A host's or a link's screen alone on an app, over a view that the test fills.

The clocks stand still: `moved` seconds after the view's, `fleet.now` on the wall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from standin import StandIn, poll
from textual.app import App
from textual.screen import Screen

from meshtui.fleet.events import HostPolled, LinkStatus
from meshtui.tui.actions import bindings
from meshtui.tui.keymap import Keymap
from meshtui.tui.log import Log
from meshtui.tui.screens.host import HostScreen
from meshtui.tui.screens.link import LinkScreen
from meshtui.tui.theme import NAME, THEMES, VARIABLES
from meshtui.tui.view import MeshView
from meshtui.wg.dump import LiveInterface, LivePeer

Edit = Callable[[LinkStatus], LinkStatus]


class OneScreen(App[None], inherit_bindings=False):
    """Opens what its screens ask for, as the real app does."""

    BINDINGS = bindings("app")

    def __init__(self, fleet: StandIn, first: Callable[[OneScreen], Screen[None]]) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = NAME
        self.keymap = Keymap({})
        self.fleet = fleet
        self.moved = 1000.0
        self.view = MeshView(fleet.mesh, lambda: self.moved)
        self.log_book = Log(lambda: fleet.now)
        self._first = first

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    def on_mount(self) -> None:
        self.push_screen(self._first(self))

    async def opened(self) -> StandIn:
        return self.fleet

    def host_screen(self, name: str) -> HostScreen:
        return HostScreen(self.view, name, self.opened, self.log_book, now=lambda: self.fleet.now)

    def link_screen(self, from_: str, to: str) -> LinkScreen:
        return LinkScreen(self.view, from_, to, self.opened, now=lambda: self.fleet.now)

    def on_host_screen_link_asked(self, event: HostScreen.LinkAsked) -> None:
        self.push_screen(self.link_screen(event.from_, event.to))

    def on_link_screen_host_asked(self, event: LinkScreen.HostAsked) -> None:
        self.push_screen(self.host_screen(event.name))

    def see(self, *events: HostPolled) -> None:
        """Take looks in, and tell the screens as the app does."""
        for event in events:
            self.view.see(replace(event, at=self.moved))
        for screen in self.screen_stack:
            if isinstance(screen, HostScreen | LinkScreen):
                screen.rows_changed({self.view.index[event.host.name] for event in events})

    def see_all(self, edit: dict[tuple[str, str], Edit] | None = None) -> None:
        """Two looks at every host, a second apart."""
        for tick in (10, 11):
            self.moved += 1
            self.see(*(edited(poll(self.fleet.mesh, n, tick), edit) for n in self.fleet.mesh.hosts))


def edited(event: HostPolled, edit: dict[tuple[str, str], Edit] | None) -> HostPolled:
    """`event` with some links changed, and the interface that goes with them."""
    keep: Edit = lambda link: link  # noqa: E731
    links = [(edit or {}).get((link.from_, link.to), keep)(link) for link in event.links]
    return replace(event, links=tuple(links))


def interface(*peers: LivePeer) -> LiveInterface:
    return LiveInterface("wg0", "k" * 43 + "=", 51820, None, {p.public_key: p for p in peers})
