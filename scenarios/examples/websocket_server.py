"""What the examples with a WebSocket share: a server in a thread of its own, made with aiohttp; any other will do."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from aiohttp import web

Message = dict[str, Any]
Reply = Callable[[Message], list[Message]]


@contextmanager
def websocket_server(reply: Reply) -> Iterator[str]:
    """Send back what `reply` makes of each message; gives the URL. It listens at WEBSOCKET_PORT, or a free port."""
    with socket.create_server(("127.0.0.1", int(os.environ.get("WEBSOCKET_PORT", "0")))) as listening:
        Thread(target=lambda: asyncio.run(_serve(listening, reply)), daemon=True).start()
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/"


async def _serve(listening: socket.socket, reply: Reply) -> None:
    async def talk(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        async for message in connection:
            for answer in reply(json.loads(message.data)):
                await connection.send_json(answer)
        return connection

    application = web.Application()
    application.router.add_get("/", talk)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await asyncio.Event().wait()
