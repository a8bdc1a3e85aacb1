"""A host's disk: the upper layer of its root, laid out once before its first boot.

The disk is a tmpfs that only the keeper's mount namespace has, so it is written
through /proc/KEEPER/root. It outlives a power cut and ends with the lab.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.lab.names import LabHost
from meshtui.lab.paths import PLAIN_ENV, SCRIPTS

ADMIN = "admin"
"""A user of every host who may `sudo` without a password."""

_ADMIN_ID = 1000
_OPAQUE = {  # directories that a host has to itself: nothing of the machine's shows
    "etc/sudoers.d": 0o750,
    "etc/wireguard": 0o700,
    "root": 0o700,
    "home": 0o755,
    "tmp": 0o1777,
    "var/log": 0o755,
    "var/tmp": 0o1777,
}
_SPLIT = ("etc", "usr", "var")
_DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
    "net/tun": (10, 200),
}
# GOMAXPROCS: wireguard-go on each core of a machine that ten hosts share wakes the others
# for each packet, and a third of all time goes into that.
_SSHD_CONFIG = """\
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM no
SetEnv GOMAXPROCS=1
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
AcceptEnv LANG LC_*
PidFile /run/sshd.pid
Subsystem sftp internal-sftp
"""
_SUDOERS = """\
Defaults env_reset
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
"""
_NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"


class Disk:
    """Writes into one host's disk as if it were its root."""

    def __init__(self, base: Path, below: Path) -> None:
        self.base = base
        self.below = below
        self.parts = _mounted(below)

    def path(self, inner: str) -> Path:
        """Where the disk keeps `inner`, a path below the host's root."""
        for part in self.parts:
            if inner == part or inner.startswith(f"{part}/"):
                return self.base / "parts" / part / "upper" / inner[len(part) + 1 :]
        return self.base / "upper" / inner

    def directory(self, inner: str, mode: int = 0o755, *, opaque: bool = False) -> None:
        """Make a directory; `opaque` hides what the machine has there."""
        place = self.path(inner)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(mode)
        if opaque:
            os.setxattr(place, "trusted.overlay.opaque", b"y")

    def file(self, inner: str, text: str, mode: int = 0o644) -> None:
        """Write a file; its directory is made with mode 0755 if need be."""
        place = self.path(inner)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)


def _mounted(below: Path) -> list[str]:
    """Which of the great directories are mounts of their own, bind mounts included."""
    mountinfo = Path("/proc/self/mountinfo").read_text().splitlines()
    points = {line.split()[4] for line in mountinfo}
    return [part for part in _SPLIT if str(below / part) in points]


def lay_out(base: Path, host: LabHost, login_key: str, image: Path | None) -> str:
    """Write the disk of a host at `base`; return its public host key, empty for one outside.

    `login_key` is the public key that root and `admin` let in. Below the disk is
    `image`, or with None the machine's own system, which takes more hiding. Leaves the umask,
    which must be 0o022, to the caller: it belongs to the whole process.
    """
    disk = Disk(base, image or Path("/"))
    for name in ("upper", "work", "root", "dev", "parts"):
        (base / name).mkdir()
    for part in disk.parts:
        for name in ("upper", "work"):
            (base / "parts" / part / name).mkdir(parents=True)
    (base / "parts" / "list").write_text("".join(f"{part}\n" for part in disk.parts))
    _identity(disk, host)
    _users(disk, "" if host.outside else login_key)
    disk.directory("etc/ssh", opaque=True)  # keys that others have, too, are no keys
    if image:
        disk.file("etc/ssh/sshd_config", (image / "etc/ssh/sshd_config").read_text())
    else:
        _as_on_a_server(disk)
    if host.outside:  # without a host key there is no sshd, and systemd need not try
        disk.directory("etc/systemd/system")
        disk.path("etc/systemd/system/ssh.service").symlink_to("/dev/null")
        return ""
    return make_host_key(disk.path("etc/ssh"))


