"""The private folder that is a demo host's `/`: what is in it, and how its paths are told.

A program that comes for the host names /etc, /run and so on; before /bin/sh gets it, each
such path is led into the folder. What the host says has the folder taken out again.
"""

from __future__ import annotations

import re
import uuid
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

#: An absolute path of the host's: all but what harms nobody (/dev, /bin/sh) and what only the
#: machine itself can tell (/proc/self, /proc/$PID).
_PATH = re.compile(
    rb"(?<![\w.)}\]*$/-])"
    rb"/(?:boot|etc|home|lib|media|mnt|opt|root|run|s?bin(?<!\w/bin)(?!/sh\b)|srv|sys|tmp|usr|var"
    rb"|proc(?!/(?:self\b|\$)))(?![\w-])"
)
_OS_RELEASE = 'PRETTY_NAME="meshtui demo"\nID=meshtui-demo\n'


# Each of a thousand hosts gets the same program.
@lru_cache(maxsize=8)
def _cut(program: bytes) -> tuple[bytes, ...]:
    """`program` in pieces: each but the first begins with a path of the host's."""
    at = [0, *(match.start() for match in _PATH.finditer(program)), len(program)]
    return tuple(program[one:other] for one, other in pairwise(at))


class Folder:
    """A host's folder at `path`, which needs no quoting in any shell.

    `uptime` is the file that stands for /proc/uptime.
    """

    def __init__(self, path: Path, uptime: Path) -> None:
        if not re.fullmatch(r"/[\w./+-]+", str(path)):
            raise ValueError(f"a shell would not take {path} for one word")
        self.path = path
        self._raw = bytes(path)
        self._uptime = uptime

    def make(self, name: str) -> None:
        """As on a server that was just installed."""
        self.path.mkdir(mode=0o700)
        for folder in (
            *("etc", "root", "run/systemd/system", "sys/class/net", "sys/module/wireguard", "tmp"),
            *(
                "var/lib",
                "proc/1",
                "proc/net",
                "proc/sys/kernel/random",
                "proc/sys/net/ipv4/conf/all",
            ),
            *(f"proc/sys/net/ipv6/conf/{device}" for device in ("all", "eth0")),
        ):
            (self.path / folder).mkdir(parents=True)
        for file, text in {
            "etc/os-release": _OS_RELEASE,
            "etc/hostname": f"{name}\n",
            "etc/hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t{name}\n",
            "proc/1/stat": f"1 (init) S {'0 ' * 17}0 1 0\n",
        }.items():
            (self.path / file).write_text(text)
        (self.path / "proc/uptime").symlink_to(self._uptime)
        self.new_boot()

    def new_boot(self) -> None:
        """What tells this boot from all others, and what the last one has not left."""
        for setting in (
            "ipv4/ip_forward",
            "ipv4/conf/all/src_valid_mark",
            "ipv6/conf/all/forwarding",
            "ipv6/conf/eth0/accept_ra",
        ):
            (self.path / "proc/sys/net" / setting).write_text("0\n")
        (self.path / "proc/sys/kernel/random/boot_id").write_text(f"{uuid.uuid4()}\n")

    def lead_in(self, program: bytes) -> bytes:
        """`program` with the host's paths for those of this machine."""
        return self._raw.join(_cut(program))

    def out_of(self) -> Outward:
        """For one stream of what the host says."""
        return Outward(self._raw)


class Outward:
    """Takes a folder's path out of a stream, wherever that was cut in two."""

    def __init__(self, path: bytes) -> None:
        self._path = path
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may go out of all that came so far."""
        data = (self._held + data).replace(self._path, b"")
        # Nothing is held back of what usually comes: a line ends.
        most = min(len(self._path) - 1, len(data) - data.rfind(b"\n") - 1)
        held = next((n for n in range(most, 0, -1) if self._path.startswith(data[-n:])), 0)
        self._held = data[len(data) - held :]
        return data[: len(data) - held]

    def end(self) -> bytes:
        """What was still held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held
