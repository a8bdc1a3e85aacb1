"""A real sshd on a loopback port, in a mount and PID namespace of its own.

Its users, homes and sudoers are its own too, so nothing here touches the machine's.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

#: Login name -> login shell; every one has its own home, /home/NAME.
USERS = {
    "root": "/bin/bash",
    "free": "/bin/bash",  # sudo without a password
    "asked": "/bin/bash",  # sudo wants a password
    "nobody2": "/bin/sh",  # sudo says no
    "tty": "/bin/bash",  # sudo wants a terminal
    "noisy": "/bin/bash",
    "fish": "/usr/bin/fish",
    "tcsh": "/usr/bin/tcsh",
    "csh": "/bin/csh",
    "busybox": "/usr/local/bin/bbsh",
    "nologin": "/usr/sbin/nologin",
    "waits": "/usr/local/bin/waits",
    "echo": "/bin/cat",
}
_FREE = ("free", "noisy", "fish", "tcsh", "csh", "busybox", "waits", "echo", "nologin")

_ENTER = """
set -eu
cd "$1"
for file in passwd shadow group sudoers; do mount --bind "etc/$file" "/etc/$file"; done
mount --bind home /home
mount -t tmpfs none /usr/local/bin
cp -a bin/. /usr/local/bin/
shift
exec "$@"
"""


class Server:
    """One sshd. `pid` is the process that all of its others die with."""

    def __init__(self, folder: Path, options: str = "", key_type: str = "ed25519") -> None:
        self.folder = folder
        self.address = "127.0.0.1"
        self.port = free_port()
        self.log = folder / "log"
        folder.mkdir(parents=True)
        self.new_key(key_type)
        self._lay_out()
        self._write_config(options)
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def public_key(self) -> str:
        """`TYPE BASE64`."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.folder / "host_key.pub")

    def target(self, user: str = "root") -> str:
        return f"{user}@{self.address}:{self.port}"

    def known_as(self, name: str = "127.0.0.1") -> str:
        """The server's line in known_hosts."""
        return f"[{name}]:{self.port} {self.public_key}\n"

    def new_key(self, key_type: str = "ed25519") -> None:
        """Another host key, from the next start on."""
        for old in self.folder.glob("host_key*"):
            old.unlink()
        keygen(self.folder / "host_key", key_type)

    def home(self, user: str) -> Path:
        return self.folder / "home" / user

    def start(self) -> None:
        self.log.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                    *("--propagation", "private", "sh", "-c", _ENTER, "sh", str(self.folder)),
                    *(str(SSHD), "-D", "-e", "-f", str(self.folder / "sshd_config")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        wait_for(lambda: "Server listening" in self.said() or self._died(), "sshd listens")

    def _died(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"sshd did not start: {self.said()}")
        return False

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """End the sshd and all of its sessions, without a goodbye."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            # Its namespace's init is killed with it, but a moment later.
            wait_for(lambda: not listens(self.port), "sshd is gone")
            self.process = None

    def tree(self) -> list[int]:
        """The PIDs of the sshd and of all that it started."""
        assert self.process is not None
        return descendants(self.process.pid)

    def sessions(self) -> list[int]:
        """The processes of sshd that serve a connection."""
        return [pid for pid in self.tree()[2:] if comm(pid) == "sshd"]

    def restart(self, options: str = "", key_type: str | None = None) -> None:
        """Come back with other options, or with a new host key."""
        self.stop()
        if key_type:
            self.new_key(key_type)
        self._write_config(options)
        self.start()

    def _lay_out(self) -> None:
        etc = self.folder / "etc"
        etc.mkdir()
        (self.folder / "bin").mkdir()
        ids = {user: 0 if user == "root" else 61000 + n for n, user in enumerate(USERS)}
        (etc / "passwd").write_text(
            "".join(f"{u}:x:{ids[u]}:{ids[u]}::/home/{u}:{USERS[u]}\n" for u in USERS)
            + "sshd:x:60999:65534::/run/sshd:/usr/sbin/nologin\n"
        )
        (etc / "group").write_text("".join(f"{u}:x:{n}:\n" for u, n in ids.items()))
        (etc / "shadow").write_text("".join(f"{user}:*:19000::::::\n" for user in USERS))
        (etc / "sudoers").write_text(
            "Defaults:tty requiretty\nDefaults lecture=never\nroot ALL=(ALL:ALL) ALL\n"
            + "".join(f"{user} ALL=(ALL:ALL) NOPASSWD: ALL\n" for user in (*_FREE, "tty"))
            + "asked ALL=(ALL:ALL) ALL\n"
        )
        for name, mode in (("shadow", 0o600), ("sudoers", 0o440)):
            (etc / name).chmod(mode)
        for user, number in ids.items():
            self.home(user).mkdir(parents=True)
            os.chown(self.home(user), number, number)
        script(self.folder / "bin" / "waits", "exec sleep 1000")
        script(self.folder / "bin" / "bbsh", 'exec busybox sh "$@"')
        (self.folder / "home" / "authorized_keys").touch()
        for folder in (self.folder / "home", self.folder / "bin"):
            folder.chmod(0o755)

    def _write_config(self, options: str) -> None:
        (self.folder / "sshd_config").write_text(f"""\
{options}
ListenAddress {self.address}:{self.port}
HostKey {self.folder}/host_key
AuthorizedKeysFile /home/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
""")

    def let_in(self, *public: Path) -> None:
        """Whose key opens every account."""
        keys = "".join(path.read_text() for path in public)
        (self.folder / "home" / "authorized_keys").write_text(keys)


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def keygen(path: Path, key_type: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair; the path of the private half."""
    run("ssh-keygen", "-q", "-t", key_type, "-N", passphrase, "-C", "", "-f", path)
    return path


def fingerprint(path: Path) -> str:
    return run("ssh-keygen", "-l", "-f", path).split()[1]


def run(*argv: str | Path, **kw: object) -> str:
    done = subprocess.run(  # noqa: PLW1510
        [str(arg) for arg in argv],
        **{"capture_output": True, "text": True, "timeout": 20, **kw},  # type: ignore[call-overload]
    )
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return str(done.stdout)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens there, seen without knocking."""
    hexed = f"0100007F:{port:04X}"
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(line[1] == hexed and line[3] == "0A" for line in lines)


def wait_for(done: Callable[[], object], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}"
        time.sleep(0.005)


def _parents() -> Iterator[tuple[int, int]]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                stat = (path / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # It ended while we looked.
            fields = stat.rpartition(")")[2].split()
            if fields[0] not in "ZX":
                yield int(path.name), int(fields[1])


def descendants(pid: int) -> list[int]:
    """`pid` and all below it, parents first."""
    pairs = list(_parents())
    found = [pid]
    for one in found:
        found += sorted(child for child, parent in pairs if parent == one)
    return found


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def argv_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
