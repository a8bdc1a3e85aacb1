"""The kept connection to one host: opened when first needed, and again when it broke."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from meshtui.errors import HostError
from meshtui.ssh.shell import NotConnected
from meshtui.wg.dump import Dumps

if TYPE_CHECKING:
    from meshtui.ssh.connect import Connector
    from meshtui.ssh.shell import Shell
    from meshtui.wg.health import Trace

#: After a failed connection, seconds until the next try: doubled each time, to
#: spare servers that count failures (sshd's PerSourcePenalties).
FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0


class Session:
    """One host. `failures` counts the tries since the last success."""

    def __init__(self, name: str, ssh: str, connector: Connector) -> None:
        self.name = name
        self.ssh = ssh
        self.failures = 0
        self.traces: dict[str, Trace] = {}
        """What the looks so far say of each peer, by public key; a new watch goes on from it."""
        self.dumps = Dumps()
        """Those of its looks."""
        self._connector = connector
        self._shell: Shell | None = None
        self._opening = asyncio.Lock()
        self._opening_since: float | None = None

    async def ask(self, verb: str, *args: str, data: bytes = b"", deadline: float) -> bytes:
        """Ask the host, connecting first where needed (see `Shell.ask`). HostError: why not.

        `deadline`, in seconds, is for the answer; connecting has its own.
        """
        try:
            return await (await self._connected()).ask(verb, *args, data=data, deadline=deadline)
        except NotConnected:
            # Whoever asked before us closed it while we waited for our turn.
            return await (await self._connected()).ask(verb, *args, data=data, deadline=deadline)

    async def _connected(self) -> Shell:
        async with self._opening:
            if self._shell is None or self._shell.closed:
                self._opening_since = time.monotonic()
                try:
                    self._shell = (await self._connector.open(self.name, self.ssh)).shell
                except HostError:
                    self.failures += 1
                    raise
                finally:
                    self._opening_since = None
                self.failures = 0
            return self._shell

    def waits(self, verb: str) -> float:
        """Seconds that the host has taken so far to answer `verb`, or to let us in.

        0 while it is busy with what somebody else asked before.
        """
        asked = self._shell.asked if self._shell else None
        if self._opening_since is not None:
            asked = verb, self._opening_since
        return time.monotonic() - asked[1] if asked and asked[0] == verb else 0.0

    def backoff(self) -> float:
        """Seconds to wait before the next try."""
        if not self.failures:
            return 0.0
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self.failures - 1))

    def close(self) -> None:
        """Drop the connection."""
        if self._shell:
            self._shell.close()
            self._shell = None
