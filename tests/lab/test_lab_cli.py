"""`meshtui lab`, as a person types it."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from meshtui.cli.lab import register
from meshtui.errors import UsageError
from meshtui.lab import checks, cli, names, procs
from meshtui.lab.paths import lab_path

_MAIN = """
import argparse, sys
sys.path.insert(0, sys.argv.pop(1))
from meshtui.lab import cli
from meshtui.cli.lab import register
from meshtui.errors import MeshError
#patch
parser = argparse.ArgumentParser()
register(parser)
try:
    sys.exit(cli.main(parser.parse_args()))
except MeshError as error:
    sys.exit(str(error))
"""
_ROOT = Path(names.__file__).parents[2]


def argv(*words: str) -> list[str]:
    return [sys.executable, "-c", _MAIN, str(_ROOT), *words]


def lab(*words: str, **kw: object) -> subprocess.CompletedProcess[str]:
    kw = {"capture_output": True, "text": True, "timeout": 60, "check": False} | kw
    return subprocess.run(argv(*words), **kw)  # type: ignore[call-overload] # noqa: PLW1510


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    register(parser)
    return parser.parse_args(words)


def test_arguments() -> None:
    alone = parse()
    assert (alone.lab_action, alone.count, alone.name) == (None, 5, "lab")
    assert parse("-n", "9", "--ipv6").ipv6
    up = parse("--name", "x", "up", "3", "--ipv6-only")
    assert (up.lab_action, up.count, up.name, up.ipv6_only) == ("up", 3, "x", True)
    assert parse("up", "3", "--name", "y").name == "y"
    assert (alone.nat, alone.symmetric, alone.v6) == (0, False, False)
    behind = parse("-n", "9", "--nat", "2", "--symmetric")
    assert (behind.count, behind.nat, behind.symmetric) == (9, 2, True)
    assert (parse("up", "3", "--nat", "1").nat, parse("up", "3", "--v6").v6) == (1, True)
    run = parse("run", "--name", "z", "--", "ssh", "-v", "server-a", "--", "ls")
    assert (run.name, run.lab_command[-4:]) == ("z", ["-v", "server-a", "--", "ls"])
    assert parse("down").lab_action == "down"


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError) as caught:
        cli.main(parse("up", "3"))
    assert caught.value.hint == "sudo meshtui lab up"


def test_missing_programs_are_named_by_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SEARCH_PATH", "/nonexistent")
    monkeypatch.setattr(checks, "kernel_has_wireguard", lambda: False)
    assert {"iproute2", "openssh-server", "wireguard-go"} <= set(checks.missing_packages())
    assert "debootstrap" in checks.missing_packages(systemd=True)


@pytest.mark.parametrize("wrong", ["--nat 6", "--nat -1", "--symmetric", "--v6 --nat 1"])
def test_a_lab_that_cannot_be(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for words in (["up", "5"], ["-n", "5"]):
        with pytest.raises(UsageError) as caught:
            cli.main(parse(*words, "--name", "never", *wrong.split()))
        assert "NAT" in str(caught.value)
        assert not lab_path("never").exists()


@pytest.mark.lab
def test_up_run_down(lab_name: str) -> None:
    at = ("--name", lab_name)
    up = lab("up", "2", "--ipv6", *at)
    assert up.returncode == 0, up.stderr
    # Whatever starts meshtui under sudo here: it is a command that can be pasted.
    assert re.search(rf"sudo \S+.* lab run --name {lab_name} -- meshtui apply --yes", up.stderr)
    mesh = tomllib.loads((lab_path(lab_name) / "mesh.toml").read_text())
    assert mesh["mesh"]["networks"] == ["10.0.0.0/24", "fd10:6d65:7368::/64"]
    assert mesh["hosts"]["server-b"] == {"ssh": "root@203.0.113.2"}

    done = lab("run", *at, "--", "sh", "-c", "echo $KEPT; cat; exit 7", input="in\n", env={
        **os.environ, "KEPT": "kept"})  # fmt: skip
    assert (done.returncode, done.stdout) == (7, "kept\nin\n")
    assert lab("run", *at, "ssh", "server-b", "hostname").stdout == "server-b\n"
    assert "which command" in lab("run", *at).stderr
    assert "no command 'nonesuch'" in lab("run", *at, "--", "nonesuch").stderr

    again = lab("up", "2", *at)
    assert again.returncode == 1
    assert f"meshtui lab down --name {lab_name}" in again.stderr
    assert "is gone" in lab("down", *at).stderr
    assert "There was no lab" in lab("down", *at).stderr
    assert "no lab" in lab("run", *at, "--", "true").stderr


@pytest.mark.lab
def test_run_passes_the_terminal_through(lab_name: str) -> None:
    assert lab("up", "1", "--name", lab_name).returncode == 0
    words = " ".join(["tty", "&&", "stty", "size"])
    run = argv("run", "--name", lab_name, "--", "sh", "-c", words)
    master, end = os.openpty()
    shown = subprocess.run(run, stdin=end, stdout=end, stderr=end, timeout=20, check=False)
    os.close(end)
    assert shown.returncode == 0
    assert b"/dev/pts/" in os.read(master, 1000)
    os.close(master)


_TUI = """
import os, signal, sys, time
print("opened", sys.argv[1:], os.uname().nodename, flush=True)
{then}
"""


def rehearse(lab_name: str, tmp_path: Path, then: str) -> subprocess.Popen[str]:
    """`meshtui lab` with a program of ours in the place of the TUI."""
    (tmp_path / "tui.py").write_text(_TUI.format(then=then))
    ours = f"[sys.executable, {str(tmp_path / 'tui.py')!r}, *words]"
    patch = f"cli._has_terminal = lambda: True; cli.Lab.meshtui = lambda self, *words: {ours}"
    code = _MAIN.replace("#patch", patch)
    words = [sys.executable, "-c", code, str(_ROOT), "-n", "1", "--name", lab_name]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.lab
def test_lab_alone_opens_the_tui_and_cleans_up(lab_name: str, tmp_path: Path) -> None:
    whole = rehearse(lab_name, tmp_path, "sys.exit(3)")
    out, err = whole.communicate(timeout=30)
    path = lab_path(lab_name)
    assert out == f"opened ['-f', '{path}/mesh.toml'] operator\n", err
    assert whole.returncode == 3
    assert not path.exists()


@pytest.mark.lab
def test_lab_alone_without_a_terminal_forms_the_mesh(lab_name: str) -> None:
    done = lab("-n", "2", "--name", lab_name)
    assert "2 of 2 directions up" in done.stderr
    assert "2 of 2 hosts up" in done.stdout
    assert not lab_path(lab_name).exists()


@pytest.mark.lab
@pytest.mark.parametrize(
    ("number", "then"),
    [
        (signal.SIGINT, "time.sleep(60)"),
        (signal.SIGHUP, "time.sleep(60)"),
        (signal.SIGTERM, "signal.signal(15, lambda *_: 0)\nwhile 1: time.sleep(9)"),
    ],
    ids=["ctrl-c", "hangup", "deaf"],
)
def test_lab_alone_cleans_up_when_it_is_ended(
    lab_name: str, tmp_path: Path, number: signal.Signals, then: str
) -> None:
    whole = rehearse(lab_name, tmp_path, then)
    assert whole.stdout
    assert whole.stdout.readline().startswith("opened")
    whole.send_signal(number)
    whole.communicate(timeout=30)
    assert whole.returncode != 0
    assert not lab_path(lab_name).exists()
    assert procs.inside(f"/meshtui-lab/{lab_name}/") == []
