"""A fleet in memory that does what hosts do with a plan: `wg`, `ip` and wg-quick, simulated.

What it knows of them was tried on real ones: `wg addconf` replaces a peer's allowed
IPs even where it names none, a prefix moves to whoever is given it last, and removing
the first IPv4 address of a subnet takes the others along.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from ipaddress import ip_interface, ip_network
from typing import Any

from meshtui.errors import HostError, Unreachable
from meshtui.mesh.model import Mesh
from meshtui.plan.model import Plan, PlanInputs, Work
from meshtui.plan.planner import again, make_plan
from meshtui.plan.seen import Passing, Seen
from meshtui.wg.conf import ConfFile, Section, parse
from meshtui.wg.dump import LiveInterface, LivePeer
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.interface import Address, Network
from meshtui.wg.keys import is_key

NOW = 1_700_000_000
TOOLS = frozenset({"wg", "wg-quick", "ip", "awk", "ping", "sha256sum"})
_SECRET = re.compile(r"^([ \t#]*(?:privatekey|presharedkey)[ \t]*=[ \t]*)(\S.*)$", re.I)


def key(seed: str) -> str:
    """A key's text, the same for the same seed."""
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()


def public(private: str) -> str:
    return key("public half of " + private)


def work_lines(work: Work | None) -> tuple[str, ...]:
    """All that is done to the running interface, in its order."""
    return (*work.first, *work.calls, *work.changes, *work.after) if work else ()


class Failed(AssertionError):
    """The host would have refused this."""


@dataclass(slots=True)
class Live:
    """A running interface."""

    private: str | None
    port: int
    peers: dict[str, LivePeer] = field(default_factory=dict)
    psk: dict[str, str] = field(default_factory=dict)
    fwmark: str | None = None

    def put(self, peer: LivePeer) -> None:
        """As the kernel does: a prefix belongs to whoever got it last."""
        if self.private and peer.public_key == public(self.private):
            return
        for other_key, other in self.peers.items():
            if other_key != peer.public_key:
                left = tuple(n for n in other.allowed_ips if n not in peer.allowed_ips)
                self.peers[other_key] = other._replace(allowed_ips=left)
        self.peers[peer.public_key] = peer


