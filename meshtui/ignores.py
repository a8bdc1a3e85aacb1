"""SSH without the empty packets that asyncssh sends ahead of each of its own."""

from __future__ import annotations

from typing import Any

#: SSH_MSG_IGNORE of RFC 4250, section 4.1.2.
_IGNORE = 2


def spare_ignores(connection: Any) -> None:
    """Have an asyncssh connection, of either end, send no SSH_MSG_IGNORE.

    They shield CBC ciphers (RFC 4251, section 9.3.1), of which neither end of ours offers one,
    and are two packets of five of a login: each costs both ends as much as any other.
    """
    send = connection.send_packet

    def send_packet(kind: int, *args: bytes, **more: object) -> None:
        if kind != _IGNORE:
            send(kind, *args, **more)

    connection.send_packet = send_packet
