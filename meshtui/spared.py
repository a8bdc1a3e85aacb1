"""SSH without what asyncssh does for every packet, and nobody here has a use of."""

from __future__ import annotations

from typing import Any

from asyncssh.logging import SSHLogger

#: SSH_MSG_IGNORE of RFC 4250, section 4.1.2.
_IGNORE = 2


class _Silence(SSHLogger):
    """Logs nothing: asyncssh's own forms each line before it knows that nobody reads it."""

    def get_child(self, *_: object, **__: object) -> _Silence:
        return self

    def log(self, *_: object, **__: object) -> None:
        pass

    debug1 = debug2 = info = packet = log


_SILENCE = _Silence()


def spare(connection: Any) -> None:
    """Have an asyncssh connection, of either end, log nothing, and send no SSH_MSG_IGNORE.

    These shield CBC ciphers (RFC 4251, section 9.3.1), of which neither end of ours offers one,
    and are two packets of five of a login: each costs both ends as much as any other.
    """
    connection._logger = _SILENCE
    send = connection.send_packet

    def send_packet(kind: int, *args: bytes, **more: object) -> None:
        if kind != _IGNORE:
            send(kind, *args, **more)

    connection.send_packet = send_packet
