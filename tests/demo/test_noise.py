"""The handshake against known values, and against what is not as it should be."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.demo.wire import noise
from meshtui.demo.wire.messages import Data, Initiation, Response, mac1_fits, mac1_key, parse
from meshtui.demo.wire.noise import Identity, Invalid
from meshtui.demo.wire.timers import Moment

A, B = Identity(b"a" * 32), Identity(b"b" * 32)
STAMP = Moment(0, 1.5).tai64n()
PSK = b"p" * 32


def test_blake2s_is_the_one_of_rfc_7693() -> None:
    known = "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"
    assert hashlib.blake2s(b"abc").hexdigest() == known


def test_a_handshake_begins_from_the_constants_of_the_paper() -> None:
    chain = "60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36"
    begin = "2211b361081ac566691243db458ad5322d9c6c662293e8b70ee19c65ba079ef3"
    assert noise.CHAIN.hex() == chain
    assert noise.HASH.hex() == begin


@pytest.mark.parametrize(
    ("text", "keys"),
    [  # Those of wireguard-go, kdf_test.go.
        (
            ("test-key", "test-input"),
            (
                "6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
                "df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
                "fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24",
            ),
        ),
        (
            ("wireguard", "wireguard"),
            (
                "491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
                "1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
                "31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f0160",
            ),
        ),
    ],
)
def test_keys_are_derived_as_wireguard_go_does(
    text: tuple[str, str], keys: tuple[str, ...]
) -> None:
    key, data = (part.encode() for part in text)
    for count in (1, 2, 3):
        assert tuple(k.hex() for k in noise.kdf(key, data, count)) == keys[:count]


def test_a_timestamp_is_tai64n() -> None:
    assert Moment(0, 0).tai64n().hex() == "400000000000000a00000000"
    assert STAMP.hex() == "400000000000000b1dcd6500"


def begin() -> tuple[noise.Pending, Initiation]:
    shared = A.with_(B.public_key)
    pending, datagram = noise.initiate(
        A, B.public_key, shared, index=1, timestamp=STAMP, seed=b"e" * 32
    )
    assert len(datagram) == 148
    assert mac1_fits(datagram, B.mac1_key)
    message = parse(datagram)
    assert isinstance(message, Initiation)
    return pending, message


def answered(message: Initiation, psk: bytes) -> tuple[noise.Keys, Response]:
    public_key, said = noise.caller(B, message)
    assert public_key == A.public_key
    assert said.open(said.key(B.with_(A.public_key)), message.timestamp) == STAMP
    keys, datagram = noise.respond(said, message, public_key, psk, index=2, seed=b"f" * 32)
    assert len(datagram) == 92
    assert mac1_fits(datagram, A.mac1_key)
    response = parse(datagram)
    assert isinstance(response, Response)
    return keys, response


def test_both_ends_come_to_the_same_keys() -> None:
    pending, message = begin()
    theirs, response = answered(message, PSK)
    ours = noise.finish(A, pending, response, PSK)
    assert ours == (theirs.receive, theirs.send)
    assert ours.send != ours.receive
    assert "hidden" in repr(ours)
    assert repr(ours.send) not in repr((ours, pending, A))


def test_another_preshared_key_ends_it_and_the_right_answer_still_counts() -> None:
    pending, message = begin()
    _, wrong = answered(message, b"q" * 32)
    with pytest.raises(Invalid):
        noise.finish(A, pending, wrong, PSK)
    _, right = answered(message, PSK)
    assert noise.finish(A, pending, right, PSK)


def test_no_one_else_can_read_who_calls() -> None:
    _, message = begin()
    with pytest.raises(Invalid):
        noise.caller(Identity(b"c" * 32), message)


@pytest.mark.parametrize("point", [bytes(32), bytes([1]) + bytes(31)])
def test_a_key_that_would_give_everyone_the_same_secret_is_refused(point: bytes) -> None:
    _, message = begin()
    with pytest.raises(Invalid):
        A.with_(point)
    with pytest.raises(Invalid):
        noise.caller(B, message._replace(ephemeral=point))


@given(st.integers(0, 147), st.integers(1, 255))
def test_an_initiation_with_any_byte_changed_is_refused(at: int, by: int) -> None:
    _, message = begin()
    good = message.pack(B.mac1_key)
    bad = bytearray(good)
    bad[at] ^= by
    parsed = parse(bytes(bad))
    if parsed is None:
        assert at < 4
    elif at < 132:
        assert not mac1_fits(bytes(bad), B.mac1_key)


U32 = st.integers(0, 2**32 - 1)


def raw(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


@given(
    st.one_of(
        st.builds(Initiation, U32, raw(32), raw(48), raw(28)),
        st.builds(Response, U32, U32, raw(32), raw(16)),
        st.builds(Data, U32, st.integers(0, 2**64 - 1), st.binary(min_size=16, max_size=99)),
    ),
    raw(32),
)
def test_what_is_packed_is_parsed(message: Initiation | Response | Data, key: bytes) -> None:
    packed = message.pack() if isinstance(message, Data) else message.pack(mac1_key(key))
    assert parse(packed) == message
    assert parse(packed[:15]) is None
    assert parse(b"\5" + packed[1:]) is None
    if not isinstance(message, Data):
        assert mac1_fits(packed, mac1_key(key))
        assert parse(packed + b"\0") is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_none(data: bytes) -> None:
    parse(data)
