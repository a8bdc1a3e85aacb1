"""Things that go wrong on servers and between them, made to happen in a lab.

Every fault on a host but those of accounts and keys ends with its power, too:
mounts do not outlive a boot.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Literal

from meshtui.errors import MeshError
from meshtui.lab.lab import Lab
from meshtui.lab.names import V4_NET
from meshtui.lab.paths import SCRIPTS
from meshtui.lab.power import far_end, in_network, keeper_of
from meshtui.lab.procs import Process, wait_until

SUDO_PASSWORD = "lab"  # noqa: S105 # of users made with sudo="password", in a lab
"""What `sudo` wants from a user made with `sudo="password"`."""

# Sent whole each time: nft takes it as one step, and what stands stays.
_RULES = """\
add table inet faults
add set inet faults frozen { type ifname; }
add set inet faults mute { type ifname; }
add set inet faults deaf4 { type ipv4_addr . ipv4_addr; }
add set inet faults deaf6 { type ipv6_addr . ipv6_addr; }
add chain inet faults onward { type filter hook forward priority 0; }
flush chain inet faults onward
add rule inet faults onward iifname @frozen drop
add rule inet faults onward oifname @frozen drop
add rule inet faults onward meta l4proto udp iifname @mute drop
add rule inet faults onward meta l4proto udp oifname @mute drop
add rule inet faults onward meta l4proto udp ip saddr . ip daddr @deaf4 drop
add rule inet faults onward meta l4proto udp ip6 saddr . ip6 daddr @deaf6 drop
"""

# A range of ports is said of protocols that have any.
_OTHER_PORTS = """\
flush chain ip nat outbound
add rule ip nat outbound oifname "eth0" meta l4proto {{ tcp, udp }} masquerade to :{}-{}{}
add rule ip nat outbound oifname "eth0" masquerade
"""


def small_disk(lab: Lab, host: str, where: str) -> None:
    """Give that directory of the host a disk of its own, which `fill_disk` then fills."""
    _on(lab, host, "small-disk", where)


def fill_disk(lab: Lab, host: str, where: str = "/etc/wireguard") -> None:
    """Leave no room in that directory of the host: writing there ends with ENOSPC."""
    _on(lab, host, "fill-disk", where)


def free_disk(lab: Lab, host: str, where: str = "/etc/wireguard") -> None:
    """Undo `fill_disk`; what was written meanwhile is lost."""
    _on(lab, host, "free-disk", where)


def read_only_etc(lab: Lab, host: str) -> None:
    """Make the host's /etc read-only, as after a disk error."""
    _on(lab, host, "read-only-etc")


def writable_etc(lab: Lab, host: str) -> None:
    """Undo `read_only_etc`."""
    _on(lab, host, "writable-etc")


def remove_wg(lab: Lab, host: str) -> None:
    """Take `wg` and `wg-quick` off the host; this outlives a power cut."""
    _on(lab, host, "remove-wg")


def restore_wg(lab: Lab, host: str) -> None:
    """Undo `remove_wg`."""
    _on(lab, host, "restore-wg")


