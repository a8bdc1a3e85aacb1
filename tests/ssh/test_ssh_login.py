"""Where ssh goes and who it logs in as: aliases, Include, Match, keys and agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from meshtui.errors import HostError, Refused
from meshtui.ssh import target as targets
from tests.ssh.client import Client, agent
from tests.ssh.server import Server, keygen, run, wait_for

ROOT = b"0\nhi"


async def refused(client: Client, written: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await client.ask(written)
    assert caught.value.host == "server-a"
    return caught.value


async def test_a_user_and_a_port(server: Server, client: Client) -> None:
    client.knows(server)
    assert await client.ask(server.target()) == ROOT
    assert await client.ask(server.target("free")) == ROOT


async def test_an_alias(server: Server, client: Client) -> None:
    client.knows(server)
    client.write(f"Host web\n HostName 127.0.0.1\n Port {server.port}\n User free")
    assert await client.ask("web") == ROOT
    # What is written in mesh.toml wins over the file, as with ssh.
    with pytest.raises(HostError, match="port 1 refuses connections"):
        await client.ask("web:1")


async def test_include_match_and_comments(server: Server, client: Client) -> None:
    client.knows(server)
    (client.folder / "more.conf").write_text(
        f'Match originalhost web exec "test %h = 127.0.0.1"\n Port {server.port} # here\n'
    )
    client.write(
        f"Include {client.folder}/more.conf",
        "Host we?",
        " HostName 127.0.0.1",
        " User root",
        f'Match exec "test -e {client.folder}/more.conf"',
        f" Include {client.folder}/more.conf",
        "Host *",
        " ServerAliveInterval 1m",
        " ConnectTimeout none",
    )
    assert await client.ask("web") == ROOT


async def test_a_broken_config_is_told(client: Client) -> None:
    client.write("Hots web")
    error = await refused(client, "web")
    assert "Bad configuration option: hots" in error.what or "bad configuration" in error.what
    assert error.hint == "see ~/.ssh/config"


@pytest.mark.parametrize(
    "written",
    [
        *("", "@x", "-oProxyCommand=id", "root@-oProxyCommand=id", "x:0", "x:70000", "$(id)"),
        *("a b", "x;id", "x\nProxyCommand id", "`id`", "$(id)@x", "'x", "$HOME"),
    ],
)
async def test_what_is_no_target_reaches_no_program(
    client: Client, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object, **__: object) -> None:
        raise AssertionError("started a program")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", never)
    assert "ssh target" in (await refused(client, written)).what


async def test_a_match_exec_that_hangs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when its own children hold on to the pipes."""
    monkeypatch.setattr(targets, "_ASK_SECONDS", 0.3)
    mark = client.folder / "still-there"
    mark.touch()
    client.write(f'Match exec "tail -f {mark}; true"', " Port 1")
    async with asyncio.timeout(5):
        error = await refused(client, "web")
    assert "did not answer" in error.what
    assert "Match exec" in (error.hint or "")
    wait_for(lambda: not _users_of(mark), "what the Match exec started is gone")


def _users_of(path: Path) -> list[str]:
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink() == path:
                found.append(str(link))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # It ended while we looked, or is none of ours.
    return found


async def test_a_key_that_is_not_let_in(server: Server, client: Client, tmp_path: Path) -> None:
    client.knows(server)
    client.write(key=keygen(tmp_path / "other"))
    error = await refused(client, server.target())
    assert error.what == f"127.0.0.1 port {server.port} refuses the login as root"
    assert "ssh -l root 127.0.0.1" in (error.hint or "")


async def test_an_encrypted_key_names_ssh_add(
    server: Server, client: Client, tmp_path: Path
) -> None:
    client.knows(server)
    locked = keygen(tmp_path / "locked", passphrase="secret")
    client.write(key=locked)
    error = await refused(client, server.target())
    assert f"`ssh-add {locked}`" in (error.hint or "")


async def test_the_hint_is_about_this_hosts_keys(
    server: Server, client: Client, tmp_path: Path
) -> None:
    """What is locked for one host does not explain another one's refusal."""
    client.knows(server)
    locked, other = keygen(tmp_path / "locked", passphrase="x"), keygen(tmp_path / "other")
    where = f" HostName 127.0.0.1\n Port {server.port}\n User root\n"
    client.write(
        f"Host a\n{where} IdentityFile {locked}",
        f"Host b\n{where} IdentityFile {other}",
        key=other,
    )
    connector = client.connector()
    with pytest.raises(Refused) as first:
        await connector.open("a", "a")
    with pytest.raises(Refused) as second:
        await connector.open("b", "b")
    assert str(locked) in (first.value.hint or "")
    assert str(locked) not in (second.value.hint or "")


