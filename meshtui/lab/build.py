"""Making a lab, step by step; a step that fails takes everything away again."""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from meshtui.errors import MeshError, UsageError
from meshtui.lab import cleanup, disk, files, image, procs
from meshtui.lab.checks import check_machine
from meshtui.lab.locks import Lock, try_lock
from meshtui.lab.names import LabHost
from meshtui.lab.paths import BASE, PLAIN_ENV, SCRIPTS, lab_path
from meshtui.lab.power import image_of, keeper_of, power_on, start_routers

Progress = Callable[[str], None]


def build(
    machines: Sequence[LabHost],
    name: str,
    networks: Sequence[str],
    *,
    systemd: bool,
    symmetric: bool,
    progress: Progress,
) -> None:
    """Make the lab `name` of these `machines`. See `Lab.up`."""
    path = lab_path(name)
    _check_networks(networks, len(machines))
    check_machine(systemd=systemd)
    lock = _claim(path, name)
    try:
        _build(path, name, machines, networks, lock, systemd, symmetric, progress)
    except BaseException:
        lock.close()  # or `down` would wait for ourselves
        cleanup.down(name)
        raise
    lock.close()  # the keeper holds it from here on


def _check_networks(networks: Sequence[str], count: int) -> None:
    for network in networks:
        try:
            size = ipaddress.ip_network(network).num_addresses
        except ValueError as error:
            raise UsageError(f"{network!r} is no network: {error}") from None
        if size < count + 2:
            raise UsageError(
                f"{network} has no room for {count} hosts", hint="use a shorter prefix"
            )


def _claim(path: Path, name: str) -> Lock:
    """Make the lab's directory and lock it; what a crash left there is taken away first."""
    for _ in range(3):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        BASE.chmod(0o700)
        lock = try_lock(path / "lock")
        if lock is None:
            raise MeshError(
                f"the lab {name!r} is up, or being made",
                hint=f"meshtui lab down --name {name}, or choose another --name",
            )
        if {entry.name for entry in path.iterdir()} <= {"lock"}:
            return lock
        lock.close()
        cleanup.down(name)
    raise MeshError(f"{path} cannot be cleared of what an earlier lab left there")


def _build(
    path: Path,
    name: str,
    machines: Sequence[LabHost],
    networks: Sequence[str],
    lock: Lock,
    systemd: bool,
    symmetric: bool,
    progress: Progress,
) -> None:
    progress(f"making {path}")
    for sub in ("disks", "hosts"):
        (path / sub).mkdir(mode=0o700)
    login_key = _login_key(path, lock)
    hosts = [machine for machine in machines if not machine.outside]
    _write(path / "ssh_config", files.ssh_config(path, hosts), 0o644)
    _write(path / "hosts.txt", files.etc_hosts(hosts), 0o644)
    _write(path / "mesh.toml", files.mesh_toml(name, hosts, networks))

    if systemd:
        progress("finding the Debian image, which takes a minute the first time")
        _write(path / "image", f"{image.image(lock.fd, path / 'debootstrap.log')}\n")

    progress("starting the switch and the operator's namespace")
    _start_keeper(path, machines, lock)
    if routed := [machine for machine in machines if machine.inner]:
        names = ", ".join(machine.name for machine in routed)
        progress(f"starting a router with NAT before each of {names}")
        start_routers(path, routed, symmetric=symmetric)

    progress(f"laying out {len(machines)} disks")
    keys = _lay_out(path, machines, login_key)
    _write(path / "known_hosts", files.known_hosts({h: keys[h] for h in hosts}))

    progress(f"booting {len(machines)} hosts")
    power_on(path, machines)
    _write(path / "lab.json", json.dumps([asdict(machine) for machine in machines]))
    progress(f"{len(machines)} hosts are up")


def _write(file: Path, text: str, mode: int = 0o600) -> None:
    file.touch(mode=0o600)
    file.write_text(text)
    file.chmod(mode)


def _login_key(path: Path, lock: Lock) -> str:
    """Make the operator's SSH key pair; return the public half."""
    subprocess.run(
        [
            *("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "meshtui-lab"),
            *("-f", str(path / "id_ed25519")),
        ],
        env=PLAIN_ENV,
        pass_fds=(lock.fd,),
        capture_output=True,
        timeout=30,
        check=True,
    )
    return (path / "id_ed25519.pub").read_text().strip()


def _start_keeper(path: Path, hosts: Sequence[LabHost], lock: Lock) -> None:
    """Start PID 1 of the lab, which holds the lock for as long as it lives."""
    log = path / "keeper.log"
    with log.open("wb") as output:
        # --fork, so that it is nobody's child who would have to wait for it.
        subprocess.run(
            [
                *("setsid", "--fork", "unshare", "--pid", "--fork", "--kill-child"),
                *("--mount", "--net", "--uts", "--ipc", "--propagation", "private"),
                *("sh", str(SCRIPTS / "keeper.sh"), str(path), *(host.name for host in hosts)),
            ],
            env=PLAIN_ENV,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(lock.fd,),
            timeout=30,
            check=True,
        )

    def ready() -> bool:
        if error := log.read_text(errors="replace").strip():
            raise MeshError(
                f"the lab's namespaces cannot be made: {' / '.join(error.splitlines()[:3])}",
                hint="a lab needs full root: in a container, start it with --privileged",
            )
        return procs.recorded(path / "operator.pid") is not None

    procs.wait_until(ready, 15 + 0.1 * len(hosts), lambda: "no operator's namespace")


def _lay_out(path: Path, hosts: Sequence[LabHost], login_key: str) -> dict[LabHost, str]:
    """Write every host's disk; return their public host keys."""
    disks = Path(f"/proc/{keeper_of(path).pid}/root{path}/disks")
    below = image_of(path)
    umask = os.umask(0o022)
    try:
        with ThreadPoolExecutor(4) as pool:
            keys = pool.map(
                lambda host: disk.lay_out(disks / host.name, host, login_key, below), hosts
            )
            return dict(zip(hosts, keys, strict=True))
    finally:
        os.umask(umask)
