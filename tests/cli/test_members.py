"""`add`, `set` and the like at the command line: what is refused, and nothing written then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshtui.cli import main
from meshtui.errors import MeshError

MESH = """\
# ours
[mesh]
name = "m"
networks = ["10.0.0.0/24"]

[hosts.server-a]
ssh = "root@127.0.0.1:1"
endpoint = "203.0.113.1"

[hosts.server-b]
ssh = "root@127.0.0.1:2"
endpoint = "203.0.113.2"
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    Path("mesh.toml").write_text(MESH)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["add", "server-c"], "--ssh"),
        (["add", "server-b", "--ssh", "h"], "there is a host server-b already"),
        (["add", "10.0.0.1", "--ssh", "h"], "not a name for a host"),
        (["add", "server-c", "--ssh", "a b"], "not an SSH destination"),
        (["add", "server-c", "--ssh", "root@127.0.0.1:2"], "same machine as server-b's"),
        (["add", "server-c", "--ssh", "h", "--endpoint", "x:y"], "not an endpoint"),
        (["rename", "server-a", "server-b"], "there is a host server-b already"),
        (["rename", "server-x", "new"], "did you mean server-"),
        (["set", "server-a"], "--endpoint, --port, --address, --keepalive, --mtu or --exit"),
        (["set", "server-a", "--port", "x"], '--port "x" is not a port'),
        (["set", "server-a", "--mtu", "\x1b"], "--mtu"),
        (["set", "server-b", "--endpoint", "203.0.113.1"], "also server-a's"),
        (["disable"], "NAME"),
        (["disable", "server-a", "server-b", "server-c"], "one is a host, two are a link"),
        (["disable", "server-a", "server-a"], "a link has two ends"),
        (["enable", "server-a", "serverb"], "did you mean server-b?"),
        (["remove", "server-z"], "did you mean server-"),
        (["remove", "serverb"], "did you mean server-b?"),
        (["remove", "nothing-like-it"], "there are server-a, server-b"),
        (["remove", "\x1b[31mred"], "\\x1b"),
    ],
)
def test_wrong_words_change_nothing(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(argv)
    except SystemExit as left:  # what argparse refuses
        code = int(str(left.code))
    assert code == 2
    said = capsys.readouterr().err
    assert says in said and "\x1b" not in said
    assert Path("mesh.toml").read_text() == MESH


def test_the_last_host_stays(capsys: pytest.CaptureFixture[str]) -> None:
    text = MESH[: MESH.index("\n[hosts.server-b]")]
    Path("mesh.toml").write_text(text)
    assert main(["remove", "server-a", "--yes"]) == 2
    assert "server-a is the last host" in capsys.readouterr().err
    assert Path("mesh.toml").read_text() == text


def test_a_host_that_does_not_answer_is_not_added(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["add", "server-c", "--ssh", "root@127.0.0.1:3", "--endpoint", "203.0.113.3", "--yes"]
    assert main(argv) == 1
    said = capsys.readouterr().err
    assert "server-c: " in said and "nothing was written" in said
    assert Path("mesh.toml").read_text() == MESH


def test_nobody_to_ask_is_told_which_flag_answers(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["remove", "server-b"], ["remove", "server-b", "--json"]):
        assert main(argv) == 2
        assert "--yes applies it" in capsys.readouterr().err
        assert Path("mesh.toml").read_text() == MESH


def test_what_stays_on_a_host_that_does_not_answer_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["remove", "server-b", "--yes", "--json"]) == 1
    failed = json.loads(capsys.readouterr().out)["failed"]
    assert set(failed) == {"server-a", "server-b"}
    assert "there stay wg0, /etc/wireguard/wg0.conf with its private key" in failed["server-b"]
    text = Path("mesh.toml").read_text()
    assert "server-b" not in text and text.startswith("# ours\n[mesh]\n")


def test_a_plan_that_is_declined_changes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no() -> None:
        raise MeshError("nothing was changed")

    monkeypatch.setattr("meshtui.cli.ask.confirm", no)
    for argv, shown in (
        (["remove", "server-b"], "-[hosts.server-b]"),
        (["rename", "server-b", "server-c"], "-[hosts.server-b]"),
        (["set", "server-b", "--keepalive", "25"], "+persistent_keepalive = 25"),
        (["disable", "server-b"], "+disabled = true"),
        (["disable", "server-b", "server-a"], '+between = ["server-b", "server-a"]'),
    ):
        assert main(argv) == 1
        said = capsys.readouterr()
        assert shown in said.out and "nothing was changed" in said.err
        assert Path("mesh.toml").read_text() == MESH