def new_host_key(lab: Lab, host: str) -> str:
    """Give the host's sshd another key, as a rebuilt server has; return its public half.

    The lab's known_hosts keeps the old one.
    """
    _on(lab, host, "new-host-key")
    shown = lab.on(host, ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"], check=True)
    return str(shown.stdout).strip()


def add_user(
    lab: Lab,
    host: str,
    user: str,
    *,
    shell: str = "/bin/bash",
    sudo: Literal["none", "password", "free"] = "none",
) -> None:
    """Make a user on the host whom the lab's SSH key lets in."""
    _on(lab, host, "add-user", user, shell, sudo)


def set_shell(lab: Lab, host: str, user: str, shell: str) -> None:
    """Change the login shell of `user`, which may be root."""
    _on(lab, host, "set-shell", user, shell)


def block_udp(lab: Lab, source: str, target: str | None = None) -> None:
    """Drop UDP from `source` to `target` in the switch; the way back stays open.

    Without `target`: all UDP to and from the host, as some networks do.
    """
    a = lab.host(source)
    if target is None:
        _nft(lab, f'add element inet faults mute {{ "{a.name}" }}\n')
        return
    b = lab.host(target)
    if a.v4 and b.v4:
        _nft(lab, f"add element inet faults deaf4 {{ {a.v4} . {b.v4} }}\n")
    if a.v6 and b.v6:
        _nft(lab, f"add element inet faults deaf6 {{ {a.v6} . {b.v6} }}\n")


def unblock_udp(lab: Lab, host: str) -> None:
    """Undo `block_udp` of all UDP of that host."""
    _nft(lab, f'delete element inet faults mute {{ "{lab.host(host).name}" }}\n')


def forget_mapping(lab: Lab, host: str) -> None:
    """Make the host's router forget whom it let through, and use other ports from now on.

    As when it was switched off and on: holes are lost, and what comes next is seen
    under another port. What was forwarded to the host, as SSH is, goes on.
    """
    at = lab.host(host)
    if at.inner is None:
        raise MeshError("it is behind no router", host=host)
    router = far_end(lab.path, at)
    listed = _in(router, ["nft", "list", "chain", "ip", "nat", "outbound"])
    port = secrets.choice([p for p in range(20000, 60000, 1000) if f":{p}-" not in listed])
    random = " fully-random" * ("fully-random" in listed)
    _in(router, ["nft", "-f", "-"], _OTHER_PORTS.format(port, port + 999, random))
    # The kernel forgets what it masqueraded when the link that it left by goes down. It does
    # so later, and not at all where many links of the machine go down in that moment.
    masqueraded = re.compile(rf"udp .*? src={re.escape(at.inner)} ")

    def forgotten() -> bool:
        _in(router, ["ip", "link", "set", "eth0", "up"])
        _in(router, ["ip", "link", "set", "eth0", "down"])
        # Read while others are being forgotten, the list may leave one out.
        lists = (_in(router, ["cat", "/proc/net/nf_conntrack"]) for _ in range(3))
        return not any(masqueraded.search(listed) for listed in lists)

    wait_until(forgotten, 10, lambda: f"{host}: its router goes on with the old ports")
    _in(router, ["ip", "link", "set", "eth0", "up"])
    _in(router, ["ip", "route", "add", "default", "via", f"{V4_NET}.254", "dev", "eth0", "onlink"])


def forward_udp(lab: Lab, host: str, port: int = 51820) -> None:
    """Have the host's router hand on what comes to that UDP port, as a person can set it up."""
    at = lab.host(host)
    if at.inner is None:
        raise MeshError("it is behind no router", host=host)
    rule = f'add rule ip nat inbound iifname "eth0" udp dport {port} dnat to {at.inner}\n'
    _in(far_end(lab.path, at), ["nft", "-f", "-"], rule)


def firewall(lab: Lab, host: str, tool: Literal["nft", "iptables"] = "nft") -> None:
    """Drop what the host would forward, as ufw, firewalld and Docker set it up.

    With `tool` "iptables", which must be installed, by the policy of its FORWARD chain.
    """
    _on(lab, host, "firewall", tool)


def no_firewall(lab: Lab, host: str, tool: Literal["nft", "iptables"] = "nft") -> None:
    """Undo `firewall`."""
    _on(lab, host, "no-firewall", tool)


def freeze_link(lab: Lab, host: str) -> None:
    """Drop whatever goes to or from the host, silently, as a network that hangs."""
    _nft(lab, f'add element inet faults frozen {{ "{lab.host(host).name}" }}\n')


def thaw_link(lab: Lab, host: str) -> None:
    """Undo `freeze_link`."""
    _nft(lab, f'delete element inet faults frozen {{ "{lab.host(host).name}" }}\n')


def clear_network(lab: Lab) -> None:
    """Undo every `freeze_link` and `block_udp`."""
    _nft(lab, "delete table inet faults\n")


def _on(lab: Lab, host: str, verb: str, *words: str) -> None:
    script = (SCRIPTS / "faults.sh").read_text()
    done = lab.on(host, ["sh", "-s", "--", verb, *words], input=script)
    if done.returncode != 0:
        raise MeshError(f"{verb} failed: {done.stderr.strip()}", host=host)


def _nft(lab: Lab, change: str) -> None:
    """Change the rules of the switch."""
    _in(keeper_of(lab.path), ["nft", "-f", "-"], _RULES + change)


def _in(network: Process, argv: Sequence[str], text: str = "") -> str:
    done = in_network(network, argv, text)
    if done.returncode != 0:
        raise MeshError(f"{' '.join(argv)} failed in the lab: {done.stderr.strip()}")
    return done.stdout
