"""SSH without what asyncssh does for every packet, and nobody here has a use of."""

from __future__ import annotations

import asyncio
from typing import Any

from asyncssh.logging import SSHLogger

#: SSH_MSG_IGNORE of RFC 4250, section 4.1.2.
_IGNORE = 2
#: Those that others follow at once: EXT_INFO, NEWKEYS and the answer to a key exchange.
_FOLLOWED = frozenset({7, 21, 31})


class _Silence(SSHLogger):
    """Logs nothing: asyncssh's own forms each line before it knows that nobody reads it."""

    def get_child(self, *_: object, **__: object) -> _Silence:
        return self

    def log(self, *_: object, **__: object) -> None:
        pass

    debug1 = debug2 = info = packet = log


_SILENCE = _Silence()


def spare(connection: Any) -> None:
    """Have an asyncssh connection, of either end, log nothing, and send less in fewer pieces.

    No SSH_MSG_IGNORE: they shield CBC ciphers (RFC 4251, section 9.3.1), of which neither end of
    ours offers one, and are two packets of five of a login. And what ends a key exchange goes
    out as one piece: each that comes wakes the other end.
    """
    connection._logger = _SILENCE
    send_packet, send_bytes = connection.send_packet, connection._send
    loop = asyncio.get_running_loop()
    held, followed = bytearray(), False

    def send_or_hold(kind: int, *args: bytes, **more: object) -> None:
        nonlocal followed
        if kind != _IGNORE:
            followed = kind in _FOLLOWED
            send_packet(kind, *args, **more)

    def send(data: bytes) -> None:
        if followed and not held:
            loop.call_soon(flush)
        held.extend(data)
        if not followed:
            flush()

    def flush() -> None:
        if held:
            data = bytes(held)
            held.clear()
            send_bytes(data)

    connection.send_packet, connection._send = send_or_hold, send
