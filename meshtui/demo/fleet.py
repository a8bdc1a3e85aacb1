"""All hosts of a demo, in this process, and what an operator needs to log in to them."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import asyncssh

from meshtui.demo import commands
from meshtui.demo.folder import Folder
from meshtui.demo.host import Host, Kernel
from meshtui.demo.places import OPERATOR, Place


class Fleet:
    """Hosts at `places`, in `folder`, which it makes and removes.

    `kernel` makes what answers a host's stand-ins, of which `tools` are the names.
    """

    def __init__(
        self,
        folder: Path,
        places: Sequence[Place],
        kernel: Callable[[Place, Host], Kernel],
        tools: Iterable[str],
    ) -> None:
        self.folder = folder
        self.places = places
        self._kernel = kernel
        self._tools = tools
        self._operator = asyncssh.generate_private_key("ssh-ed25519")
        self._ticking: asyncio.Task[None] | None = None
        self._began = time.monotonic()
        self.hosts: dict[str, Host] = {}

    @property
    def ssh_config(self) -> Path:
        """For `ssh -F`: the hosts by their names."""
        return self.folder / "ssh_config"

    async def start(self) -> None:
        """Switch all of them on."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "hosts").mkdir()
        commands.lay_out(self.folder / "bin", self._tools)
        self._tell_uptime()
        self._ticking = asyncio.create_task(self._tick(), name="uptime")
        for place in self.places:
            self.hosts[place.name] = self._made(place)
        await asyncio.gather(*(host.start() for host in self.hosts.values()))
        self._let_in()

    def close(self) -> None:
        """Switch all of them off for good, and remove the folder."""
        if self._ticking:
            self._ticking.cancel()
        for host in self.hosts.values():
            host.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def ended(self) -> None:
        """After `close`: return when nothing on them is about to be started."""
        await asyncio.gather(*(host.ended() for host in self.hosts.values()))

    def _made(self, place: Place) -> Host:
        return Host(
            place.name,
            Folder(self.folder / "hosts" / place.name, self.folder / "uptime"),
            self.folder / "bin",
            lambda host: self._kernel(place, host),
            self._operator,
            f"{OPERATOR} 50022 {place.address} 22",
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._tell_uptime()

    def _tell_uptime(self) -> None:
        # A server that is new has been up for a while, too.
        up = time.monotonic() - self._began + 600
        new = self.folder / "uptime.new"
        new.write_text(f"{up:.2f} {up:.2f}\n")
        new.replace(self.folder / "uptime")

    def _let_in(self) -> None:
        """The operator's side: key, host keys, and the way to each host."""
        key, known = self.folder / "id_ed25519", self.folder / "known_hosts"
        key.touch(0o600)
        key.write_bytes(self._operator.export_private_key())
        known.write_text(
            "".join(
                f"[127.0.0.1]:{host.port} {host.host_key.export_public_key().decode().strip()}\n"
                for host in self.hosts.values()
            )
        )
        self.ssh_config.write_text(
            "".join(f"Host {host.name}\n    Port {host.port}\n" for host in self.hosts.values())
            + "Host *\n    HostName 127.0.0.1\n    User root\n    IdentitiesOnly yes\n"
            f"    IdentityFile {key}\n    UserKnownHostsFile {known}\n"
            "    GlobalKnownHostsFile none\n    StrictHostKeyChecking yes\n    LogLevel ERROR\n"
        )
