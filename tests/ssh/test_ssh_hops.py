"""ProxyJump and ProxyCommand: the ways to a host that cannot be reached straight."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from meshtui.errors import HostError, Refused, UnknownHostKey, Unreachable
from meshtui.ssh.connect import Connector
from tests.ssh.client import Client
from tests.ssh.server import Server, argv_of, descendants, free_port, wait_for

ROOT = b"0\nhi"
RELAY = f"{sys.executable} {Path(__file__).with_name('relay.py')}"


@pytest.fixture(scope="module")
def hop(servers: Callable[..., Server]) -> Server:
    return servers()


@pytest.fixture(scope="module")
def hop2(servers: Callable[..., Server]) -> Server:
    return servers()


def names(client: Client, *lines: str, **servers: Server) -> None:
    """An alias for each server, and `lines`."""
    client.write(
        *(f"Host {n}\n HostName 127.0.0.1\n Port {s.port}\n User root" for n, s in servers.items()),
        *lines,
    )


def logins(server: Server) -> int:
    return len(re.findall("Accepted publickey", server.said()))


async def fail(connector: Connector, *hosts: str) -> list[HostError]:
    """Why each of the hosts cannot be reached."""
    found = await asyncio.gather(*(connector.open(h, h) for h in hosts), return_exceptions=True)
    errors = [one for one in found if isinstance(one, HostError)]
    assert len(errors) == len(hosts), found
    assert [error.host for error in errors] == list(hosts)
    return errors


async def test_one_hop(server: Server, hop: Server, client: Client) -> None:
    client.knows(server, hop)
    names(client, "Host web\n ProxyJump hop", web=server, hop=hop)
    before = logins(hop)
    assert await client.ask("web") == ROOT
    assert logins(hop) == before + 1


async def test_two_hops_in_their_order(
    server: Server, hop: Server, hop2: Server, client: Client
) -> None:
    client.knows(server, hop, hop2)
    names(client, "Host web\n ProxyJump hop,hop2", web=server, hop=hop, hop2=hop2)
    before = len(hop2.said().splitlines())
    assert await client.ask("web") == ROOT
    # hop2 was reached from hop, whose forwarding connections have their own ports.
    assert "Accepted publickey" in "".join(hop2.said().splitlines(True)[before:])


async def test_a_hop_that_has_a_hop_itself(
    server: Server, hop: Server, hop2: Server, client: Client
) -> None:
    client.knows(server, hop, hop2)
    both = "Host web\n ProxyJump hop2\nHost hop2\n ProxyJump hop"
    names(client, both, web=server, hop=hop, hop2=hop2)
    before = logins(hop)
    assert await client.ask("web") == ROOT
    assert logins(hop) == before + 1


async def test_a_hop_by_address_and_user(server: Server, hop: Server, client: Client) -> None:
    client.knows(server, hop)
    for jump in (f"free@127.0.0.1:{hop.port}", f"ssh://free@127.0.0.1:{hop.port}"):
        names(client, f"Host web\n ProxyJump {jump}", web=server)
        assert await client.ask("web") == ROOT
    assert "Accepted publickey for free" in hop.said()


@pytest.mark.parametrize(
    "lines", ["Host a\n ProxyJump b\nHost b\n ProxyJump a", "Host *\n ProxyJump b"]
)
async def test_hops_that_go_in_a_circle(client: Client, lines: str) -> None:
    """`ssh` starts itself for ever; we would wait for ourselves. From both ends at once, too."""
    client.write(lines)
    async with asyncio.timeout(5):
        errors = await fail(client.connector(), "a", "b")
    for error in errors:
        assert isinstance(error, Refused)
        # `ssh -G` finds the short ones itself.
        assert "in a circle: " in error.what or "jumphost loop via" in error.what
        assert "~/.ssh/config" in (error.hint or "")


async def test_thirty_hosts_share_one_connection(
    server: Server, hop: Server, client: Client
) -> None:
    client.knows(server, hop)
    names(client, f"Host h*\n HostName 127.0.0.1\n Port {server.port}\n ProxyJump jump", jump=hop)
    before = logins(hop)
    connector = client.connector()
    found = await asyncio.gather(*(connector.open(f"h{n}", f"h{n}") for n in range(30)))
    assert logins(hop) == before + 1
    for one in found:
        one.shell.close()


async def test_an_unknown_hop_is_asked_about_once(
    server: Server, hop: Server, client: Client
) -> None:
    client.knows(server)
    names(client, "Host h*\n ProxyJump jump", h1=server, h2=server, jump=hop)
    errors = await fail(client.connector(), "h1", "h2")
    for error in errors:
        assert isinstance(error, UnknownHostKey)
        assert error.fingerprint == f"ssh-ed25519 {hop.fingerprint}"
        assert "jump host" in error.what
        assert f"127.0.0.1 port {hop.port}" in error.what
    assert len(client.asked) == 1
    client.accept = True
    assert await client.ask("h1") == ROOT
    assert hop.known_as() in client.known_hosts.read_text()


async def test_a_hop_that_is_down_is_told_by_all_behind_it(server: Server, client: Client) -> None:
    client.knows(server)
    port = free_port()
    names(
        client,
        f"Host h*\n ProxyJump jump\nHost jump\n HostName 127.0.0.1\n Port {port}",
        h1=server,
        h2=server,
        direct=server,
    )
    connector = client.connector()
    up = await connector.open("direct", "direct")
    up.shell.close()
    for error in await fail(connector, "h1", "h2"):
        assert isinstance(error, Unreachable)
        assert error.what == f"jump host jump: 127.0.0.1 port {port} refuses connections"
        assert error.hint == "does sshd run there?"


async def test_behind_a_hop_nobody_listens(hop: Server, client: Client) -> None:
    client.knows(hop)
    port = free_port()
    names(client, f"Host web\n HostName 127.0.0.1\n Port {port}\n ProxyJump hop", hop=hop)
    (error,) = await fail(client.connector(), "web")
    assert isinstance(error, Unreachable)
    assert f"127.0.0.1 port {port}" in error.what
    assert "through jump host hop" in error.what
    assert "Connection refused" in error.what


async def test_a_hop_that_forwards_nothing(
    servers: Callable[..., Server], server: Server, client: Client
) -> None:
    closed = servers("AllowTcpForwarding no")
    client.knows(closed, server)
    names(client, "Host web\n ProxyJump hop", web=server, hop=closed)
    (error,) = await fail(client.connector(), "web")
    assert "through jump host hop" in error.what
    assert "AllowTcpForwarding" in (error.hint or "")


async def test_a_hop_comes_back(
    servers: Callable[..., Server], server: Server, client: Client
) -> None:
    hop = servers()
    client.knows(hop, server)
    names(client, "Host web\n ProxyJump hop", web=server, hop=hop)
    connector = client.connector()
    first = await connector.open("web", "web")
    hop.stop()
    with pytest.raises(Unreachable, match="not known whether it was done"):
        await first.shell.ask("echo_back", data=b"hi", deadline=10)
    await fail(connector, "web")
    hop.start()
    deadline = time.monotonic() + 10
    while True:  # the hop's failure is remembered for a moment, to spare its sshd
        try:
            again = await connector.open("web", "web")
            break
        except Unreachable:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    assert await again.shell.ask("echo_back", data=b"hi", deadline=10) == ROOT
    again.shell.close()


async def test_a_failed_hop_is_not_hammered(client: Client) -> None:
    """Hosts whose turn comes later hear of the same failure: sshd counts tries."""
    knocks = 0

    def knocked(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal knocks
        knocks += 1
        writer.close()

    async with await asyncio.start_server(knocked, "127.0.0.1", 0) as bastion:
        port = bastion.sockets[0].getsockname()[1]
        client.write(f"Host jump\n HostName 127.0.0.1\n Port {port}\nHost h*\n ProxyJump jump")
        connector = client.connector()
        for n in range(5):
            await fail(connector, f"h{n}")
    assert knocks == 1


async def test_a_proxy_command_that_talks(server: Server, client: Client) -> None:
    """What it prints on stderr is no part of the connection."""
    client.knows(server)
    names(client, f"Host web\n ProxyCommand {RELAY} %h %p", web=server)
    connector = client.connector()
    connection = await connector.open("web", "web")
    assert await connection.shell.ask("echo_back", data=b"hi", deadline=10) == ROOT
    relays = [pid for pid in descendants(_me()) if b"relay.py" in argv_of(pid)]
    assert len(relays) == 1
    connection.shell.close()
    await asyncio.to_thread(
        wait_for, lambda: not Path(f"/proc/{relays[0]}").exists(), "the relay is gone"
    )


def _me() -> int:
    return int(Path("/proc/self").readlink().name)


async def test_a_proxy_command_that_fails_says_why(server: Server, client: Client) -> None:
    client.knows(server)
    names(client, "Host web\n ProxyCommand echo no way >&2; exit 1", web=server)
    (error,) = await fail(client.connector(), "web")
    assert isinstance(error, Unreachable)
    assert "ProxyCommand" in error.what
    assert "no way" in error.what


async def test_a_proxy_command_that_hangs_is_ended(
    server: Server, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "mark").touch()
    names(
        client,
        f"Host web\n ConnectTimeout 1\n ProxyCommand tail -f {tmp_path}/mark; true",
        web=server,
    )
    (error,) = await fail(client.connector(), "web")
    assert isinstance(error, Unreachable)
    assert "did not answer in 1 s" in error.what
    await asyncio.to_thread(
        wait_for,
        lambda: not any(bytes(tmp_path) in argv_of(pid) for pid in descendants(_me())),
        "the proxy is gone",
    )


async def test_proxy_use_fdpass_is_named(server: Server, client: Client) -> None:
    names(client, "Host web\n ProxyCommand true\n ProxyUseFdpass yes", web=server)
    (error,) = await fail(client.connector(), "web")
    assert "ProxyUseFdpass" in error.what
