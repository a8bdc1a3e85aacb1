"""Where SSH goes for a host: what `ssh -G` says, so that it is what `ssh` itself would do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshtui.errors import Refused, UsageError
from meshtui.ssh.plainconfig import printed, usual

#: `ssh -G` answers in milliseconds, unless a `Match exec` hangs.
_ASK_SECONDS = 10.0
CONNECT_SECONDS = 10.0

#: What OpenSSH 9.6 refuses in a host's or user's name (CVE-2023-51385).
_ACTIVE = re.compile(r"""[\s\x00-\x1f\x7f'"`;&<>|(){}]""")


@dataclass(frozen=True, slots=True)
class Target:
    """One SSH server, resolved: what `ssh -G` printed, as far as it is needed."""

    written: str
    """As the operator wrote it."""
    host: str
    """Name or address that the connection goes to."""
    port: int
    user: str
    key_alias: str | None = None
    """HostKeyAlias: the name by which known_hosts is asked instead of `host`."""
    identity_files: tuple[Path, ...] = ()
    certificate_files: tuple[Path, ...] = ()
    identities_only: bool = False
    agent: str | None = None
    """Path of the agent's socket."""
    jumps: tuple[str, ...] = ()
    """ProxyJump, nearest first."""
    proxy_command: str | None = None
    proxy_fdpass: bool = False
    """ProxyUseFdpass: the proxy command hands over a socket."""
    known_hosts: tuple[Path, ...] = ()
    """The user's files first."""
    new_keys: Path | None = None
    """The user's file that a new host key goes into."""
    hash_known_hosts: bool = False
    connect_seconds: float = CONNECT_SECONDS
    family: int = socket.AF_UNSPEC

    @property
    def known_names(self) -> tuple[str, ...]:
        """Its names in known_hosts, the one to be written first; as with `ssh`, the second
        counts where nothing is known of the first.
        """
        if self.key_alias:
            return (self.key_alias,)
        return (self.host,) if self.port == 22 else (f"[{self.host}]:{self.port}", self.host)


def split(written: str) -> tuple[str, str | None, int | None]:
    """`user@host:port` -> host, user, port; ValueError says what is wrong.

    A colon counts as a port only when a number follows and what precedes holds no
    other colon, so that IPv6 addresses need no brackets unless there is a port.
    """
    user, at, rest = written.rpartition("@")
    match = re.fullmatch(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?|([^:]+):([0-9]{1,5})|(.+)", rest)
    if match is None or (at and not user):
        raise ValueError("expected user@host, user@host:port or an alias of ~/.ssh/config")
    host = match[1] or match[3] or match[5]
    port_text = match[2] or match[4]
    port = int(port_text) if port_text else None
    if host.startswith("-") or user.startswith("-"):
        raise ValueError("a host or user must not begin with a hyphen")
    if _ACTIVE.search(written) or "$" in host or "\\" in host:
        # ProxyCommand and Match exec hand both to a shell; newer `ssh` refuses them, too.
        raise ValueError("a host or user must not hold spaces or what a shell would act on")
    if port is not None and not 0 < port < 65536:
        raise ValueError("expected a port from 1 to 65535")
    return host, user or None, port


def ssh_argv(written: str, config: Path | None, *options: str) -> list[str]:
    """The command `ssh` for `written`; Refused: nothing that ssh should be given."""
    try:
        host, user, port = split(written)
    except ValueError as error:
        raise Refused(f"ssh target {written!r}: {error}") from None
    argv = ["ssh", *options]
    if config:
        argv += ["-F", str(config)]
    if user:
        argv += ["-l", user]
    if port:
        argv += ["-p", str(port)]
    return [*argv, "--", host]


async def resolve(written: str, config: Path | None = None) -> Target:
    """Where `ssh -G` says that `written` goes; `config` is what `ssh -F` would be given.

    Plain files are read here, which costs no process. Where there is no `ssh`, what counts
    is `config`, else ~/.ssh/config: no system-wide file, and a plain one only.

    Raises UsageError where that one is not plain, Refused where `ssh` cannot resolve it.
    """
    argv = ssh_argv(written, config, "-G")
    files = [config] if config else usual()
    if files is not None and (plain := printed(files, *split(written))):
        return read(written, plain, os.environ, Path.home())
    if shutil.which("ssh") is None:
        return read(written, _without_ssh(written, config), os.environ, Path.home())
    out, err, status = await _run(argv)
    if status != 0:
        reason = err.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise Refused(f"`ssh -G {argv[-1]}`: {reason[-1]}", hint="see ~/.ssh/config")
    return read(written, out.decode("utf-8", "replace"), os.environ, Path.home())


def _without_ssh(written: str, config: Path | None) -> str:
    mine = config or Path.home() / ".ssh" / "config"
    # As with `ssh`, there need be none at home.
    told = printed([mine] if config or mine.exists() else [], *split(written))
    if told is None:
        raise UsageError(
            f"there is no `ssh` here, without which {mine} cannot be read",
            hint="install OpenSSH's client, or keep to HostName, Port, User and IdentityFile there",
        )
    return told


async def _run(argv: list[str]) -> tuple[bytes, bytes, int | None]:
    """Output, errors and exit status. A session of its own: no `Match exec` reads our terminal."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise UsageError("there is no `ssh` here", hint="install OpenSSH's client") from None
    done = False
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            out, err = await process.communicate()
        done = True
        return out, err, process.returncode
    except TimeoutError:
        raise Refused(
            f"`ssh -G {argv[-1]}` did not answer in {_ASK_SECONDS:g} s",
            hint="see the Match exec lines of ~/.ssh/config",
        ) from None
    finally:
        if not done:
            # What ssh started holds the pipes as well, and would outlive it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def read(written: str, answer: str, environ: Mapping[str, str], home: Path) -> Target:
    """What `ssh -G` printed -> Target."""
    options: dict[str, list[str]] = {}
    for line in answer.splitlines():
        key, _, value = line.partition(" ")
        options.setdefault(key.lower(), []).append(value.strip())

    def one(key: str, default: str = "") -> str:
        value = options.get(key, [default])[0]
        return default if value == "none" else value

    host, user, port = one("hostname"), one("user"), int(one("port", "22"))
    tokens = {
        "%": "%",
        "d": str(home),
        "h": host,
        "i": str(os.getuid()),
        "n": one("host", host),
        "k": one("hostkeyalias", host),
        "p": str(port),
        "r": user,
        "u": environ.get("USER", ""),
        "l": socket.gethostname(),
        "L": socket.gethostname().partition(".")[0],
    }

    def expand(text: str) -> str:
        return re.sub(r"%(.)", lambda m: tokens.get(m[1], m[0]), text)

    def paths(values: Sequence[str]) -> tuple[Path, ...]:
        texts = [expand(text.strip('"')) for text in values if text.strip('"') != "none"]
        return tuple(
            home / text[2:] if text.startswith("~/") else Path(text).expanduser() for text in texts
        )

    agent = options.get("identityagent", ["SSH_AUTH_SOCK"])[0]
    if agent == "SSH_AUTH_SOCK":
        agent = environ.get("SSH_AUTH_SOCK", "")
    elif agent.startswith("$"):
        agent = environ.get(agent[1:].strip("{}"), "")
    elif agent != "none":
        agent = str(paths([agent])[0])
    # `ssh -G` prints several files without quotes, spaces and all.
    mine, everybody = (
        paths(re.split(r"\s+(?=[/~%$])", one(key)) if one(key) else [])
        for key in ("userknownhostsfile", "globalknownhostsfile")
    )
    timeout = one("connecttimeout")
    return Target(
        written=written,
        host=host,
        port=port,
        user=user,
        key_alias=one("hostkeyalias") or None,
        identity_files=paths(options.get("identityfile", [])),
        certificate_files=paths(options.get("certificatefile", [])),
        identities_only=one("identitiesonly") == "yes",
        agent=agent if agent and agent != "none" else None,
        jumps=tuple(j.strip() for j in one("proxyjump").split(",") if j.strip()),
        proxy_command=expand(one("proxycommand")) or None,
        proxy_fdpass=one("proxyusefdpass") == "yes",
        known_hosts=mine + everybody,
        new_keys=next((path for path in mine if path != Path(os.devnull)), None),
        hash_known_hosts=one("hashknownhosts") == "yes",
        connect_seconds=float(timeout) if timeout.isdigit() and int(timeout) else CONNECT_SECONDS,
        family={"inet": socket.AF_INET, "inet6": socket.AF_INET6}.get(
            one("addressfamily"), socket.AF_UNSPEC
        ),
    )
