"""An interface as `wg` prints it. Sources: show.c and showconf.c of wireguard-tools."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache

from meshtui.demo.wire.engine import Engine


def dump(engine: Engine, listen_port: int, fwmark: int = 0) -> str:
    """What `wg show INTERFACE dump` prints, private and preshared keys included."""
    own = engine.identity
    private = _text(own.private_bytes()) if own else "(none)"
    public = _text(own.public_key) if own else "(none)"
    lines = [f"{private}\t{public}\t{listen_port}\t{hex(fwmark) if fwmark else 'off'}\n"]
    lines += [
        f"{_public(peer.public_key)}\t{_text(peer.psk) if any(peer.psk) else '(none)'}"
        f"\t{peer.endpoint or '(none)'}\t{','.join(p.text for p in peer.allowed) or '(none)'}"
        f"\t{peer.latest_handshake}\t{peer.rx}\t{peer.tx}\t{peer.keepalive or 'off'}\n"
        for peer in engine.peers.values()
    ]
    return "".join(lines)


def showconf(engine: Engine, listen_port: int, fwmark: int = 0) -> str:
    """What `wg showconf INTERFACE` prints, private and preshared keys included."""
    own = engine.identity
    lines = ["[Interface]"]
    if listen_port:
        lines.append(f"ListenPort = {listen_port}")
    if fwmark:
        lines.append(f"FwMark = {fwmark:#x}")
    if own:
        lines.append(f"PrivateKey = {_text(own.private_bytes())}")
    for peer in engine.peers.values():
        lines += ["", "[Peer]", f"PublicKey = {_text(peer.public_key)}"]
        if any(peer.psk):
            lines.append(f"PresharedKey = {_text(peer.psk)}")
        if peer.allowed:
            lines.append(f"AllowedIPs = {', '.join(p.text for p in peer.allowed)}")
        if peer.endpoint:
            lines.append(f"Endpoint = {peer.endpoint}")
        if peer.keepalive:
            lines.append(f"PersistentKeepalive = {peer.keepalive}")
    return "\n".join(lines) + "\n" + "\n" * (not engine.peers)


# Told again and again, and of a thousand hosts no more than these.
@lru_cache(maxsize=4096)
def _public(key: bytes) -> str:
    return _text(key)


def _text(key: bytes) -> str:
    return b64encode(key).decode("ascii")
