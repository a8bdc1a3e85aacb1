"""systemd's tools: `wg-quick@IF` at boot and now, and what is to be run later."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from meshtui.demo.calls import Answer
from meshtui.demo.tools.quick import wg_quick

if TYPE_CHECKING:
    from pathlib import Path

    from meshtui.demo.machine import Machine

_UNIT = re.compile(r"wg-quick@([\w.=+-]+?)(?:\.service)?")


def _wants(machine: Machine) -> Path:
    return machine.root / "etc/systemd/system/multi-user.target.wants"


async def boot(machine: Machine) -> None:
    """Start what is enabled."""
    for file in sorted(_wants(machine).glob("wg-quick@*.service")):
        await _start(machine, file.name)


async def systemctl(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """The verbs that a wg-quick unit needs; a timer can only be stopped."""
    options = {word for word in argv if word.startswith("-")}
    verb, *units = [word for word in argv if not word.startswith("-")] or [""]
    if not units or verb not in _VERBS:
        return Answer(1, err=f"Unknown command verb {verb}.\n".encode())
    last = Answer(0)
    for unit in units:
        if unit.endswith(".timer"):
            if timer := machine.timers.pop(unit.removesuffix(".timer"), None):
                timer.cancel()
            continue
        if not _UNIT.fullmatch(unit):
            return Answer(5, err=f"Unit {unit} could not be found.\n".encode())
        last = await _do(machine, verb, unit, now="--now" in options)
        if "-q" in options or "--quiet" in options:
            last = last._replace(out=b"")
        if last.status:
            break
    return last


_VERBS = (
    "enable",
    "disable",
    "is-enabled",
    "is-active",
    "start",
    "stop",
    "restart",
    "reset-failed",
)


async def _do(machine: Machine, verb: str, unit: str, *, now: bool) -> Answer:
    service = unit if unit.endswith(".service") else f"{unit}.service"
    link = _wants(machine) / service
    match verb:
        case "is-enabled":
            return Answer(0, b"enabled\n") if link.exists() else Answer(1, b"disabled\n")
        case "is-active":
            if service in machine.active:
                return Answer(0, b"active\n")
            return Answer(3, b"failed\n" if service in machine.failed else b"inactive\n")
        case "enable":
            link.parent.mkdir(parents=True, exist_ok=True)
            link.touch()
            return await _start(machine, service) if now else Answer(0)
        case "disable":
            link.unlink(missing_ok=True)
            return await _stop(machine, service) if now else Answer(0)
        case "start":
            return await _start(machine, service)
        case "stop":
            return await _stop(machine, service)
        case "restart":
            await _stop(machine, service)
            return await _start(machine, service)
    machine.failed.discard(service)
    return Answer(0)


def _interface(service: str) -> str:
    found = _UNIT.fullmatch(service)
    assert found
    return found[1]


async def _start(machine: Machine, service: str) -> Answer:
    if service in machine.active:
        return Answer(0)
    done = await wg_quick(machine, ["up", _interface(service)], b"")
    machine.started.setdefault(service, []).extend(done.err.decode().splitlines())
    if done.status:
        machine.failed.add(service)
        why = f"Job for {service} failed because the control process exited with error code.\n"
        return Answer(1, err=why.encode())
    machine.failed.discard(service)
    machine.active.add(service)
    return Answer(0)


async def _stop(machine: Machine, service: str) -> Answer:
    if service in machine.active:
        machine.active.discard(service)
        done = await wg_quick(machine, ["down", _interface(service)], b"")
        machine.started.setdefault(service, []).extend(done.err.decode().splitlines())
    return Answer(0)


async def journalctl(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """What a unit said, the last lines of it."""
    unit = argv[argv.index("-u") + 1] if "-u" in argv[:-1] else ""
    lines = int(argv[argv.index("-n") + 1]) if "-n" in argv[:-1] else 100
    service = unit if unit.endswith(".service") else f"{unit}.service"
    said = machine.started.get(service, [])[-lines:]
    return Answer(0, "".join(f"{line}\n" for line in said).encode())


async def systemd_run(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """A command, as soon as the seconds of --on-active are over."""
    command = next((at for at, word in enumerate(argv) if not word.startswith("-")), len(argv))
    options = dict(word.lstrip("-").partition("=")[::2] for word in argv[:command])
    if command == len(argv) or not options.get("on-active") or not options.get("unit"):
        return Answer(1, err=b"a demo's host runs what has --unit, --on-active and a command\n")
    unit = options["unit"]
    if unit in machine.timers:
        why = f"Failed to start transient timer unit: Unit {unit}.timer was already loaded."
        return Answer(1, err=f"{why}\n".encode())

    def begin() -> None:
        machine.timers.pop(unit, None)
        machine.in_background(machine.spawn(argv[command:]))

    loop = asyncio.get_running_loop()
    machine.timers[unit] = loop.call_later(float(options["on-active"]), begin)
    return Answer(0)
