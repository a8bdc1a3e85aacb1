"""Host keys: which ones are known for a name, and how a new one gets known.

known_hosts is asked by name only, as OpenSSH does without CheckHostIP: given a
file, asyncssh would also trust keys listed for the address.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from meshtui.errors import Refused, UnknownHostKey
from meshtui.spared import spare
from meshtui.ssh.knownhosts import hashed, lines_for
from meshtui.ssh.signing import sign_at_once
from meshtui.ssh.target import Target
from meshtui.ssh.texts import text_of

#: What is offered for, best first: asyncssh's own order puts RSA first, which
#: asks hosts for another key than the one that `ssh` recorded.
_PREFERRED = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


@dataclass(slots=True)
class Known:
    """What the known_hosts files say of one name."""

    keys: list[asyncssh.SSHKey] = field(default_factory=list)
    authorities: list[asyncssh.SSHKey] = field(default_factory=list)
    revoked: list[asyncssh.SSHKey] = field(default_factory=list)
    file: Path | None = None
    """Where the first of the keys stands."""

    def trusted(self) -> tuple[list[asyncssh.SSHKey], ...]:
        """As asyncssh's `known_hosts`. It refuses a revoked key without showing it to us:
        it hears of these only where it must look for them inside of certificates.
        """
        return self.keys, self.authorities, self.revoked if self.authorities else []

    def algorithms(self) -> list[str]:
        """Host key algorithms to offer: those of the known keys first.

        Else a host whose key changed its type would look like a broken connection.
        """
        kinds = {key.get_algorithm() for key in self.keys}
        known = [
            name for name in _PREFERRED if name in kinds or ("rsa" in name and "ssh-rsa" in kinds)
        ]
        order = known + [name for name in _PREFERRED if name not in known]
        if self.authorities:
            order = [f"{name}-cert-v01@openssh.com" for name in _PREFERRED] + order
        return order


def known(target: Target) -> Known:
    """Read the target's known_hosts files; a line that is not one is passed over, as `ssh` does."""
    found = Known()
    texts = list(_texts(target))
    for name in target.known_names:
        for path, text in texts:
            for line in lines_for(text, name):
                try:
                    key = asyncssh.import_public_key(line.key)
                except asyncssh.KeyImportError:
                    continue
                if line.marker == "@revoked":
                    found.revoked.append(key)
                elif line.marker == "@cert-authority":
                    found.authorities.append(key)
                else:
                    found.keys.append(key)
                    found.file = found.file or path
        if found.keys or found.authorities:
            break
    found.keys = [key for key in found.keys if key not in found.revoked]
    return found


def _texts(target: Target) -> Iterator[tuple[Path, str]]:
    for path in target.known_hosts:
        try:
            yield path, text_of(path, "replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Refused(f"cannot read {path}: {error.strerror}", host=target.written) from None


class Verifier(asyncssh.SSHClient):
    """Remembers the host key that was offered and not known; never accepts one itself."""

    def __init__(self) -> None:
        self.offered: asyncssh.SSHKey | None = None
        self.last_key: asyncssh.SSHKeyPair | None = None
        """The last of those to log in with."""

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Called by asyncssh ahead of all else."""
        spare(conn)
        if self.last_key:
            sign_at_once(conn, self.last_key)

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Called by asyncssh for a key that is not among the trusted ones."""
        self.offered = key
        return False


def complaint(target: Target, found: Known, offered: asyncssh.SSHKey) -> Refused:
    """Why `offered` is not accepted: another key is known, or none is."""
    key = f"{offered.get_algorithm()} {offered.get_fingerprint()}"
    where = f"{target.host} port {target.port}"
    if offered in found.revoked:
        return Refused(
            f"THE HOST KEY IS REVOKED: {where} offers {key}",
            host=target.written,
            hint="known_hosts says that this key was stolen or withdrawn: do not log in there",
        )
    if found.keys:
        was = ", ".join(known.get_fingerprint() for known in found.keys)
        return Refused(
            f"THE HOST KEY CHANGED: {where} offers {key}, known is {was}",
            host=target.written,
            hint="if the server was reinstalled, check the new fingerprint there, then "
            f"`{_forget(target, found)}`; if it was not, somebody is in between",
        )
    if found.authorities:
        return Refused(
            f"{where} offers {key} without a certificate, and known_hosts names an authority",
            host=target.written,
            hint="install the host's certificate there, or log in once with `ssh`, which asks",
        )
    if target.new_keys is None:
        return Refused(
            f"unknown host key of {where}: {key}, and no file to add it to",
            host=target.written,
            hint="name a UserKnownHostsFile for this host in ~/.ssh/config",
        )
    return UnknownHostKey(
        f"unknown host key of {where}: {key}",
        host=target.written,
        hint="compare it with the server's own, then run again with --accept-new-host-keys",
        fingerprint=key,
    )


def _forget(target: Target, found: Known) -> str:
    """The command that makes the known key an unknown one."""
    command = ["ssh-keygen", "-R", target.known_names[0]]
    if found.file and found.file != Path.home() / ".ssh" / "known_hosts":
        command += ["-f", str(found.file)]
    return shlex.join(command)


def remember(target: Target, key: asyncssh.SSHKey) -> None:
    """Append `key` to the user's known_hosts file, durably; OSError where that fails."""
    path = target.new_keys
    assert path  # see complaint()
    name = target.known_names[0]
    if target.hash_known_hosts:
        name = hashed(name)
    line = f"{name} {key.export_public_key('openssh').decode('ascii').strip()}\n".encode()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
