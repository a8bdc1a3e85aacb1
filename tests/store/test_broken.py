"""Every broken mesh.toml, with each line that a person reads: `broken/NAME.toml`, `NAME.txt`."""

from pathlib import Path

import pytest

from meshtui.errors import UsageError
from meshtui.store.errors import FileError
from meshtui.store.meshfile import load

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))


def test_there_are_enough_of_them():
    assert len(BROKEN) >= 32


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_says_what_is_wrong(file, tmp_path, monkeypatch):
    (tmp_path / "mesh.toml").write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError) as caught:
        load(Path("mesh.toml"))
    assert str(caught.value).splitlines() == file.with_suffix(".txt").read_text().splitlines()
    assert len(caught.value.problems) == len(str(caught.value).splitlines())
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_no_message_repeats_a_key(file):
    """Whatever looks like a key in the file may be a private one."""
    said = file.with_suffix(".txt").read_text()
    assert "xTIBA5rboU" not in said
    assert said.isascii() or set(said) - {"…"} <= set(map(chr, range(128)))
