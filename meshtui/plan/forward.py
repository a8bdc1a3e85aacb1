"""Passing packets on: what makes a host a hub, a gateway, a relay or a way out, and unmakes it.
Also what makes it send all of its own through such a way out (see `plan.exits`).

All of it is the host's runtime state: sysctls, a rule in front of whatever might drop, and
masquerading. Each is an item, in the words of forward.sh, which makes it live; hooks of the
wg-quick file, known by their mark, make the same at boot.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from meshtui.mesh.model import Mesh
from meshtui.mesh.paths import carriers
from meshtui.plan.exits import ITEMS as EXITS
from meshtui.plan.exits import exit_items, exit_steps, leads_elsewhere, reply_hook, reply_of
from meshtui.plan.model import Difference, Step
from meshtui.plan.seen import Seen
from meshtui.wg.interface import Interface

MARK = "# meshtui: forward"
#: What a sysctl's mark goes on with where ending the role puts it back to this.
_WAS = ", was "

_KEYS = {"4": "net.ipv4.ip_forward", "6": "net.ipv6.conf.all.forwarding"}
_NAMES = {"4": "ip_forward", "6": "IPv6 forwarding"}
_TABLES = {"4": "iptables", "6": "ip6tables"}
#: Only such chains are written into commands.
_CHAIN = re.compile(r"(ip|ip6|inet)(:[\w.-]+){2}|ip6?tables")
_FAMILIES = {"ip": "4", "iptables": "4", "ip6": "6", "ip6tables": "6"}

_SYSCTL_HOOK = re.compile(rf"PostUp = sysctl -qw (\S+)=. .*?{MARK}(.*)")
_CHAIN_HOOK = re.compile(r"PostUp = (?:nft 'insert rule (\S+) (\S+) (\S+) |(ip6?tables) -w -I )")


@dataclass(frozen=True, slots=True)
class Forwarding:
    """How a running host comes to pass packets on as it should."""

    steps: tuple[Step, ...] = ()
    first: tuple[str, ...] = ()
    """Lines for `change`, before all others."""
    then: tuple[str, ...] = ()
    """Lines for `change`, once the peers are as they should be."""
    last: tuple[str, ...] = ()
    """Lines for `change`, after all others."""


def may_pass(mesh: Mesh) -> frozenset[str]:
    """The hosts that may have to pass packets on, or send all of theirs through one that does.

    Of the others nobody need know how they do it: who once did has a file that says so.
    """
    hosts = mesh.hosts.values()
    if sum(host.behind_nat for host in hosts) > 1 or any(link.relay for link in mesh.links):
        # Two that cannot meet: any other may come to be their relay.
        return frozenset(mesh.hosts)
    named = {host.name for host in hosts if host.routes or host.exit}
    return frozenset(carriers(mesh) | named)


def forwarding(want: Interface, seen: Seen, gone: Collection[str] = ()) -> Forwarding:
    """What a host that was asked for it lacks, and has too much; `gone`: keys of peers that go."""
    has, told = seen.passing.has, _hooked(seen.file)
    wanted = _items(want, seen)
    may = {chain for chain in seen.passing.drops if _CHAIN.fullmatch(chain)}
    comes = [i for i in wanted if i not in has and (_chain(i) is None or _chain(i) in may)]
    stays = {f"tunnel {family}" for family in leads_elsewhere(want, seen, gone)}
    extra = [item for item in has if item not in wanted and item not in stays]
    goes = [item for item in extra if _is_ours(item, seen, told)]
    goes.sort(key=lambda item: _ORDER.index(_kind(item)), reverse=True)
    replies = [item for item in comes if _kind(item) == "reply"]
    tunnels = [item for item in comes if _kind(item) == "tunnel"]
    ends = [item for item in goes if _kind(item) in EXITS]
    steps = exit_steps(want, [*replies, *tunnels], ends)
    comes = [item for item in comes if _kind(item) not in EXITS]
    goes = [item for item in goes if _kind(item) not in EXITS]
    if comes:
        text = _listed(comes)
        to = want.forward.to if want.forward else ()
        where = " and ".join(["between peers", *(["to " + ", ".join(map(str, to))] if to else [])])
        mends = Difference("kernel", "forwarding", text, None)
        steps.append(Step("forward", f"passes packets on {where} ({text})", mends=mends))
    if goes:
        text = _listed(goes)
        how = "passes less on" if want.forward else "passes no packets on any more"
        mends = Difference("kernel", "forwarding", None, text)
        steps.append(Step("stop-forwarding", f"{how} ({text})", "route", mends=mends))
    return Forwarding(
        tuple(steps),
        # A tunnel ends before its peer loses the prefix, and begins after it got it.
        (
            *(f"unforward {item}" for item in ends),
            *(f"forward {item}" for item in (*comes, *replies)),
        ),
        tuple(f"forward {item}" for item in tunnels),
        tuple(f"unforward {item}" for item in goes),
    )


def hooks(want: Interface, seen: Seen) -> tuple[str, ...]:
    """The lines of [Interface] that do it at boot.

    A command that fails there must not keep the interface down: a firewall that is loaded
    later has no such chain yet.
    """
    ups, downs = [], dict[str, None]()
    told = _hooked(seen.file)
    for item in _items(want, seen):
        if _kind(item) == "tunnel":
            continue  # wg-quick's own
        up, down = _commands(item)
        ups.append(f"PostUp = {up} || : {MARK}{_was(item, seen, told)}")
        if down:
            downs[f"PreDown = {down} || : {MARK}"] = None
    return (*ups, *downs)


def hooked(text: str) -> str | None:
    """The commands of the hooks in a file, for a person; None: there are none."""
    found = [line.strip() for line in text.splitlines() if MARK in line]
    ups = [line.partition(" || :")[0].partition(" = ")[2] for line in found]
    return "; ".join(dict.fromkeys(ups)) or None


def forward_notes(want: Interface, seen: Seen) -> list[str]:
    """What stands in the way of a host that is to pass packets on; not inert."""
    if want.forward is None:
        return []
    notes = [
        f"it may drop what is to pass: {chain.replace(':', ' ')} can be changed only by what made"
        f" it; with firewalld: firewall-cmd --permanent --zone=trusted --add-interface={want.name}"
        for chain in seen.passing.locked
    ]
    if want.forward.masquerade and not seen.passing.nat:
        notes.append("it cannot masquerade: neither nft nor iptables is installed")
    return notes


# -- items -------------------------------------------------------------------------------------

_ORDER = ("accept_ra", "sysctl", "accept", "masquerade", *EXITS)


def _items(want: Interface, seen: Seen) -> list[str]:
    """All that `want` needs there, in the order in which to make it.

    Once told to a file, a chain stays in it: somebody may have the firewall off for now.
    """
    exits = exit_items(want, seen)
    if want.forward is None:
        return exits
    passing, told = seen.passing, _hooked(seen.file)
    families = sorted({str(address.version) for address in want.addresses})
    uplinks = [item for item in told if item.startswith("accept_ra ")]
    if "6" in families and "sysctl 6" not in passing.has:
        # A host that passes packets on loses the routes that its router told it.
        uplinks += [f"accept_ra {dev}" for dev in passing.listens]
    items = [*dict.fromkeys(uplinks), *(f"sysctl {family}" for family in families)]
    for chain in dict.fromkeys((*passing.drops, *_chains(seen.file))):
        if not _CHAIN.fullmatch(chain):
            continue
        only = _FAMILIES.get(chain.partition(":")[0])
        to = [net for net in want.forward.to if only in (None, str(net.version))]
        if only in (None, *families):
            items.append(f"accept {chain} relay")
        items += [f"accept {chain} to {net}" for net in to]
        items += [f"accept {chain} back"] if to else []
    for net in want.forward.masquerade:
        tools = ("nft", _TABLES[str(net.version)])
        tool = next((tool for tool in tools if tool in passing.nat), None)
        items += [f"masquerade {tool} {net}"] if tool else []
    return items + exits


def _is_ours(item: str, seen: Seen, told: Mapping[str, str]) -> bool:
    """Whether it ends with the role: a sysctl only if meshtui turned it and nobody needs it."""
    match item.split():
        case ["accept_ra" | "sysctl", _]:
            return bool(told.get(item)) and not seen.passing.others
        case ["accept", chain, *_]:
            return _CHAIN.fullmatch(chain) is not None
        case ["masquerade", _, net]:
            return _is_network(net)
        case ["reply", _]:
            return item in told
        case ["tunnel", "4" | "6"]:
            return True
    return False


def _was(item: str, seen: Seen, told: Mapping[str, str]) -> str:
    """What the mark of a sysctl goes on with."""
    if item in told:
        return told[item]
    match item.split():
        case ["accept_ra", _]:
            return f"{_WAS}1"
        case ["sysctl", _] if item not in seen.passing.has or seen.passing.others:
            return f"{_WAS}0"
    return ""


def _hooked(file: str | None) -> dict[str, str]:
    """The sysctls and replies in a file's marked hooks, as items -> what the marks go on with."""
    names = {key: f"sysctl {family}" for family, key in _KEYS.items()}
    found = {}
    for line in (file or "").splitlines() if file and MARK in file else ():
        if match := _SYSCTL_HOOK.fullmatch(line.strip()):
            key, was = match[1], match[2]
            found[names.get(key) or f"accept_ra {key.split('/')[-2]}"] = was
        elif item := reply_of(line):
            found[item] = ""
    return found


