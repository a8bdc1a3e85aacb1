"""`wg`, of wireguard-tools. Sources: wg(8), set.c, setconf.c."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from os import urandom
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from meshtui.demo.calls import Answer
from meshtui.demo.device import Device
from meshtui.demo.tools import wg_conf
from meshtui.demo.tools.wg_conf import Wanted, Wrong
from meshtui.demo.tools.wg_show import show
from meshtui.errors import MeshError

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine


async def wg(machine: Machine, argv: list[str], stdin: bytes) -> Answer:
    """Any of its commands."""
    try:
        match argv:
            case ["genkey"]:
                return Answer(0, _text(X25519PrivateKey.generate().private_bytes_raw()) + b"\n")
            case ["genpsk"]:
                return Answer(0, _text(urandom(32)) + b"\n")
            case ["pubkey"]:
                return Answer(0, _public(stdin.decode("ascii", "replace")))
            case ["--version"]:
                return Answer(0, b"wireguard-tools v1.0.20210914 - the demo's own\n")
            case [] | ["show", *_]:
                return show(machine, argv[1:])
            case ["showconf", name]:
                return Answer(0, _device(machine, name, "access").showconf().encode())
            case ["set", name, word, *words]:
                wanted = _said(iter([word, *words]), stdin)
                wanted.onto(_device(machine, name, "modify"))
            case ["addconf", name, file]:
                wanted = wg_conf.read(_read(file, stdin))
                wanted.onto(_device(machine, name, "modify"))
            case ["setconf" | "syncconf" as how, name, file]:
                wanted = wg_conf.read(_read(file, stdin))
                wanted.over(_device(machine, name, "modify"), sync=how == "syncconf")
            case [("showconf" | "set" | "addconf" | "setconf" | "syncconf") as how, *_]:
                raise Wrong(f"Usage: wg {how} <interface> [...]")
            case _:
                raise Wrong(f"Invalid subcommand: `{argv[0]}'")
    except Wrong as wrong:
        return Answer(1, err=f"{wrong}\n".encode())
    except MeshError as error:
        return Answer(1, err=f"Unable to modify interface: {error.what}\n".encode())
    return Answer(0)


def _device(machine: Machine, name: str, to: str) -> Device:
    found = machine.device(name)
    if found is None:
        raise Wrong(f"Unable to {to} interface: No such device")
    return found


def _said(left: Iterator[str], stdin: bytes) -> Wanted:
    """What stands behind `wg set IF`."""
    wanted = Wanted()
    options: dict[str, Any] | None = None
    for word in left:
        match word:
            case "peer":
                options = {}
                wanted.peers.append((wg_conf.key(_next(left, word)), options))
            case "listen-port" if options is None:
                wanted.own["listen_port"] = wg_conf.port(_next(left, word))
            case "fwmark" if options is None:
                wanted.own["fwmark"] = wg_conf.fwmark(_next(left, word))
            case "private-key" if options is None:
                file = _read(_next(left, word), stdin)
                wanted.own["private_key"] = wg_conf.key_file(file)
            case "remove" if options is not None:
                options["remove"] = True
            case "preshared-key" if options is not None:
                file = _read(_next(left, word), stdin)
                options["preshared_key"] = wg_conf.key_file(file) or bytes(32)
            case "endpoint" if options is not None:
                options["endpoint"] = wg_conf.endpoint(_next(left, word))
            case "persistent-keepalive" if options is not None:
                options["persistent_keepalive"] = wg_conf.keepalive(_next(left, word))
            case "allowed-ips" if options is not None:
                options["allowed_ips"] = wg_conf.networks(_next(left, word))
                options["replace_allowed_ips"] = True
            case _:
                raise Wrong(f"Invalid argument: {word}")
    return wanted


def _next(words: Iterator[str], after: str) -> str:
    try:
        return next(words)
    except StopIteration:
        raise Wrong(f"Invalid argument: {after}") from None


def _read(file: str, stdin: bytes) -> str:
    if file == "/dev/null":
        return ""
    if file == "/dev/stdin":
        return stdin.decode("utf-8", "replace")
    try:
        return Path(file).read_text("utf-8", "replace")
    except OSError as error:
        raise Wrong(f"fopen: {error.strerror}") from None


def _public(text: str) -> bytes:
    try:
        key = wg_conf.key(text.strip())
    except Wrong:
        # Without the text: it may be a key that was cut.
        raise Wrong("wg: Key is not the correct length or format") from None
    public = X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    return _text(public) + b"\n"


def _text(key: bytes) -> bytes:
    return b64encode(key)
