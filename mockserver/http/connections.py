"""The server's connections, as far as a fault needs them: to close or to reset one without an answer."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTION = "mockserver.connection"
"""The extension of the ASGI scope with the transport of a request."""

NO_LINGER = struct.pack("ii", 1, 0)
"""Closing a socket then sends a reset."""


class Protocol(HttpToolsProtocol):
    """The server's own protocol, which lets the application have its connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: {"transport": self.transport}}


async def close(scope: Scope, receive: Receive) -> None:
    """Close the connection of a request once what was sent is gone, and wait until it is closed.

    Raises `ConnectionAbortedError` under another server, most of which close it for that.
    """
    _transport(scope).close()
    await _closed(receive)


async def reset(scope: Scope, receive: Receive) -> None:
    """Reset the connection of a request."""
    transport = _transport(scope)
    with suppress(OSError, AttributeError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()
    await _closed(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    known = scope.get("extensions", {}).get(CONNECTION)
    if known is None:
        raise ConnectionAbortedError("a fault ends this connection")
    transport: asyncio.Transport = known["transport"]
    return transport


async def _closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
