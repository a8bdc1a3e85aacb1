"""A login that proves the last of its keys at once, and does not ask first whether it would do."""

from __future__ import annotations

from typing import Any

import asyncssh
from asyncssh.packet import Boolean

_METHOD = b"publickey"


def sign_at_once(connection: Any, last: asyncssh.SSHKeyPair) -> None:
    """Spare an asyncssh connection the question of RFC 4252, section 7, for its `last` key.

    asyncssh asks of each key whether the server would take it, before it signs with it: that
    spares a signature with a key that will not do, and costs a way there and back with one that
    does. It is asked all the same where others sign: an agent may want a person's yes for it, a
    token a touch.
    """
    if not isinstance(last, asyncssh.public_key.SSHLocalKeyPair) or last.use_executor:
        return
    choose, send = connection.public_key_auth_requested, connection.send_userauth_request
    chosen: asyncssh.SSHKeyPair | None = None

    async def public_key_auth_requested() -> asyncssh.SSHKeyPair | None:
        nonlocal chosen
        chosen = await choose()
        return chosen

    async def send_userauth_request(method: bytes, *args: bytes, **more: object) -> None:
        nonlocal chosen
        if method == _METHOD and chosen is last:
            chosen = None
            try:
                await send(method, Boolean(True), *args[1:], key=last, trivial=False)
                return
            except ValueError:
                # It cannot sign as the server wants it to: asyncssh finds out once more, and
                # goes on from there.
                pass
        await send(method, *args, **more)

    connection.public_key_auth_requested = public_key_auth_requested
    connection.send_userauth_request = send_userauth_request
