"""The history's file: who may read it, what is in it, and what happens when it cannot be used."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from meshtui.store.history import History
from meshtui.store.historyfile import put_aside, used
from meshtui.store.samples import Unreadable
from tests.store.looks import NOW, look


@pytest.fixture
def said():
    return []


@pytest.fixture
def opened(tmp_path, said):
    made = []

    def open_one(mesh="prod", now=NOW):
        made.append(History(mesh, say=said.append, directory=tmp_path, clock=lambda: now))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def write(history, first=NOW - 600, count=6):
    for step in range(count):
        history.add({"a": look(first + 10 * step)})
        if step % 6 == 5:
            history.flush()


def seen(history):
    return len(history.link("a", "b", 0))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_read_it(tmp_path):
    mask = os.umask(0)
    try:
        history = History("prod", say=print, directory=tmp_path / "state" / "meshtui")
        write(history)
        files = list(history.path.parent.iterdir())
        assert {file.name for file in files} >= {"history.sqlite", "history.sqlite-wal"}
        assert {mode(file) for file in files} == {0o600}
        history.close()
    finally:
        os.umask(mask)
    assert mode(history.path.parent) == mode(tmp_path / "state") == 0o700


def test_it_is_where_the_users_state_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = History("prod", say=print).path
    assert path == tmp_path / "meshtui" / "prod" / "history.sqlite"


def test_it_can_be_closed_and_used_again(opened):
    history = opened()
    write(history, count=2)
    history.close()
    history.close()
    assert sorted(path.name for path in history.path.parent.iterdir()) == ["history.sqlite"]
    assert seen(history) == 2


def test_nothing_is_made_before_there_is_something_to_write(opened):
    history = opened()
    history.close()
    assert not history.path.parent.exists()


@pytest.mark.parametrize(
    "content", [b"not a database " * 500, b"SQLite format 3\0" + bytes(5000), b"\0" * 4096]
)
def test_what_is_no_database_is_put_aside_and_said_once(opened, said, content):
    history = opened()
    history.path.parent.mkdir(parents=True)
    history.path.write_bytes(content)
    write(history, count=18)
    assert seen(history) == 18
    assert history.path.with_name("history.sqlite.broken").read_bytes() == content
    assert len(said) == 1
    assert "history.sqlite.broken" in said[0]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE somebody (elses TEXT)",
        "PRAGMA application_id = 7",
        "PRAGMA application_id = 1835365224; PRAGMA user_version = 2",
        "PRAGMA application_id = 1835365224; PRAGMA user_version = 1",  # ours, without its tables
    ],
)
def test_another_programs_database_is_put_aside(opened, said, statement):
    history = opened()
    history.path.parent.mkdir(parents=True)
    with sqlite3.connect(history.path) as other:
        other.executescript(statement)
    other.close()
    write(history, count=6)
    assert seen(history) == 6
    assert len(said) == 1
    assert history.path.with_name("history.sqlite.broken").exists()


def test_pages_that_a_disk_lost_while_it_was_in_use(opened, said):
    history = opened()
    write(history, count=30)
    history.close()
    data = bytearray(history.path.read_bytes())
    data[1024:] = bytes(len(data) - 1024)  # all but the first page
    history.path.write_bytes(data)
    history = opened()
    assert seen(history) == 0
    write(history, count=6)
    assert seen(history) == 6
    assert len(said) == 1


def test_a_row_that_cannot_be_unpacked(opened, said):
    history = opened()
    write(history, count=12)
    with sqlite3.connect(history.path) as other:
        other.execute("UPDATE runs SET packed = x'00'")
    other.close()
    assert history.past(NOW * 1000, ["a"]) == {}
    write(history, count=6)
    assert seen(history) == 6
    assert len(said) == 1


def test_a_disk_that_breaks_each_new_one_gets_no_third(opened, said):
    history = opened()
    history.path.parent.mkdir(parents=True)
    history.path.write_bytes(b"the first one, with all in it " * 200)
    write(history)
    history._drop()
    history.path.write_bytes(b"the second one" * 500)
    history.path.with_name("history.sqlite-wal").unlink(missing_ok=True)
    # Put aside is what had the most in it.
    for _ in range(3):
        write(history)
    aside = history.path.with_name("history.sqlite.broken")
    assert aside.read_bytes().startswith(b"the first one")
    assert len(said) == 2
    assert "again" in said[1]


def test_what_another_meshtui_put_aside_just_now_is_not_put_aside_again(opened, said):
    history = opened()
    write(history)
    asked = []

    def work(connection):
        asked.append(connection)
        if len(asked) == 1:
            put_aside(history.path)
            raise Unreadable("that is no run")
        return "done"

    assert history._with(work) == "done"
    assert not said


def test_a_log_left_behind_never_meets_a_new_database(opened, tmp_path):
    history = opened()
    write(history)
    history.close()
    write(history)
    # As after a crash: the log is there, the database is not what it was.
    log = history.path.with_name("history.sqlite-wal").read_bytes()
    history.close()
    history.path.write_bytes(b"x" * 81920)
    history.path.with_name("history.sqlite-wal").write_bytes(log)
    history = opened()
    history.past(NOW * 1000, ["a"])
    write(history, count=12)
    assert seen(history) == 12
    assert history._opened().execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_crash_costs_the_last_minute_and_no_more(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from meshtui.store.history import History\n"
        "from tests.store.looks import *\n"
        "now = NOW - 600\n"
        "h = History('prod', say=print, directory=Path(sys.argv[1]), clock=lambda: now)\n"
        "for _ in range(18): now += 10; h.add({'a': look(now)})\n"
        "os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=Path.cwd(), check=False)
    assert done.returncode == 9
    said = []
    history = History("prod", say=said.append, directory=tmp_path, clock=lambda: NOW)
    assert seen(history) == 13
    assert not said
    history.close()


def test_a_directory_that_cannot_be_made_is_said_once(opened, said, tmp_path):
    (tmp_path / "prod").write_text("a file in its place")
    history = opened()
    write(history, first=NOW - 3000, count=200)
    assert len(said) == 1
    assert "cannot be used" in said[0]
    assert "goes on without it" in said[0]
    # What waits is what the last minutes saw.
    assert 0 < seen(history) <= 36
    assert history.moment() is not None
    assert history.last_worked("a", "b")
    # And when there is room again, it goes on as if nothing had been.
    (tmp_path / "prod").unlink()
    write(history, first=NOW - 60, count=4)
    history.close()
    assert seen(opened()) > 3
    assert len(said) == 1


def test_a_full_disk_is_said_once(opened, said):
    history = opened()
    write(history, count=6)
    connection = history._opened()
    connection.execute(f"PRAGMA max_page_count = {used(connection) // 1024}")
    history._drop = lambda: None  # a new connection would have its pages again
    for _ in range(5):
        history.add({"a": look(NOW - 500, to=[f"host-{n}" for n in range(2000)], rx=None)})
        history.flush()
    assert len(said) == 1
    assert "full" in said[0]
    del history._drop
    history.flush()
    assert seen(history) == 6


def test_a_link_in_its_place_is_not_followed(opened, said, tmp_path):
    history = opened()
    history.path.parent.mkdir(parents=True)
    history.path.symlink_to(tmp_path / "elsewhere")
    write(history, count=6)
    assert len(said) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_it_begins_anew_when_someone_takes_the_file_away(opened, said):
    history = opened()
    write(history, count=6)
    for file in history.path.parent.iterdir():
        file.unlink()
    write(history, count=12)
    assert seen(history) >= 6
    history.close()
    assert history.path.exists()
    assert not said


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to somebody else")
def test_a_directory_that_is_read_only(tmp_path):
    """Nobody's rights: root's ignore modes."""
    state = tmp_path / "prod"
    state.mkdir()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; from meshtui.store.history import History\n"
        "from tests.store.looks import *\n"
        "os.setuid(65534); said = []\n"
        "h = History('prod', say=said.append, directory=Path(sys.argv[1]), clock=lambda: NOW)\n"
        "for s in range(30): h.add({'a': look(NOW - 600 + 10 * s)})\n"
        "h.close(); print(said)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.count("cannot be used") == 1, done.stderr
    assert "ermission denied" in done.stdout
    assert not list(state.iterdir())
