"""One host's configuration as wanted, on disk and running: three texts that compare by line.

Each is a wg-quick file in one order: what is written differently and means the same reads
the same, so that a difference is one. Secrets are hidden; what is hidden and differs says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_interface, ip_network
from typing import Any

from meshtui.inert import inert
from meshtui.mesh.wanted import wanted
from meshtui.plan.file import MARK, keepalive_of, mark_of, new_file, peers_by_key
from meshtui.plan.model import PlanInputs
from meshtui.plan.planner import make_plan
from meshtui.plan.render import LINE_LIMIT, show_marks
from meshtui.plan.seen import Seen
from meshtui.plan.trouble import read
from meshtui.wg.conf import ConfFile, Section, parse
from meshtui.wg.dump import LiveInterface, LivePeer
from meshtui.wg.endpoint import Endpoint, parse_endpoint

HIDDEN = "(hidden)"
OTHER = "(hidden, not the one that runs)"

#: In this order; what a file has beyond them follows as it stands there.
INTERFACE = ("Address", "ListenPort", "PrivateKey", "FwMark", "MTU")
PEER = ("PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive")
#: `title` of the files that meshtui makes, and what it marks their peers with.
_OWN_COMMENTS = ("kept by meshtui;", "not in mesh.toml;", MARK.strip())


@dataclass(frozen=True, slots=True)
class Texts:
    """The three, and what keeps them from being told in full. None: there is none."""

    wanted: str
    disk: str | None
    running: str | None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Part:
    """A section: its values by key, and what stands only in files."""

    values: dict[str, list[str]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)

    def lines(self, title: str, order: Iterable[str]) -> list[str]:
        """As text; the values by `order`."""
        known = [f"{key} = {value}" for key in order for value in self.values.get(key, ())]
        return [title, *self.comments, *known, *self.rest]


@dataclass(slots=True)
class Config:
    """A host's configuration, in a form that compares."""

    interface: Part
    peers: dict[str, Part]
    """By public key."""


def three_ways(inputs: PlanInputs, name: str) -> Texts:
    """The configuration of the host `name`, of which `inputs.seen` must have a Seen.

    For the others a HostError will do: then their keys are those that `inputs.mesh` has.
    """
    seen = inputs.seen[name]
    assert isinstance(seen, Seen)
    plan = make_plan(inputs)
    host = next(host for host in plan.hosts if host.host == name)
    notes = [host.problem] if host.problem else []
    notes += host.notes
    conf = read(seen, {})
    goal = from_file(_goal(inputs, name, seen, host.after, host.problem), mask_of_plan)
    names = {key: other for other, key in plan.public_keys.items()} | _marked(inputs, conf)
    for key, part in goal.peers.items():
        if inputs.mesh.preshared_keys and key in names:
            part.values.setdefault("PresharedKey", ["(new, hidden)"])
    disk = from_file(conf, mask_of_disk(seen)) if isinstance(conf, ConfFile) else None
    live = _from_live(seen, seen.live, goal, disk) if seen.live else None
    if live and seen.live:
        notes += _endpoints(inputs.resolved, names, goal, live, seen.live)
        if any(part.rest for part in (goal.interface, *goal.peers.values())):
            notes.append("what runs shows nothing of hooks, DNS, Table and the like")
    order = {key: at for at, key in enumerate(plan.public_keys.values())}

    def text(config: Config) -> str:
        return _text(config, names, order)

    raw = _harmless(show_marks(seen.file or "").splitlines())
    return Texts(
        wanted=text(goal),
        disk=text(disk) if disk else raw if seen.file is not None else None,
        running=text(live) if live else None,
        notes=tuple(notes),
    )


