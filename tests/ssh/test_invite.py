"""The line of an invitation, pasted into the shells that machines have; `wg` is played here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from meshtui.ssh.invite import pasteable

PUBLIC = "PuBlic+Key+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
LINES = ["Address = 10.0.0.7/32", "", "[Peer]", "# it's server-a", "PublicKey = $(touch /x) `id`"]
SHELLS = ["dash", "bash", "busybox sh"]


class Machine:
    """A folder that the line takes for a machine."""

    def __init__(self, root: Path) -> None:
        self.root, self.bin = root, root / "bin"
        self.bin.mkdir()
        self.conf = root / "etc/wireguard/wg7.conf"
        self.tool(
            "wg", f'[ "$1" = genkey ] && echo PRIVATE || {{ cat >/dev/null; echo {PUBLIC}; }}'
        )
        self.tool("wg-quick", f'echo "quick $*" >>{root}/did')
        self.tool("systemctl", f'echo "systemctl $*" >>{root}/did')
        self.tool("ip", "exit 1")
        self.tool("id", "echo 0")
        for name in ("mkdir", "cat"):
            (self.bin / name).symlink_to(shutil.which(name) or name)

    def tool(self, name: str, body: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.bin / name).chmod(0o755)

    @property
    def did(self) -> str:
        path = self.root / "did"
        return path.read_text() if path.exists() else ""

    def paste(self, shell: str) -> subprocess.CompletedProcess[str]:
        """Paste it into `shell`, which is also what this machine calls `sh`."""
        real = shutil.which(shell.split()[0])
        self.tool("sh", f'exec {" ".join([str(real), *shell.split()[1:]])} "$@"')
        line = pasteable("wg7", "office", "meshtui add --peer office --public-key", LINES)
        assert "\n" not in line
        line = line.replace("/etc/wireguard", f"{self.root}/etc/wireguard")
        line = line.replace("/run/systemd/system", f"{self.root}/run")
        return subprocess.run(
            [str(real), *shell.split()[1:], "-c", line],
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "etc").mkdir()
    return Machine(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("systemd", [True, False], ids=["systemd", "without"])
def test_it_sets_up_and_answers(machine: Machine, shell: str, systemd: bool) -> None:
    if systemd:
        (machine.root / "run").mkdir()
    done = machine.paste(shell)
    assert (done.returncode, done.stderr) == (0, "")
    text = ["# office: from meshtui invite", "[Interface]", "PrivateKey = PRIVATE", *LINES]
    assert machine.conf.read_text().splitlines() == text
    assert machine.conf.stat().st_mode & 0o777 == 0o600
    assert machine.did == ("systemctl enable --now wg-quick@wg7\n" if systemd else "quick up wg7\n")
    assert done.stdout.splitlines()[-1].endswith(f"meshtui add --peer office --public-key {PUBLIC}")
    assert "PRIVATE" not in done.stdout


def test_what_is_there_stays(machine: Machine) -> None:
    machine.conf.parent.mkdir(parents=True)
    machine.conf.write_text("mine")
    done = machine.paste(SHELLS[0])
    assert done.returncode == 1 and "there already: nothing was changed" in done.stderr
    assert (machine.conf.read_text(), machine.did) == ("mine", "")


@pytest.mark.parametrize(
    ("tool", "body", "says"),
    [
        ("id", "echo 1000", "only root"),
        ("ip", "exit 0", "there already"),
        ("wg", "exit 1", "no key could be made"),
        ("wg-quick", "exit 1", "wg7 does not come up"),
    ],
)
def test_what_fails_is_said(machine: Machine, tool: str, body: str, says: str) -> None:
    machine.tool(tool, body)
    done = machine.paste(SHELLS[0])
    assert done.returncode == 1 and says in done.stderr
    assert PUBLIC not in done.stdout


def test_what_is_missing_is_named(machine: Machine) -> None:
    (machine.bin / "wg-quick").unlink()
    done = machine.paste(SHELLS[0])
    assert done.returncode == 1 and "wg-quick is missing" in done.stderr
    assert not machine.conf.exists()


def test_it_holds_no_quote_that_would_end_it() -> None:
    program = pasteable("wg0", "a", "say", []).split("'")
    assert len(program) == 3 and program[0] == "sh -c "
