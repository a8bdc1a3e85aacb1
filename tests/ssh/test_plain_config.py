"""A plain ssh_config is read as `ssh -G` reads it; where there is no ssh, it is what counts."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshtui.errors import UsageError
from meshtui.ssh import plainconfig
from meshtui.ssh import target as targets
from meshtui.ssh.plainconfig import printed, usual
from meshtui.ssh.target import Target, read, resolve

NAMES = ("fra-1", "nyc-1", "10.0.0.1")
OPTIONS = (
    "HostName 127.0.0.1",
    "HostName fra.example.com",
    "Port 2201",
    "port 2202",
    "User deploy",
    "IdentityFile /etc/key",
    "IdentityFile ~/.ssh/id_other",
    "IdentitiesOnly yes",
    "IdentitiesOnly no",
    "UserKnownHostsFile /a/known /b/known",
    "UserKnownHostsFile none",
    "GlobalKnownHostsFile none",
    "HostKeyAlias other",
    "HashKnownHosts yes",
    "ConnectTimeout 3",
    "ConnectTimeout 0",
    "StrictHostKeyChecking yes",
    "LogLevel ERROR",
    "SendEnv LANG LC_*",
    "GSSAPIAuthentication yes",
    "ForwardAgent yes",
    "ServerAliveInterval 30",
    "Include /etc/meshtui-no-such/*.conf",
)
#: What only ssh may judge.
OTHERS = (
    "Match all",
    "Include other",
    "Include /etc/pass*",
    "ForwardAgent /run/agent",
    "ProxyJump gate",
    "HostName %h.example.com",
    'IdentityFile "/a b"',
    "Port=22",
    "IdentityFile ${KEY}",
    "CanonicalizeHostname yes",
)
BLOCK = st.tuples(
    st.lists(st.sampled_from((*NAMES, "*")), min_size=1, max_size=2),
    st.lists(st.sampled_from(OPTIONS), max_size=4),
)
WRITTEN = st.sampled_from((*NAMES, "root@fra-1", "fra-1:2222", "other"))


def _text(blocks: list[tuple[list[str], list[str]]]) -> str:
    return "# ours\n" + "".join(
        f"Host {' '.join(names)}\n" + "".join(f"    {option}\n" for option in options)
        for names, options in blocks
    )


async def _asked(written: str, config: Path) -> Target:
    out, err, status = await targets._run(targets.ssh_argv(written, config, "-G"))
    assert status == 0, err
    return read(written, out.decode(), os.environ, Path.home())


def _comparable(target: Target) -> Target:
    # Which names are tried unasked differs from one version of ssh to the next.
    kept = [path for path in target.identity_files if path.name not in ("id_xmss", "id_dsa")]
    return replace(target, identity_files=tuple(kept))


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs ssh")
@settings(max_examples=60, deadline=None)
@given(st.lists(BLOCK, max_size=5), WRITTEN)
async def test_plain_is_what_ssh_says(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[tuple[list[str], list[str]]],
    written: str,
) -> None:
    config = tmp_path_factory.mktemp("plain") / "config"
    config.write_text(_text(blocks))
    assert printed([config], *targets.split(written)) is not None
    plain, asked = await resolve(written, config), await _asked(written, config)
    assert _comparable(plain) == _comparable(asked)


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs ssh")
@settings(max_examples=30, deadline=None)
@given(st.lists(BLOCK, max_size=3), st.lists(st.sampled_from(OPTIONS), max_size=4), WRITTEN)
async def test_a_persons_file_counts_before_everybodys(
    tmp_path_factory: pytest.TempPathFactory,
    mine: list[tuple[list[str], list[str]]],
    everybodys: list[str],
    written: str,
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    (folder / "mine").write_text(_text(mine))
    (folder / "everybodys").write_text("".join(f"{option}\n" for option in everybodys))
    both = folder / "both"
    both.write_text(f"Include {folder}/mine\nInclude {folder}/everybodys\n")
    plain = printed([folder / "mine", folder / "everybodys"], *targets.split(written))
    assert plain is not None
    found = read(written, plain, os.environ, Path.home())
    assert _comparable(found) == _comparable(await _asked(written, both))


def test_the_files_that_ssh_reads_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = SimpleNamespace(pw_dir=str(tmp_path), pw_name="me")
    monkeypatch.setattr(plainconfig.pwd, "getpwuid", lambda _: me)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/ssh")
    everybodys = Path("/etc/ssh/ssh_config")
    assert usual() == [everybodys]
    mine = tmp_path / ".ssh" / "config"
    mine.parent.mkdir()
    mine.touch(0o644)
    assert usual() == [mine, everybodys]
    # ssh refuses a file that others can write to: it is to say so.
    mine.chmod(0o664)
    assert usual() is None
    mine.chmod(0o600)
    monkeypatch.setattr(shutil, "which", lambda _: "/opt/bin/ssh")
    assert usual() is None


@pytest.mark.parametrize("line", OTHERS)
def test_what_is_not_plain_is_left_to_ssh(tmp_path: Path, line: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host fra-1\n    {line}\n")
    assert printed([config], "nyc-1", None, None) is None


@pytest.mark.parametrize("names", ["web-*", "!fra-1 *", "FRA-1", "a?"])
def test_a_pattern_is_left_to_ssh(tmp_path: Path, names: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host {names}\n    Port 2201\n")
    assert printed([config], "fra-1", None, None) is None


async def test_without_ssh_a_plain_file_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (await resolve("root@fra-1:2222")).port == 2222
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host fra-1\n    HostName 192.0.2.1\n")
    assert (await resolve("root@fra-1")).host == "192.0.2.1"
    (tmp_path / ".ssh" / "config").write_text("Match all\n    Port 2\n")
    with pytest.raises(UsageError, match="there is no `ssh` here"):
        await resolve("root@fra-1")
