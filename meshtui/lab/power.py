"""Turning hosts on, and the routers that some are behind."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.lab import procs
from meshtui.lab.names import V4_NET, LabHost
from meshtui.lab.paths import PLAIN_ENV, SCRIPTS


def keeper_of(path: Path) -> procs.Process:
    """PID 1 of the lab at `path`; MeshError if it is gone."""
    keeper = procs.recorded(path / "keeper.pid")
    if keeper is None or not keeper.alive:
        raise MeshError(f"the lab at {path} is down", hint="sudo meshtui lab up 5")
    return keeper


def image_of(path: Path) -> Path | None:
    """The system below the hosts' disks; None where it is the machine's own."""
    file = path / "image"
    return Path(file.read_text().strip()) if file.exists() else None


def record(path: Path, host: str) -> Path:
    """The file in which a host's boot script says which process it is."""
    return path / "hosts" / f"{host}.{'nspawn' if image_of(path) else 'pid'}"


def machinery(path: Path, host: str) -> list[procs.Process]:
    """What ends a host when it is ended: its PID 1, and with systemd what boots it."""
    first = procs.recorded(record(path, host))
    return [each for each in (init_of(path, host), first) if each and each.alive]


def init_of(path: Path, host: str) -> procs.Process | None:
    """The host's PID 1; None while it is powered off."""
    first = procs.recorded(record(path, host))
    if first is None or not first.alive:
        return None
    if image_of(path) is None:
        return first
    below = [each for nspawn in procs.children(first) for each in procs.children(nspawn)]
    inner = [each for each in below if procs.is_init(each)]
    return inner[0] if inner else None


def far_end(path: Path, host: LabHost) -> procs.Process:
    """What holds the network that the host's link leads to: its router's, or the switch."""
    if host.inner is None:
        return keeper_of(path)
    router = procs.recorded(_router(path, host))
    if router is None or not router.alive:
        raise MeshError("its router is gone", host=host.name, hint="make the lab anew")
    return router


def start_routers(path: Path, hosts: Sequence[LabHost], *, symmetric: bool) -> None:
    """Start the router of each of `hosts`; return once all do their work.

    Raises MeshError with a router's own words if one fails.
    """
    kind = " fully-random" if symmetric else ""
    _start(path, "router.sh", [f"{host.name} {host.v4}/32 {host.inner}{kind}" for host in hosts])
    waiting = list(hosts)

    def all_route() -> bool:
        for host in waiting:
            file = _router(path, host)
            if file.exists() and file.read_text().startswith("failed"):
                raise MeshError(f"no NAT: {_last_words(path, host)}", host=host.name)
        waiting[:] = [host for host in waiting if procs.recorded(_router(path, host)) is None]
        return not waiting

    procs.wait_until(
        all_route,
        10 + 0.5 * len(hosts),
        lambda: f"no router for {', '.join(host.name for host in waiting)}",
    )


def _router(path: Path, host: LabHost) -> Path:
    """The file in which the host's router says which process it is."""
    return path / "hosts" / f"{host.name}.router"


def power_on(path: Path, hosts: Sequence[LabHost]) -> None:
    """Boot `hosts` side by side; return once each one's sshd listens.

    Raises MeshError with the host's own words if one fails, or takes over
    10 s and 0.5 s for every host, 30 s and 3 s with systemd.
    """
    for host in hosts:
        record(path, host.name).unlink(missing_ok=True)
    systemd = image_of(path) is not None
    _start(
        path,
        "host-systemd.sh" if systemd else "host.sh",
        [f"{host.name} {far_end(path, host).pid} {_link(host)}" for host in hosts],
    )
    waiting = list(hosts)

    def all_answer() -> bool:
        waiting[:] = [host for host in waiting if not _answers(path, host)]
        return not waiting

    procs.wait_until(
        all_answer,
        30 + 3 * len(hosts) if systemd else 10 + 0.5 * len(hosts),
        lambda: f"no sshd on {', '.join(host.name for host in waiting)}",
    )


def _link(host: LabHost) -> str:
    """IPv4 address with its prefix length, IPv6 address and gateway of the host's own link."""
    if host.inner is not None:
        return f"{host.inner}/24 - {host.inner.rpartition('.')[0]}.1"
    v4 = f"{host.v4}/32" if host.v4 else "-"
    return f"{v4} {host.v6 or '-'} {V4_NET}.254"


def _start(path: Path, script: str, lines: Sequence[str]) -> None:
    """Run `script` once for each of `lines`, its arguments, below the keeper."""
    done = subprocess.run(
        [
            *("nsenter", f"--target={keeper_of(path).pid}", "--mount", "--pid", "--"),
            *("sh", str(SCRIPTS / "start.sh"), str(path), script),
        ],
        input="".join(f"{line}\n" for line in lines),
        env=PLAIN_ENV,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if done.returncode != 0:
        raise MeshError(f"{script} cannot be started: {done.stderr.strip()}")


def unplug(path: Path, host: LabHost) -> None:
    """Take the host's link away, both ends, if it is there.

    Before its processes end, for these would still say goodbye to their peers.
    """
    done = in_network(far_end(path, host), ["ip", "link", "del", host.name])
    if done.returncode != 0 and "Cannot find device" not in done.stderr:
        raise MeshError(f"its link stays: {done.stderr.strip()}", host=host.name)


def in_network(
    of: procs.Process, argv: Sequence[str], text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command with `text` as its input in the network namespace of a process."""
    return subprocess.run(
        ["nsenter", f"--net=/proc/{of.pid}/ns/net", *argv],
        input=text,
        env=PLAIN_ENV,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def _answers(path: Path, host: LabHost) -> bool:
    """Whether the host's sshd listens: it writes its PID file once it does. Outside, its boot."""
    file = record(path, host.name)
    first = procs.recorded(file)
    failed = file.exists() and file.read_text().startswith("failed")
    if failed or (first and not first.alive):
        raise MeshError(f"it does not boot: {_last_words(path, host)}", host=host.name)
    init = init_of(path, host.name)
    if init is None or (host.outside and image_of(path) is None):
        return init is not None
    sign = "dbus/system_bus_socket" if host.outside else "sshd.pid"
    return Path(f"/proc/{init.pid}/root/run/{sign}").exists()


def _last_words(path: Path, host: LabHost) -> str:
    log = path / "hosts" / f"{host.name}.log"
    text = log.read_text(errors="replace").strip() if log.exists() else ""
    return " / ".join(text.splitlines()[-3:]) or "it left no word"
