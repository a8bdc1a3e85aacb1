"""What is ignored stays so, and the file is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtui.errors import MeshError
from meshtui.store.ignored import Ignored


def test_ignored_until_heeded(tmp_path: Path) -> None:
    one = Ignored("m", directory=tmp_path / "state")
    assert one.read() == {} and not one.remove("ab")
    one.add("ab", "a: listen_port")
    one.add("cd", "b: endpoint")
    assert Ignored("m", directory=tmp_path / "state").read() == {
        "ab": "a: listen_port",
        "cd": "b: endpoint",
    }
    assert Ignored("other", directory=tmp_path / "state").read() == {}
    assert one.path.stat().st_mode & 0o777 == 0o600
    assert one.remove("ab") and list(one.read()) == ["cd"]
    assert [path.name for path in one.path.parent.iterdir()] == ["ignored.json"]


@pytest.mark.parametrize("text", ["", "[1]", "{", "\xff"])
def test_a_broken_file_is_told_and_not_written_over(tmp_path: Path, text: str) -> None:
    one = Ignored("m", directory=tmp_path)
    one.path.parent.mkdir()
    one.path.write_text(text, "latin-1")
    for do in (one.read, lambda: one.add("ab", "x")):
        with pytest.raises(MeshError, match=r"ignored\.json cannot be read"):
            do()
    assert one.path.read_text("latin-1") == text


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("in the way")
    with pytest.raises(MeshError, match=r"ignored\.json cannot be"):
        Ignored("m", directory=tmp_path).add("ab", "x")
