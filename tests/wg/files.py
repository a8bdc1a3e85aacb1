"""wg-quick files as people and programs write them."""

from __future__ import annotations

from hypothesis import strategies as st

from meshtui.wg.conf import Section

_SPACE = st.sampled_from(["", " ", "  ", "\t", " \t "])
_END = st.sampled_from(["", "", "", " ", "\t", " # a comment", "#x = y # [Peer]", " # ünïcode"])
_KEYS = st.sampled_from(
    [
        *("Address", "ListenPort", "MTU", "DNS", "Table", "FwMark", "SaveConfig"),
        *("PreUp", "PostUp", "PreDown", "PostDown", "PublicKey", "PresharedKey", "PrivateKey"),
        *("AllowedIPs", "Endpoint", "PersistentKeepalive", "SomethingNew"),
    ]
)
_CASES = st.sampled_from([str, str, str.lower, str.upper, str.title])
_VALUES = st.one_of(
    st.sampled_from(
        [
            *("10.0.0.1/24", "10.0.0.1/24, fd10::1/64", "10.0.0.2/32,,10.0.0.3/32", "51820", ""),
            *("iptables -A FORWARD -i %i -j ACCEPT; x=y", "off", "25", "vpn.example.com:1"),
        ]
    ),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=12),
)


@st.composite
def _settings(draw: st.DrawFn) -> str:
    key = draw(_CASES)(draw(_KEYS))
    return "".join((draw(_SPACE), key, draw(_SPACE), "=", draw(_SPACE), draw(_VALUES), draw(_END)))


_LINES = st.one_of(
    _settings(),
    _settings(),
    _SPACE,
    st.sampled_from(
        ["# a comment", "#", "  # PublicKey = commented", "# [Peer]", "# meshtui: one"]
    ),
)


@st.composite
def _headings(draw: st.DrawFn, name: str) -> str:
    return draw(_SPACE) + draw(_CASES)(name) + draw(_END)


@st.composite
def wg_quick_files(draw: st.DrawFn) -> str:
    """A file that `parse` takes: one [Interface], some [Peer]s, anything between them."""
    preamble = draw(st.lists(st.sampled_from(["", "# at the top", " \t"]), max_size=2))
    peers = draw(st.integers(0, 3))
    where = draw(st.integers(0, peers))
    lines = [*preamble]
    for number in range(peers + 1):
        name = "[Interface]" if number == where else "[Peer]"
        lines += [draw(_headings(name)), *draw(st.lists(_LINES, max_size=6))]
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return "".join(f"{line}{end}" for line in lines)


def lines_of(section: Section, but: str = "") -> list[str]:
    """The section's lines, without those that set `but`."""
    return [
        line
        for line in section.lines
        if not ("=" in line.partition("#")[0] and _name(line) == but.lower())
    ]


def _name(line: str) -> str:
    return "".join(line.partition("=")[0].split()).lower()
