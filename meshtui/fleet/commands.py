"""A person's own command on many hosts, side by side."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterable

from meshtui.errors import HostError, Refused
from meshtui.fleet.errands import Errands, as_they_come
from meshtui.fleet.reports import CommandResult
from meshtui.mesh.model import Host

#: After so many seconds the host ends the command, and all that it started.
COMMAND_SECONDS = 30
#: How much of its output is kept.
MOST_BYTES = 64 << 10

_SLACK = 10.0
_END = re.compile(rb"([0-9]{1,3})( late)?")


async def run(
    errands: Errands, hosts: Iterable[Host], command: str
) -> AsyncIterator[CommandResult]:
    """Run a shell command as root on each of `hosts`; each result as it comes."""
    async for result in as_they_come([_run(errands, host, command) for host in hosts]):
        yield result


async def _run(errands: Errands, host: Host, command: str) -> CommandResult:
    start = time.monotonic()
    try:
        async with errands.on(host) as session:
            reply = await session.ask(
                "run_command",
                str(COMMAND_SECONDS),
                str(MOST_BYTES + 1),
                data=command.encode("utf-8", "surrogateescape"),
                deadline=COMMAND_SECONDS + _SLACK,
            )
        said, _, end = reply.removesuffix(b"\n").rpartition(b"\n")
        if (found := _END.fullmatch(end)) is None:
            raise Refused("an answer that makes no sense: no exit status", host=host.name)
    except HostError as error:
        return CommandResult(host.name, None, "", error.why, time.monotonic() - start)
    output = said[:MOST_BYTES].decode("utf-8", "replace")
    if len(said) > MOST_BYTES:
        output += f"\n[meshtui: only the first {MOST_BYTES >> 10} KiB are kept]\n"
    late = f"not done after {COMMAND_SECONDS} s: it was ended" if found[2] else None
    return CommandResult(
        host.name, None if late else int(found[1]), output, late, time.monotonic() - start
    )
