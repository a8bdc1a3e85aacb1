"""How much at once, how long at most, and that one dead host costs the others nothing."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from meshtui.errors import HostError, Unreachable
from meshtui.ssh.connect import AT_ONCE, AT_ONCE_PER_SERVER
from tests.ssh.client import Client
from tests.ssh.server import Server, free_port


class Mute:
    """Listens on addresses and says nothing; counts who is there at once."""

    def __init__(self) -> None:
        self.now: Counter[str] = Counter()
        self.most_each = 0
        self.most = 0
        self.total = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, port: int, addresses: list[str]) -> asyncio.Server:
        return await asyncio.start_server(self._came, addresses, port)

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        self.total += 1
        self.now[address] += 1
        self.most_each = max(self.most_each, self.now[address])
        self.most = max(self.most, sum(self.now.values()))
        self._writers.append(writer)
        while await reader.read(4096):
            pass
        self.now[address] -= 1
        writer.close()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()


async def test_eight_at_an_address_and_thirty_two_in_all(client: Client) -> None:
    """Counted by the far end: 60 hosts on 6 addresses, none of which ever answers."""
    assert (AT_ONCE_PER_SERVER, AT_ONCE) == (8, 32)
    mute, port = Mute(), free_port()
    addresses = [f"127.0.0.{n}" for n in range(11, 17)]
    connector = client.connector()
    async with await mute.serve(port, addresses):
        tasks = [
            asyncio.create_task(connector.open(f"h{n}", f"{addresses[n // 10]}:{port}"))
            for n in range(60)
        ]
        full = 0
        while not all(task.done() for task in tasks):
            # Long enough for a connection too many to show up, before there is room again.
            before = -1
            while before != (before := sum(mute.now.values())):
                await asyncio.wait(tasks, timeout=0.3)
            full += sum(mute.now.values()) == AT_ONCE
            mute.hang_up()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, Unreachable) for error in found)
    assert mute.total == 60
    assert full >= 1, "the limit was never reached, so this proved nothing"
    assert mute.most == AT_ONCE
    assert mute.most_each == AT_ONCE_PER_SERVER


async def test_a_mute_port_is_left_in_time_and_costs_nobody_else(
    server: Server, client: Client
) -> None:
    mute, port = Mute(), free_port()
    client.knows(server)
    client.write("Host 127.0.0.2", " ConnectTimeout 1")
    connector = client.connector()
    async with await mute.serve(port, ["127.0.0.2"]):
        start = time.monotonic()
        dead = asyncio.create_task(connector.open("dead", f"root@127.0.0.2:{port}"))
        alive = await connector.open("alive", server.target())
        assert not dead.done()
        alive.shell.close()
        with pytest.raises(Unreachable) as caught:
            await dead
        assert time.monotonic() - start < 3
        assert caught.value.what == f"127.0.0.2 port {port} did not answer in 1 s"
        assert caught.value.host == "dead"
        # And its connection is given back.
        deadline = time.monotonic() + 5
        while mute.now["127.0.0.2"]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


async def test_what_is_no_ssh_server(client: Client) -> None:
    async def web(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\x1b[2J\r\n\r\n" * 3)
        writer.close()

    async with await asyncio.start_server(web, "127.0.0.1", 0) as http:
        port = http.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable) as caught:
            await client.ask(f"127.0.0.1:{port}")
    assert f"127.0.0.1 port {port}" in caught.value.what
    assert "\x1b" not in str(caught.value)


async def test_a_name_that_is_none(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # no question leaves this machine
    with pytest.raises(Unreachable) as caught:
        await client.ask("no-such-host.invalid")
    assert "no-such-host.invalid cannot be resolved: Name or service not known" in caught.value.what


async def test_thirty_hosts_at_one_address(servers: Callable[..., Server], client: Client) -> None:
    """sshd with Debian's own limits drops none of them."""
    server = servers("MaxStartups 10:30:100\nMaxSessions 10")
    client.knows(server)
    client.write(f"Host h*\n HostName 127.0.0.1\n Port {server.port}\n User root")
    connector = client.connector()
    found = await asyncio.gather(*(connector.open(f"h{n}", f"h{n}") for n in range(30)))
    assert len(re.findall("Accepted publickey", server.said())) == 30
    assert "MaxStartups" not in server.said()
    asked = [one.shell.ask("echo_back", data=b"hi", deadline=10) for one in found]
    assert set(await asyncio.gather(*asked)) == {b"0\nhi"}
    for one in found:
        one.shell.close()


async def test_no_room_at_sshd(servers: Callable[..., Server], client: Client) -> None:
    server = servers("MaxStartups 1:100:1")
    client.knows(server)
    async with asyncio.timeout(10):
        _reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await _reader.readline()  # sshd's greeting: the one place is taken
        with pytest.raises(Unreachable) as caught:
            await client.ask(server.target())
        writer.close()
    assert f"127.0.0.1 port {server.port}" in caught.value.what


async def test_cancelling_a_login_leaves_nothing(client: Client) -> None:
    mute, port = Mute(), free_port()
    async with await mute.serve(port, ["127.0.0.1"]):
        connector = client.connector()
        for _ in range(12):  # more than there are places, were they not given back
            task = asyncio.create_task(connector.open("h", f"127.0.0.1:{port}"))
            while not mute.now["127.0.0.1"]:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(5):
                while mute.now["127.0.0.1"]:
                    await asyncio.sleep(0.005)


async def test_files_stay_closed(server: Server, client: Client) -> None:
    """Hours of failing logins must not use up the process's file descriptors."""
    connector = client.connector()
    client.knows(server)

    async def some() -> None:
        connection = await connector.open("h", server.target())
        await connection.shell.ask("echo_back", data=b"hi", deadline=10)
        connection.shell.close()
        with pytest.raises(HostError):
            await connector.open("h", "127.0.0.1:1")

    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    await some()
    before = count()
    for _ in range(5):
        await some()
    async with asyncio.timeout(5):
        while count() > before:
            await asyncio.sleep(0.01)
