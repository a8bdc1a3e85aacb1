"""sshd on loopback, a client's configuration and keys, and what must not be left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from meshtui.ssh import shell as shells
from tests.ssh.client import Client
from tests.ssh.server import SSHD, Server, keygen

_NEEDED = ("unshare", "ssh-keygen", "ssh-agent", "ssh-add", "sudo", "busybox", "fish", "csh")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs sshd, by name, where there can be none; see tests/lab/conftest.py."""
    missing = [tool for tool in _NEEDED if not shutil.which(tool)]
    reason = (
        "needs root, for sshd with users of its own"
        if os.geteuid() != 0
        else "needs Debian's openssh-server"
        if SSHD is None
        else f"needs {', '.join(missing)}"
        if missing
        else None
    )
    mine = [i for i in items if Path(__file__).parent in i.path.parents]
    real = [i for i in mine if {"server", "servers"} & set(getattr(i, "fixturenames", ()))]
    if reason and real and os.environ.get("MESHTUI_REQUIRE_LAB"):
        raise pytest.UsageError(f"the ssh tests must run, but: {reason}")
    for item in real if reason else []:
        item.add_marker(pytest.mark.skip(reason=f"{item.name}: {reason}"))


@pytest.fixture
def root() -> None:
    """For what takes this machine itself for a host."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be a host itself")


@pytest.fixture(autouse=True)
def _no_agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's own agent, home or settings take part."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key that every server lets in."""
    return keygen(tmp_path_factory.mktemp("key") / "id")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers: `servers("MaxSessions 1")`, with more lines for sshd_config."""
    Path("/run/sshd").mkdir(exist_ok=True)
    made: list[Server] = []

    def start(options: str = "", key_type: str = "ed25519") -> Server:
        server = Server(tmp_path_factory.mktemp("sshd") / "root", options, key_type)
        made.append(server)
        server.let_in(key.with_suffix(".pub"))
        return server

    yield start
    for server in made:
        server.stop()


@pytest.fixture(scope="module")
def server(servers: Callable[..., Server]) -> Server:
    """One with nothing special, for a whole file."""
    return servers()


@pytest.fixture
async def client(tmp_path: Path, key: Path, teach: Callable[[str], None]) -> AsyncIterator[Client]:
    """See Client. At the end, no task of ours and no unseen exception may be left."""
    unseen: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: unseen.append(str(context)))
    before = asyncio.all_tasks()
    client = Client(tmp_path, key)
    yield client
    await client.close()
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=2)
    assert not left, f"tasks left behind: {left}"
    assert not unseen


@pytest.fixture
def teach(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives hosts other verbs: `teach("observe() { ... }")`. `echo_back` is there already."""
    program, lesson = shells.program(), shells.lesson()
    head, start, _ = program.rpartition(b"\nserve\n")
    assert start
    lesson = lesson.replace(b"observe | facts", b"echo_back | observe | facts")

    def put(functions: str) -> None:
        verbs = b"echo_back() { id -u; cat; }\n" + functions.encode()
        monkeypatch.setattr(shells, "program", lambda: b"\n".join((head, verbs, b"serve\n")))
        monkeypatch.setattr(shells, "lesson", lambda: lesson + verbs)

    put("")
    return put
