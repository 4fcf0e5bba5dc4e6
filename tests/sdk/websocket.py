"""An application's WebSocket, served with aiohttp in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import ClassVar, Self

from aiohttp import WSMsgType, web

from mockserver.sim.events import Json
from tests.sdk.live import LIMIT_SECS

Answer = Callable[[Json], list[Json]]


class WebSocket:
    """The headers of the handshake, every message that came and every one that went, and how the connection ended.

    `kind` is the field by which the protocol tells its messages apart.
    """

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.url = ""
        self.headers: dict[str, str] = {}
        self.messages: list[Json] = []
        self.sent: list[Json] = []
        self.came: queue.Queue[Json] = queue.Queue()
        self.closed: queue.Queue[int | None] = queue.Queue()

    @contextmanager
    def serving(self, answer: Answer) -> Iterator[Self]:
        """Listen on a free port, and send what `answer` makes of each message; an empty one closes."""
        ready: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()
        thread = Thread(target=lambda: asyncio.run(self._serve(answer, ready)), name="websocket")
        thread.start()
        loop, stop = ready.get(timeout=LIMIT_SECS)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(LIMIT_SECS)

    def wait_for(self, kind: str) -> Json:
        """The next message of a kind."""
        while (message := self.came.get(timeout=LIMIT_SECS))[self.kind] != kind:
            pass
        return message

    async def _serve(self, answer: Answer, ready: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
        async def talk(request: web.Request) -> web.WebSocketResponse:
            self.headers = {name.lower(): value for name, value in request.headers.items()}
            peer = web.WebSocketResponse()
            await peer.prepare(request)
            async for message in peer:
                assert message.type is WSMsgType.TEXT
                taken = json.loads(message.data)
                self.messages.append(taken)
                self.came.put(taken)
                for reply in answer(taken):
                    if reply:
                        self.sent.append(reply)
                        await peer.send_json(reply)
                    else:
                        await peer.close()
            self.closed.put(peer.close_code)
            return peer

        application = web.Application()
        application.router.add_get("/", talk)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
        stop = asyncio.Event()
        ready.put((asyncio.get_running_loop(), stop))
        await stop.wait()
        await runner.cleanup()
