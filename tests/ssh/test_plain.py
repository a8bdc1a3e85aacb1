"""A plain ssh_config is read as `ssh -G` reads it; any other is left to ssh."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshtui.errors import UsageError
from meshtui.ssh import plain
from meshtui.ssh.target import read, resolve, split, ssh_argv

HOSTS = st.sampled_from(["web", "db-1", "203.0.113.1", "2001:db8::1", "*"])
OPTIONS = st.one_of(
    st.sampled_from(["127.0.0.1", "web.example.org", "2001:db8::7"]).map("HostName {}".format),
    st.integers(1, 65535).map("Port {}".format),
    st.sampled_from(["root", "jo"]).map("User {}".format),
    st.sampled_from(["/k/a", "/k/b"]).map("IdentityFile {}".format),
    st.sampled_from(["yes", "no"]).map("identitiesonly={}".format),
    st.sampled_from(["/k/known", "none"]).map("UserKnownHostsFile {}".format),
    st.just("GlobalKnownHostsFile none"),
    st.just("  HostKeyAlias other"),
    st.just("ConnectTimeout 7"),
    st.just("AddressFamily inet6"),
    st.just("# a comment"),
)
CONFIGS = st.tuples(
    st.lists(OPTIONS, max_size=2),
    st.lists(st.tuples(st.lists(HOSTS, min_size=1, max_size=2), st.lists(OPTIONS, max_size=5))),
).map(
    lambda found: "\n".join(
        (
            *found[0],
            *(line for names, more in found[1] for line in (f"Host {' '.join(names)}", *more)),
        )
    )
)


@pytest.mark.skipif(not shutil.which("ssh"), reason="there is no ssh to compare with")
@given(
    CONFIGS, st.sampled_from(["web", "db-1", "jo@web:7", "203.0.113.1", "2001:db8::1", "un.known"])
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
def test_as_ssh_reads_it(text: str, written: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        config.write_text(text)
        argv = ssh_argv(written, config, "-G")
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        # Kinds of keys that asyncssh does not know, or nobody has any more.
        said = re.sub(r"(?m)^identityfile ~/.ssh/id_(xmss|dsa)\n", "", said)
        printed = plain.answer(config, *split(written))
        assert printed is not None
        # ssh asks the system for it, not the environment.
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
        assert read(written, printed, os.environ, home) == read(written, said, os.environ, home)


@pytest.mark.parametrize(
    "line",
    [
        "Match all",
        "Include other",
        "Host web-*",
        "Host !web *",
        "ProxyJump hop",
        "IdentityFile ~/.ssh/id",
        "HostName %h.example.org",
        'User "jo"',
        "UserKnownHostsFile /a /b",
        "ConnectTimeout 1m",
        "IdentitiesOnly true",
        "HostName WEB",
    ],
)
def test_what_only_ssh_can_read(line: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host other\n{line}\n")
    assert plain.answer(config, "web", None, None) is None


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host web\nPort 1\n")
    assert "port 1\n" in str(plain.answer(config, "web", None, None))
    config.write_text("Host web\nPort 2\n")
    os.utime(config, ns=(0, 1))
    assert "port 2\n" in str(plain.answer(config, "web", None, None))


async def test_without_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    there = await resolve("jo@web:7")
    assert (there.host, there.port, there.user, there.proxy_command) == ("web", 7, "jo", None)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_text("Host web\nHostName 203.0.113.1\n")
    assert (await resolve("web")).host == "203.0.113.1"
    (tmp_path / ".ssh/config").write_text("Host web\nProxyJump hop\n")
    with pytest.raises(UsageError, match="says what only ssh can read"):
        await resolve("web")
