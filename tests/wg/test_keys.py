import base64
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshtui.wg.keys import is_key, keypair, preshared

SEEDS = st.binary(min_size=32, max_size=32)


@given(SEEDS)
def test_32_bytes_in_base64_are_a_key(raw: bytes) -> None:
    assert is_key(base64.b64encode(raw).decode())


@given(st.binary(max_size=64).filter(lambda raw: len(raw) != 32))
def test_any_other_length_is_none(raw: bytes) -> None:
    assert not is_key(base64.b64encode(raw).decode())


GOOD = "V6+fzuxOq6gPO6wD01GgfEPFm6NgVmqUhHQL2NzLPUA="


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD[:-1],
        GOOD + "\n",
        " " + GOOD,
        GOOD[:42] + "B=",  # stray bits: `wg` refuses it
        GOOD.replace("+", "-"),  # the URL's alphabet
        "=" * 44,
        "Ａ" * 42 + "A=",  # no ASCII
    ],
)
def test_no_key(text: str) -> None:
    assert is_key(GOOD)
    assert not is_key(text)


def test_keypair_as_wg_makes_it() -> None:
    # Made with `wg genkey | tee | wg pubkey`; it was never used for anything.
    private = "2GdGbeMqCR7oOTPLdubAO+xFW6OVo5dL4LO3v2Uz1FU="
    public = "/V6O6HxcEmbupw7IM+uSZZPmjW9+1ZrIGReEGx3fQy8="
    secret, got = keypair(base64.b64decode(private))
    assert (secret.reveal(), got) == (private, public)


@given(SEEDS)
@settings(max_examples=50)
def test_a_private_key_is_clamped(seed: bytes) -> None:
    raw = base64.b64decode(keypair(seed)[0].reveal())
    assert raw[0] & 7 == 0 and raw[31] & 0xC0 == 0x40
    assert raw[1:31] == seed[1:31]


@pytest.mark.skipif(not shutil.which("wg"), reason="wg is not installed")
@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_wg_agrees(seed: bytes) -> None:
    secret, public = keypair(seed)
    told = subprocess.run(
        ["wg", "pubkey"], input=secret.reveal(), capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == public


@pytest.mark.parametrize("make", [keypair, preshared])
@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_is_32_bytes(make: type, length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make(b"x" * length)


def test_a_secret_hides_everywhere_but_in_reveal() -> None:
    secret = preshared(b"\x07" * 32)
    text = secret.reveal()
    assert is_key(text)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr([secret])]
    assert not any(text in one for one in shown)
    assert not hasattr(secret, "__dict__")  # nor in what a debugger or rich prints of locals
