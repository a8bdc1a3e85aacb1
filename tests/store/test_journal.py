import errno
import os
import stat
from pathlib import Path

import pytest

from meshtui.errors import MeshError, UsageError
from meshtui.store.journal import Journal


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_entries_come_back_in_order(tmp_path):
    journal = Journal("prod", directory=tmp_path / "state")
    assert journal.read() == []
    journal.append({"at": "2026-01-31T12:00:00Z", "phase": "arm", "hosts": ["server-a"]})
    Journal("prod", directory=tmp_path / "state").append({"phase": "confirm\n\x1b"})
    assert journal.read() == [
        {"at": "2026-01-31T12:00:00Z", "phase": "arm", "hosts": ["server-a"]},
        {"phase": "confirm\n\x1b"},
    ]
    assert journal.path.read_bytes().count(b"\n") == 2
    assert b"\x1b" not in journal.path.read_bytes()


def test_nobody_else_can_read_it(tmp_path):
    mask = os.umask(0)
    try:
        journal = Journal("prod", directory=tmp_path / "state" / "meshtui")
        journal.append({})
    finally:
        os.umask(mask)
    assert mode(journal.path) == 0o600
    assert mode(journal.path.parent) == 0o700
    assert mode(tmp_path / "state" / "meshtui") == 0o700
    assert mode(tmp_path / "state") == 0o700


def test_it_is_where_the_users_state_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert Journal("prod").path == tmp_path / "meshtui" / "prod" / "journal.jsonl"


def test_it_is_on_disk_when_append_returns(tmp_path, monkeypatch):
    journal = Journal("prod", directory=tmp_path)
    synced = []
    real = os.fsync

    def fsync(fd):
        synced.append(Path(f"/proc/self/fd/{fd}").readlink())
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    journal.append({})
    assert synced == [tmp_path, journal.path, journal.path.parent]
    synced.clear()
    journal.append({})
    assert synced == [journal.path]


def test_a_line_cut_short_by_a_crash_spoils_no_other(tmp_path):
    journal = Journal("prod", directory=tmp_path)
    journal.append({"n": 1})
    with journal.path.open("ab") as file:
        file.write(b'{"n": 2, "ph')
    assert journal.read() == [{"n": 1}]
    journal.append({"n": 3})
    assert journal.read() == [{"n": 1}, {"n": 3}]


def test_what_is_not_on_disk_is_an_error(tmp_path, monkeypatch):
    def full(_fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MeshError, match="No space left") as caught:
        Journal("prod", directory=tmp_path).append({})
    assert "nothing is changed" in str(caught.value.hint)


def test_half_a_line_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda _fd, line: len(line) - 1)
    with pytest.raises(MeshError, match="No space left"):
        Journal("prod", directory=tmp_path).append({})


def test_it_follows_no_link(tmp_path):
    journal = Journal("prod", directory=tmp_path)
    journal.append({})
    journal.path.unlink()
    journal.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MeshError, match="cannot be written"):
        journal.append({})
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["..", "../prod", "", "a/b"])
def test_a_name_that_leaves_the_directory_is_refused(tmp_path, name):
    with pytest.raises(UsageError):
        Journal(name, directory=tmp_path)


def test_only_one_at_a_time_applies(tmp_path):
    one, other = (Journal("prod", directory=tmp_path / "state") for _ in range(2))
    with one.alone():
        with pytest.raises(MeshError, match="another apply"), other.alone():
            pass
        with Journal("test", directory=tmp_path / "state").alone():
            pass
    with other.alone():
        assert mode(tmp_path / "state" / "prod" / "lock") == 0o600