@dataclass(slots=True)
class Box:
    """One host."""

    file: str | None = None
    """The real file, its keys in it."""
    mode: int = 0o600
    live: Live | None = None
    addresses: list[Address] = field(default_factory=list)
    """In the kernel's order: the first of a subnet is its primary one."""
    routes: set[Network] = field(default_factory=set)
    mtu: int = 1420
    made: str | None = None
    systemd: str | None = "disabled"
    tools: frozenset[str] = TOOLS
    resolved: Mapping[str, str] = field(default_factory=dict)
    promotes: bool = False
    """The kernel's promote_secondaries, which only systemd turns on."""
    reachable: bool = True
    passing: Passing = field(default_factory=Passing)
    names: tuple[str, ...] = ()
    """The block in /etc/hosts."""

    # -- what observe.sh says ----------------------------------------------------

    def seen(self) -> Seen | HostError:
        if not self.reachable:
            return Unreachable("no answer")
        masked = None if self.file is None else _masked(self.file)[0]
        live = self.live
        return Seen(
            clock=NOW,
            tools=self.tools,
            backend="kernel",
            systemd=self.systemd,
            live=live
            and LiveInterface(
                name="wg0",
                public_key=public(live.private) if live.private else None,
                listen_port=live.port,
                fwmark=live.fwmark,
                peers=dict(live.peers),
            ),
            preshared={k: key("fingerprint" + psk) for k, psk in live.psk.items()} if live else {},
            exists=live is not None,
            mtu=self.mtu if live else None,
            addresses=tuple(self.addresses),
            routes=frozenset(self.routes),
            file=masked,
            sha256=None if self.file is None else hashlib.sha256(self.file.encode()).hexdigest(),
            mode=None if self.file is None else self.mode,
            file_key=self.file_key(),
            file_preshared={
                f"@secret:{n}@": key("fingerprint" + secret)
                for n, secret in enumerate(_masked(self.file or "")[1], 1)
            },
            made_key=public(self.made) if self.made else None,
            passing=self.passing,
            names=self.names,
        )

    def file_key(self) -> str | None:
        try:
            private = parse(self.file or "").interface.get("PrivateKey")
        except ValueError:
            return None
        return public(private) if private and is_key(private) else None

    # -- what stage.sh does --------------------------------------------------------

    def write(self, template: str, secrets: Mapping[str, str]) -> None:
        """Fill in the marks; those that nothing stands for are an error on the host, too."""
        marks = dict(secrets)
        if self.file is not None:
            marks |= {f"@secret:{n}@": s for n, s in enumerate(_masked(self.file)[1], 1)}
        if self.made:
            marks["@made@"] = self.made
        if self.live and self.live.private:
            marks["@live@"] = self.live.private
        if self.live:
            marks |= {f"@live-psk:{k}@": psk for k, psk in self.live.psk.items()}
        text = re.sub(r"@[a-z-]+(:[^@\n]*)?@", lambda found: _get(marks, found[0]), template)
        self.file, self.mode = text, 0o600

    # -- what change.sh does -------------------------------------------------------

    def change(self, lines: list[str]) -> None:
        todo = list(lines)
        while todo:
            what, _, value = todo.pop(0).partition(" ")
            if what == "hosts-file":
                self.names = tuple(todo.pop(0) for _ in range(int(value)))
                continue
            assert self.live
            match what:
                case "listen-port":
                    self.live.port = int(value)
                case "mtu":
                    self.mtu = int(value)
                case "remove-peer":
                    self.live.peers.pop(value, None)
                    self.live.psk.pop(value, None)
                case "peers":
                    self._addconf([todo.pop(0) for _ in range(int(value))])
                case "allowed-ips":
                    one, _, allowed = value.partition(" ")
                    peer = self.live.peers[one]
                    self.live.put(peer._replace(allowed_ips=tuple(allowed.split(","))))
                case "endpoint":
                    one, _, endpoint = value.partition(" ")
                    self.live.peers[one] = self.live.peers[one]._replace(endpoint=endpoint)
                case "keepalive" | "call":
                    one, _, seconds = value.partition(" ")
                    peer = self.live.peers[one]._replace(persistent_keepalive=int(seconds))
                    self.live.peers[one] = peer
                case "add-address":
                    self._add_address(ip_interface(value))
                case "remove-address":
                    self._remove_address(ip_interface(value))
                case "add-route":
                    self.routes.add(ip_network(value))
                case "remove-route":
                    # One that went with an address is gone already: see change.sh.
                    if any(a.network == ip_network(value) for a in self.addresses):
                        raise Failed(f"{value} is the kernel's own route to the mesh")
                    self.routes.discard(ip_network(value))
                case "await":
                    pass
                case "forward":
                    self.passes((*self.passing.has, value))
                case "unforward":
                    self.passes(item for item in self.passing.has if item != value)
                case _:
                    raise Failed(f"unknown change {what}")

    def passes(self, items: Iterable[str]) -> None:
        """Make these what there is of passing packets on; see forward.sh."""
        self.passing = replace(self.passing, has=tuple(dict.fromkeys(items)))

    def _add_address(self, address: Address) -> None:
        if address not in self.addresses:
            self.addresses.append(address)
        if address.network.prefixlen < address.max_prefixlen:
            self.routes.add(address.network)

    def _remove_address(self, address: Address) -> None:
        if address not in self.addresses:
            raise Failed(f"ip address del {address}: cannot assign")
        subnet = [a for a in self.addresses if a.version == 4 and a.network == address.network]
        gone = [address]
        if subnet and subnet[0] == address and not self.promotes:
            gone = subnet
        self.addresses = [a for a in self.addresses if a not in gone]
        if not any(a.network == address.network for a in self.addresses):
            self.routes.discard(address.network)
        if not any(a.version == address.version for a in self.addresses):
            # The kernel turns the whole family off on this interface.
            self.routes = {r for r in self.routes if r.version != address.version}

    def _addconf(self, lines: list[str]) -> None:
        for one in parse("\n".join(["[Interface]", *lines])).peers:
            self._take(one)

    def _take(self, one: Section) -> None:
        """One [Peer] as `wg` reads it."""
        assert self.live
        name = one.get("PublicKey") or ""
        if not is_key(name):
            raise Failed(f"not a public key: {name!r}")
        if any(not value for value in one.every("AllowedIPs")):
            raise Failed("Line unrecognized: `AllowedIPs='")
        old = self.live.peers.get(name) or LivePeer(name, False, None, (), 0, 0, 0, 0)
        endpoint = one.get("Endpoint")
        if endpoint is not None:
            endpoint = self.resolved.get(endpoint, endpoint)
        every = one.get("PersistentKeepalive")
        if (psk := one.get("PresharedKey")) is not None:
            if not is_key(psk):
                raise Failed(f"not a preshared key: {psk!r}")
            self.live.psk[name] = psk
        self.live.put(
            LivePeer(
                public_key=name,
                preshared=name in self.live.psk,
                endpoint=endpoint or old.endpoint,
                allowed_ips=tuple(
                    str(ip_network(value, strict=False)) for value in one.values("AllowedIPs")
                ),
                latest_handshake=old.latest_handshake,
                transfer_rx=0,
                transfer_tx=0,
                persistent_keepalive=old.persistent_keepalive
                if every is None
                else int(every.replace("off", "0")),
            )
        )

    # -- what wg-quick does --------------------------------------------------------

    def up(self) -> None:
        assert self.file is not None and self.live is None
        conf = parse(self.file)
        own = conf.interface
        private = own.get("PrivateKey")
        if private is not None and not is_key(private):
            raise Failed(f"not a private key: {private!r}")
        self.live = Live(private, int(own.get("ListenPort") or 40000), fwmark=own.get("FwMark"))
        self.addresses, self.routes = [], set()
        for one in conf.peers:
            self._take(one)
        for value in own.values("Address"):
            for word in value.split():
                self._add_address(ip_interface(word))
        self.mtu = int(own.get("MTU") or 1420)
        self.passes((*self.passing.has, *filter(None, map(_hooked, own.every("PostUp")))))
        if (own.get("Table") or "auto") == "auto":
            zeros = {"0.0.0.0/0": "tunnel 4", "::/0": "tunnel 6"}
            texts = [text for peer in self.live.peers.values() for text in peer.allowed_ips]
            self.passes((*self.passing.has, *(zeros[text] for text in texts if text in zeros)))
            for peer in self.live.peers.values():
                for text in peer.allowed_ips:
                    self._route(ip_network(text))

    def _route(self, network: Network) -> None:
        same = (a.network for a in self.addresses if a.version == network.version)
        if network.prefixlen and not any(network.subnet_of(n) for n in same):  # type: ignore[arg-type]
            self.routes.add(network)

    def forget(self, name: str) -> None:
        """As if the host of this name had never been in the mesh."""
        if self.file is None or self.live is None:
            return
        conf = parse(self.file)
        gone = {one.get("PublicKey") for one in conf.peers if one.has(f"# meshtui: {name}")}
        stays = (s for s in conf.sections if s.heading != "peer" or s.get("PublicKey") not in gone)
        self.file = str(ConfFile(tuple(stays)))
        for one in gone & self.live.peers.keys():
            del self.live.peers[one or ""]

    def forget_handshakes(self) -> None:
        """So that two can be compared by what somebody set."""
        for one, peer in self.live.peers.items() if self.live else ():
            assert self.live
            self.live.peers[one] = peer._replace(latest_handshake=0)

    def down(self) -> None:
        self.live, self.addresses, self.routes = None, [], set()

    def reboot(self) -> None:
        self.down()
        self.passes(())
        if self.file is not None:
            self.up()


