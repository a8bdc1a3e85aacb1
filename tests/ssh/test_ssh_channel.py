"""The channel while it is used: answers, failures, floods, breaks, deadlines, cancellation."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from unicodedata import category

import pytest

from meshtui.errors import CommandFailed, NotInstalled, Unreachable
from meshtui.ssh import connect as connects
from meshtui.ssh import shell as shells
from meshtui.ssh.connect import Connection
from tests.ssh.client import Client
from tests.ssh.server import Server, argv_of, descendants, wait_for

Teach = Callable[[str], None]


class Opened:
    """A shell at the server, opened when the verbs have been taught."""

    def __init__(self, server: Server, client: Client) -> None:
        self.server = server
        self._client = client
        self._open: list[Connection] = []

    async def __call__(self, user: str = "root") -> Connection:
        connection = await self._client.connector().open("server-a", self.server.target(user))
        self._open.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.shell.close()


@pytest.fixture
async def opened(server: Server, client: Client) -> AsyncIterator[Opened]:
    client.knows(server)
    it = Opened(server, client)
    yield it
    it.close()


def runs(server: Server, text: bytes) -> list[int]:
    """The server's processes with `text` in their command line."""
    return [pid for pid in server.tree()[2:] if text in argv_of(pid)]


async def until(done: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(wait_for, done, what)


async def test_a_verb_that_fails_says_why(opened: Opened, teach: Teach) -> None:
    teach(
        "observe() { echo half an answer; echo 'first' >&2; echo 'cannot \"do\" it' >&2; exit 5; }"
    )
    shell = (await opened()).shell
    with pytest.raises(CommandFailed) as caught:
        await shell.ask("observe", deadline=10)
    assert caught.value.what == 'first; cannot "do" it'
    assert caught.value.host == "server-a"
    assert await shell.ask("echo_back", data=b"hi", deadline=10) == b"0\nhi"


async def test_a_verb_that_fails_in_silence(opened: Opened, teach: Teach) -> None:
    teach("observe() { return 5; }")
    with pytest.raises(CommandFailed, match="`observe` ended with status 5"):
        await (await opened()).shell.ask("observe", deadline=10)


async def test_a_missing_program(opened: Opened, teach: Teach) -> None:
    teach("observe() { no-such-program; }")
    with pytest.raises(NotInstalled, match="no-such-program"):
        await (await opened()).shell.ask("observe", deadline=10)


async def test_a_script_that_a_host_does_not_take_in(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the verb would be one that is missing there, as a program is."""
    monkeypatch.setattr(shells, "lesson", lambda: b"false\n")
    shell = (await opened()).shell
    with pytest.raises(Unreachable, match="did not take the script in"):
        await shell.ask("observe", deadline=10)
    assert shell.closed


async def test_a_verb_is_one_of_ours(opened: Opened) -> None:
    shell = (await opened()).shell
    with pytest.raises(CommandFailed, match="does not know"):
        await shell.ask("reboot", deadline=10)


@pytest.mark.parametrize("arg", ["a b", "", "a\nb", "\x00", "é", "a\x1b"])
async def test_arguments_are_words(opened: Opened, arg: str) -> None:
    shell = (await opened()).shell
    with pytest.raises(ValueError, match="argument"):
        await shell.ask("observe", arg, deadline=10)
    assert await shell.ask("echo_back", data=b"hi", deadline=10) == b"0\nhi"


async def test_arguments_are_data(opened: Opened, teach: Teach, tmp_path: Path) -> None:
    teach("observe() { printf '%s|' \"$@\"; }")
    args = ("/*", "$(id)", "`id`", "'", '"', "\\", "~", ";id", "-n", "$HOME")
    told = await (await opened()).shell.ask("observe", *args, deadline=10)
    assert told.decode().split("|")[:-1] == list(args)


async def test_unread_input_is_no_request(opened: Opened, teach: Teach) -> None:
    teach('observe() { read -r line; echo "$line"; }')
    shell = (await opened()).shell
    evil = b"one\nXX 0 reboot\n" + b"y" * 300_000
    assert await shell.ask("observe", data=evil, deadline=10) == b"one\n"
    assert await shell.ask("echo_back", data=b"hi", deadline=10) == b"0\nhi"


async def test_a_verb_does_not_read_requests(opened: Opened, teach: Teach) -> None:
    teach("observe() { cat; }")
    shell = (await opened()).shell
    asked = [shell.ask("observe", deadline=10), shell.ask("echo_back", data=b"hi", deadline=10)]
    assert await asyncio.gather(*asked) == [b"", b"0\nhi"]


async def test_any_bytes_come_back(opened: Opened) -> None:
    data = bytes(range(256)) * 1000 + b"\nfeedfacefeedface 0\n"
    assert await (await opened()).shell.ask("echo_back", data=data, deadline=10) == b"0\n" + data


async def test_what_a_host_says_is_inert(opened: Opened, teach: Teach) -> None:
    teach(
        r"observe() { printf '\033]0;x\007\000\377\342\200\256 [red]no[/] '"
        " >&2; head -c 400000 /dev/zero | tr '\\0' A >&2; exit 1; }"
    )
    with pytest.raises(CommandFailed) as caught:
        await (await opened()).shell.ask("observe", deadline=10)
    text = str(caught.value)
    assert len(text) < 700
    assert not any(category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in text)


async def test_a_flood_of_stderr_blocks_nothing(opened: Opened, teach: Teach) -> None:
    teach("observe() { head -c 20000000 /dev/zero >&2; echo done; }")
    assert await (await opened()).shell.ask("observe", deadline=20) == b"done\n"


async def test_a_flood_of_output_is_cut_off(opened: Opened, server: Server, teach: Teach) -> None:
    teach("observe() { sh -c 'head -c 100000000 /dev/zero; sleep 1003; :'; }")
    shell = (await opened()).shell
    with pytest.raises(Unreachable, match="more than 8 MiB") as caught:
        await shell.ask("observe", deadline=20)
    assert "not known whether it was done" in caught.value.what
    await until(lambda: not runs(server, b"1003"), "the flood is over")
    with pytest.raises(Unreachable, match="not connected"):
        await shell.ask("observe", deadline=5)


async def test_output_in_single_bytes(opened: Opened, teach: Teach) -> None:
    """The end mark may come in any number of pieces."""
    teach("observe() { for n in 1 2 3; do printf '\\n'; printf a; done; }")
    shell = (await opened()).shell
    for _ in range(20):
        assert await shell.ask("observe", deadline=10) == b"\na\na\na"


@pytest.mark.parametrize("user", ["root", "free", "pty"])
async def test_a_deadline_ends_what_runs_there(
    opened: Opened, server: Server, teach: Teach, user: str, tmp_path: Path
) -> None:
    mark = server.folder / "home" / f"late-{user}"
    teach(f"observe() {{ sleep 1001; touch /home/{mark.name}; }}")
    shell = (await opened(user)).shell
    with pytest.raises(Unreachable) as caught:
        await shell.ask("observe", deadline=0.5)
    assert caught.value.what == "no answer to `observe` in 0.5 s: not known whether it was done"
    await until(lambda: not runs(server, b"1001"), "the command is gone")
    assert not mark.exists()
    await until(lambda: not server.sessions(), "the connection is gone")


@pytest.mark.parametrize("user", ["root", "free", "pty"])
async def test_cancelling_lets_a_step_finish(
    opened: Opened, server: Server, teach: Teach, user: str
) -> None:
    """Half a change is worse than either: the channel closes, the step goes on to its end."""
    mark = server.folder / "home" / f"finished-{user}"
    go = server.folder / "home" / f"go-{user}"
    began = server.folder / "home" / f"began-{user}"
    teach(
        f"change() {{ touch /home/{began.name}; until [ -e /home/{go.name} ]; do sleep 0.02; done;"
        " echo output; echo noise >&2;"
        f" unheard bash -ec 'echo [#] >&2' && touch /home/{mark.name}; }}"
    )
    shell = (await opened(user)).shell
    task = asyncio.create_task(shell.ask("change", deadline=10))
    await until(began.exists, "the step began")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert shell.closed
    await until(lambda: not server.sessions(), "the connection is gone")
    go.touch()
    await until(mark.exists, "the step is done")


async def test_close_ends_the_server_side(opened: Opened, server: Server) -> None:
    shell = (await opened("free")).shell
    await shell.ask("echo_back", data=b"hi", deadline=10)
    shell.close()
    await until(lambda: len(server.tree()) == 2, "nothing of ours is left there")


async def test_sshd_killed_amid_a_command(opened: Opened, server: Server, teach: Teach) -> None:
    teach("observe() { echo 'half an answer'; sleep 1002; }")
    shell = (await opened()).shell
    task = asyncio.create_task(shell.ask("observe", deadline=20))
    await until(lambda: runs(server, b"1002"), "the command runs")
    for pid in server.sessions():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unreachable) as caught:
        await task
    assert "connection lost during `observe`" in caught.value.what
    assert "not known whether it was done" in caught.value.what
    for pid in runs(server, b"1002"):
        os.kill(pid, signal.SIGKILL)


async def test_the_shell_killed_amid_a_command(
    opened: Opened, server: Server, teach: Teach
) -> None:
    teach("observe() { printf 'half'; kill -9 $$; }")
    with pytest.raises(Unreachable, match="not known whether it was done"):
        await (await opened()).shell.ask("observe", deadline=10)


async def test_a_frozen_sshd_is_noticed(
    opened: Opened, server: Server, teach: Teach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TCP stays up, nobody answers: keepalives tell, long before the deadline."""
    assert (connects._KEEPALIVE_SECONDS, connects._KEEPALIVE_COUNT) == (5, 3)
    monkeypatch.setattr(connects, "_KEEPALIVE_SECONDS", 0.2)
    teach("observe() { sleep 1004; }")
    shell = (await opened()).shell
    task = asyncio.create_task(shell.ask("observe", deadline=30))
    await until(lambda: runs(server, b"1004"), "the command runs")
    frozen = server.sessions()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    start = time.monotonic()
    try:
        with pytest.raises(Unreachable, match="not known whether it was done"):
            await task
        assert time.monotonic() - start < 5
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
        for pid in runs(server, b"1004"):
            os.kill(pid, signal.SIGKILL)


async def test_a_host_that_does_not_read(opened: Opened, teach: Teach) -> None:
    """Sending has the same deadline as waiting."""
    teach("observe() { sleep 1005; }")
    shell = (await opened()).shell
    start = time.monotonic()
    with pytest.raises(Unreachable, match="no answer to `observe`"):
        await shell.ask("observe", data=b"x" * 8_000_000, deadline=1)
    assert time.monotonic() - start < 4


async def test_no_program_and_no_data_in_any_argv(
    opened: Opened, server: Server, teach: Teach
) -> None:
    teach("observe() { cat >/dev/null; sleep 1006; }")
    shell = (await opened("free")).shell
    secret = b"4GgaQCy68nzNsUE5aJ9fuLzHhB65tAlwbmA72MWnOm8="
    task = asyncio.create_task(shell.ask("observe", data=secret, deadline=10))
    await until(lambda: runs(server, b"1006"), "the command runs")
    pids = server.tree() + descendants(os.getpid())
    lines = {argv_of(pid) for pid in pids}
    environments = {environ_of(pid) for pid in pids if pid != os.getpid()}
    task.cancel()
    await asyncio.wait({task})
    for pid in runs(server, b"1006"):
        os.kill(pid, signal.SIGKILL)
    assert any(b"read -r n" in line for line in lines)  # BOOT, and so we did look
    for text in (secret, b"make_key", b"wg set", b"PrivateKey", b"echo_back"):
        assert not any(text in line for line in lines), text
    assert not any(secret in text for text in environments)


def environ_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.mark.usefixtures("root")
async def test_local_deadline_and_close(client: Client, teach: Teach) -> None:
    teach("observe() { sleep 1007; }")
    connector = client.connector()
    connection = await connector.open("here", "local")
    with pytest.raises(Unreachable, match="no answer to `observe`"):
        await connection.shell.ask("observe", deadline=0.3)
    mine = [pid for pid in descendants(os.getpid()) if b"1007" in argv_of(pid)]
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in mine), "it is gone")