def _goal(
    inputs: PlanInputs, name: str, seen: Seen, after: str | None, problem: str | None
) -> ConfFile:
    """The file that the host would have."""
    if not problem:
        return parse(after if after is not None else seen.file or "")
    # Nothing can be planned here: as if there were no file yet.
    want = wanted(inputs.mesh)[name]
    want = replace(want, peers=tuple(peer for peer in want.peers if peer.public_key))
    return parse(new_file(want, seen, None, {}, inputs.mesh.networks, (), (), "@made@"))


def _marked(inputs: PlanInputs, conf: ConfFile | ValueError | None) -> dict[str, str]:
    """The members that meshtui's own marks name, where their keys are known from nowhere else."""
    if not isinstance(conf, ConfFile):
        return {}
    found = {key: mark_of(same) for key, same in peers_by_key(conf).items()}
    known = {host.public_key for host in inputs.mesh.hosts.values()}
    return {
        key: mark
        for key, mark in found.items()
        if key and key not in known and mark in inputs.mesh.hosts
        if inputs.mesh.hosts[mark].public_key is None
    }


# -- from a file -------------------------------------------------------------------------------

Mask = Callable[[str, str], str]
"""A secret's value and the peer's public key -> how it is shown; the interface has no key."""


def mask_of_plan(value: str, _key: str) -> str:
    """A Mask for the file that a plan would write."""
    shown = show_marks(value)
    return HIDDEN if shown == "(as it runs, hidden)" else shown


def mask_of_disk(seen: Seen) -> Mask:
    """A Mask for the file as it is."""

    def mask(value: str, key: str) -> str:
        if not key:
            same = seen.live is None or seen.live.public_key == seen.file_key
        else:
            runs = seen.live.peers.get(key) if seen.live else None
            mine = seen.file_preshared.get(value)
            same = runs is None or not runs.preshared or mine == seen.preshared.get(key)
        return HIDDEN if same else OTHER

    return mask


def from_file(conf: ConfFile, mask: Mask) -> Config:
    """A wg-quick file, in a form that compares."""
    own = Part()
    for section in (one for one in conf.sections if one.heading != "peer"):
        _gather(own, section, "", mask)
    peers: dict[str, Part] = {}
    for key, same in peers_by_key(conf).items():
        part = peers[key] = Part()
        for section in same:
            _gather(part, section, key, mask)
    return Config(own, peers)


def _gather(part: Part, section: Section, key: str, mask: Mask) -> None:
    order = PEER if section.heading == "peer" else INTERFACE
    proper = {name.lower(): name for name in order}
    for line in section.lines:
        bare, hash_, comment = line.strip().partition("#")
        name, equals, value = bare.partition("=")
        if not bare and hash_ and not any(own in line for own in _OWN_COMMENTS):
            part.comments.append(f"# {show_marks(comment.strip())}")
        if equals and "".join(name.split()).lower() not in proper:
            part.rest.append(f"{name.strip()} = {show_marks(value.strip())}")
    for name in order:
        if not (found := section.every(name)):
            continue
        if name in ("PrivateKey", "PresharedKey"):
            part.values[name] = [mask(found[-1], key)]
        elif name in ("Address", "AllowedIPs"):
            words = [word for text in found for word in text.replace(",", " ").split()]
            _put_addresses(part, name, words)
        else:
            part.values[name] = _one(name, section, found[-1])


def _one(name: str, section: Section, text: str) -> list[str]:
    """A plain value, as it reads in all three; none where it is the default."""
    if name == "PersistentKeepalive":
        seconds = keepalive_of(section)
        return [str(seconds)] if seconds else []
    if name == "FwMark":
        return _fwmark(text)
    if name == "Endpoint":
        try:
            return [str(parse_endpoint(text))]
        except ValueError:
            return [text]
    return [text]