def _hooked(command: str) -> str | None:
    """What a hook makes there, as an item of forward.sh."""
    if found := re.match(r"sysctl -qw net/ipv6/conf/(.+)/accept_ra=2", command):
        return f"accept_ra {found[1]}"
    for key, family in (("ipv4.ip_forward", "4"), ("ipv6.conf.all.forwarding", "6")):
        if command.startswith(f"sysctl -qw net.{key}=1"):
            return f"sysctl {family}"
    if found := re.match(r"ip -[46] rule add from (\S+) table main", command):
        return f"reply {found[1]}"
    said = re.search(r"[\"']meshtui:%i (\w+)( ?[^\"']*)[\"']", command)
    if said and said[1] == "masquerade":
        return f"masquerade {command.split()[0]}{said[2]}"
    chain = re.match(r"nft 'insert rule (\S+) (\S+) (\S+) ", command)
    where = ":".join(chain.groups()) if chain else command.split()[0]
    return f"accept {where} {said[1]}{said[2]}" if said else None


def _get(marks: Mapping[str, str], mark: str) -> str:
    if mark not in marks:
        raise Failed(f"no value for {mark}")
    return marks[mark]


def _masked(text: str) -> tuple[str, list[str]]:
    """As observe.sh masks it, as far as this fleet's files go."""
    secrets: list[str] = []
    lines = []
    for line in text.splitlines():
        if (found := _SECRET.match(line)) is None:
            lines.append(line)
        else:
            secrets.append(found[2])
            lines.append(f"{found[1]}@secret:{len(secrets)}@")
    return "".join(f"{line}\n" for line in lines), secrets


