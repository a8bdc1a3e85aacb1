"""Every key that `mesh.toml` may have: how it is read, and what a person is told to write there."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from meshtui.mesh.model import Keys, Topology
from meshtui.store import readers
from meshtui.store.readers import Reader, Wrong, described

T_co = TypeVar("T_co", covariant=True)


class Field(NamedTuple, Generic[T_co]):
    """A key, what reads its value, and what the message says was expected."""

    key: str
    read: Reader[T_co]
    expected: str


def _topology(value: object) -> Topology:
    if value == "full":
        return "full"
    if value == "hub":
        return "hub"
    if value == "groups":
        return "groups"
    raise Wrong(f"{described(value)} is not a topology")


def _keys(value: object) -> Keys:
    if value == "host":
        return "host"
    if value == "operator":
        return "operator"
    raise Wrong(f"{described(value)} is not who makes a key")


NAME = Field("name", readers.mesh_name, 'a name such as "prod"')
INTERFACE = Field(
    "interface",
    readers.interface_name,
    'up to 15 letters, digits and _=+.-, such as "wg0"',
)
NETWORKS = Field("networks", readers.network, 'one such as "10.0.0.0/24"')
TOPOLOGY = Field("topology", _topology, '"full", "hub" or "groups"')
_FLAG = "true or false, without quotes"
_HOST = 'the name of a host, such as "server-a"'
PRESHARED_KEYS = Field("preshared_keys", readers.flag, _FLAG)
HOSTS_FILE = Field("hosts_file", readers.flag, _FLAG)
RELAY = Field("relay", readers.mesh_name, _HOST)

SSH = Field("ssh", readers.ssh_target, 'one such as "root@203.0.113.1" or an alias')
ENDPOINT = Field(
    "endpoint", readers.endpoints, 'one such as "203.0.113.1:51820", or "none" behind NAT'
)
ADDRESSES = Field("addresses", readers.address, 'one such as "10.0.0.2"')
PUBLIC_KEY = Field("public_key", readers.public_key, "the 44 characters that `wg pubkey` prints")

LISTEN_PORT = Field(
    "listen_port", readers.whole(1, 65535, "a port"), "a number from 1 to 65535, without quotes"
)
KEYS = Field("keys", _keys, '"host" (each makes its own) or "operator" (meshtui makes it)')
PERSISTENT_KEEPALIVE = Field(
    "persistent_keepalive",
    readers.whole(0, 65535, "a number of seconds"),
    "a number from 0 (off) to 65535, without quotes",
)
MTU = Field(
    "mtu", readers.whole(576, 65535, "an MTU"), "a number from 576 to 65535, without quotes"
)

HUB = Field("hub", readers.flag, _FLAG)
GROUP = Field("group", readers.mesh_name, 'a name such as "office"')
GATEWAY = Field("gateway", readers.flag, _FLAG)
ROUTES = Field("routes", readers.network, 'a network such as "192.168.1.0/24"')
MASQUERADE = Field("masquerade", readers.flag, _FLAG)
EXIT = Field("exit", readers.mesh_name, _HOST)

THROUGH = Field("through", readers.mesh_name, _HOST)
PEER_ENDPOINT = Field("endpoint", readers.fixed_endpoint, 'one such as "203.0.113.1:51820"')

DISABLED = Field("disabled", readers.flag, _FLAG)
BETWEEN = Field("between", readers.mesh_name, _HOST)

#: In [mesh] they are the defaults of every host.
BOTH: tuple[Field[object], ...] = (LISTEN_PORT, KEYS, PERSISTENT_KEEPALIVE, MTU)
MESH_FIELDS: tuple[Field[object], ...] = (
    NAME,
    INTERFACE,
    NETWORKS,
    TOPOLOGY,
    PRESHARED_KEYS,
    RELAY,
    HOSTS_FILE,
    *BOTH,
)
HOST_FIELDS: tuple[Field[object], ...] = (
    SSH,
    ENDPOINT,
    ADDRESSES,
    PUBLIC_KEY,
    *BOTH,
    HUB,
    GROUP,
    GATEWAY,
    RELAY,
    ROUTES,
    MASQUERADE,
    EXIT,
    DISABLED,
)
PEER_FIELDS: tuple[Field[object], ...] = (
    ADDRESSES,
    PUBLIC_KEY,
    THROUGH,
    EXIT,
    PEER_ENDPOINT,
    PERSISTENT_KEEPALIVE,
    ROUTES,
    DISABLED,
)
LINK_FIELDS: tuple[Field[object], ...] = (BETWEEN, DISABLED, RELAY)
