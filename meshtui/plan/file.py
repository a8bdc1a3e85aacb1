"""The wg-quick file that a host should have: what it has, with what meshtui knows changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from ipaddress import ip_interface, ip_network

from meshtui.plan.seen import Seen
from meshtui.wg.conf import ConfFile, Section, section
from meshtui.wg.dump import LivePeer
from meshtui.wg.endpoint import Endpoint, parse_endpoint
from meshtui.wg.interface import Address, Interface, Network, Peer

MARK = "# meshtui: "


def new_file(
    want: Interface,
    seen: Seen,
    old: ConfFile | None,
    networks: Collection[Network],
    gone: Collection[str],
    fresh_psk: Collection[str],
    made: str,
) -> str:
    """The file's new text, with marks for what is secret or not made yet (see `Work`).

    `old` is the file as it is; `gone` are public keys whose peers go; `fresh_psk` the
    names of peers whose link gets a new preshared key; `made` the mark for a private
    key where there is none.
    """
    if old is None:
        own = {peer.public_key for peer in want.peers}
        unknown = [
            _unknown_peer(peer)
            for key, peer in (seen.live.peers if seen.live else {}).items()
            if key not in gone and key not in own
        ]
        new = [_new_peer(peer, seen, peer.name in fresh_psk) for peer in want.peers]
        return str(ConfFile((_new_interface(want, seen, networks, made), *new, *unknown)))
    by_key = {peer.public_key: peer for peer in want.peers if peer.public_key}
    hooked = _set_by_hook(old.interface, "preshared-key")
    sections: list[Section] = []
    for one in _without_doubles(old.sections, frozenset(by_key)):
        key = one.get("PublicKey") or ""
        if one.heading == "interface":
            sections.append(_edit_interface(one, want, seen, networks, made))
        elif one.heading == "peer" and key in by_key:
            peer = by_key.pop(key)
            psk = _preshared(peer, seen, peer.name in fresh_psk)
            if peer.name not in fresh_psk and (hooked or _is_in_file(one, key, seen)):
                psk = None
            sections.append(_edit_peer(one, peer, psk))
        elif one.heading == "" or key not in gone:
            sections.append(one)
    missing = (p for p in want.peers if p.public_key is None or p.public_key in by_key)
    new = [_new_peer(peer, seen, peer.name in fresh_psk) for peer in missing]
    return str(ConfFile(tuple(sections)).add(new))


def managed(conf: ConfFile | None) -> dict[str, str]:
    """Public key -> name, for the peers in the file that meshtui once made."""
    found = {}
    for one in conf.peers if conf else ():
        marks = [line.strip() for line in one.lines if line.lstrip().startswith(MARK)]
        if marks and (key := one.get("PublicKey")):
            found[key] = marks[-1].removeprefix(MARK).strip()
    return found


def addresses_of(interface: Section) -> list[Address]:
    """What `Address` says; wg-quick takes commas and spaces alike. ValueError: not addresses."""
    values = (word for value in interface.values("Address") for word in value.split())
    return [ip_interface(value) for value in values]


def key_is_set_by_hook(interface: Section) -> bool:
    """Whether the file holds no private key because a command of it sets one."""
    return interface.get("PrivateKey") is None and _set_by_hook(interface, "private-key")


def _without_doubles(sections: Iterable[Section], wanted: Collection[str]) -> Iterator[Section]:
    """Each wanted peer once: of the same peer in two sections `wg` merges, the last wins."""
    by_key: dict[str, list[Section]] = {}
    for one in sections:
        if one.heading == "peer":
            by_key.setdefault(one.get("PublicKey") or "", []).append(one)
    for one in sections:
        key = one.get("PublicKey") if one.heading == "peer" else None
        if key not in wanted:
            yield one
        elif same := by_key.pop(key or "", []):
            merged = same[0]
            for name in ("PresharedKey", "Endpoint"):
                if value := next((v for s in reversed(same) if (v := s.get(name))), None):
                    merged = merged.put(name, [value])
            yield merged


def _new_interface(
    want: Interface, seen: Seen, networks: Collection[Network], made: str
) -> Section:
    private = "@live@" if seen.live and seen.live.public_key else made
    others = [a for a in seen.addresses if not in_networks(a, networks)]
    pairs = [
        *(("Address", str(address)) for address in (*want.addresses, *others)),
        ("ListenPort", str(want.listen_port)),
        ("PrivateKey", private),
    ]
    if want.mtu:
        pairs.append(("MTU", str(want.mtu)))
    if seen.live and seen.live.fwmark:
        pairs.append(("FwMark", seen.live.fwmark))
    lines = section("interface", pairs).lines
    title = f"# {want.name}: kept by meshtui; other tools may read it, and add to it"
    return Section("interface", (title, *lines[1:]))


def _edit_interface(
    old: Section, want: Interface, seen: Seen, networks: Collection[Network], made: str
) -> Section:
    new = old
    have = addresses_of(old)
    addresses = [*want.addresses, *(a for a in have if not in_networks(a, networks))]
    if set(have) != set(addresses):
        new = new.put("Address", [str(address) for address in addresses])
    if old.get("ListenPort") != str(want.listen_port):
        new = new.put("ListenPort", [str(want.listen_port)])
    if want.mtu and old.get("MTU") != str(want.mtu):
        new = new.put("MTU", [str(want.mtu)])
    return new if key_is_set_by_hook(old) else _edit_private_key(new, seen, made)


def _edit_private_key(old: Section, seen: Seen, made: str) -> Section:
    if seen.live and seen.live.public_key:
        # What runs is what the other hosts know.
        return old if seen.live.public_key == seen.file_key else old.put("PrivateKey", ["@live@"])
    return old if seen.file_key else old.put("PrivateKey", [made])


def _set_by_hook(interface: Section, what: str) -> bool:
    return any(what in hook for key in ("PreUp", "PostUp") for hook in interface.every(key))


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


def _edit_peer(old: Section, peer: Peer, psk: str | None) -> Section:
    new = old
    if not _are(old.values("AllowedIPs"), peer.allowed_ips):
        new = new.put("AllowedIPs", [", ".join(str(network) for network in peer.allowed_ips)])
    # Without an endpoint of our own, one that somebody found out is the best there is.
    if peer.endpoint and not is_endpoint(old.get("Endpoint"), peer.endpoint):
        new = new.put("Endpoint", [str(peer.endpoint)])
    if keepalive_of(old) != peer.persistent_keepalive:
        seconds = peer.persistent_keepalive
        new = new.put("PersistentKeepalive", [str(seconds)] if seconds else [])
    if psk is not None:
        new = new.put("PresharedKey", [psk])
    if new is not old and not any(line.strip().startswith(MARK) for line in new.lines):
        new = new.insert(f"{MARK}{peer.name}")
    return new


def _are(texts: Collection[str], networks: Collection[Network]) -> bool:
    """Whether `texts` say these networks, in whatever order and way to write them."""
    try:
        return {ip_network(text, strict=False) for text in texts} == set(networks)
    except ValueError:
        return False


def is_endpoint(text: str | None, endpoint: Endpoint) -> bool:
    """Whether `text` says this endpoint, in whatever way to write it."""
    if text == str(endpoint):
        return True
    try:
        return text is not None and parse_endpoint(text) == endpoint
    except ValueError:
        return False


def keepalive_of(peer: Section) -> int:
    """Seconds; 0 is off. What is no number is off, too."""
    text = peer.get("PersistentKeepalive") or ""
    return int(text) if text.isascii() and text.isdigit() else 0


def _preshared(peer: Peer, seen: Seen, fresh: bool) -> str | None:
    """The mark for the link's preshared key: a new one, the running one, or none."""
    if fresh:
        return f"@psk:{peer.name}@"
    if peer.public_key in seen.preshared:
        return f"@live-psk:{peer.public_key}@"
    return None


def _is_in_file(peer: Section, key: str, seen: Seen) -> bool:
    """Whether the file has the preshared key that runs."""
    return seen.file_preshared.get(peer.get("PresharedKey") or "") == seen.preshared.get(key)


def _unknown_peer(peer: LivePeer) -> Section:
    pairs = [("PublicKey", peer.public_key)]
    if peer.preshared:
        pairs.append(("PresharedKey", f"@live-psk:{peer.public_key}@"))
    if peer.allowed_ips:  # `wg` takes no empty list
        pairs.append(("AllowedIPs", ", ".join(peer.allowed_ips)))
    if peer.endpoint:
        pairs.append(("Endpoint", peer.endpoint))
    if peer.persistent_keepalive:
        pairs.append(("PersistentKeepalive", str(peer.persistent_keepalive)))
    return section("peer", pairs, "# not in mesh.toml; it was running when this file was made")


def in_networks(address: Address, networks: Collection[Network]) -> bool:
    """Whether an address is the mesh's to decide on."""
    return any(address.ip in network for network in networks)
