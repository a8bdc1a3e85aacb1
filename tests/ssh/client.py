"""The operator's side: an ssh_config, known_hosts, keys and an agent."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meshtui.errors import UnknownHostKey
from meshtui.ssh.connect import Connector
from tests.ssh.server import Server, run


class Client:
    """An ssh_config with a known_hosts file of its own, and a Connector that uses it."""

    def __init__(self, folder: Path, key: Path) -> None:
        self.folder = folder
        self.key = key
        self.config = folder / "ssh_config"
        self.known_hosts = folder / "known_hosts"
        self.asked: list[UnknownHostKey] = []
        self.accept = False
        self._connectors: list[Connector] = []
        self.write()

    def write(self, *lines: str, key: Path | None = None, common: str = "") -> None:
        """`lines`, which win, then what all hosts share."""
        (self.config).write_text(
            "\n".join(lines)
            + f"""
Host *
    {common}
    IdentityFile {key or self.key}
    IdentitiesOnly yes
    UserKnownHostsFile {self.known_hosts}
    GlobalKnownHostsFile /dev/null
    ConnectTimeout 10
"""
        )

    def knows(self, *servers: Server) -> None:
        self.known_hosts.write_text("".join(server.known_as() for server in servers))

    def connector(self) -> Connector:
        async def ask(error: UnknownHostKey) -> bool:
            self.asked.append(error)
            return self.accept

        self._connectors.append(Connector(ask, self.config))
        return self._connectors[-1]

    async def ask(self, written: str, verb: str = "echo_back", data: bytes = b"hi") -> bytes:
        """Connect, ask one thing, hang up."""
        connection = await self.connector().open("server-a", written)
        try:
            return await connection.shell.ask(verb, data=data, deadline=10)
        finally:
            connection.shell.close()

    async def close(self) -> None:
        for connector in self._connectors:
            await connector.close()


@contextmanager
def agent(*keys: Path) -> Iterator[str]:
    """An ssh-agent that holds `keys`; its socket's path."""
    process = subprocess.Popen(
        ["ssh-agent", "-D"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        path = process.stdout.readline().split(";")[0].removeprefix("SSH_AUTH_SOCK=")
        for key in keys:
            run("ssh-add", "-q", key, env=os.environ | {"SSH_AUTH_SOCK": path})
        yield path
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
