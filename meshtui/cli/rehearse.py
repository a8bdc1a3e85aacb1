"""What `meshtui demo` does: hosts in a process of their own, and the screen on them."""

from __future__ import annotations

import asyncio
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

from meshtui.errors import UnknownHostKey, UsageError

if TYPE_CHECKING:
    from meshtui.demo.served import Demo
    from meshtui.fleet.fleet import Fleet
    from meshtui.store.settings import Settings
    from meshtui.tui.demo.app import DemoApp

#: Seconds between two measurements of all round trips, unless the settings say so; and how
#: many directions a second are measured at most: each is a program run on this machine.
RTT_EVERY, RTT_MOST = 10.0, 20


def rehearse(args: SimpleNamespace) -> int:
    """Start the hosts, show them until the screen is left, and end them; the exit code."""
    if args.files or args.ssh_config:
        raise UsageError("a demo has hosts, a mesh.toml and an SSH configuration of its own")
    if not args.script:
        from meshtui.tui.start import check_terminal

        check_terminal()
    return asyncio.run(_rehearse(args))


async def _rehearse(args: SimpleNamespace) -> int:
    from meshtui.demo.served import Demo

    # It takes as long to load the screen as to start the hosts.
    demo, _ = await asyncio.gather(
        Demo.start(args.count, groups=args.groups), asyncio.to_thread(_load)
    )
    try:
        apart(demo)
        if args.formed:
            from meshtui.cli.formed import form

            await demo.form(form(demo.mesh_file))
        return await _shown(demo, args)
    finally:
        await demo.close()


def apart(demo: Demo) -> None:
    """Keep what is kept of the demo out of what is kept of a person's own meshes."""
    os.environ["XDG_STATE_HOME"] = str(demo.folder / "state")


def _load() -> None:
    import meshtui.tui.demo.app  # noqa: F401


class _Hosts:
    """Implements DemoApi."""

    def __init__(self, demo: Demo) -> None:
        from meshtui.demo.places import places
        from meshtui.demo.written import PORT

        every = places(len(demo.hosts) + len(demo.spares))
        spares = [place for place in every if place.name in demo.spares]
        self.spares = {place.name: f"{place.address}:{PORT}" for place in spares}
        self.fault = demo.fault


async def _shown(demo: Demo, args: SimpleNamespace) -> int:
    from meshtui.store.settings import Settings, load_settings
    from meshtui.tui.start import stay

    settings = Settings(theme="dark") if args.script else load_settings()
    app = app_on(demo, settings._replace(read_only=args.read_only))
    if not args.script:
        return await stay(app)
    from meshtui.tui.demo.script import Script

    script = Script(app, lambda line: print(line, flush=True))
    await stay(app, script.play)
    if script.failure is not None:
        print(f"meshtui: {script.failure}", file=sys.stderr)
    return 0 if script.failure is None else 1


def app_on(demo: Demo, settings: Settings) -> DemoApp:
    """The screen on the hosts of a demo."""
    from meshtui.cli.run import new_fleet
    from meshtui.store.meshfile import load
    from meshtui.tui.demo.app import DemoApp
    from meshtui.tui.start import settled

    async def refuse(_: UnknownHostKey) -> bool:
        return False

    async def open_fleet(_: object) -> Fleet:
        fleet = await asyncio.to_thread(new_fleet, demo.mesh_file, refuse, demo.ssh_config)
        fleet.read_only = settings.read_only
        return fleet

    if not settings.rtt_interval:
        # Where nobody sends anything, nobody notices that a host is gone.
        directions = len(demo.hosts) * (len(demo.hosts) - 1)
        settings = settings._replace(rtt_interval=max(RTT_EVERY, directions / RTT_MOST))
    return DemoApp(_Hosts(demo), load(demo.mesh_file), settled(open_fleet), settings=settings)