@dataclass(slots=True)
class Sim:
    """All hosts of a mesh, and mesh.toml."""

    mesh: Mesh
    """As mesh.toml says it, with addresses and endpoints filled in."""
    boxes: dict[str, Box]
    resolved: dict[Endpoint, Endpoint] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    """What has happened to it: for a person who reads of a failed test."""

    def __repr__(self) -> str:
        nets = ", ".join(map(str, self.mesh.networks))
        psk = " psk" if self.mesh.preshared_keys else ""
        return f"<{len(self.boxes)} hosts in {nets}{psk}: {', '.join(self.story) or 'fresh'}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would print every field

    def plan(self, prune: bool = False) -> Plan:
        return self.planner(prune)()

    def planner(self, prune: bool = False) -> Callable[[], Plan]:
        """What makes the plan, once all hosts have been asked."""
        seen = {name: box.seen() for name, box in self.boxes.items()}
        inputs = PlanInputs(self.mesh, self.mesh, seen, self.resolved, prune)
        return lambda: make_plan(inputs)

    def apply(self, plan: Plan) -> Plan:
        """What fleet/apply.py does, without a failure: keys, files, live changes; the last plan."""
        operator, made = {}, {}
        for host in plan.hosts:
            if host.problem or not host.work or not host.work.make_key:
                continue
            box, seen = self.boxes[host.host], plan.inputs and plan.inputs.seen[host.host]
            assert isinstance(seen, Seen)
            private = key(f"{host.host}, after {self.mesh.hosts[host.host].public_key}")
            if host.work.make_key == "host":
                box.made = box.made or private
                private = box.made
            else:
                operator[host.host] = private
            made[host.host] = replace(seen, made_key=public(private))
        if made:
            plan = again(plan, made)
        for host in plan.hosts:
            work, box = host.work, self.boxes[host.host]
            if host.problem or not work:
                continue
            marks = {
                f"@psk:{other}@": key("psk" + "".join(sorted((other, host.host))))
                for other in (self.boxes if self.mesh.preshared_keys else ())
            }
            if host.host in operator:
                marks["@operator@"] = operator[host.host]
            lines = [_filled(line, marks) for line in work_lines(work)]
            template = work.template
            before = deepcopy(box)
            if lines:
                box.change(lines)
            if template is not None:
                # Staged before the change, so with the secrets of before.
                before.write(template, marks)
                box.file, box.mode = before.file, before.mode
            if work.bring_up:
                box.up()
            if (work.bring_up or work.enable) and box.systemd is not None:
                if box.systemd not in ("enabled", "disabled", "enabled-runtime"):
                    raise Failed(f"systemctl enable: {box.systemd!r}")
                box.systemd = "enabled"
            box.made = None
        self.shake_hands()
        self.written(plan)
        return plan

    def shake_hands(self) -> None:
        """Wherever both ends run, know each other and share the preshared key."""
        running = {
            public(box.live.private): box.live
            for box in self.boxes.values()
            if box.live and box.live.private
        }
        for own, live in running.items():
            for one, peer in live.peers.items():
                other = running.get(one)
                if other and own in other.peers and other.psk.get(own) == live.psk.get(one):
                    live.peers[one] = peer._replace(latest_handshake=NOW)

    def written(self, plan: Plan) -> None:
        """Write the keys back into mesh.toml."""
        hosts = {
            name: replace(host, public_key=plan.public_keys.get(name) or host.public_key)
            for name, host in self.mesh.hosts.items()
        }
        self.mesh = replace(self.mesh, hosts=hosts)


def _filled(line: str, marks: Mapping[str, str]) -> str:
    for mark, value in marks.items():
        line = line.replace(mark, value)
    if "@" in line:
        raise Failed(f"a mark that `wg` cannot read: {line}")
    return line
