"""The command line: exit codes, and messages for what is wrong before any host is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from meshtui.cli import main
from meshtui.store.journal import Journal


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_no_mesh_is_a_usage_error_that_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("status", "plan", "apply"):
        assert main([command]) == 2
        assert "meshtui init" in capsys.readouterr().err
    assert main([]) == 2


def test_a_broken_mesh_is_told_key_by_key(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mesh.toml").write_text('[mesh]\nname = "m"\nnetworks = ["10.0.0.0/33"]\n')
    assert main(["plan"]) == 2
    said = capsys.readouterr().err
    assert "mesh.toml: mesh.networks:" in said and "mesh.toml: hosts:" in said


def test_init_writes_a_file_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "root@203.0.113.1", "web=root@203.0.113.2:2222", "db-1"]) == 0
    text = Path("mesh.toml").read_text()
    assert '"root@203.0.113.2:2222"' in text and "[hosts.web]" in text and "[hosts.db-1]" in text
    assert "next: meshtui apply" in capsys.readouterr().out
    assert main(["init", "root@203.0.113.9"]) == 2
    assert "--force" in capsys.readouterr().err
    assert Path("mesh.toml").read_text() == text


def test_init_allocates_in_both_families() -> None:
    assert main(["init", "--ipv6", "root@203.0.113.1", "root@203.0.113.2"]) == 0
    text = Path("mesh.toml").read_text()
    assert '"10.0.0.1", "fd' in text and "/64" in text


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["init", "--network", "10.0.0.1/24", "a"], "host bits"),
        (["init", "--endpoint", "nonsense", "a"], "NAME=HOST"),
        (["init", "a b"], "a b"),
        (["init", "root@h", "admin@h"], "h"),
        (["-f", "nowhere.toml", "status"], "nowhere.toml"),
    ],
)
def test_wrong_words_are_named(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert says in capsys.readouterr().err


def test_the_file_may_be_named_before_and_after_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("x.toml").write_text("[mesh]\n")
    for argv in (["-f", "x.toml", "plan"], ["plan", "-f", "x.toml"]):
        assert main(argv) == 2
        assert "x.toml: " in capsys.readouterr().err


MESH = """[mesh]
name = "m"
interface = "wg0"
networks = ["10.0.0.0/24"]

[hosts.server-a]
ssh = "root@203.0.113.1"

[hosts.server-b]
ssh = "root@203.0.113.2"
"""


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("mesh.toml").write_text(MESH)
    return Journal("m")


def test_the_log_of_nothing(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert main(["log", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["log", "1"]) == 2
    assert "nothing was changed yet" in capsys.readouterr().err


def test_the_log_tells_of_each_change(
    journal: Journal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    at = "2026-11-22T10:00:00.000+00:00"
    steps = {"server-a": ["add-peer [bold]server-b\x1b[31m"]}
    journal.append({"at": at, "event": "apply", "by": "ada", "plan": "1 change", "steps": steps})
    journal.append({"event": "change", "hosts": ["server-a"]})
    proof = "0 of 4 sessions that were there renewed a handshake"
    journal.append(
        {"event": "done", "failed": {}, "up": 2, "directions": 2, "seconds": 1, "receipt": proof}
    )
    journal.append({"at": at, "event": "apply", "by": "ada", "plan": "3 changes"})
    journal.append({"event": "stage", "hosts": ["server-b"]})
    assert main(["log"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[0] == "1" and "2 of 2 directions up in 1.0 s" in first
    assert second.split()[0] == "2" and "broken off after stage was begun" in second
    assert main(["log", "1"]) == 0
    said = capsys.readouterr().out
    assert "add-peer [bold]server-b␛[31m" in said, "inert, and no markup"
    assert proof in said and "by ada" in said
    assert main(["log", "2"]) == 0
    assert "begun on server-b" in capsys.readouterr().out
    assert main(["log", "3"]) == 2
    assert "the latest is 2" in capsys.readouterr().err
    assert main(["log", "--json", "2"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["number"], one["ended"], one["phase"]) == (2, False, "stage")


def test_a_large_mesh_may_have_as_many_connections_as_the_machine_allows(tmp_path: Path) -> None:
    mesh = tmp_path / "mesh.toml"
    mesh.write_text(MESH)
    code = (
        "import resource, sys; from pathlib import Path; from meshtui.cli.run import new_fleet\n"
        "_, most = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (99, most))\n"
        "new_fleet(Path(sys.argv[1]), None, None)\n"
        "assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 99\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, mesh], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
