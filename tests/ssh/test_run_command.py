"""A person's command, by the script itself, in the shells that hosts have."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

SHELLS = [
    pytest.param(shell, id=shell[0])
    for shell in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    if shutil.which(shell[0])
]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


def argv(shell: list[str], seconds: int, most: int) -> list[str]:
    folder = resources.files("meshtui.ssh") / "scripts"
    program = "".join(
        (folder / f"{name}.sh").read_text("utf-8") for name in ("serve", "obey", "run")
    )
    # As in start.sh.
    program = f"trap '' PIPE\n{program}\nrun_command {seconds} {most}"
    return [str(shutil.which(shell[0])), *shell[1:], "-c", program]


def run(
    shell: list[str], command: str, seconds: int = 5, most: int = 100, path: str | None = None
) -> tuple[str, str]:
    """The output that is kept, and what is said of the end."""
    done = subprocess.run(
        argv(shell, seconds, most),
        input=command,
        capture_output=True,
        text=True,
        timeout=20,
        env={"PATH": path or "/usr/sbin:/usr/bin:/sbin:/bin"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept, _, end = done.stdout.removesuffix("\n").rpartition("\n")
    return kept, end


@pytest.mark.parametrize(
    ("command", "kept", "end"),
    [
        ("echo out; echo err >&2; exit 3", "out\nerr\n", "3"),
        ("", "", "0"),
        ("printf 'no newline'", "no newline", "0"),
        ("echo '$(id)' \"a  b\" `echo x`\nexit 7\n", "$(id) a  b x\n", "7"),
        ("cat; echo $#", "0\n", "0"),
        ("yes | head -n 1", "y\n", "0"),
        ("kill -9 $$", "", "137"),
        ("printf '\\n0\\n'", "\n0\n", "0"),
    ],
)
def test_what_it_says_and_how_it_ends(shell: list[str], command: str, kept: str, end: str) -> None:
    assert run(shell, command) == (kept, end)


def test_one_that_is_none(shell: list[str]) -> None:
    kept, end = run(shell, "if then (", most=1000)
    assert "yntax error" in kept and end == "2"


def test_too_much_is_cut_and_the_command_comes_to_its_end(shell: list[str], tmp_path: Path) -> None:
    kept, end = run(shell, f"seq 100000; echo done >{tmp_path}/done; exit 5")
    assert kept.startswith("1\n2\n") and len(kept) == 100 and end == "5"
    assert (tmp_path / "done").exists()


def test_too_long_is_ended_with_all_that_it_started(shell: list[str], tmp_path: Path) -> None:
    start = time.monotonic()
    command = f"echo begun; (sleep 2; echo late >{tmp_path}/late) & sleep 20"
    assert run(shell, command, seconds=1) == ("begun\n", "137 late")
    assert time.monotonic() - start < 4
    time.sleep(1.3)
    assert not (tmp_path / "late").exists()


def test_nobody_waits_for_what_it_left_in_the_background(shell: list[str]) -> None:
    start = time.monotonic()
    assert run(shell, "sleep 4 & echo started") == ("started\n", "0")
    assert time.monotonic() - start < 3
    start = time.monotonic()
    assert run(shell, "sleep 2 >/dev/null 2>&1 & echo started") == ("started\n", "0")
    assert time.monotonic() - start < 1


def test_its_text_is_nobodys_argument(shell: list[str]) -> None:
    kept, _ = run(shell, ": telltale; cat /proc/[0-9]*/cmdline 2>/dev/null | grep -ac 'tell[t]ale'")
    assert kept == "0\n"


def test_nothing_is_left_behind(shell: list[str]) -> None:
    before = set(Path("/run").glob("meshtui.*"))
    run(shell, "seq 10000; sleep 1 & exit 1")
    assert set(Path("/run").glob("meshtui.*")) <= before


@pytest.mark.parametrize("setsid", [True, False])
def test_who_kills_the_shell_ends_the_command(
    shell: list[str], tmp_path: Path, setsid: bool
) -> None:
    """As meshtui does when a person cancels it, or at its own deadline: by process group."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "cat", "dd", "mktemp", "mkfifo", "rm", "sleep", "touch"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    if setsid:
        (tools / "setsid").symlink_to(str(shutil.which("setsid")))
    before = set(Path("/run").glob("meshtui.*"))
    command = f"echo $$ >{tmp_path}/pid; touch {tmp_path}/begun; sleep 2; touch {tmp_path}/mark"
    process = subprocess.Popen(
        argv(shell, 30, 100),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": str(tools)},
        start_new_session=True,
    )
    assert process.stdin
    process.stdin.write(command.encode())
    process.stdin.close()
    until((tmp_path / "begun").exists)
    time.sleep(0.2)
    assert set(Path("/run").glob("meshtui.*")) <= before, "not even while it runs"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    pid = (tmp_path / "pid").read_text().strip()
    until(lambda: not running(pid))
    # Nobody holds its output any more, either.
    assert process.stdout and process.stderr
    process.stdout.read()
    process.stderr.read()
    time.sleep(2.2)
    assert not (tmp_path / "mark").exists()


def until(done: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def running(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_host_without_setsid(shell: list[str], tmp_path: Path) -> None:
    for tool in ("sh", "cat", "dd", "mktemp", "mkfifo", "rm", "sleep"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    assert run(shell, "echo hi; exec sleep 9", seconds=1, path=str(tmp_path)) == (
        "hi\n",
        "137 late",
    )
