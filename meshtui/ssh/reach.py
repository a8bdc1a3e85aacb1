"""A TCP connection to an SSH server, found soon after the server is back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from meshtui.ssh.target import Target

#: The system asks a mute address again after 1, 3, 7 s; we do after each of these seconds.
_KNOCK_SECONDS = 2.0


async def reach(target: Target) -> socket.socket:
    """A connected socket; OSError: every address of the target says no.

    It goes on for as long as one says nothing: the deadline is the caller's.
    """
    loop = asyncio.get_running_loop()
    found = await _addresses(target)
    while True:
        refusals: list[OSError] = []
        for family, kind, protocol, _, address in found:
            with contextlib.ExitStack() as at_failure:
                try:
                    made = at_failure.enter_context(socket.socket(family, kind, protocol))
                    made.setblocking(False)
                    async with asyncio.timeout(_KNOCK_SECONDS):
                        await loop.sock_connect(made, address)
                except TimeoutError:
                    continue
                except OSError as error:
                    refusals.append(error)
                    continue
                at_failure.pop_all()
                return made
        if len(refusals) == len(found):
            raise refusals[0]


async def _addresses(target: Target) -> list[Any]:
    """As getaddrinfo has them."""
    kind = {"family": target.family, "type": socket.SOCK_STREAM}
    try:
        # What is an address needs no asking, nor a thread for it.
        return socket.getaddrinfo(target.host, target.port, flags=socket.AI_NUMERICHOST, **kind)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(target.host, target.port, **kind)
