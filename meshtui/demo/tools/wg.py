"""`wg`, of wireguard-tools. Sources: wg(8), show.c, config.c."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from os import urandom
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from meshtui.demo.calls import Answer
from meshtui.demo.device import Device
from meshtui.demo.tools.wg_show import show
from meshtui.errors import MeshError
from meshtui.wg.conf import ConfFile, Section, parse
from meshtui.wg.endpoint import Endpoint, parse_endpoint
from meshtui.wg.interface import Network

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

_KEYS = (
    "PrivateKey|ListenPort|FwMark|PublicKey|PresharedKey|AllowedIPs|Endpoint|PersistentKeepalive"
)
_LINE = re.compile(rf"\[(?:Interface|Peer)\]$|(?:{_KEYS})=", re.IGNORECASE)


class Wrong(Exception):
    """What `wg` says before it ends with 1."""


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
            case ["set", name, *words]:
                _set(_device(machine, name, "modify"), words, stdin)
            case ["setconf" | "addconf" | "syncconf" as how, name, file]:
                text = _read(file, stdin)
                _configure(_device(machine, name, "modify"), how, text)
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


def _set(device: Device, words: list[str], stdin: bytes) -> None:
    left = iter(words)
    for word in left:
        match word:
            case "listen-port":
                device.listen_port = _port(_next(left, word))
            case "fwmark":
                _next(left, word)
            case "private-key":
                device.set_private_key(_key(_read(_next(left, word), stdin)))
            case "peer":
                _set_peers(device, _key(_next(left, word)), left, stdin)
            case _:
                raise Wrong(f"Invalid argument: {word}")


def _set_peers(device: Device, key: bytes | None, left: Iterator[str], stdin: bytes) -> None:
    """The rest of the line: peers, each with what is set of it."""
    options: dict[str, Any] = {}

    def done() -> None:
        assert key
        device.set_peer(key, **options)

    for word in left:
        match word:
            case "remove":
                options["remove"] = True
            case "preshared-key":
                options["preshared_key"] = _key(_read(_next(left, word), stdin)) or bytes(32)
            case "endpoint":
                options["endpoint"] = _endpoint(_next(left, word))
            case "persistent-keepalive":
                options["persistent_keepalive"] = _seconds(_next(left, word))
            case "allowed-ips":
                options |= {
                    "allowed_ips": _networks([_next(left, word)]),
                    "replace_allowed_ips": True,
                }
            case "peer":
                done()
                key, options = _key(_next(left, word)), {}
            case _:
                raise Wrong(f"Invalid argument: {word}")
    done()


def _configure(device: Device, how: str, text: str) -> None:
    """What a file says; `syncconf` leaves the sessions of peers that stay."""
    try:
        conf = _parsed(text)
        private, port = conf.interface.get("PrivateKey"), conf.interface.get("ListenPort")
        own_key, own_port = _key(private or ""), _port(port or "0")
        wanted = {_key(peer.get("PublicKey") or ""): _settings(peer) for peer in conf.peers}
    except Wrong as wrong:
        raise Wrong(f"{wrong}\nConfiguration parsing error") from None
    if None in wanted:
        raise Wrong("A peer is missing a public key\nInvalid configuration")
    # What is added to leaves what it does not name; else it is the whole of the interface.
    if private is not None or how != "addconf":
        device.set_private_key(own_key)
    if port is not None or how != "addconf":
        device.listen_port = own_port
    if how != "addconf":
        for row in device.dump().splitlines()[1:]:
            key = _key(row.split("\t")[0])
            if key and (how == "setconf" or key not in wanted):
                device.set_peer(key, remove=True)
    for key, settings in wanted.items():
        assert key
        device.set_peer(key, **settings)


def _parsed(text: str) -> ConfFile:
    for line in text.splitlines():
        bare = "".join(line.partition("#")[0].split())
        if bare and not _LINE.match(bare):
            raise Wrong(f"Line unrecognized: `{bare}'")
    try:
        # What comes by stdin may be peers alone.
        return parse(text if "[interface]" in text.lower() else f"[Interface]\n{text}")
    except ValueError as error:
        raise Wrong(str(error)) from None


def _settings(peer: Section) -> dict[str, Any]:
    found: dict[str, Any] = {
        "allowed_ips": _networks(peer.values("AllowedIPs")),
        "replace_allowed_ips": True,
    }
    if (endpoint := peer.get("Endpoint")) is not None:
        found["endpoint"] = _endpoint(endpoint)
    if (psk := peer.get("PresharedKey")) is not None:
        found["preshared_key"] = _key(psk)
    if (seconds := peer.get("PersistentKeepalive")) is not None:
        found["persistent_keepalive"] = _seconds(seconds)
    return found


def _next(words: Iterator[str], behind: str) -> str:
    try:
        return next(words)
    except StopIteration:
        raise Wrong(f"Invalid argument: {behind}") from None


def _read(file: str, stdin: bytes) -> str:
    if file == "/dev/null":
        return ""
    if file == "/dev/stdin":
        return stdin.decode("utf-8", "replace")
    try:
        return Path(file).read_text("utf-8", "replace")
    except OSError as error:
        raise Wrong(f"fopen: {error.strerror}") from None


def _key(text: str) -> bytes | None:
    """None: an empty text, by which `wg` takes a key away."""
    if not text.strip():
        return None
    try:
        key = b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise Wrong("Key is not the correct length or format")
    return key


def _public(text: str) -> bytes:
    try:
        key = _key(text)
    except Wrong:
        key = None
    if key is None:
        raise Wrong("wg: Key is not the correct length or format")
    public = X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    return _text(public) + b"\n"


def _endpoint(text: str) -> Endpoint:
    try:
        found = parse_endpoint(text)
    except ValueError:
        raise Wrong(f"Unable to parse endpoint: `{text}'") from None
    if not found.is_address:
        raise Wrong(f"Name or service not known: `{text}'")
    return found


def _networks(values: Iterable[str]) -> list[Network]:
    found = []
    for one in (one.strip() for value in values for one in value.split(",")):
        try:
            found += [ip_network(one, strict=False)] if one else []
        except ValueError:
            raise Wrong(f"AllowedIP is not in the correct format: `{one}'") from None
    return found


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 0xFFFF):
        raise Wrong(f"Servname not supported for ai_socktype: `{text}'")
    return int(text)


def _seconds(text: str) -> int:
    if text != "off" and not (text.isdecimal() and int(text) <= 0xFFFF):
        raise Wrong(f"Persistent keepalive interval is neither 0/off nor 1-65535: `{text}'")
    return 0 if text == "off" else int(text)


def _text(key: bytes) -> bytes:
    return b64encode(key)
