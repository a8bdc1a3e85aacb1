"""Files that are read once for all hosts, and anew where they were changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meshtui.ssh.texts import text_of


def test_what_stays_is_read_once_and_what_changes_anew(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("one\n")
    before = text_of(file)
    assert before == "one\n" and text_of(file) is before
    with file.open("a") as more:
        more.write("two\n")
    assert text_of(file) == "one\ntwo\n"
    # As editors write: another file of the same size, which may even look as old.
    (tmp_path / "new").write_text("one\nTWO\n")
    about = file.stat()
    os.utime(tmp_path / "new", ns=(about.st_atime_ns, about.st_mtime_ns))
    (tmp_path / "new").replace(file)
    assert text_of(file) == "one\nTWO\n"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        text_of(file)


def test_bytes_that_are_no_text_are_refused_or_shown_as_such(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_bytes(b"a\xffb")
    assert text_of(file, "replace") == "a\N{REPLACEMENT CHARACTER}b"
    with pytest.raises(UnicodeDecodeError):
        text_of(file)
