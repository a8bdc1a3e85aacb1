"""names.sh on a file of its own: what is not meshtui's stays, byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "meshtui/ssh/scripts/names.sh"
BEFORE = "127.0.0.1 localhost\n# by hand: \\t & caf\u00e9\n\n::1\tlocalhost\n"
BLOCK = "# meshtui wg0 begin\n10.0.0.1 a\n# meshtui wg0 end\n"
OTHER = "# meshtui wg1 begin\n10.1.0.1 a\n# meshtui wg1 end\n"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return ["busybox", "sh"] if request.param == "busybox" else [request.param]


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    file = tmp_path / "hosts"
    file.write_text(BEFORE)
    return file


def run(shell: list[str], hosts: Path, do: str, data: str = "", code: int = 0) -> str:
    fail = 'fail() { echo "$1" >&2; exit 1; }\n'
    text = fail + SCRIPT.read_text().replace("/etc/hosts", str(hosts)) + f"\n{do}\n"
    env = {**os.environ, "LC_ALL": "C"}
    argv = [*shell, "-c", text]
    done = subprocess.run(argv, input=data, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_the_block_comes_changes_and_goes(shell: list[str], hosts: Path):
    hosts.chmod(0o604)
    assert run(shell, hosts, "names wg0") == ""
    run(shell, hosts, "put_names wg0", BLOCK)
    assert hosts.read_text() == BEFORE + BLOCK
    run(shell, hosts, "put_names wg1", OTHER)
    assert hosts.read_text() == BEFORE + BLOCK + OTHER
    assert run(shell, hosts, "names wg0") == BLOCK
    # In its place, and by another file: whoever reads the old one reads all of it.
    before = hosts.stat().st_ino
    run(shell, hosts, "put_names wg0", BLOCK.replace("0.1", "0.7"))
    assert hosts.read_text() == BEFORE + BLOCK.replace("0.1", "0.7") + OTHER
    assert hosts.stat().st_ino != before and hosts.stat().st_mode & 0o777 == 0o604
    same = hosts.stat()
    run(shell, hosts, "put_names wg0", BLOCK.replace("0.1", "0.7"))
    assert hosts.stat().st_ino == same.st_ino
    run(shell, hosts, "put_names wg0")
    run(shell, hosts, "put_names wg1")
    assert hosts.read_text() == BEFORE
    assert [one.name for one in hosts.parent.iterdir()] == ["hosts"]


def test_a_file_that_ends_without_a_newline_and_no_file(shell: list[str], hosts: Path):
    hosts.write_text("127.0.0.1 localhost")
    run(shell, hosts, "put_names wg0", BLOCK)
    assert hosts.read_text() == "127.0.0.1 localhost\n" + BLOCK
    hosts.unlink()
    assert run(shell, hosts, "names wg0") == ""
    run(shell, hosts, "put_names wg0", BLOCK)
    assert hosts.read_text() == BLOCK and hosts.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("torn", [BLOCK[:31], BLOCK[:31] + BEFORE + BLOCK], ids=["end", "twice"])
def test_a_mark_that_lost_the_other_takes_nothing_along(shell: list[str], hosts: Path, torn: str):
    hosts.write_text(BEFORE + torn + BEFORE)
    assert run(shell, hosts, "names wg0") == "# meshtui wg0 begin\n"
    run(shell, hosts, "put_names wg0", BLOCK, code=1)
    assert hosts.read_text() == BEFORE + torn + BEFORE


def test_a_link_is_followed_and_several_blocks_become_one(shell: list[str], hosts: Path):
    real = hosts.with_name("real")
    hosts.rename(real)
    hosts.symlink_to("real")
    real.write_text(BLOCK + BEFORE + BLOCK)
    run(shell, hosts, "put_names wg0", BLOCK)
    assert hosts.is_symlink() and real.read_text() == BLOCK + BEFORE


def test_going_back(shell: list[str], hosts: Path, tmp_path: Path):
    run(shell, hosts, "put_names wg0", BLOCK)
    do = f"dir={tmp_path}/change; mkdir $dir; names wg0 >$dir/names"
    run(shell, hosts, do)
    run(shell, hosts, "put_names wg0", BLOCK.replace("a", "b"))
    hosts.write_text(hosts.read_text() + "10.9.9.9 meanwhile\n")
    run(shell, hosts, f"dir={tmp_path}/change; restore_names wg0")
    assert hosts.read_text() == BEFORE + BLOCK + "10.9.9.9 meanwhile\n"
