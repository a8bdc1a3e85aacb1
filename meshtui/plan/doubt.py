"""Hosts that may be behind NAT, and mesh.toml does not say so."""

from __future__ import annotations

from ipaddress import ip_address

from meshtui.plan.model import PlanInputs
from meshtui.plan.seen import Seen


def doubtful(inputs: PlanInputs) -> dict[str, str]:
    """Hosts whose endpoint is where ssh goes, at an address that is none of their own -> why.

    So it is behind NAT, and so it is where a provider maps an address to one host: whether
    their port answers tells. What mesh.toml says of an endpoint is never doubted.
    """
    found = {}
    for name, host in inputs.mesh.hosts.items():
        if host.endpoint is None or inputs.written.hosts[name].endpoint is not None:
            continue
        seen, address = inputs.seen.get(name), host.endpoint.host
        own = seen.own if isinstance(seen, Seen) else ()
        if own and str(ip_address(address.partition("%")[0])) not in own:
            found[name] = f"ssh reaches it at {address}, which is no address of its own"
    return found
