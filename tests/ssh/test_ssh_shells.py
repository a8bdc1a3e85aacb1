"""Login shells, noise and sudo: how a host may answer before it answers."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from meshtui.errors import Refused, Unreachable
from meshtui.ssh import shell as shells
from tests.ssh.client import Client
from tests.ssh.server import Server, script

ROOT = b"0\nhi"


@pytest.fixture
def known(server: Server, client: Client) -> Client:
    client.knows(server)
    return client


@pytest.fixture
def profile(server: Server) -> Iterator[Callable[[str], None]]:
    """Sets what `noisy` runs at login."""
    files = [server.home("noisy") / name for name in (".bashrc", ".bash_profile", ".profile")]

    def put(text: str) -> None:
        for file in files:
            file.write_text(text)

    yield put
    for file in files:
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("user", ["root", "free", "fish", "tcsh", "csh", "busybox", "pty"])
async def test_each_shell_serves_root(server: Server, known: Client, user: str) -> None:
    data = b"'quotes' \"$(id)\" `id` !x \\ \x00\xff\n" * 50
    assert await known.ask(server.target(user), data=data) == b"0\n" + data


@pytest.mark.parametrize("sh", [["dash"], ["bash", "--posix"], ["busybox", "sh"]], ids=" ".join)
def test_a_program_is_read_to_its_last_line_and_no_further(sh: list[str]) -> None:
    program = b'echo "it\'s \\\\ $((1 + 1))"\n\n  IFS= read -r left\necho "<$left>"\n'
    told = b"%d %d\n%b" % (program.count(b"\n"), len(program), program)
    done = subprocess.run(
        [*sh, "-c", shells.BOOT_ARGV[-1]],
        input=told + b" what comes \\ behind it \nand more\n",
        env={"PATH": os.environ["PATH"], "IFS": ":"},
        capture_output=True,
        check=True,
        timeout=10,
    )
    assert (done.stdout, done.stderr) == (b"it's \\ 2\n< what comes \\ behind it >\n", b"")


@pytest.mark.parametrize(
    "noise",
    [
        "echo Welcome; echo oh dear >&2",
        "yes 'to stdout' | head -c 3000000",
        "yes 'to stderr' | head -c 3000000 >&2",
        "printf 'no newline'; printf '\\033[2J\\000\\377'",
        "cat <<'X'\n9\n$(id)\nX",
        "trap 'echo bye' EXIT; alias dd=false; set -u",
    ],
    ids=["both", "3MB-out", "3MB-err", "escapes", "numbers", "settings"],
)
async def test_a_noisy_login(
    server: Server, known: Client, profile: Callable[[str], None], noise: str
) -> None:
    profile(noise)
    assert await known.ask(server.target("noisy")) == ROOT


async def test_a_login_that_talks_for_ever(
    server: Server,
    known: Client,
    profile: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shells, "GREETING_SECONDS", 3.0)
    monkeypatch.setattr(shells, "_NOISE_BYTES", 1 << 20)
    profile("while echo 'press a key'; do :; done")
    with pytest.raises((Refused, Unreachable)) as caught:
        await known.ask(server.target("noisy"))
    assert re.search("prints without end: press a key|no shell answered in", caught.value.what)


async def test_a_login_that_eats_its_input(
    server: Server,
    known: Client,
    profile: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shells, "GREETING_SECONDS", 1.0)
    profile("read -r first")
    with pytest.raises((Refused, Unreachable)) as caught:
        await known.ask(server.target("noisy"))
    assert "logged in, but" in caught.value.what


async def test_nologin(server: Server, known: Client) -> None:
    with pytest.raises(Refused) as caught:
        await known.ask(server.target("nologin"))
    assert "the login shell ran no command" in caught.value.what
    assert "not available" in caught.value.what


async def test_a_shell_that_waits(
    server: Server, known: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shells, "GREETING_SECONDS", 0.5)
    with pytest.raises(Unreachable) as caught:
        await known.ask(server.target("waits"))
    assert caught.value.what == "logged in, but no shell answered in 0.5 s"
    assert caught.value.host == "server-a"


async def test_a_shell_that_echoes(
    server: Server, known: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its echo of what we send is no answer."""
    monkeypatch.setattr(shells, "GREETING_SECONDS", 1.0)
    echoes = server.folder / "bin" / "echoes"
    script(echoes, "exec cat")
    with pytest.raises((Refused, Unreachable)):
        await known.ask(server.target("echo"))


