"""The text of every file that a lab writes for its operator."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from meshtui.lab.names import LabHost


def mesh_toml(name: str, hosts: Iterable[LabHost], networks: Sequence[str]) -> str:
    """A host list that `meshtui apply` turns into a mesh."""
    head = f"""\
# The hosts of a lab, made by `meshtui lab up`. `meshtui lab down` takes it away.
[mesh]
name = {json.dumps(name)}
interface = "wg0"
networks = {json.dumps(list(networks))}
listen_port = 51820
topology = "full"
"""
    return head + "".join(
        f'\n[hosts.{h.name}]\nssh = "root@{h.address}"\n' + 'endpoint = "none"\n' * bool(h.inner)
        for h in hosts
    )


def ssh_config(path: Path, hosts: Iterable[LabHost]) -> str:
    """OpenSSH client configuration: names, addresses and logins work as they stand."""
    # The name of a host is an alias; every way to say the host uses the same key.
    aliases = "".join(f"Host {h.name}\n    HostName {h.address}\n" for h in hosts)
    return f"""\
{aliases}
Host *
    User root
    IdentityFile {path / "id_ed25519"}
    IdentitiesOnly yes
    UserKnownHostsFile {path / "known_hosts"}
    GlobalKnownHostsFile /dev/null
    ConnectTimeout 10
"""


def known_hosts(keys: Mapping[LabHost, str]) -> str:
    """Every host's public key, under its name and its addresses."""
    return "".join(
        f"{','.join(filter(None, (h.name, h.v4, h.v6)))} {key}\n" for h, key in keys.items()
    )


def etc_hosts(hosts: Iterable[LabHost]) -> str:
    """The operator's /etc/hosts."""
    lines = "".join(f"{at} {h.name}\n" for h in hosts for at in (h.v4, h.v6) if at)
    return f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 operator\n{lines}"
