"""An error's text is harmless to show, whoever put it together."""

from copy import copy
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.errors import CommandFailed, MeshError, UnknownHostKey
from meshtui.mesh.problem import Problem
from meshtui.store.errors import FileError


def test_control_characters_of_a_host_are_shown_not_obeyed() -> None:
    error = CommandFailed("\x1b]0;owned\x07 failed\r\nok", host="a\x1b[2J", hint="see \u202eslog")
    assert error.what == "␛]0;owned␇ failed␍␤ok"
    assert error.hint == "see <U+202E>slog"
    assert str(error) == "a␛[2J: ␛]0;owned␇ failed␍␤ok (see <U+202E>slog)"
    assert error.args == (error.what,)  # what a traceback shows


@given(st.text(), st.text() | st.none())
def test_no_text_is_active_or_endless(what: str, hint: str | None) -> None:
    error = MeshError(what * 30, hint=hint)
    assert len(error.what) <= 600
    assert not any(category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in str(error))


def test_a_copy_for_another_host_reads_the_same() -> None:
    error = UnknownHostKey("unknown \x1b", host="hop", hint="\n", fingerprint="SHA256:x")
    told = error.at("server-a")
    assert (told.what, told.hint, told.host) == (error.what, error.hint, "server-a")
    assert isinstance(told, UnknownHostKey)
    assert told.fingerprint == "SHA256:x"
    assert error.host == "hop"
    assert str(copy(error)) == str(error)


@pytest.mark.parametrize("count", [1, 40])
def test_a_file_keeps_a_line_for_each_problem(count: int) -> None:
    problems = [Problem(f"hosts.h{n}.ssh", "\x1b[1m is wrong\n") for n in range(count)]
    lines = str(FileError(Path("mesh.toml"), problems, hint="mend it")).splitlines()
    assert len(lines) == count
    assert all("␛[1m is wrong␤" in line for line in lines)
    assert lines[-1].endswith(" (mend it)")