async def test_sudo_wants_a_password(server: Server, known: Client) -> None:
    with pytest.raises(Refused) as caught:
        await known.ask(server.target("asked"))
    assert "sudo says no" in caught.value.what
    assert "password is required" in caught.value.what
    assert "NOPASSWD" in (caught.value.hint or "")


async def test_sudo_says_no(server: Server, known: Client) -> None:
    with pytest.raises(Refused) as caught:
        await known.ask(server.target("nobody2"))
    assert "sudo says no" in caught.value.what
    assert "NOPASSWD" in (caught.value.hint or "")


async def test_sudo_wants_a_terminal(server: Server, known: Client) -> None:
    with pytest.raises(Refused) as caught:
        await known.ask(server.target("tty"))
    assert "must have a tty" in caught.value.what
    assert "requiretty" in (caught.value.hint or "")


@pytest.mark.parametrize("user", ["free", "fish", "csh", "busybox"])
async def test_no_sudo(client: Client, user: str, bare: Server) -> None:
    client.knows(bare)
    with pytest.raises(Refused) as caught:
        await client.ask(bare.target(user))
    assert caught.value.what == "not root, and there is no sudo"
    assert "install sudo" in (caught.value.hint or "")


@pytest.fixture(scope="module")
def bare(servers: Callable[..., Server]) -> Server:
    """A server where a login finds hardly any program."""
    server = servers()
    tools = server.folder / "home" / "tools"
    tools.mkdir()
    for tool in ("sh", "id", "dd", "busybox"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    server.restart("SetEnv PATH=/home/tools")
    return server


async def test_a_forced_command(servers: Callable[..., Server], client: Client) -> None:
    server = servers("ForceCommand echo only backups here; exit 3")
    client.knows(server)
    with pytest.raises(Refused) as caught:
        await client.ask(server.target())
    assert "only backups here" in caught.value.what


async def test_no_sessions_at_all(servers: Callable[..., Server], client: Client) -> None:
    server = servers("MaxSessions 0")
    client.knows(server)
    with pytest.raises(Refused) as caught:
        await client.ask(server.target())
    assert "opens no session" in caught.value.what
    assert "MaxSessions" in (caught.value.hint or "")


async def test_one_session_is_enough(servers: Callable[..., Server], client: Client) -> None:
    server = servers("MaxSessions 1")
    client.knows(server)
    connection = await client.connector().open("server-a", server.target())
    asked = [connection.shell.ask("echo_back", data=b"%d" % n, deadline=10) for n in range(20)]
    assert await asyncio.gather(*asked) == [b"0\n%d" % n for n in range(20)]
    connection.shell.close()


@pytest.mark.usefixtures("root")
async def test_this_machine(client: Client) -> None:
    connection = await client.connector().open("here", "local")
    assert connection.target is None
    assert await connection.shell.ask("echo_back", data=b"hi", deadline=10) == ROOT
    connection.shell.close()


@pytest.mark.usefixtures("root")
async def test_on_this_machine_we_are_who_we_are(
    client: Client, teach: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not who `runuser` left in the environment: by that name root is known."""
    teach('observe() { echo "$USER"; }')
    monkeypatch.setenv("USER", "somebody")
    connection = await client.connector().open("here", "local")
    assert await connection.shell.ask("observe", deadline=10) == b"root\n"
    connection.shell.close()
