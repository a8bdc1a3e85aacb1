"""Hosts that missed the latest change: who they are, and that one of them is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp


class Owing:
    """Of one app."""

    def __init__(self, app: MeshApp) -> None:
        self._app = app

    def look(self, back: str | None = None) -> None:
        """Ask the journal, beside the looks at hosts. `back`: a host that answers again."""

        async def look() -> None:
            from meshtui.store.changes import owed

            found = owed(await (await self._app.opened()).changes())
            view = self._app.looking.live
            before, view.owed = view.owed, {n: why for n, why in found.items() if n in view.index}
            news = [n for n in (*before, *view.owed) if before.get(n) != view.owed.get(n)]
            self._app.looking.touch([view.renew(n) for n in news if n in view.index], news=True)
            if back in view.owed:
                plan = self._app.keymap.of("mesh.plan") or ":plan"
                text = f"it is back, and owed the latest change ({plan}: plan)"
                self._app.looking.log.add("warn", text, back)
                self._app.say(f"{back}: {text}")

        self._app.work(look, f"owed {back}" if back else "owed")