def _put_addresses(part: Part, name: str, words: Iterable[str]) -> None:
    """One a line for the interface, one line for a peer; sorted, link-local ones left out."""
    sizes: dict[str, Any] = {}
    for word in words:
        try:
            one = ip_interface(word) if name == "Address" else ip_network(word, strict=False)
        except ValueError:
            sizes[word] = (9, 0)
            continue
        if name != "Address" or not one.is_link_local:
            sizes[str(one)] = (one.version, one)
    texts = sorted(sizes, key=lambda text: sizes[text])
    if name == "AllowedIPs":
        old = part.values.get(name, [""])[0]
        texts = [", ".join(filter(None, [old, *texts]))]
    part.values[name] = [*part.values.get(name, []), *texts] if name == "Address" else texts


def _fwmark(text: str) -> list[str]:
    try:
        mark = int(text, 0)
    except ValueError:
        return [] if text == "off" else [text]
    return [hex(mark)] if mark else []


# -- from what runs ----------------------------------------------------------------------------


def _from_live(seen: Seen, live: LiveInterface, goal: Config, disk: Config | None) -> Config:
    """What runs; of what wg-quick works out by itself, only what a file decides on."""
    own = Part()
    files = [config.interface.values for config in (goal, disk) if config]
    _put_addresses(own, "Address", map(str, seen.addresses))
    own.values["ListenPort"] = [str(live.listen_port)]
    # A hook may set it, and then it stands in no file.
    if live.public_key and "PrivateKey" in goal.interface.values:
        own.values["PrivateKey"] = [HIDDEN]
    default_route = any(text.endswith("/0") for p in live.peers.values() for text in p.allowed_ips)
    if live.fwmark and (not default_route or any(f.get("FwMark") for f in files)):
        own.values["FwMark"] = _fwmark(live.fwmark)
    if seen.mtu and any(f.get("MTU") for f in files):
        own.values["MTU"] = [str(seen.mtu)]
    return Config(own, {key: _live_peer(peer) for key, peer in live.peers.items()})


def _live_peer(peer: LivePeer) -> Part:
    part = Part({"PublicKey": [peer.public_key]})
    if peer.preshared:
        part.values["PresharedKey"] = [HIDDEN]
    if peer.allowed_ips:
        _put_addresses(part, "AllowedIPs", peer.allowed_ips)
    if peer.endpoint:
        part.values["Endpoint"] = [peer.endpoint]
    if peer.persistent_keepalive:
        part.values["PersistentKeepalive"] = [str(peer.persistent_keepalive)]
    return part


def _endpoints(
    resolved: Mapping[Endpoint, Endpoint],
    names: Mapping[str, str],
    goal: Config,
    running: Config,
    live: LiveInterface,
) -> list[str]:
    """Make the endpoints that run comparable; a note for each that is elsewhere."""
    notes = []
    for key, part in running.peers.items():
        if key not in goal.peers or (heard := live.peers[key].endpoint) is None:
            continue
        told = goal.peers[key].values.get("Endpoint")
        if not told:
            # Nobody can say where it is: where it was heard is right.
            del part.values["Endpoint"]
            continue
        try:
            at = parse_endpoint(told[0])
        except ValueError:
            continue
        where = resolved.get(at, at)
        if heard == str(where):
            part.values["Endpoint"] = told
        elif where.is_address:
            who = names.get(key, f"{key[:12]}…")
            notes.append(
                f"{who} was last heard at {heard}, not at {where}: it roamed, and is left there"
                " while it answers"
            )
    return notes


# -- as text -----------------------------------------------------------------------------------


def _text(config: Config, names: Mapping[str, str], order: Mapping[str, int]) -> str:
    lines = config.interface.lines("[Interface]", INTERFACE)
    for key in sorted(config.peers, key=lambda key: (order.get(key, len(order)), key)):
        part = config.peers[key]
        named = replace(part, comments=[f"# {names.get(key, 'unknown')}", *part.comments])
        if key and "PublicKey" in part.values:
            named.values["PublicKey"] = [show_marks(key)]
        lines += ["", *named.lines("[Peer]", PEER)]
    return _harmless(lines)


def _harmless(lines: Iterable[str]) -> str:
    return "".join(f"{inert(line, LINE_LIMIT)}\n" for line in lines)
