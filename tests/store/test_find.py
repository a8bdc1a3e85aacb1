from pathlib import Path

import pytest

from meshtui.errors import UsageError
from meshtui.store.find import find


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Where the user's own file would be; the working directory is empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "meshtui").mkdir(parents=True)
    return tmp_path / "config" / "meshtui" / "mesh.toml"


def test_what_is_named_is_meant_even_if_missing(configured):
    Path("mesh.toml").touch()
    assert find(Path("other.toml")) == Path("other.toml")


def test_the_one_here_comes_before_the_users(configured):
    configured.touch()
    assert find(None) == configured
    Path("mesh.toml").touch()
    assert find(None) == Path("mesh.toml")


def test_none_says_where_it_looked_and_what_makes_one(configured):
    with pytest.raises(UsageError) as caught:
        find(None)
    assert str(configured) in str(caught.value)
    assert "meshtui init" in str(caught.value)
