from __future__ import annotations

import base64
import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.wg.dump import MOST_PEERS, Dumps, LiveInterface, LivePeer, parse_dump

KEYS = st.binary(min_size=32, max_size=32).map(lambda raw: base64.b64encode(raw).decode())
NETWORKS = st.one_of(
    st.ip_addresses(v=4).map(lambda ip: f"{ip}/32"),
    st.ip_addresses(v=6).map(lambda ip: f"{ip}/128"),
)
ENDPOINTS = st.one_of(
    st.none(),
    st.ip_addresses(v=4).map(lambda ip: f"{ip}:51820"),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip}]:51820"),
    st.just("[fe80::1%eth0]:51820"),
)
COUNTS = st.integers(0, 2**63)
PEERS = st.builds(
    LivePeer,
    public_key=KEYS,
    preshared=st.booleans(),
    endpoint=ENDPOINTS,
    allowed_ips=st.lists(NETWORKS, max_size=4, unique=True).map(tuple),
    latest_handshake=COUNTS,
    transfer_rx=COUNTS,
    transfer_tx=COUNTS,
    persistent_keepalive=st.integers(0, 65535),
)


def written(live: LiveInterface) -> str:
    """What show.c's dump_print prints, its secrets masked as look.sh masks them."""
    lines = [f"-\t{live.public_key or '(none)'}\t{live.listen_port}\t{live.fwmark or 'off'}"]
    for peer in live.peers.values():
        fields = [
            peer.public_key,
            "set" if peer.preshared else "(none)",
            peer.endpoint or "(none)",
            ",".join(peer.allowed_ips) or "(none)",
            str(peer.latest_handshake),
            str(peer.transfer_rx),
            str(peer.transfer_tx),
            str(peer.persistent_keepalive or "off"),
        ]
        lines.append("\t".join(fields))
    return "".join(f"{line}\n" for line in lines)


@given(
    st.builds(
        LiveInterface,
        name=st.just("wg0"),
        public_key=st.none() | KEYS,
        listen_port=st.integers(0, 65535),
        fwmark=st.sampled_from([None, "0xca6c"]),
        peers=st.lists(PEERS, max_size=4).map(lambda some: {p.public_key: p for p in some}),
    )
)
def test_what_wg_prints_is_read(live: LiveInterface) -> None:
    assert parse_dump("wg0", written(live)) == live


INTERFACES = st.builds(
    LiveInterface,
    name=st.just("wg0"),
    public_key=KEYS,
    listen_port=st.just(51820),
    fwmark=st.none(),
    peers=st.lists(PEERS, max_size=4).map(lambda some: {p.public_key: p for p in some}),
)


@given(INTERFACES, INTERFACES, st.data())
def test_one_dump_after_the_other_is_as_each_alone(
    first: LiveInterface, second: LiveInterface, data: st.DataObject
) -> None:
    """Also where some peers stay as they are, and others that are known change."""
    changed = {
        key: peer._replace(transfer_rx=peer.transfer_rx + data.draw(st.integers(0, 1)))
        for key, peer in first.peers.items()
    }
    second = replace(second, peers=second.peers | changed)
    dumps = Dumps()
    assert [dumps.read("wg0", written(live)) for live in (first, second)] == [first, second]
    was = dumps.read("wg0", written(second)).peers
    assert all(peer is was[key] for key, peer in dumps.read("wg0", written(second)).peers.items())


KEY = "V6+fzuxOq6gPO6wD01GgfEPFm6NgVmqUhHQL2NzLPUA="
INTERFACE = f"-\t{KEY}\t51820\toff"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-\t(none)\t51820",
        "Unable to access interface: No such device",
        f"-\t{KEY}\tport\toff",
        f"-\t{KEY}\t65536\toff",
        f"-\t{KEY}\t-1\toff",
        f"-\t{KEY}\t{'9' * 5000}\toff",
        f"{INTERFACE}\n{KEY}\t(none)\t(none)\t(none)\t0\t0\t0",
        f"{INTERFACE}\nnokey\t(none)\t(none)\t(none)\t0\t0\t0\toff",
        f"{INTERFACE}\n{KEY}\t(none)\t(none)\t(none)\tnever\t0\t0\toff",
        f"{INTERFACE}\n\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_dump("wg0", text)


def test_more_peers_than_any_mesh_has_are_refused() -> None:
    peer = f"{KEY}\t(none)\t(none)\t(none)\t0\t0\t0\toff\n"
    assert len(parse_dump("wg0", f"{INTERFACE}\n" + peer * MOST_PEERS).peers) == 1
    with pytest.raises(ValueError, match="more than 5000"):
        parse_dump("wg0", f"{INTERFACE}\n" + peer * (MOST_PEERS + 1))


@given(st.text(alphabet="-\t\n(none)off0123" + KEY, max_size=200))
def test_refusing_is_all_that_it_does(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_dump("wg0", text)
