"""Where a peer is reached: `host:port`, with IPv6 addresses in brackets."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

#: RFC 1123 names, and underscores because real zones have them.
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\.?")


class Endpoint(NamedTuple):
    """An address or DNS name, and a UDP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """Whether `host` is an address already, not a name to resolve."""
        return is_address(self.host)


def parse_endpoint(text: str) -> Endpoint:
    """Read `1.2.3.4:51820`, `[2001:db8::1]:51820` or `name:51820`; ValueError: what is wrong."""
    host, colon, port_text = text.rpartition(":")
    if not colon or not host:
        raise ValueError("expected host:port")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not is_address(host) or ":" not in host:
            raise ValueError("expected an IPv6 address in the brackets")
        host = str(ipaddress.IPv6Address(host))
    elif ":" in host:
        raise ValueError("an IPv6 address goes in brackets: [2001:db8::1]:51820")
    elif not is_host(host):
        raise ValueError("expected an address or a DNS name before the port")
    if not re.fullmatch(r"[0-9]{1,5}", port_text) or not 0 < int(port_text) < 65536:
        raise ValueError("expected a port from 1 to 65535")
    return Endpoint(host, int(port_text))


def is_address(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address (without zone)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_host(text: str) -> bool:
    """Whether `text` is an address or a DNS name that nothing can misread."""
    if is_address(text):
        return True
    # All digits and dots would be an address that is not one: 300.1.1.1.
    return _NAME.fullmatch(text) is not None and not re.fullmatch(r"[0-9.]+", text)
