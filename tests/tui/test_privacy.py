"""Nothing of an address or a key is left on the screen."""

from dataclasses import replace

import pytest
from rich.segment import Segment
from rich.style import Style
from standin import make_mesh
from textual.color import Color

from meshtui.tui.privacy import PrivacyFilter

KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="


def masked(*pieces: str) -> str:
    mesh = make_mesh(2)
    host = replace(mesh.hosts["server-b"], ssh="admin@vps-17.example.net:2222")
    mesh = replace(mesh, hosts={**mesh.hosts, "server-b": host})
    filter_ = PrivacyFilter(mesh)
    segments = filter_.apply([Segment(text, Style()) for text in pieces], Color(0, 0, 0))
    assert [len(segment.text) for segment in segments] == [len(piece) for piece in pieces]
    return "".join(segment.text for segment in segments)


@pytest.mark.parametrize(
    "secret",
    [
        "203.0.113.1",
        "10.0.0.0/24",
        "2001:db8::1",
        "fd10:6d65:7368::/64",
        "::1",
        "2001:db8:1:2:3:4:5:6",
        "fe80::1%eth0",
        KEY,
        KEY[:12] + "…",
        KEY[:5] + "…",
        "203.0.11…",
        "2001:db8:1…",
        "vps-17.example.net",
    ],
)
def test_hidden(secret: str) -> None:
    assert masked(f"at {secret} now") == f"at {'•' * len(secret)} now"


@pytest.mark.parametrize(
    "text",
    [
        "server-a → server-b",
        "14:03:20",
        "kernel 6.1.0-18-amd64",
        "12 s ago, 1.21 KiB",
        "v1.0.20210914",
        "3.11.7",
        "endpoint",
        "3 connecting…",
    ],
)
def test_readable(text: str) -> None:
    assert masked(text) == text


def test_ports_stay_and_pieces_do_not_matter() -> None:
    assert masked("203.0.", "113.1:518", "20") == "••••••" + "•••••:518" + "20"
    assert masked("[2001:db8::1]:51820") == "[•••••••••••]:51820"
