"""The QR code in a terminal: what is drawn is the code, and a phone can read what it says."""

from __future__ import annotations

import segno

from meshtui.qr import QUIET, compact, half_blocks

CONF = """\
# phone in the mesh prod
[Interface]
PrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
Address = 10.0.0.7/32

[Peer]
# server-a
PublicKey = BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=
AllowedIPs = 10.0.0.1/32, 10.0.0.2/32
Endpoint = 203.0.113.1:51820
PersistentKeepalive = 25
"""


def modules(rows: list[str]) -> list[list[bool]]:
    """Which modules are dark."""
    found = []
    for row in rows:
        found.append([char in "▀█" for char in row])
        found.append([char in "▄█" for char in row])
    return found


def test_it_is_the_code_that_segno_makes_with_a_quiet_zone() -> None:
    drawn = modules(half_blocks(CONF) or [])
    code = segno.make_qr(CONF, error="l", boost_error=False)
    side = len(code.matrix)
    inner = [row[QUIET : QUIET + side] for row in drawn[QUIET : QUIET + side]]
    assert inner == [[bool(dark) for dark in row] for row in code.matrix]
    around = [*drawn[:QUIET], *drawn[QUIET + side :]]
    assert len(around) >= 2 * QUIET and not any(map(any, around))
    assert not any(any(row[:QUIET]) or any(row[QUIET + side :]) for row in drawn)


def test_what_a_machine_reads_is_short_and_says_the_same() -> None:
    assert compact(CONF).splitlines() == [
        "[Interface]",
        "PrivateKey=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "Address=10.0.0.7/32",
        "[Peer]",
        "PublicKey=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=",
        "AllowedIPs=10.0.0.1/32,10.0.0.2/32",
        "Endpoint=203.0.113.1:51820",
        "PersistentKeepalive=25",
    ]
    assert len(half_blocks(compact(CONF)) or []) < len(half_blocks(CONF) or [])


def test_too_much_text_is_no_code() -> None:
    assert half_blocks("x" * 3000) is None
