"""The wg-quick file that a host should have: what it has, with what meshtui knows changed."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_interface, ip_network

from meshtui.plan.seen import Seen
from meshtui.wg.conf import ConfFile, Section, parse, section
from meshtui.wg.dump import LivePeer
from meshtui.wg.interface import Address, Interface, Network, Peer

MARK = "# meshtui: "


def new_file(
    want: Interface,
    seen: Seen,
    networks: Collection[Network],
    gone: Collection[str],
    fresh_psk: Collection[str],
    made: str,
) -> str:
    """The file's new text, with marks for what is secret or not made yet (see `Work`).

    `gone` are public keys whose peers go; `fresh_psk` the names of peers whose link
    gets a new preshared key; `made` the mark for a private key where there is none.
    """
    old = parse(seen.file) if seen.file is not None else None
    if old is None:
        head = [_new_interface(want, seen, made)]
        kept: list[Section] = []
        unknown = [
            _unknown_peer(peer)
            for key, peer in (seen.live.peers if seen.live else {}).items()
            if key not in gone and key not in {peer.public_key for peer in want.peers}
        ]
    else:
        head = [s for s in old.sections if s.heading == ""] + [
            _edit_interface(old.interface, want, seen, networks, made)
        ]
        kept, unknown = [s for s in old.peers if s.get("PublicKey") not in gone], []
    by_key = {peer.public_key: peer for peer in want.peers if peer.public_key}
    peers = []
    for one in kept:
        peer = by_key.pop(one.get("PublicKey") or "", None)
        peers.append(_edit_peer(one, peer, seen, peer.name in fresh_psk) if peer else one)
    new = [
        _new_peer(peer, seen, peer.name in fresh_psk)
        for peer in want.peers
        if peer.public_key is None or peer.public_key in by_key
    ]
    return str(ConfFile((*head, *peers, *new, *unknown)))


def managed(seen: Seen) -> dict[str, str]:
    """Public key -> name, for the peers in the file that meshtui once made."""
    if seen.file is None:
        return {}
    found = {}
    for one in parse(seen.file).peers:
        key = one.get("PublicKey")
        for line in one.lines:
            if key and line.strip().startswith(MARK):
                found[key] = line.strip().removeprefix(MARK).strip()
    return found


def _new_interface(want: Interface, seen: Seen, made: str) -> Section:
    private = "@live@" if seen.live and seen.live.public_key else made
    pairs = [
        *(("Address", str(address)) for address in want.addresses),
        ("ListenPort", str(want.listen_port)),
        ("PrivateKey", private),
    ]
    if want.mtu:
        pairs.append(("MTU", str(want.mtu)))
    lines = section("interface", pairs).lines
    title = f"# {want.name}: kept by meshtui; other tools may read it, and add to it"
    return Section("interface", (title, *lines[1:]))


def _edit_interface(
    old: Section, want: Interface, seen: Seen, networks: Collection[Network], made: str
) -> Section:
    new = old
    have = [ip_interface(value) for value in old.values("Address")]
    addresses = [*want.addresses, *(a for a in have if not in_networks(a, networks))]
    if set(have) != set(addresses):
        new = new.put("Address", [str(address) for address in addresses])
    if old.get("ListenPort") != str(want.listen_port):
        new = new.put("ListenPort", [str(want.listen_port)])
    if want.mtu and old.get("MTU") != str(want.mtu):
        new = new.put("MTU", [str(want.mtu)])
    return new if _key_is_set_by_hook(old) else _edit_private_key(new, seen, made)


def _edit_private_key(old: Section, seen: Seen, made: str) -> Section:
    if seen.live and seen.live.public_key:
        # What runs is what the other hosts know.
        return old if seen.live.public_key == seen.file_key else old.put("PrivateKey", ["@live@"])
    return old if seen.file_key else old.put("PrivateKey", [made])


def _key_is_set_by_hook(old: Section) -> bool:
    hooks = (old.get(key) or "" for key in ("PreUp", "PostUp"))
    return old.get("PrivateKey") is None and any("private-key" in hook for hook in hooks)


def _new_peer(peer: Peer, seen: Seen, fresh_psk: bool) -> Section:
    pairs = [("PublicKey", peer.public_key or f"@public:{peer.name}@")]
    if (psk := _preshared(peer, seen, fresh_psk)) is not None:
        pairs.append(("PresharedKey", psk))
    pairs.append(("AllowedIPs", ", ".join(str(network) for network in peer.allowed_ips)))
    if peer.endpoint:
        pairs.append(("Endpoint", str(peer.endpoint)))
    if peer.persistent_keepalive:
        pairs.append(("PersistentKeepalive", str(peer.persistent_keepalive)))
    return section("peer", pairs, f"{MARK}{peer.name}")


def _edit_peer(old: Section, peer: Peer, seen: Seen, fresh_psk: bool) -> Section:
    new = old
    if {ip_network(v, strict=False) for v in old.values("AllowedIPs")} != set(peer.allowed_ips):
        new = new.put("AllowedIPs", [", ".join(str(network) for network in peer.allowed_ips)])
    # Without an endpoint of our own, one that somebody found out is the best there is.
    if peer.endpoint and old.get("Endpoint") != str(peer.endpoint):
        new = new.put("Endpoint", [str(peer.endpoint)])
    if keepalive_of(old) != peer.persistent_keepalive:
        seconds = peer.persistent_keepalive
        new = new.put("PersistentKeepalive", [str(seconds)] if seconds else [])
    psk = _preshared(peer, seen, fresh_psk)
    if psk is not None and (fresh_psk or old.get("PresharedKey") is None):
        new = new.put("PresharedKey", [psk])
    if new is not old and not any(line.strip().startswith(MARK) for line in new.lines):
        new = new.insert(f"{MARK}{peer.name}")
    return new


def keepalive_of(peer: Section) -> int:
    """Seconds; 0 is off. What is no number is off, too."""
    text = peer.get("PersistentKeepalive") or ""
    return int(text) if text.isdigit() else 0


def _preshared(peer: Peer, seen: Seen, fresh: bool) -> str | None:
    """The mark for the link's preshared key: a new one, the running one, or none."""
    if fresh:
        return f"@psk:{peer.name}@"
    if peer.public_key in seen.preshared:
        return f"@live-psk:{peer.public_key}@"
    return None


def _unknown_peer(peer: LivePeer) -> Section:
    pairs = [("PublicKey", peer.public_key), ("AllowedIPs", ", ".join(peer.allowed_ips))]
    if peer.preshared:
        pairs.insert(1, ("PresharedKey", f"@live-psk:{peer.public_key}@"))
    if peer.endpoint:
        pairs.append(("Endpoint", peer.endpoint))
    if peer.persistent_keepalive:
        pairs.append(("PersistentKeepalive", str(peer.persistent_keepalive)))
    return section("peer", pairs, "# not in mesh.toml; it was running when this file was made")


def in_networks(address: Address, networks: Collection[Network]) -> bool:
    """Whether an address is the mesh's to decide on."""
    return any(address.ip in network for network in networks)
