"""`wg show`: all of it is in a dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshtui.demo.calls import Answer

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

#: What can be asked of an interface, and of each peer: where it stands in a dump.
_OWN = {"private-key": 0, "public-key": 1, "listen-port": 2, "fwmark": 3}
_PEERS = {
    "preshared-keys": (1,),
    "endpoints": (2,),
    "allowed-ips": (3,),
    "latest-handshakes": (4,),
    "transfer": (5, 6),
    "persistent-keepalive": (7,),
}


_USAGE = "Usage: wg show { <interface> | all | interfaces } [...]\n"


def show(machine: Machine, words: list[str]) -> Answer:
    """`words` behind `wg show`."""
    names = [link.name for link in machine.kernel.links.values() if link.device]
    if len(words) == 2 and words[1] not in {"dump", "peers", *_OWN, *_PEERS}:
        return Answer(1, err=f"Invalid parameter: `{words[1]}'\n{_USAGE}".encode())
    match words:
        case ["interfaces"]:
            return Answer(0, (" ".join(names) + "\n").encode())
        case ["all", what]:
            return _answer("".join(_of(machine, name, what, f"{name}\t") for name in names))
        case [] | ["all"]:
            return _answer("\n".join(_told(machine, name) for name in names))
        case [name, *what] if name in names and len(what) < 2:
            return _answer(_of(machine, name, what[0], "") if what else _told(machine, name))
        case [name, *_] if name not in names:
            return Answer(1, err=b"Unable to access interface: No such device\n")
    return Answer(1, err=_USAGE.encode())


def _answer(text: str) -> Answer:
    return Answer(0, text.encode())


def _dump(machine: Machine, name: str) -> str:
    device = machine.device(name)
    assert device
    return device.dump()


def _of(machine: Machine, name: str, what: str, before: str) -> str:
    text = _dump(machine, name)
    if what == "dump":
        return text if not before else "".join(before + line for line in text.splitlines(True))
    own, *peers = (line.split("\t") for line in text.splitlines())
    if what in _OWN:
        return f"{before}{own[_OWN[what]]}\n"
    if what == "peers":
        return "".join(f"{before}{peer[0]}\n" for peer in peers)
    values = (
        "\t".join((peer[0], *(peer[at].replace(",", " ") for at in _PEERS[what]))) for peer in peers
    )
    return "".join(f"{before}{line}\n" for line in values)


def _told(machine: Machine, name: str) -> str:
    """For a person."""
    own, *peers = (line.split("\t") for line in _dump(machine, name).splitlines())
    lines = [f"interface: {name}"]
    if own[0] != "(none)":
        lines += [f"  public key: {own[1]}", "  private key: (hidden)"]
    lines.append(f"  listening port: {own[2]}")
    if own[3] != "off":
        lines.append(f"  fwmark: {own[3]}")
    for key, psk, endpoint, allowed, at, rx, tx, keepalive in peers:
        lines += ["", f"peer: {key}"]
        if psk != "(none)":
            lines.append("  preshared key: (hidden)")
        if endpoint != "(none)":
            lines.append(f"  endpoint: {endpoint}")
        lines.append(f"  allowed ips: {allowed.replace(',', ', ')}")
        if at != "0":
            lines.append(
                f"  latest handshake: {max(0, round(machine.clock()) - int(at))} seconds ago"
            )
        if rx != "0" or tx != "0":
            lines.append(f"  transfer: {rx} B received, {tx} B sent")
        if keepalive != "off":
            lines.append(f"  persistent keepalive: every {keepalive} seconds")
    return "".join(f"{line}\n" for line in lines)
