"""Doing something with the hosts of a mesh, from the command line."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from meshtui.errors import UnknownHostKey, UsageError
from meshtui.limits import most_open_files

if TYPE_CHECKING:
    from meshtui.fleet.fleet import Fleet
    from meshtui.fleet.made import Made
    from meshtui.store.edit import Draft


def new_fleet(
    path: Path,
    ask: Callable[[UnknownHostKey], Awaitable[bool]],
    ssh_config: Path | None,
    draft: Draft | None = None,
    made: Made | None = None,
) -> Fleet:
    """See `Fleet`; what it takes to reach hosts is loaded only now."""
    from meshtui.fleet.fleet import Fleet

    most_open_files()  # a connection each
    return Fleet(path, ask, ssh_config, draft, made)


def with_fleet(
    args: SimpleNamespace,
    ask: Callable[[Fleet], Awaitable[int]],
    draft: Draft | None = None,
    made: Made | None = None,
) -> int:
    """Do `ask` with the hosts of the file that is meant, or of what it would say.

    `made`: the keys that were made for what it would say.
    """
    from meshtui.store.find import find

    async def decide(_: UnknownHostKey) -> bool:
        accept: bool = args.accept_new_host_keys
        return accept

    async def run() -> int:
        _stop_in_order()
        fleet = new_fleet(find(args.file), decide, args.ssh_config, draft, made)
        fleet.confirm_within = getattr(args, "confirm_within", fleet.confirm_within)
        try:
            return await ask(fleet)
        finally:
            await fleet.close()

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _stop_in_order() -> None:
    """A terminal that is closed, or a `kill`, ends a command as Ctrl-C does: tidied up."""
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup means it.
        if signal.getsignal(number) is signal.SIG_DFL:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def refuse_namesakes(paths: Sequence[Path], names: Sequence[str]) -> None:
    """UsageError: what is kept here of two meshes of one name would be mixed up."""
    for place, name in enumerate(names):
        if name in names[:place]:
            first = paths[names.index(name)]
            raise UsageError(
                f"{first} and {paths[place]} are both called {name}",
                hint="give one of them another name in [mesh]",
            )


def print_json(value: Any) -> None:
    """For programs, on stdout."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))