def _as_on_a_server(disk: Disk) -> None:
    """Hide what is the machine's own business; give what a bare init wants."""
    for inner, mode in _OPAQUE.items():
        disk.directory(inner, mode, opaque=True)
    if Path("/var/lib/meshtui").exists():  # a host knows nothing of the machine's meshes
        disk.directory("var/lib")
        os.mknod(disk.path("var/lib/meshtui"), stat.S_IFCHR, os.makedev(0, 0))  # a "whiteout"
    _devices(disk.base / "dev")
    disk.file("etc/ssh/sshd_config", _SSHD_CONFIG)
    shutil.copy(SCRIPTS / "init.sh", _made(disk.path("usr/local/sbin/lab-init")))


def make_host_key(directory: Path) -> str:
    """Make an ed25519 host key in `directory`, which has none; return the public half."""
    file = directory / "ssh_host_ed25519_key"
    done = subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(file)],
        env=PLAIN_ENV,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if done.returncode != 0:
        raise MeshError(f"ssh-keygen made no key: {done.stderr.strip()}")
    return file.with_suffix(".pub").read_text().strip()


def _made(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _devices(dev: Path) -> None:
    for name, numbers in _DEVICES.items():
        node = _made(dev / name)
        os.mknod(node, stat.S_IFCHR, os.makedev(*numbers))
        node.chmod(0o666)
    for name in ("pts", "shm"):
        (dev / name).mkdir()
    (dev / "shm").chmod(0o1777)
    for name, target in {
        "ptmx": "pts/ptmx",
        "fd": "/proc/self/fd",
        "stdin": "/proc/self/fd/0",
        "stdout": "/proc/self/fd/1",
        "stderr": "/proc/self/fd/2",
    }.items():
        (dev / name).symlink_to(target)


def _identity(disk: Disk, host: LabHost) -> None:
    disk.file("etc/hostname", f"{host.name}\n")
    own = [at for at in (host.inner or host.v4, host.v6) if at]
    disk.file(
        "etc/hosts",
        "127.0.0.1 localhost\n::1 localhost\n" + "".join(f"{at} {host.name}\n" for at in own),
    )
    disk.file("etc/resolv.conf", "")
    disk.file("etc/nsswitch.conf", _NSSWITCH)
    disk.file("etc/machine-id", f"{secrets.token_hex(16)}\n", 0o444)


def _users(disk: Disk, login_key: str) -> None:
    """The system accounts of what is below, root with bash, and `admin`; no password opens any."""
    system = [
        words
        for line in (disk.below / "etc/passwd").read_text().splitlines()
        if len(words := line.split(":")) == 7 and (int(words[2]) < 1000 or words[0] == "nobody")
    ]
    for words in system:
        if words[0] == "root":
            words[5:] = ["/root", "/bin/bash"]
    me = [ADMIN, "x", str(_ADMIN_ID), str(_ADMIN_ID), "", f"/home/{ADMIN}", "/bin/bash"]
    users = [words for words in system if words[0] != ADMIN] + [me]
    groups = [
        f"{words[0]}:x:{words[2]}:"
        for line in (disk.below / "etc/group").read_text().splitlines()
        if len(words := line.split(":")) == 4
        and (int(words[2]) < 1000 or words[0] == "nogroup")
        and words[0] != ADMIN
    ] + [f"{ADMIN}:x:{_ADMIN_ID}:"]
    disk.file("etc/passwd", "".join(":".join(words) + "\n" for words in users))
    # "*" and not "!": without PAM, sshd turns a locked account away.
    disk.file("etc/shadow", "".join(f"{w[0]}:*:19000:0:99999:7:::\n" for w in users), 0o640)
    disk.file("etc/group", "".join(f"{group}\n" for group in groups))
    disk.file("etc/gshadow", "".join(f"{g.split(':')[0]}:*::\n" for g in groups), 0o640)
    disk.file("etc/sudoers", _SUDOERS, 0o440)
    disk.file(f"etc/sudoers.d/{ADMIN}", f"{ADMIN} ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
    disk.directory("root/.ssh", 0o700)
    disk.file("root/.ssh/authorized_keys", f"{login_key}\n", 0o600)
    home = f"home/{ADMIN}"
    disk.directory(home)
    disk.directory(f"{home}/.ssh", 0o700)
    disk.file(f"{home}/.ssh/authorized_keys", f"{login_key}\n", 0o600)
    for inner in (home, f"{home}/.ssh", f"{home}/.ssh/authorized_keys"):
        os.chown(disk.path(inner), _ADMIN_ID, _ADMIN_ID)
