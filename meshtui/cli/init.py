"""`meshtui init`: from hosts that ssh reaches to a mesh.toml."""

from __future__ import annotations

import secrets
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace

from meshtui.errors import UsageError
from meshtui.store.init import default_ipv4, new_mesh, unique_local
from meshtui.store.write import create
from meshtui.wg.interface import Network


def init(args: SimpleNamespace) -> int:
    """Write the file that `args` ask for."""
    mesh = new_mesh(
        args.targets,
        name=args.name,
        networks=_networks(args),
        interface=args.interface,
        listen_port=args.listen_port,
        endpoints=dict(_endpoint(text) for text in args.endpoint),
    )
    create(args.file, mesh, force=args.force)
    hosts = "1 host" if len(mesh.hosts) == 1 else f"{len(mesh.hosts)} hosts"
    print(f"{args.file}: {hosts} in {', '.join(map(str, mesh.networks))}")
    where = "" if args.file == Path("mesh.toml") else f" -f {args.file}"
    print(f"next: meshtui{where} apply")
    return 0


def _networks(args: SimpleNamespace) -> list[Network]:
    networks: list[Network] = []
    for text in args.network or []:
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            raise UsageError(f"--network {text}: {error}") from None
    if not networks:
        networks.append(default_ipv4(args.targets))
    if args.ipv6 and all(network.version == 4 for network in networks):
        networks.append(unique_local(secrets.token_bytes(5)))
    return networks


def _endpoint(text: str) -> tuple[str, str]:
    name, equals, endpoint = text.partition("=")
    if not equals:
        raise UsageError(f"--endpoint {text}: expected NAME=HOST[:PORT]")
    return name, endpoint
