"""Host keys: which ones are known for a name, and how a new one gets known.

known_hosts is asked by name only, as OpenSSH does without CheckHostIP: given a
file, asyncssh would also trust keys listed for the address.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import asyncssh

from meshtui.errors import Refused, UnknownHostKey
from meshtui.ssh.target import Target

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
    for path in target.known_hosts:
        try:
            text = path.read_text("utf-8", "replace")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Refused(f"cannot read {path}: {error.strerror}", host=target.written) from None
        for line in text.splitlines():
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                entry = asyncssh.import_known_hosts(line)
                keys, authorities, revoked, *_ = entry.match(target.key_name, "", target.port)
            except ValueError:
                continue
            found.keys += keys
            found.authorities += authorities
            found.revoked += revoked
    return found


class Verifier(asyncssh.SSHClient):
    """Remembers the host key that was offered and not known; never accepts one itself."""

    def __init__(self) -> None:
        self.offered: asyncssh.SSHKey | None = None

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Called by asyncssh for a key that is not among the trusted ones."""
        self.offered = key
        return False


def complaint(target: Target, found: Known, offered: asyncssh.SSHKey) -> Refused:
    """Why `offered` is not accepted: another key is known, or none is."""
    fingerprint = offered.get_fingerprint()
    kind = offered.get_algorithm()
    if found.keys or found.authorities:
        was = (
            ", ".join(key.get_fingerprint() for key in found.keys)
            or "a certificate of a known authority"
        )
        return Refused(
            f"THE HOST KEY CHANGED: it offers {kind} {fingerprint}, known is {was}",
            host=target.written,
            hint="if the server was reinstalled, check the new fingerprint there, then "
            f"`ssh-keygen -R {shlex_name(target)}`; if it was not, somebody is in between",
        )
    return UnknownHostKey(
        f"unknown host key {kind} {fingerprint}",
        host=target.written,
        hint="compare it with the server's own, then run again with --accept-new-host-keys",
        fingerprint=f"{kind} {fingerprint}",
    )


def shlex_name(target: Target) -> str:
    """The target as known_hosts writes it, quoted where a shell would need that."""
    return f"'[{target.key_name}]:{target.port}'" if target.port != 22 else target.key_name


def remember(target: Target, key: asyncssh.SSHKey) -> None:
    """Append `key` to the user's known_hosts file, durably; OSError where that fails."""
    path = target.known_hosts[0]
    name = f"[{target.key_name}]:{target.port}" if target.port != 22 else target.key_name
    if target.hash_known_hosts:
        name = _hashed(name)
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


def _hashed(name: str) -> str:
    """`|1|salt|HMAC-SHA1(salt, name)`: OpenSSH's HashKnownHosts."""
    import base64
    import hashlib
    import hmac

    salt = os.urandom(20)
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
