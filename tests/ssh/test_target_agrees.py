"""mesh.toml's check of an SSH target and the ssh room's reading of it are one and the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meshtui.mesh.target import parse_target
from meshtui.ssh.target import split

WORDS = st.sampled_from(
    [
        "root",
        "web-1",
        "203.0.113.1",
        "2001:db8::1",
        "[2001:db8::1]",
        "@",
        ":",
        "22",
        "0",
        "-",
        "a.b",
    ]
)


@given(st.one_of(st.lists(WORDS, max_size=5).map("".join), st.text("ab1@:[]-. ", max_size=12)))
def test_what_the_file_may_say_is_read_alike(text: str) -> None:
    try:
        target = parse_target(text)
    except ValueError:
        return
    assert split(text) == (target.host, target.user, target.port)
