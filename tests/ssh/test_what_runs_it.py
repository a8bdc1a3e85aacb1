"""What is said to run an interface, by the script itself, of a host that is a folder."""

from __future__ import annotations

import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

SHELLS = [
    pytest.param(shell, id=shell[0])
    for shell in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    if shutil.which(shell[0])
]


class Host:
    """Its wg0 is a tun device, and root's PATH has a wireguard-go that says 1.2."""

    def __init__(self, root: Path, shell: list[str]) -> None:
        self.root, self._shell = root, shell
        (root / "net" / "wg0").mkdir(parents=True)
        (root / "net" / "wg0" / "tun_flags").touch()
        (root / "proc").mkdir()
        (root / "bin").mkdir()
        self.program(root / "bin" / "wireguard-go", "echo wireguard-go 1.2; echo more")

    @staticmethod
    def program(path: Path, text: str) -> None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def process(self, pid: int, comm: str, uids: str, *words: str) -> None:
        folder = self.root / "proc" / str(pid)
        folder.mkdir()
        (folder / "comm").write_text(f"{comm}\n")
        (folder / "status").write_text(f"Name:\t{comm}\nUid:\t{uids}\nGid:\t0\t0\t0\t0\n")
        (folder / "cmdline").write_text("\0".join((comm, *words, "")))
        self.program(folder / "exe", f"touch {self.root}/mark; echo forged")

    def said(self) -> str:
        folder = resources.files("meshtui.ssh") / "scripts"
        program = (folder / "facts.sh").read_text("utf-8")
        program = program.replace("/proc/", f"{self.root}/proc/")
        program = program.replace("/sys/class/net", f"{self.root}/net")
        done = subprocess.run(
            [str(shutil.which(self._shell[0])), *self._shell[1:], "-c", f"{program}\nruns_it wg0"],
            capture_output=True,
            text=True,
            timeout=20,
            env={"PATH": f"{self.root}/bin:/usr/bin:/bin"},
            check=True,
        )
        assert not (self.root / "mark").exists(), "a process's own program was run"
        return done.stdout


@pytest.fixture(params=SHELLS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(tmp_path, list(request.param))


def test_what_root_runs_is_told_of_by_roots_own_copy(host: Host) -> None:
    host.process(7, "wireguard-go", "0\t0\t0\t0", "wg1")
    assert host.said() == "a userspace program\n"
    host.process(8, "wireguard-go", "0\t0\t0\t0", "wg0")
    assert host.said() == "wireguard-go 1.2\n"


@pytest.mark.parametrize(
    "uids", ["1000\t1000\t1000\t1000", "1000\t0\t0\t0", "0\t1000\t1000\t1000", "1\t1\t1\t1"]
)
def test_another_users_process_is_neither_run_nor_told_of(host: Host, uids: str) -> None:
    for pid, name in enumerate(("wireguard-go", "boringtun", "boringtun-cli"), 7):
        host.process(pid, name, uids, "wg0")
    assert host.said() == "a userspace program\n"


def test_only_the_very_names_count(host: Host) -> None:
    host.process(7, "wireguard-gone", "0\t0\t0\t0", "wg0")
    host.process(8, "boringtun;touch", "0\t0\t0\t0", "wg0")
    assert host.said() == "a userspace program\n"


def test_one_that_is_not_in_the_path_has_its_name(host: Host) -> None:
    host.process(7, "boringtun-cli", "0\t0\t0\t0", "wg0")
    assert host.said() == "boringtun-cli\n"


def test_the_kernel_and_nothing(host: Host) -> None:
    (host.root / "net" / "wg0" / "tun_flags").unlink()
    assert host.said() == "kernel\n"
    (host.root / "net" / "wg0").rmdir()
    assert host.said() == ""
