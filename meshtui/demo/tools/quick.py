"""`wg-quick`, and `sysctl`, which is all that the hooks of a demo's host can run."""

from __future__ import annotations

import re
import shlex
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from meshtui.demo.calls import Answer
from meshtui.demo.links import Link, Route
from meshtui.demo.tools.wg import wg
from meshtui.errors import MeshError
from meshtui.wg.conf import ConfFile, Section, parse

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

#: What `wg` does not know: it is wg-quick's own.
_OWN = "address|dns|mtu|table|preup|predown|postup|postdown|saveconfig"
_ONLY_QUICK = re.compile(rf"^\s*(?:{_OWN})\s*=.*\n?", re.IGNORECASE | re.MULTILINE)


class _Failed(Exception):
    """A step did not work; what was made is taken away again."""


async def wg_quick(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """up, down, strip or save of an interface's file."""
    if len(argv) != 2 or argv[0] not in ("up", "down", "strip", "save"):
        return Answer(
            1, err=b"Usage: wg-quick [ up | down | save | strip ] [ CONFIG_FILE | INTERFACE ]\n"
        )
    how, name = argv
    text = _read(machine.root / "etc/wireguard" / f"{name}.conf")
    if text is None:
        return _no(f"`/etc/wireguard/{name}.conf' does not exist")
    try:
        conf, said = parse(text), list[str]()
    except ValueError as error:
        return _no(f"`/etc/wireguard/{name}.conf': {error}")
    if how == "strip":
        return Answer(0, _ONLY_QUICK.sub("", str(conf)).encode())
    if how == "up" and name in machine.kernel.links:
        return _no(f"`{name}' already exists")
    if how != "up" and machine.device(name) is None:
        return _no(f"`{name}' is not a WireGuard interface")
    try:
        if how == "up":
            await _up(machine, name, conf, said)
        elif how == "down":
            await _down(machine, name, conf, said)
        else:
            return _no("a demo's host cannot save")
    except (_Failed, ValueError) as failed:
        said.append(str(failed))
        if how == "up":
            said.append(f"[#] ip link delete dev {name}")
            machine.remove(name)
        return Answer(1, err=_text(said))
    return Answer(0, err=_text(said))


def _read(file: Path) -> str | None:
    return file.read_text("utf-8", "replace") if file.exists() else None


async def _up(machine: Machine, name: str, conf: ConfFile, said: list[str]) -> None:
    said.append(f"[#] ip link add {name} type wireguard")
    link = machine.add_wireguard(name)
    await _hooks(machine, name, conf.interface, "PreUp", said)
    said.append(f"[#] wg setconf {name} /dev/fd/63")
    text = _ONLY_QUICK.sub("", str(conf)).encode()
    done = await wg(machine, ["setconf", name, "/dev/stdin"], text)
    if done.status:
        raise _Failed(done.err.decode().strip())
    try:
        for value in conf.interface.values("Address"):
            address = ip_interface(value)
            said.append(f"[#] ip -{address.version} address add {address} dev {name}")
            machine.kernel.add_address(name, address)
    except (ValueError, FileExistsError):
        raise _Failed(f"Error: {value} cannot be an address of {name}") from None
    mtu = conf.interface.get("MTU") or str(link.mtu)
    said.append(f"[#] ip link set mtu {mtu} up dev {name}")
    if not mtu.isdecimal():
        raise _Failed(f'Error: argument "{mtu}" is wrong: Invalid "mtu" value')
    machine.set_mtu(link, int(mtu))
    try:
        await machine.up(link)
    except MeshError as error:
        raise _Failed(f"RTNETLINK answers: {error.what}") from None
    if (conf.interface.get("Table") or "auto") == "auto":
        _route(machine, link, conf, said)
    await _hooks(machine, name, conf.interface, "PostUp", said)


def _route(machine: Machine, link: Link, conf: ConfFile, said: list[str]) -> None:
    """What no address of the interface leads to by itself, the most exact first."""
    wanted = {ip_network(v, strict=False) for p in conf.peers for v in p.values("AllowedIPs")}
    own = [a.network for a in link.addresses]
    for to in sorted(wanted, key=lambda net: (-net.prefixlen, str(net))):
        covered = any(
            to.version == net.version and net.supernet_of(to)  # type: ignore[arg-type]
            for net in own
        )
        # A demo's host has no policy routing: what would take all stays out of its routes.
        if covered or not to.prefixlen:
            continue
        said.append(f"[#] ip -{to.version} route add {to} dev {link.name}")
        try:
            machine.kernel.add_route(Route(to, link.name))
        except FileExistsError:
            raise _Failed("RTNETLINK answers: File exists") from None


async def _down(machine: Machine, name: str, conf: ConfFile, said: list[str]) -> None:
    await _hooks(machine, name, conf.interface, "PreDown", said)
    said.append(f"[#] ip link delete dev {name}")
    machine.remove(name)
    await _hooks(machine, name, conf.interface, "PostDown", said)


async def _hooks(machine: Machine, name: str, own: Section, when: str, said: list[str]) -> None:
    for hook in own.every(when):
        said.append(f"[#] {hook}")
        for one in hook.replace("%i", name).split(";"):
            words = shlex.split(one, comments=True)
            if not words:
                continue
            # As `|| :` has it in a hook of meshtui's.
            at_best = "||" in words
            words = words[: words.index("||")] if at_best else words
            if words[0] != "sysctl":
                raise _Failed(f"/usr/bin/wg-quick: {words[0]}: command not found")
            if (await sysctl(machine, words[1:], b"")).status and not at_best:
                raise _Failed(f"sysctl: cannot set {words[-1]}")


async def sysctl(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """Shows or sets what lies in /proc/sys."""
    return _sysctl(machine.root / "proc/sys", argv)


def _sysctl(folder: Path, argv: list[str]) -> Answer:
    out = []
    for word in (word for word in argv if not word.startswith("-")):
        name, equals, value = word.partition("=")
        file = folder / name.replace(".", "/")
        if not file.is_file():
            why = (
                f"sysctl: cannot stat /proc/sys/{name.replace('.', '/')}: No such file or directory"
            )
            return Answer(255, err=f"{why}\n".encode())
        if equals:
            file.write_text(f"{value}\n")
        else:
            out.append(file.read_text() if "-n" in argv else f"{name} = {file.read_text()}")
    return Answer(0, "".join(out).encode())


def _no(what: str) -> Answer:
    return Answer(1, err=f"wg-quick: {what}\n".encode())


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
