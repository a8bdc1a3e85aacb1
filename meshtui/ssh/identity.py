"""What to log in with: the target's identity files and the agent's keys, in `ssh`'s order."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from pathlib import Path
from typing import Generic, TypeVar

import asyncssh

from meshtui.ssh.target import Target

_Found = TypeVar("_Found")

#: A burst of logins asks for the same small files, again and again: for so many seconds what
#: they held counts.
_READ_SECONDS = 5.0
#: An agent lists its keys at once; a frozen one must not cost the whole login.
_AGENT_SECONDS = 3.0


class _Recent(Generic[_Found]):
    """What `read` says of a path, as of a few seconds ago."""

    def __init__(self, read: Callable[[Path], _Found]) -> None:
        self._read = read
        self._kept: dict[Path, tuple[float, _Found]] = {}

    def __call__(self, path: Path) -> _Found:
        kept = self._kept.get(path)
        if kept is None or time.monotonic() - kept[0] > _READ_SECONDS:
            kept = self._kept[path] = time.monotonic(), self._read(path)
        return kept[1]


class Identities:
    """Loads each identity file once."""

    def __init__(self) -> None:
        self._keys: dict[Path, asyncssh.SSHKey | None] = {}
        self._unusable: dict[Path, str] = {}
        self._public = _Recent(_public_data)
        self._certificates = _Recent(_certificate)

    @asynccontextmanager
    async def for_target(self, target: Target) -> AsyncIterator[list[asyncssh.SSHKeyPair]]:
        """Key pairs to offer: agent keys that the config names, other agent keys, then files.

        Servers count tries ("Too many authentication failures"), so the named
        ones come first; with IdentitiesOnly there are no others. Agent keys work
        inside the context only: a login that is broken off would leave half an
        answer in the agent's pipe, so each login has a pipe of its own.
        """
        agent = await self._connect_agent(target.agent) if target.agent else None
        try:
            held = await self._agent_keys(target, agent) if agent else []
            yield self._ordered(target, held)
        finally:
            if agent:
                agent.close()

    def trouble(self, target: Target) -> list[str]:
        """What kept keys of this target from being offered: most often a passphrase."""
        paths = [*target.identity_files, *([Path(target.agent)] if target.agent else [])]
        return [f"{path} {self._unusable[path]}" for path in paths if path in self._unusable]

    def _ordered(
        self, target: Target, held: Sequence[asyncssh.SSHKeyPair]
    ) -> list[asyncssh.SSHKeyPair]:
        public = {path: data for path in target.identity_files if (data := self._public(path))}
        # CertificateFile, and what lies beside an identity as ID-cert.pub.
        beside = [path.with_name(path.name + "-cert.pub") for path in target.identity_files]
        paths = (*target.certificate_files, *beside)
        certificates = [one for path in paths if (one := self._certificates(path))]
        named = set(public.values())
        first = [
            pair for key in held if _key_of(key) in named for pair in _pairs(key, certificates)
        ]
        others = [key for key in held if _key_of(key) not in named]
        # What the agent has open need not be opened here, and may not be openable.
        in_agent = {_key_of(key) for key in first}
        files = [path for path in target.identity_files if public.get(path) not in in_agent]
        loaded = [
            pair
            for path in files
            if (key := self._load(path))
            for pair in _pairs(asyncssh.load_keypairs([key])[0], certificates)
        ]
        return first + ([] if target.identities_only else others) + loaded

    async def _connect_agent(self, path: str) -> asyncssh.SSHAgentClient | None:
        self._unusable.pop(Path(path), None)
        try:
            async with asyncio.timeout(_AGENT_SECONDS):
                return await asyncssh.connect_agent(path)
        except (OSError, asyncssh.Error) as error:
            # As with `ssh`, a socket that nobody serves any more is as good as none.
            self._unusable[Path(path)] = f"is no agent that answers: {_reason(error)}"
            return None

    async def _agent_keys(
        self, target: Target, agent: asyncssh.SSHAgentClient
    ) -> Sequence[asyncssh.SSHKeyPair]:
        try:
            async with asyncio.timeout(_AGENT_SECONDS):
                return await agent.get_keys()
        except (OSError, asyncssh.Error, ValueError) as error:
            assert target.agent
            self._unusable[Path(target.agent)] = f"is no agent that answers: {_reason(error)}"
            return []

    def _load(self, path: Path) -> asyncssh.SSHKey | None:
        if path not in self._keys:
            self._keys[path] = None
            try:
                self._keys[path] = asyncssh.read_private_key(path)
            except FileNotFoundError:
                pass  # `ssh -G` lists the default names, present or not.
            except OSError as error:
                self._unusable[path] = _reason(error)
            except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
                self._unusable[path] = _why_not(path, error)
        return self._keys[path]


def _why_not(path: Path, error: Exception) -> str:
    if "assphrase" in str(error):
        return f"has a passphrase: `ssh-add {path}` first"
    if _public_data(path):
        return "is a public key, and no agent has the private one"
    return f"is not a private key: {error}"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or "no answer"


def _public_data(path: Path) -> bytes | None:
    """The public half of an identity: from the .pub beside it, or the file itself.

    The file may be a public key (the private one is in a token, say), and an
    encrypted private key shows its public half.
    """
    for file in (path.with_name(path.name + ".pub"), path):
        try:
            return asyncssh.read_public_key(file).public_data
        except (OSError, asyncssh.KeyImportError):
            continue  # It is the other, or the agent cannot be asked for it by name.
    return None


def _key_of(pair: asyncssh.SSHKeyPair) -> bytes:
    """The public key that an agent's entry is about, also where that is a certificate."""
    if not pair.has_cert:
        return pair.key_public_data
    text = pair.algorithm + b" " + b64encode(pair.public_data)
    return asyncssh.import_certificate(text).key.public_data


def _certificate(path: Path) -> asyncssh.SSHCertificate | None:
    try:
        return asyncssh.read_certificate(path)
    except (OSError, asyncssh.KeyImportError):
        return None  # As `ssh` does: the key alone may do.


def _pairs(
    pair: asyncssh.SSHKeyPair, certificates: Sequence[asyncssh.SSHCertificate]
) -> Iterable[asyncssh.SSHKeyPair]:
    """The key with each certificate that is its own, then the key alone."""
    for certificate in certificates:
        if not pair.has_cert and certificate.key.public_data == pair.key_public_data:
            certified = copy(pair)
            certified.set_certificate(certificate)
            yield certified
    yield pair
