"""Why a host can't be changed as it is, said before anything is tried."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_network

from meshtui.errors import HostError
from meshtui.mesh.model import Host, Mesh
from meshtui.plan.clash import clash
from meshtui.plan.file import addresses_of, key_is_set_by_hook
from meshtui.plan.seen import Seen
from meshtui.wg.conf import ConfFile, Section, parse
from meshtui.wg.interface import Interface

#: A mesh of 1,000 hosts has 7,000. What is longer would keep the diff busy for hours.
_MOST_LINES = 20_000

_NEEDED = ("wg", "wg-quick", "ip", "awk", "sha256sum")
_PACKAGE = {"wg": "wireguard-tools", "wg-quick": "wireguard-tools", "ip": "iproute2"}


def read(seen: Seen | HostError, known: dict[str, Section]) -> ConfFile | ValueError | None:
    """The host's wg-quick file; ValueError: why it is none; None: there is no file.

    `known` are sections of the other hosts' files (see `parse`).
    """
    if isinstance(seen, HostError) or seen.file is None:
        return None
    if (count := seen.file.count("\n")) > _MOST_LINES:
        return ValueError(f"it has {count} lines")
    try:
        conf = parse(seen.file, known)
        addresses_of(conf.interface)
    except ValueError as error:
        return error
    return conf


def trouble(
    mesh: Mesh, host: str, seen: Seen | HostError, conf: ConfFile | ValueError | None
) -> str | None:
    """The reason to leave this host alone; None: it can be worked with. `conf` is its file."""
    if isinstance(seen, HostError):
        return seen.why
    return _trouble(mesh, seen, conf) or clash(mesh, mesh.hosts[host], seen, conf)


def _trouble(mesh: Mesh, seen: Seen, conf: ConfFile | ValueError | None) -> str | None:
    name = mesh.interface
    if missing := [tool for tool in _NEEDED if tool not in seen.tools]:
        packages = sorted({_PACKAGE.get(tool, tool) for tool in missing})
        return f"{', '.join(missing)} is not installed (install {', '.join(packages)})"
    if seen.live is None and seen.exists:
        return f"there is a network interface {name} that is not WireGuard's"
    if seen.live is None and seen.backend is None:
        return (
            "no WireGuard: neither the kernel module nor a userspace program"
            " (install wireguard-go, or a kernel that has the module)"
        )
    if seen.live and seen.live.public_key is None:
        return f"{name} runs without a private key (remove it: ip link del {name})"
    if conf is None:
        return None
    path = f"/etc/wireguard/{name}.conf"
    if isinstance(conf, ValueError):
        return f"{path} is not a wg-quick file: {conf}"
    return _trouble_in_file(name, path, seen, conf.interface)


def _trouble_in_file(name: str, path: str, seen: Seen, interface: Section) -> str | None:
    if (interface.get("SaveConfig") or "").lower() == "true":
        return (
            f"{path} has SaveConfig = true: wg-quick would overwrite the file with what"
            " runs, at every stop (remove that line first)"
        )
    if interface.get("PrivateKey") and seen.file_key is None:
        return f"the PrivateKey in {path} is not a key"
    if seen.live is None and key_is_set_by_hook(interface):
        return (
            f"a command in {path} sets its private key, so it is known only while {name} is"
            f" up (bring it up: wg-quick up {name})"
        )
    return None


def clones(keys: Mapping[str, str | None]) -> dict[str, str]:
    """Hosts that share a key with another: images copied with their keys."""
    owners: dict[str, list[str]] = {}
    for name, key in keys.items():
        if key:
            owners.setdefault(key, []).append(name)
    return {
        name: f"has the same key as {', '.join(other for other in names if other != name)}:"
        " was it cloned with its key? (remove interface and file on one of them)"
        for names in owners.values()
        if len(names) > 1
        for name in names
    }


def owners(mesh: Mesh, told: Iterable[Host]) -> dict[str, dict[str, None]]:
    """Public key -> the members that have it now; and those of which `told` is what was written.

    The latest first.
    """
    found: dict[str, dict[str, None]] = {}
    for member in (*reversed(list(told)), *reversed(mesh.members.values())):
        if member.public_key:
            found.setdefault(member.public_key, {})[member.name] = None
    return found


def steals(want: Interface, left_alone: Mapping[str, Collection[str]]) -> str | None:
    """Whether a wanted peer would take a prefix from one that is to be left alone.

    WireGuard moves a prefix to whoever is given it last, without a word.
    `left_alone` are public keys -> allowed IPs.
    """
    if not left_alone:
        return None
    wanted = {network: peer.name for peer in want.peers for network in peer.allowed_ips}
    for key, allowed in left_alone.items():
        for text in allowed:
            try:
                network = ip_network(text, strict=False)
            except ValueError:
                continue  # no prefix, so nobody's
            if network in wanted:
                return (
                    f"{network} belongs to {wanted[network]}, but the unknown peer"
                    f" {key[:12]}… has it (--prune removes that peer)"
                )
    return None
