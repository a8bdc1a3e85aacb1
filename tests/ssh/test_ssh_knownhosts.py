"""The known_hosts format, held against ssh-keygen's own reading of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.ssh.knownhosts import hashed, lines_for

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl0c7MGoB8dHKjKUy6oDcCyVTMwNWZH8iZoXqfw7vXu"


@pytest.mark.parametrize(
    ("names", "name", "about"),
    [
        ("web", "web", True),
        ("web", "WEB", True),
        ("WEB,db", "web", True),
        ("web", "web2", False),
        ("*.example.org", "a.example.org", True),
        ("*.example.org", "aXexample.org", False),
        ("*,!web", "web", False),
        ("!web,*", "db", True),
        ("!web", "db", False),
        ("we?", "web", True),
        ("[web]:2222", "[web]:2222", True),
        ("[web]:*", "[web]:2222", True),
        ("[web]:2222", "w:2222", False),
        ("web", "[web]:2222", False),
    ],
)
def test_names(names: str, name: str, about: bool, tmp_path: Path) -> None:
    text = f"{names} {KEY} a comment\n"
    assert bool(list(lines_for(text, name))) == about
    (tmp_path / "known_hosts").write_text(text)
    found = subprocess.run(
        ["ssh-keygen", "-F", name, "-f", tmp_path / "known_hosts"], capture_output=True, check=False
    )
    assert (found.returncode == 0) == about


@given(st.text("abc.", min_size=1), st.text("abc.", min_size=1))
def test_a_hashed_name_is_that_name_only(name: str, other: str) -> None:
    text = f"{hashed(name)} {KEY}\n"
    assert [line.key for line in lines_for(text, name)] == [KEY]
    assert bool(list(lines_for(text, other))) == (name == other)


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    list(lines_for(text, "web"))
    assert [line.key for line in lines_for(f"{text}\nweb {KEY}", "web")][-1] == KEY


def test_markers_and_comments() -> None:
    text = f"# web {KEY}\n@revoked web {KEY}\n@cert-authority * {KEY}\n@other web {KEY}\n"
    assert [line.marker for line in lines_for(text, "web")] == ["@revoked", "@cert-authority"]
