"""The wg-quick file that a host should have: what it has, with what meshtui knows changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import ip_interface, ip_network

from meshtui.mesh.families import SECOND
from meshtui.mesh.names import is_host_name
from meshtui.plan.forward import MARK as FORWARD
from meshtui.plan.forward import hooks
from meshtui.plan.seen import Seen
from meshtui.wg.conf import ConfFile, Section, section
from meshtui.wg.dump import LivePeer
from meshtui.wg.endpoint import parse_endpoint
from meshtui.wg.interface import Address, Interface, Network, Peer

MARK = "# meshtui: "


def new_file(
    want: Interface,
    seen: Seen,
    old: ConfFile | None,
    stand: Mapping[str, Sequence[Section]],
    networks: Collection[Network],
    gone: Collection[str],
    fresh_psk: Collection[str],
    made: str,
) -> str:
    """The file's new text, with marks for what is secret or not made yet (see `Work`).

    `old` is the file as it is and `stand` its peers by key; `gone` are public keys whose
    peers go; `fresh_psk` the names of peers whose link gets a new preshared key; `made`
    the mark for a private key where there is none.
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
    missing = {peer.public_key: peer for peer in want.peers if peer.public_key}
    wanted = frozenset(missing)
    hooked = _set_by_hook(old.interface, "preshared-key")
    sections: list[Section] = []
    for one in old.sections:
        key = one.get("PublicKey") or "" if one.heading == "peer" else ""
        if one.heading == "interface":
            sections.append(_edit_interface(one, want, seen, networks, made))
        elif key in missing:
            peer, one_of_it = missing.pop(key), _merged(stand[key])
            psk = _preshared(peer, seen, peer.name in fresh_psk)
            if psk and peer.name not in fresh_psk:
                psk = None if hooked or _is_in_file(one_of_it, key, seen) else psk
            sections.append(_edit_peer(one_of_it, peer, psk))
        elif key not in wanted and key not in gone:
            sections.append(one)
    rest = (p for p in want.peers if p.public_key is None or p.public_key in missing)
    new = [_new_peer(peer, seen, peer.name in fresh_psk) for peer in rest]
    return str(ConfFile(tuple(sections)).add(new))


def peers_by_key(conf: ConfFile | None) -> dict[str, list[Section]]:
    """The file's peers by public key; those without one are under an empty text."""
    found: dict[str, list[Section]] = {}
    for one in conf.peers if conf else ():
        found.setdefault(one.get("PublicKey") or "", []).append(one)
    return found


def mark_of(same: Iterable[Section]) -> str | None:
    """The name that meshtui gave this peer when it made it; None: somebody else did."""
    lines = (line.strip() for one in same for line in one.lines)
    return next((li.removeprefix(MARK).strip() for li in lines if li.startswith(MARK)), None)


def kept_title(interface: str) -> str:
    """What begins the first line of a file that meshtui made."""
    return f"# {interface}: kept by meshtui"


def is_kept(conf: ConfFile, interface: str) -> bool:
    """Whether meshtui made the file, or wrote into it."""
    ours = (MARK, kept_title(interface))
    return any(line.strip().startswith(ours) for one in conf.sections for line in one.lines)


def addresses_of(interface: Section) -> list[Address]:
    """What `Address` says; wg-quick takes commas and spaces alike. ValueError: not addresses."""
    values = (word for value in interface.values("Address") for word in value.split())
    return [ip_interface(value) for value in values]


def key_is_set_by_hook(interface: Section) -> bool:
    """Whether the file holds no private key because a command of it sets one."""
    return interface.get("PrivateKey") is None and _set_by_hook(interface, "private-key")


def _merged(same: Sequence[Section]) -> Section:
    """One section of all that there are for one peer: `wg` merges them, the last wins."""
    merged = same[0]
    for name in ("PresharedKey", "Endpoint") if len(same) > 1 else ():
        if value := next((v for s in reversed(same) if (v := s.get(name))), None):
            merged = merged.put(name, [value])
    return merged


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
    title = f"{kept_title(want.name)}; other tools may read it, and add to it"
    return Section("interface", (title, *lines[1:], *hooks(want, seen)))


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
    elif want.mtu == 0 and old.get("MTU"):
        new = new.put("MTU", [])
    new = new.mark(FORWARD, hooks(want, seen))
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
    pairs.append(("AllowedIPs", ", ".join(peer.prefixes)))
    if peer.at:
        pairs.append(("Endpoint", peer.at))
    if peer.persistent_keepalive:
        pairs.append(("PersistentKeepalive", str(peer.persistent_keepalive)))
    made = section("peer", pairs, f"{MARK}{peer.name}")
    return made.insert(peer.note) if peer.note else made


def _edit_peer(old: Section, peer: Peer, psk: str | None) -> Section:
    new = _renamed(old, peer)
    if not _are(old.values("AllowedIPs"), peer):
        new = new.put("AllowedIPs", [", ".join(peer.prefixes)])
    # Without an endpoint of our own, one that somebody found out is the best there is.
    if peer.at and not is_endpoint(old.get("Endpoint"), peer):
        new = new.put("Endpoint", [peer.at])
    new = _noted(new, peer)
    if keepalive_of(old) != peer.persistent_keepalive:
        seconds = peer.persistent_keepalive
        new = new.put("PersistentKeepalive", [str(seconds)] if seconds else [])
    if psk is not None:
        new = new.put("PresharedKey", [psk])
    if new is not old and not any(line.strip().startswith(MARK) for line in new.lines):
        new = new.insert(f"{MARK}{peer.name}")
    return new


def _noted(old: Section, peer: Peer) -> Section:
    """With the note on the peer's endpoint and no other."""
    if peer.note and old.has(peer.note):
        return old
    new = old.mark(SECOND, ())
    return new.insert(peer.note) if peer.note else new


def _renamed(old: Section, peer: Peer) -> Section:
    """With the peer's name in meshtui's own mark: the host may have had another."""
    mark = f"{MARK}{peer.name}"
    if mark in old.lines:
        return old
    lines = tuple(_remarked(line, mark) for line in old.lines)
    return old if lines == old.lines else Section(old.heading, lines)


def _remarked(line: str, mark: str) -> str:
    words = line.strip()
    # Whoever wrote more than a name behind it keeps that.
    if words == mark or not words.startswith(MARK) or not is_host_name(words.removeprefix(MARK)):
        return line
    return line.replace(words, mark)


def _are(texts: tuple[str, ...], peer: Peer) -> bool:
    """Whether `texts` are the peer's prefixes, in whatever order and way to write them."""
    if texts == peer.prefixes:
        return True
    try:
        return {ip_network(text, strict=False) for text in texts} == set(peer.allowed_ips)
    except ValueError:
        return False


def is_endpoint(text: str | None, peer: Peer) -> bool:
    """Whether `text` says the peer's endpoint, in whatever way to write it."""
    if text == peer.at:
        return True
    try:
        return text is not None and parse_endpoint(text) == peer.endpoint
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
