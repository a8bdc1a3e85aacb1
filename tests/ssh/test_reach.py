"""The TCP connection below SSH: which address is tried, how often, and what failing says."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from meshtui.ssh import reach as reaches
from meshtui.ssh.reach import reach
from meshtui.ssh.target import Target
from tests.ssh.server import free_port

Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What every name stands for."""

    def put(*addresses: tuple[str, int]) -> None:
        async def found(*_: object, **__: object) -> list[object]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)

    return put


def listening() -> tuple[socket.socket, tuple[str, int]]:
    made = socket.create_server(("127.0.0.1", 0))
    return made, made.getsockname()


TARGET = Target("h", "h", 22, "root")


async def test_the_next_address_where_one_refuses(names: Names) -> None:
    server, there = listening()
    names(("127.0.0.1", free_port()), there)
    with server, await reach(TARGET) as made:
        assert made.getpeername() == there


async def test_all_refuse(names: Names) -> None:
    names(("127.0.0.1", free_port()), ("127.0.0.1", free_port()))
    with pytest.raises(ConnectionRefusedError):
        await reach(TARGET)


async def test_a_mute_one_is_knocked_at_again_and_again(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it takes: a packet that was sent before the host was back is lost."""
    monkeypatch.setattr(reaches, "_KNOCK_SECONDS", 0.1)
    server, there = listening()
    names(there)
    loop = asyncio.get_running_loop()
    really: Callable[..., Awaitable[None]] = loop.sock_connect
    back = time.monotonic() + 0.45

    async def connect(made: socket.socket, address: tuple[str, int]) -> None:
        if time.monotonic() < back:
            await asyncio.sleep(1000)
        await really(made, address)

    monkeypatch.setattr(loop, "sock_connect", connect)
    with server:
        async with asyncio.timeout(5):
            (await reach(TARGET)).close()
    assert 0 <= time.monotonic() - back < 1