async def test_an_encrypted_key_from_the_agent(
    server: Server, client: Client, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its private file, which meshtui cannot open: the agent has it open."""
    client.knows(server)
    locked = tmp_path / "locked"
    locked.write_bytes(key.read_bytes())
    locked.chmod(0o600)
    with agent(locked) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        run("ssh-keygen", "-p", "-q", "-P", "", "-N", "secret", "-f", locked)
        client.write(key=locked)
        assert not locked.with_suffix(".pub").exists()
        assert await client.ask(server.target()) == ROOT


async def test_an_identity_that_is_a_public_key(
    server: Server, client: Client, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with keys that live in a token or a password manager."""
    client.knows(server)
    junk = [keygen(tmp_path / f"junk{n}") for n in range(7)]
    with agent(*junk, key) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        client.write(key=key.with_suffix(".pub"))
        assert await client.ask(server.target()) == ROOT
        # And where the agent lacks it, the hint is not about a passphrase.
        client.write(key=junk[0].with_suffix(".pub"))
        assert "ssh-add" not in ((await refused(client, server.target())).hint or "")


@pytest.mark.parametrize("only", ["yes", "no"])
async def test_the_named_key_comes_before_seven_others(
    server: Server,
    client: Client,
    key: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    only: str,
) -> None:
    client.knows(server)
    with agent(*(keygen(tmp_path / f"junk{n}") for n in range(7)), key) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        client.write(f"IdentitiesOnly {only}")
        assert await client.ask(server.target()) == ROOT


async def test_too_many_keys_are_told_as_such(
    server: Server, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.knows(server)
    junk = [keygen(tmp_path / f"junk{n}") for n in range(8)]
    with agent(*junk) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        client.write("IdentitiesOnly no", key=tmp_path / "none")
        error = await refused(client, server.target())
    assert "Too many authentication failures" in error.what
    assert "IdentitiesOnly" in (error.hint or "")


async def test_identity_agent_and_a_dead_socket(
    server: Server, client: Client, key: Path, tmp_path: Path
) -> None:
    client.knows(server)
    with agent(key) as path:
        client.write(f"IdentityAgent {path}", key=key.with_suffix(".pub"))
        assert await client.ask(server.target()) == ROOT
    error = await refused(client, server.target())
    assert "agent" in (error.hint or "")


async def test_an_agent_that_never_answers(
    server: Server, client: Client, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen agent is no reason not to use a key file."""
    monkeypatch.setattr("meshtui.ssh.identity._AGENT_SECONDS", 0.3)
    client.knows(server)
    path = tmp_path / "agent"
    mute = await asyncio.start_unix_server(lambda _r, _w: None, path)
    async with mute:
        client.write(f"IdentityAgent {path}")
        assert await client.ask(server.target()) == ROOT


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keygen(tmp_path_factory.mktemp("ca") / "ca")


@pytest.fixture(scope="module")
def strict(servers: Callable[..., Server], authority: Path) -> Server:
    """A server that takes certificates and no plain key."""
    started = servers(f"TrustedUserCAKeys {authority}.pub")
    started.let_in()
    return started


def certified(key: Path, authority: Path, *, into: Path | None = None) -> Path:
    """A certificate of `key` for root: beside it, where ssh looks, or `into` a file."""
    run("ssh-keygen", "-q", "-s", authority, "-I", "me", "-n", "root", key.with_suffix(".pub"))
    beside = key.with_name(key.name + "-cert.pub")
    return beside.rename(into) if into else beside


async def test_a_certificate_beside_the_key(
    strict: Server, client: Client, authority: Path, tmp_path: Path
) -> None:
    client.knows(strict)
    key = keygen(tmp_path / "mine")
    client.write(key=key)
    assert "refuses the login" in (await refused(client, strict.target())).what
    certified(key, authority)
    assert await client.ask(strict.target()) == ROOT


async def test_a_certificate_file_and_the_key_in_the_agent(
    strict: Server,
    client: Client,
    authority: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.knows(strict)
    key = keygen(tmp_path / "mine")
    certificate = certified(key, authority, into=tmp_path / "signed.pub")
    with agent(key) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        key.unlink()
        client.write(f"CertificateFile {certificate}", key=key)
        assert await client.ask(strict.target()) == ROOT


async def test_a_certificate_in_the_agent(
    strict: Server,
    client: Client,
    authority: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With IdentitiesOnly, it goes by the key that it certifies."""
    client.knows(strict)
    key = keygen(tmp_path / "mine")
    certificate = certified(key, authority)
    with agent(key) as path:  # ssh-add takes the certificate that lies beside it, too
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        certificate.unlink()
        key.unlink()
        client.write(key=key)
        assert await client.ask(strict.target()) == ROOT


def test_split() -> None:
    assert targets.split("root@[2001:db8::1]:2222") == ("2001:db8::1", "root", 2222)
    assert targets.split("2001:db8::1") == ("2001:db8::1", None, None)
    assert targets.split("a@b@web:22") == ("web", "a@b", 22)
