"""`add --peer`, `invite` and `export peer` at the command line: what is refused, and shown."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from meshtui.cli import device, main
from meshtui.fleet.device import Given
from meshtui.wg.keys import Secret, keypair

_KEYS = [keypair(bytes([number]) * 32)[1] for number in (1, 2, 3)]
MESH = f"""\
[mesh]
name = "m"
networks = ["10.0.0.0/24"]

[hosts.server-a]
ssh = "root@127.0.0.1:1"
endpoint = "vpn.example.com"
addresses = ["10.0.0.1"]
public_key = "{_KEYS[0]}"

[hosts.server-b]
ssh = "root@127.0.0.1:2"
endpoint = "203.0.113.2"
addresses = ["10.0.0.2"]
"""
PHONE = f'\n[peers.phone]\naddresses = ["10.0.0.3"]\npublic_key = "{_KEYS[1]}"\n'


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    Path("mesh.toml").write_text(MESH)


def run(*argv: str) -> int:
    try:
        return main([*argv])
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["add", "--peer", "phone"], "--out FILE"),
        (["add", "--peer", "phone", "--json"], "--out FILE"),
        (["add", "--peer", "phone", "--out", "mesh.toml"], "there already"),
        (["add", "--peer", "phone", "--ssh", "h", "--out", "x"], "--peer is for what has no --ssh"),
        (["add", "phone", "--ssh", "h", "--through", "server-a"], "for --peer alone"),
        (["add", "phone"], "--peer, for a phone"),
        (["add", "--peer", "server-a", "--out", "x"], "there is a host server-a already"),
        (["add", "--peer", "phone", "--out", "x", "--through", "server-z"], "server-z"),
        (["add", "--peer", "phone", "--public-key", "short"], "--public-key"),
        (["add", "--peer", "phone", "--route", "10.0.0", "--out", "x"], "--route"),
        (["rotate", "phone"], "there are server-a, server-b"),
        (["rotate", "server-a", "--out", "x"], "--out is for a peer"),
        (["export", "peer", "phone"], "no peers without SSH"),
        (["export", "peer", "server-a"], "is a host"),
        (["invite", "server-a"], "there is a host server-a already"),
    ],
)
def test_what_cannot_be_done_is_refused(
    argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*argv) == 2
    assert says in capsys.readouterr().err
    assert Path("mesh.toml").read_text() == MESH and not Path("x").exists()


def test_one_that_no_host_can_be_told_of_is_not_added(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("add", "--peer", "phone", "--out", "x", "--yes") == 1
    assert "no host that phone has a tunnel with can be told of it" in capsys.readouterr().err
    assert Path("mesh.toml").read_text() == MESH and not Path("x").exists()


def test_the_configuration_again_without_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mesh.toml").write_text(MESH + PHONE)
    assert run("export", "peer", "phone", "--out", "phone.conf") == 0
    assert Path("phone.conf").stat().st_mode & 0o777 == 0o600
    assert Path("phone.conf").read_text() == (
        "# phone in the mesh m\n"
        "[Interface]\n"
        "# PrivateKey = (on phone)\n"
        "Address = 10.0.0.3/32\n"
        "\n"
        "[Peer]\n"
        "# server-a\n"
        f"PublicKey = {_KEYS[0]}\n"
        "AllowedIPs = 10.0.0.1/32\n"
        "Endpoint = vpn.example.com:51820\n"
        "PersistentKeepalive = 25\n"
        "\n"
        "# server-b has no key yet: apply, then export this again\n"
    )
    assert "server-b has no key yet" in capsys.readouterr().err


def test_an_invitation_waits_for_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("invite", "office") == 1, "server-b has no key that it could be told"
    assert Path("mesh.toml").read_text() == MESH
    assert "no key is known yet of server-b" in capsys.readouterr().err

    assert run("invite", "office", "--through", "server-a", "--json") == 0
    line = json.loads(capsys.readouterr().out)["line"]
    said = '\n[peers.office]\naddresses = ["10.0.0.3"]\nthrough = ["server-a"]\n'
    assert Path("mesh.toml").read_text() == MESH + said
    assert f"PublicKey = {_KEYS[0]}" in line and "'Address = 10.0.0.3/32'" in line
    assert "add --peer office --public-key" in line

    assert run("invite", "office") == 0, "the same again"
    assert capsys.readouterr().out.strip() == line
    assert run("invite", "office", "--through", "server-b") == 2
    assert "invited already" in capsys.readouterr().err
    text = Path("mesh.toml").read_text()
    Path("mesh.toml").write_text(text + f'public_key = "{_KEYS[2]}"\n')
    assert run("invite", "office") == 2
    assert "has a key already" in capsys.readouterr().err


def test_at_a_terminal_it_is_shown_with_its_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(os, "environ", {**os.environ, "COLUMNS": "80", "LINES": "24"})
    args = device.SimpleNamespace(out=None, json=False)
    device.refuse_nowhere(args)
    text = f"[Interface]\nPrivateKey = {_KEYS[0]}\n"
    with device.taker(args) as take:
        take(Given("phone", Secret(text), True, ("a note",)))
    said = capsys.readouterr()
    assert text in said.out and "█▀▀▀▀▀█" in said.out
    assert "a note" in said.err and "meshtui rotate phone" in said.err


def test_at_a_terminal_an_invitation_goes_on_with_the_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for typed, code, says in (
        ("", 0, ""),
        ("not a key", 2, "--public-key"),
        (_KEYS[2], 1, "no host that office has a tunnel with can be told of it"),
    ):
        stdin = io.StringIO(f"{typed}\n")
        monkeypatch.setattr(stdin, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", stdin)
        through = [] if "[peers.office]" in Path("mesh.toml").read_text() else ["server-a"]
        argv = ["invite", "office", *(f"--through={name}" for name in through), "--yes"]
        assert run(*argv) == code
        said = capsys.readouterr()
        assert "sh -c" in said.out and says in said.err
        assert "public_key" not in Path("mesh.toml").read_text().split("[peers.office]")[1]
