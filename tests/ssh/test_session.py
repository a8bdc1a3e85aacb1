"""The kept connection: opened once, opened again after a loss, and how long it holds back."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable

import pytest

from meshtui.errors import Refused, Unreachable
from meshtui.fleet.session import FIRST_WAIT, LONGEST_WAIT, Session
from tests.ssh.client import Client
from tests.ssh.server import Server, free_port, wait_for

ROOT = b"0\nhi"


@pytest.fixture
async def session(server: Server, client: Client) -> AsyncIterator[Session]:
    client.knows(server)
    made = Session("server-a", server.target(), client.connector())
    yield made
    made.close()


def logins(server: Server) -> int:
    return len(re.findall("Accepted publickey", server.said()))


async def ask(session: Session, verb: str = "echo_back", deadline: float = 10) -> bytes:
    return await session.ask(verb, data=b"hi", deadline=deadline)


async def test_many_ask_one_connection(server: Server, session: Session) -> None:
    before = logins(server)
    assert set(await asyncio.gather(*(ask(session) for _ in range(20)))) == {ROOT}
    assert await ask(session) == ROOT
    assert logins(server) == before + 1


async def test_a_loss_between_two_questions_is_nobodys_business(
    server: Server, session: Session
) -> None:
    """Nothing was asked meanwhile, so nothing is unknown: it connects again and asks."""
    assert await ask(session) == ROOT
    for pid in server.sessions():
        os.kill(pid, signal.SIGKILL)
    shell = session._shell
    assert shell
    async with asyncio.timeout(5):
        while not shell.closed:
            await asyncio.sleep(0.005)
    assert await ask(session) == ROOT
    assert session.failures == 0


async def test_a_loss_amid_a_question_is_told_then_mended(
    server: Server, session: Session, teach: Callable[[str], None]
) -> None:
    teach("observe() { sleep 1011; }")
    task = asyncio.create_task(ask(session, "observe"))
    await asyncio.to_thread(wait_for, server.sessions, "the connection stands")
    await asyncio.to_thread(
        wait_for, lambda: b"1011" in b"".join(map(cmdline, server.tree())), "the verb runs"
    )
    for pid in server.sessions():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unreachable, match="not known whether it was done"):
        await task
    assert await ask(session) == ROOT


def cmdline(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def test_one_who_gives_up_does_not_fail_the_next(
    server: Server, session: Session, teach: Callable[[str], None]
) -> None:
    """A cancelled look closes the channel; an apply that waited its turn opens another."""
    teach("observe() { sleep 1012; }")
    first = asyncio.create_task(ask(session, "observe"))
    await asyncio.to_thread(
        wait_for, lambda: b"1012" in b"".join(map(cmdline, server.tree())), "the verb runs"
    )
    second = asyncio.create_task(ask(session))
    third = asyncio.create_task(ask(session, deadline=10))
    await asyncio.sleep(0)  # both wait for their turn now
    first.cancel()
    assert await second == ROOT
    assert await third == ROOT


async def test_a_deadline_does_not_fail_the_next(
    session: Session, teach: Callable[[str], None]
) -> None:
    teach("observe() { sleep 1013; }")
    late = asyncio.create_task(ask(session, "observe", deadline=1))
    await asyncio.sleep(0)
    after = asyncio.create_task(ask(session))
    with pytest.raises(Unreachable, match="no answer to `observe`"):
        await late
    assert await after == ROOT


async def test_backoff_doubles_and_ends_with_success(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.knows(server)
    session = Session("server-a", f"root@127.0.0.1:{free_port()}", client.connector())
    assert session.backoff() == 0
    waits = []
    for _ in range(7):
        with pytest.raises(Unreachable):
            await ask(session)
        waits.append(session.backoff())
    assert waits == [FIRST_WAIT * 2**n for n in range(5)] + [LONGEST_WAIT] * 2
    session.ssh = server.target()
    assert await ask(session) == ROOT
    assert session.backoff() == 0
    session.close()


async def test_two_who_ask_a_dead_host_count_as_one_try_each(client: Client) -> None:
    session = Session("server-a", "-x", client.connector())
    found = await asyncio.gather(ask(session), ask(session), return_exceptions=True)
    assert all(isinstance(error, Refused) for error in found)
    assert session.failures == 2


@pytest.mark.usefixtures("root")
async def test_this_machine(client: Client) -> None:
    session = Session("here", "local", client.connector())
    assert await ask(session) == ROOT
    session.close()
    assert await ask(session) == ROOT
    session.close()
