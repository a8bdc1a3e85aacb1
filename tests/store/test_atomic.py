import errno
import os
import stat

import pytest

from meshtui.errors import MeshError
from meshtui.store.atomic import create_file, replace_file


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mesh.toml"
    path.write_bytes(b"old")
    return path


def fail(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["os.replace", "os.fsync", "os.fchmod"])
def test_a_failure_leaves_the_old_file_and_nothing_else(file, monkeypatch, call):
    monkeypatch.setattr(call, fail)
    with pytest.raises(MeshError, match="No space left") as caught:
        replace_file(file, b"new", was=b"old")
    assert str(file.parent) in str(caught.value.hint)
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("call", ["os.link", "os.fsync"])
def test_a_failure_to_create_leaves_nothing(tmp_path, monkeypatch, call):
    monkeypatch.setattr(call, fail)
    with pytest.raises(MeshError, match="No space left"):
        create_file(tmp_path / "mesh.toml", b"new")
    assert list(tmp_path.iterdir()) == []


def test_being_interrupted_leaves_the_old_file(file, monkeypatch):
    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_file(file, b"new", was=b"old")
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_the_file_is_on_disk_before_its_name_is(file, monkeypatch):
    order = []
    for call in ("fsync", "replace"):
        real = getattr(os, call)
        monkeypatch.setattr(
            os, call, lambda *a, real=real, call=call: (order.append(call), real(*a))[1]
        )
    replace_file(file, b"new", was=b"old")
    assert order == ["fsync", "replace", "fsync"]
    assert file.read_bytes() == b"new"


def test_a_change_by_someone_else_is_kept(file):
    with pytest.raises(MeshError, match="changed by someone else"):
        replace_file(file, b"new", was=b"older")
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_stays(file, mode):
    file.chmod(mode)
    replace_file(file, b"new", was=b"old")
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_stays(file):
    os.chown(file, 12345, 23456)
    replace_file(file, b"new", was=b"old")
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)


def test_an_owner_that_cannot_be_set_is_no_failure(file, monkeypatch):
    def refuse(*_args):
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr("os.fchown", refuse)
    replace_file(file, b"new", was=b"old")
    assert file.read_bytes() == b"new"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "kept").mkdir()
    target = tmp_path / "kept" / "real.toml"
    target.write_bytes(b"old")
    link = tmp_path / "mesh.toml"
    link.symlink_to("kept/real.toml")
    replace_file(link, b"new", was=b"old")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert [p.name for p in (tmp_path / "kept").iterdir()] == ["real.toml"]


def test_a_read_only_file_is_not_gone_around(file, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anything
    with pytest.raises(MeshError, match="read-only"):
        replace_file(file, b"new", was=b"old")
    assert file.read_bytes() == b"old"


def test_creating_never_replaces_what_came_in_between(tmp_path, monkeypatch):
    path = tmp_path / "mesh.toml"
    path.write_bytes(b"theirs")
    monkeypatch.setattr("os.path.lexists", lambda _: False)
    with pytest.raises(MeshError, match="there already"):
        create_file(path, b"new")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_the_directory_must_be_there(tmp_path):
    with pytest.raises(MeshError, match="cannot be written: No such file") as caught:
        create_file(tmp_path / "none" / "mesh.toml", b"new")
    assert "none is there" in str(caught.value.hint)


def test_a_new_file_has_the_mode_that_an_editor_gives(tmp_path):
    mask = os.umask(0o027)
    try:
        create_file(tmp_path / "mesh.toml", b"new")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "mesh.toml").stat().st_mode) == 0o640
