"""What a lab needs of the machine, looked at before anything is made."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from pathlib import Path

from meshtui.errors import MeshError, UsageError
from meshtui.lab.paths import SEARCH_PATH

_PACKAGES = {
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ping": "iputils-ping",
    "pivot_root": "util-linux",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "sudo": "sudo",
    "unshare": "util-linux",
    "wg": "wireguard-tools",
    "wg-quick": "wireguard-tools",
}
_SYSTEMD = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container"}


def kernel_has_wireguard() -> bool:
    """Whether this kernel has WireGuard built in, loaded or as a module on disk."""
    if Path("/sys/module/wireguard").exists():
        return True
    modules = Path("/lib/modules") / platform.release()
    for listing in ("modules.builtin", "modules.dep"):
        file = modules / listing
        if file.exists() and "/wireguard.ko" in file.read_text():
            return True
    return False


def missing_packages(*, systemd: bool = False) -> list[str]:
    """Debian packages of the programs that are not installed, sorted."""
    programs = _PACKAGES | (_SYSTEMD if systemd else {})
    if not kernel_has_wireguard():
        programs = programs | {"wireguard-go": "wireguard-go"}
    absent = {pkg for prog, pkg in programs.items() if not shutil.which(prog, path=SEARCH_PATH)}
    return sorted(absent)


def require_root(command: str = "meshtui lab") -> None:
    """Raise UsageError with the `sudo` command to use unless this is root."""
    if os.geteuid() != 0:
        raise UsageError("a lab needs root, for its network namespaces", hint=f"sudo {command}")


def check_machine(*, systemd: bool = False) -> None:
    """Raise MeshError or UsageError, with what to do, if no lab can be made here."""
    if platform.system() != "Linux":
        raise MeshError("a lab needs Linux", hint="run it in a virtual machine with Debian")
    require_root()
    if packages := missing_packages(systemd=systemd):
        raise MeshError(
            f"the lab lacks {len(packages)} package{'s'[: len(packages) > 1]}",
            hint=f"apt-get install --no-install-recommends -y {' '.join(packages)}",
        )
    tun = Path("/dev/net/tun")
    if not tun.exists() or not stat.S_ISCHR(tun.stat().st_mode):
        raise MeshError(
            "there is no /dev/net/tun, which wireguard-go needs",
            hint="modprobe tun; in a container, start it with --device /dev/net/tun",
        )
    if not Path("/proc/sys/net/ipv6").exists():
        raise MeshError("this kernel has IPv6 switched off", hint="boot without ipv6.disable=1")
    if not Path("/etc/ssh/ssh_config").exists():
        raise MeshError(
            "/etc/ssh/ssh_config is missing, over which the lab lays its own",
            hint="touch /etc/ssh/ssh_config",
        )
