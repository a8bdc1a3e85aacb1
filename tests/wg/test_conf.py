from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.wg.conf import ConfFile, Section, parse, section
from tests.wg.files import lines_of, wg_quick_files

PLAIN = """\
# office
[Interface]
Address = 10.0.0.1/24, fd10::1/64   # both families
address=10.9.0.1/24
PrivateKey = @secret:1@
PostUp = iptables -A FORWARD -i %i -j ACCEPT; echo a=b
PostUp = wg set %i fwmark 1

# the one in Oslo
[Peer] # oslo
PublicKey = AAAA
AllowedIPs = 10.0.0.2/32
AllowedIPs =10.0.0.3/32,, 10.0.0.4/32
Endpoint = 203.0.113.2:51820 # by phone

[peer]
# meshtui: bergen
PublicKey = BBBB
"""


@given(wg_quick_files())
def test_what_is_read_is_written(text: str) -> None:
    assert str(parse(text)) == text
    assert parse(str(parse(text))) == parse(text)


@given(st.text(alphabet="[]=#\n\r\t a@Interface", max_size=80))
def test_any_text_is_read_as_it_is_or_refused(text: str) -> None:
    try:
        conf = parse(text)
    except ValueError:
        return
    assert str(conf) == text.removesuffix("\n") + "\n"


@given(
    wg_quick_files(),
    st.sampled_from(["Address", "AllowedIPs", "Endpoint", "MTU", "PersistentKeepalive", "New"]),
    st.lists(st.sampled_from(["10.0.0.1/24", "1420", "x:1"]), max_size=3, unique=True),
)
def test_an_edit_keeps_every_other_line(text: str, key: str, values: list[str]) -> None:
    for old in parse(text).sections:
        if not old.heading:
            continue
        new = old.put(key, values)
        assert list(new.values(key)) == values
        assert new.get(key) == (values[-1] if values else None)
        assert lines_of(new, but=key) == lines_of(old, but=key)
        assert new.put(key, values) == new
        # It still is one section of the same kind, whatever was in it.
        head = "" if old.heading == "interface" else "[Interface]\n"
        again = parse(head + "".join(f"{line}\n" for line in new.lines))
        assert again.sections[-1] == new


def test_values() -> None:
    conf = parse(PLAIN)
    assert conf.interface.values("ADDRESS") == ("10.0.0.1/24", "fd10::1/64", "10.9.0.1/24")
    assert conf.interface.get("postup") == "wg set %i fwmark 1"
    assert conf.interface.every("PostUp")[0].endswith("echo a=b")
    assert conf.interface.get("MTU") is None
    oslo, bergen = conf.peers
    assert oslo.lines[0] == "# the one in Oslo"
    assert oslo.values("AllowedIPs") == ("10.0.0.2/32", "10.0.0.3/32", "10.0.0.4/32")
    assert oslo.get("Endpoint") == "203.0.113.2:51820"
    assert bergen.has("# meshtui: bergen")


def test_names_as_wg_reads_them() -> None:
    # `wg` drops all white space of a line before it looks at it.
    peer = parse("[Interface]\n[ Peer ]\n\tPublic Key =AAAA\r\n").peers[0]
    assert peer.get("PublicKey") == "AAAA"


def test_a_changed_line_keeps_its_comment_and_a_right_one_its_looks() -> None:
    peer = parse(PLAIN).peers[0]
    moved = peer.put("Endpoint", ["203.0.113.9:1"])
    assert moved.lines[-2] == "Endpoint = 203.0.113.9:1 # by phone"
    own = parse(PLAIN).interface.put("Address", ["10.9.0.1/24", "10.0.0.1/24"])
    assert own.lines[2:4] == ("address=10.9.0.1/24", "Address = 10.0.0.1/24")


def test_a_new_line_stands_with_the_others() -> None:
    text = "[Interface]\nListenPort = 1\n\n# below are the peers\n\n[Peer]\nPublicKey = A\n"
    conf = parse(text)
    assert conf.interface.put("MTU", ["1420"]).lines[1:3] == ("ListenPort = 1", "MTU = 1420")
    assert Section("peer", ("[Peer]",)).put("PublicKey", ["A"]).lines == ("[Peer]", "PublicKey = A")


def test_windows_lines_stay_windows_lines() -> None:
    peer = parse("[Interface]\r\n[Peer]\r\nPublicKey = A\r\nEndpoint = a:1 # x\r\n").peers[0]
    peer = peer.put("Endpoint", ["b:2"]).put("MTU", ["1"]).insert("# meshtui: a")
    assert all(line.endswith("\r") and line.count("\r") == 1 for line in peer.lines)
    assert peer.get("Endpoint") == "b:2"


def test_no_value_removes_the_key() -> None:
    assert parse(PLAIN).peers[0].put("AllowedIPs", []).values("AllowedIPs") == ()


def test_a_mark_belongs_to_the_peer_above() -> None:
    conf = parse(
        "[Interface]\n[Peer]\n# meshtui: a\n[Peer]\n# note\n# meshtui: b\n# of c\n[Peer]\n"
    )
    assert [one.lines for one in conf.peers] == [
        ("[Peer]", "# meshtui: a"),
        ("[Peer]", "# note", "# meshtui: b"),
        ("# of c", "[Peer]"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 [Interface]"),
        ("[Peer]\nPublicKey = A\n", "0 [Interface]"),
        ("[Interface]\n[Interface]\n", "2 [Interface]"),
        ("[Interface]\nhello\n", "line 2"),
        ("MTU = 1\n[Interface]\n", "line 1"),
        ("[Interface]\n[WireGuard]\n", "unknown section"),
        ("\ufeff[Interface]\n", "line 1"),
        ("[ Interface ]\n", "unknown section"),  # wg-quick does not know it
    ],
)
def test_what_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert why in str(caught.value)


def test_a_new_section_is_apart_from_the_last() -> None:
    conf = parse("[Interface]\n")
    peer = section("peer", [("PublicKey", "A")], "# meshtui: a")
    text = str(ConfFile((*conf.sections, peer)))
    assert text == "[Interface]\n\n[Peer]\n# meshtui: a\nPublicKey = A\n"