def _chains(file: str | None) -> list[str]:
    """The chains in the marked hooks of a file."""
    if file is None or MARK not in file:
        return []
    lines = (line.strip() for line in file.splitlines() if MARK in line)
    found = [match for line in lines if (match := _CHAIN_HOOK.match(line))]
    return [match[4] or ":".join(match.group(1, 2, 3)) for match in found]


def _kind(item: str) -> str:
    return item.partition(" ")[0]


def _chain(item: str) -> str | None:
    words = item.split()
    return words[1] if words[0] == "accept" else None


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


# -- as commands -------------------------------------------------------------------------------


def _commands(item: str) -> tuple[str, str | None]:
    """What makes it and what ends it, as wg-quick runs them; forward.sh does the same."""
    words = item.split()
    if words[0] == "accept_ra":
        return f"sysctl -qw net/ipv6/conf/{words[1]}/accept_ra=2", None
    if words[0] == "sysctl":
        return f"sysctl -qw {_KEYS[words[1]]}=1", None
    if words[0] == "reply":
        return reply_hook(words[1])
    where, rule = words[1], words[2:]
    if words[0] == "masquerade":
        (net,), said = rule, f"meshtui:%i masquerade {rule[0]}"
        ip = "ip6" if ":" in net else "ip"
        if where == "nft":
            match = f'{ip} saddr {net} {ip} daddr != {net} oifname != "%i"'
            out = "type nat hook postrouting priority 100;"
            return (
                f"nft 'table {ip} meshtui-%i {{ chain out {{ {out} {match} masquerade"
                f' comment "{said}"; }}; }}\'',
                f"nft delete table {ip} meshtui-%i",
            )
        spec = f"POSTROUTING -s {net} ! -d {net} ! -o %i -m comment --comment '{said}'"
        command = f"{where} -w -t nat -{{}} {spec} -j MASQUERADE"
        return command.format("A"), command.format("D")
    said = f"meshtui:%i {' '.join(rule)}"
    if ":" not in where:
        command = f"{where} -w -{{}} FORWARD {_match(rule, nft=False)} -m comment --comment"
        command += f" '{said}' -j ACCEPT"
        return command.format("I"), command.format("D")
    chain = where.replace(":", " ")
    script = f's/.* comment "meshtui:%i .* handle /delete rule {chain} handle /p'
    return (
        f"nft 'insert rule {chain} {_match(rule, nft=True)} accept comment \"{said}\"'",
        f"nft -a list chain {chain} | sed -n '{script}' | nft -f -",
    )


def _match(rule: list[str], *, nft: bool) -> str:
    match rule:
        case ["to", net]:
            ip = "ip6" if ":" in net else "ip"
            return f'iifname "%i" {ip} daddr {net}' if nft else f"-i %i -d {net}"
        case ["back"]:
            state = "ct state established,related"
            return f'oifname "%i" {state}' if nft else _BACK
    return 'iifname "%i" oifname "%i"' if nft else "-i %i -o %i"


_BACK = "-o %i -m conntrack --ctstate RELATED,ESTABLISHED"


def _listed(items: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(map(_said, items)))


def _said(item: str) -> str:
    """As a person reads it."""
    match item.split():
        case ["accept_ra", dev]:
            return f"accept_ra of {dev}"
        case ["sysctl", family]:
            return _NAMES[family]
        case ["accept", chain, *_]:
            _, _, name = chain.partition(":")
            return f"nft: {name.replace(':', '/')}" if name else f"{chain}: FORWARD"
    return "masquerade " + item.split()[-1]
