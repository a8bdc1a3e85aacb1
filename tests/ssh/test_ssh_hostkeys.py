"""Host keys: known, unknown, changed, revoked, certified; and what ends up in known_hosts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from meshtui.errors import HostError, Refused, UnknownHostKey
from tests.ssh.client import Client
from tests.ssh.server import Server, fingerprint, keygen, run

ROOT = b"0\nhi"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl0c7MGoB8dHKjKUy6oDcCyVTMwNWZH8iZoXqfw7vXu"


async def refused(client: Client, server: Server) -> HostError:
    """The login at `server` ends with a refusal, and no session is left there."""
    with pytest.raises(Refused) as caught:
        await client.ask(server.target())
    assert caught.value.state == "refused"
    return caught.value


def openssh(client: Client, server: Server) -> str:
    """What `ssh` itself says, when it may ask nobody."""
    options = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes")
    return run("ssh", "-F", client.config, *options, "-p", str(server.port), "127.0.0.1", "id -u")


async def test_unknown_is_refused_with_fingerprint_and_flag(server: Server, client: Client) -> None:
    error = await refused(client, server)
    assert isinstance(error, UnknownHostKey)
    assert error.fingerprint == f"ssh-ed25519 {server.fingerprint}"
    assert server.fingerprint in error.what
    assert f"127.0.0.1 port {server.port}" in error.what
    assert "--accept-new-host-keys" in (error.hint or "")
    assert [asked.fingerprint for asked in client.asked] == [error.fingerprint]
    assert not client.known_hosts.exists()


@pytest.mark.parametrize("hashed", ["yes", "no"])
async def test_accepted_is_appended_as_openssh_reads_it(
    server: Server, client: Client, hashed: str
) -> None:
    client.write(f"HashKnownHosts {hashed}")
    # Somebody's editor left no newline at the end.
    client.known_hosts.write_text(f"example.org {OTHER}\nexample.net {OTHER}")
    client.accept = True
    assert await client.ask(server.target()) == ROOT
    assert len(client.asked) == 1

    lines = client.known_hosts.read_text().splitlines()
    assert lines[:2] == [f"example.org {OTHER}", f"example.net {OTHER}"]
    name, _, key = lines[2].partition(" ")
    assert key == server.public_key
    assert name.startswith("|1|") if hashed == "yes" else name == f"[127.0.0.1]:{server.port}"
    assert len(lines) == 3
    assert openssh(client, server) == "0\n"

    client.accept = False
    assert await client.ask(server.target()) == ROOT
    assert len(client.asked) == 1


async def test_a_new_known_hosts_file_is_private(
    server: Server, client: Client, tmp_path: Path
) -> None:
    client.known_hosts = tmp_path / "new" / "known_hosts"
    client.write()
    client.accept = True
    assert await client.ask(server.target()) == ROOT
    assert client.known_hosts.stat().st_mode & 0o777 == 0o600
    assert client.known_hosts.parent.stat().st_mode & 0o777 == 0o700
    assert openssh(client, server) == "0\n"


async def test_it_is_known_under_its_alias(server: Server, client: Client) -> None:
    client.write("HostKeyAlias web")
    client.accept = True
    assert await client.ask(server.target()) == ROOT
    assert client.known_hosts.read_text() == f"web {server.public_key}\n"
    assert openssh(client, server) == "0\n"


@pytest.mark.parametrize("where", ["none", "/dev/null"])
async def test_without_a_file_it_is_not_accepted(
    server: Server, client: Client, where: str, tmp_path: Path
) -> None:
    """Nor does it go into the file of the whole machine."""
    whole = tmp_path / "global"
    whole.touch()
    client.write(f"UserKnownHostsFile {where}", f"GlobalKnownHostsFile {whole}")
    client.accept = True
    error = await refused(client, server)
    assert "UserKnownHostsFile" in (error.hint or "")
    assert whole.read_text() == ""


async def test_the_global_file_counts(server: Server, client: Client, tmp_path: Path) -> None:
    (tmp_path / "global").write_text(server.known_as())
    client.write(f"GlobalKnownHostsFile {tmp_path}/none {tmp_path}/global")
    assert await client.ask(server.target()) == ROOT


async def test_a_file_with_a_space_in_its_name(
    server: Server, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "known hosts").write_text(server.known_as())
    client.write(f'UserKnownHostsFile "{tmp_path}/known hosts" {tmp_path}/other')
    assert await client.ask(server.target()) == ROOT


async def test_changed_is_a_hard_stop_with_both(server: Server, client: Client) -> None:
    client.known_hosts.write_text(f"[127.0.0.1]:{server.port} {OTHER}\n")
    client.accept = True
    error = await refused(client, server)
    assert not isinstance(error, UnknownHostKey)
    assert "THE HOST KEY CHANGED" in error.what
    (client.folder / "old.pub").write_text(OTHER)
    assert server.fingerprint in error.what
    assert fingerprint(client.folder / "old.pub") in error.what
    assert not client.asked
    # The way out that it names is the right one.
    assert error.hint
    command = error.hint.split("`")[1]
    assert f"'[127.0.0.1]:{server.port}'" in command
    run("sh", "-c", command)
    client.accept = False
    assert isinstance(await refused(client, server), UnknownHostKey)


@pytest.mark.parametrize(
    ("old", "new"), [("ed25519", "rsa"), ("rsa", "ecdsa"), ("ecdsa", "ed25519")]
)
async def test_changed_in_type_too(
    servers: Callable[..., Server], client: Client, old: str, new: str
) -> None:
    server = servers(key_type=old)
    client.knows(server)
    before = server.fingerprint
    assert await client.ask(server.target()) == ROOT
    server.restart(key_type=new)
    error = await refused(client, server)
    assert "THE HOST KEY CHANGED" in error.what
    assert before in error.what
    assert server.fingerprint in error.what


async def test_another_key_of_the_host_is_no_change(
    servers: Callable[..., Server], client: Client, tmp_path: Path
) -> None:
    """Only its RSA key is known, and it has a better one as well: the known one is asked for."""
    rsa = keygen(tmp_path / "rsa", "rsa")
    server = servers(f"HostKey {rsa}")
    public = " ".join(rsa.with_suffix(".pub").read_text().split()[:2])
    client.known_hosts.write_text(f"[127.0.0.1]:{server.port} {public}\n")
    assert await client.ask(server.target()) == ROOT


@pytest.mark.parametrize("also_known", [True, False])
async def test_revoked(server: Server, client: Client, also_known: bool) -> None:
    client.known_hosts.write_text(
        f"@revoked * {server.public_key}\n" + (server.known_as() if also_known else "")
    )
    client.accept = True
    error = await refused(client, server)
    assert "THE HOST KEY IS REVOKED" in error.what
    assert server.fingerprint in error.what
    assert not client.asked


async def test_lines_that_are_none_are_passed_over(server: Server, client: Client) -> None:
    client.known_hosts.write_bytes(
        b"\x00\xff\xfe garbage\n"
        b"host\n@what * ssh-ed25519 AAAA\n|1|bad|hash ssh-ed25519 AAAA\n"
        b"host ssh-ed25519 notbase64!\nhost ssh-future AAAA\n# comment\n\n"
        + server.known_as().encode()
        + b"\n|1|"
    )
    assert await client.ask(server.target()) == ROOT


async def test_the_address_alone_is_not_the_name(server: Server, client: Client) -> None:
    client.known_hosts.write_text(server.known_as("127.0.0.1"))
    client.write("Host localhost", " AddressFamily inet")
    with pytest.raises(UnknownHostKey):
        await client.ask(f"localhost:{server.port}")


async def test_known_without_the_port(server: Server, client: Client) -> None:
    """As `ssh` does: a key that is known for the name is good at any of its ports."""
    client.known_hosts.write_text(f"127.0.0.1 {server.public_key}\n")
    assert openssh(client, server) == "0\n"
    assert await client.ask(server.target()) == ROOT


async def test_a_known_hosts_file_that_cannot_be_written(
    server: Server, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    client.known_hosts = tmp_path / "file" / "known_hosts"
    client.write()
    client.accept = True
    error = await refused(client, server)
    assert str(client.known_hosts) in error.what


# Certificates


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keygen(tmp_path_factory.mktemp("ca") / "ca")


@pytest.fixture(scope="module")
def certified(servers: Callable[..., Server], authority: Path) -> Server:
    """A server whose certificate says that it is `web`."""
    server = servers()
    public = server.folder / "host_key.pub"
    run("ssh-keygen", "-q", "-s", authority, "-I", "web", "-h", "-n", "web", public)
    server.restart(f"HostCertificate {server.folder}/host_key-cert.pub")
    return server


def trusts(client: Client, authority: Path, pattern: str = "*") -> None:
    client.known_hosts.write_text(
        f"@cert-authority {pattern} {authority.with_suffix('.pub').read_text()}"
    )


async def test_a_certificate_of_a_known_authority(
    certified: Server, client: Client, authority: Path
) -> None:
    trusts(client, authority)
    client.write("HostKeyAlias web")
    assert openssh(client, certified) == "0\n"
    assert await client.ask(certified.target()) == ROOT


async def test_a_certificate_for_another_name(
    certified: Server, client: Client, authority: Path
) -> None:
    trusts(client, authority)
    client.accept = True
    error = await refused(client, certified)
    assert "principal" in error.what
    assert not client.asked


async def test_a_certificate_of_another_authority(
    certified: Server, client: Client, tmp_path: Path
) -> None:
    trusts(client, keygen(tmp_path / "other"))
    client.write("HostKeyAlias web")
    client.accept = True
    error = await refused(client, certified)
    assert "not trusted" in error.what
    assert not client.asked


async def test_no_certificate_where_one_is_expected(
    server: Server, client: Client, authority: Path
) -> None:
    """Nothing changed, but nobody vouches for it either: not even a flag accepts it."""
    trusts(client, authority)
    client.accept = True
    error = await refused(client, server)
    assert "CHANGED" not in error.what
    assert "certificate" in error.what
    assert server.fingerprint in error.what
    assert not client.asked


async def test_a_plain_key_beside_an_authority(
    server: Server, client: Client, authority: Path
) -> None:
    trusts(client, authority)
    with client.known_hosts.open("a") as file:
        file.write(server.known_as())
    assert await client.ask(server.target()) == ROOT


def test_a_big_known_hosts_file_is_read_once(tmp_path: Path) -> None:
    """200 hosts and a file of 2,000 lines: the picture must not stand still for that."""
    import time

    from meshtui.ssh import hostkeys, target

    names = [hashlib.sha256(b"%d" % n).hexdigest()[:12] for n in range(2000)]
    (tmp_path / "known_hosts").write_text("".join(f"{name} {OTHER}\n" for name in names))
    printed = f"hostname %s\nport 22\nuserknownhostsfile {tmp_path}/known_hosts\n"
    start = time.process_time()
    for name in names[:200]:
        found = hostkeys.known(target.read(name, printed % name, {}, tmp_path))
        assert len(found.keys) == 1
    assert time.process_time() - start < 1.0
