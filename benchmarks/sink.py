"""A sink for webhooks, as fast as it gets: raw sockets, a fixed answer. `python -m benchmarks.sink PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Sink(asyncio.Protocol):
    """Answers each request with an empty 200."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's own, which is none by its class

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        received = self._received + data
        while (end := received.find(b"\r\n\r\n") + 4) >= 4:
            end += _length(received[:end])
            if len(received) < end:
                break
            received = received[end:]
            self._transport.write(ANSWER)
        self._received = received


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return 0 if at < 0 else int(head[at + 15 : head.find(b"\r", at)])


async def serve(port: int) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
