"""Requests and WebSocket connections to the application, made for a simulation that wants them; with aiohttp.

Time is held while an outcome is awaited, so that a clock that skips does not skip over it. Redirects are not followed,
no proxy of the environment is used, and certificates are verified except on loopback, as for webhooks.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockserver.driver import Driver
from mockserver.sim.events import Json
from mockserver.sim.outside import Ask, Listener, Reply, Then
from mockserver.sim.simulation import Simulation
from mockserver.webhooks.post import explain, is_loopback, new_session

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse


@dataclass(frozen=True, slots=True)
class Limits:
    """What an application may ask of our patience and memory; no limit of the platform's is known.

    Times are real seconds.
    `connect_secs` is for accepting a WebSocket; `arrival_secs` for a message that is awaited, with all before it: then
    time goes on without it; `close_secs` for agreeing that a WebSocket is closed. `most_waiting` messages may wait for
    one that does not read, a minute of audio: then the connection is cut. `most_message` bytes may come in one message:
    thirty seconds of the widest audio are 4 MB.
    """

    connect_secs: float = 5.0
    arrival_secs: float = 2.0
    close_secs: float = 2.0
    most_waiting: int = 3_000
    most_message: int = 8 * 1024 * 1024


Sign = Callable[[bytes], Mapping[str, str]]

logger = logging.getLogger("mockserver")


class Network:
    """The world outside of one simulation. `sign` gives the headers that sign a body as a webhook is signed."""

    def __init__(self, driver: Driver, sign: Sign, limits: Limits | None = None) -> None:
        self.driver = driver
        self.limits = limits or Limits()
        self._sign = sign
        self._session: ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def session(self) -> ClientSession:
        """The HTTP client, made when it is first needed."""
        if self._session is None:
            self._session = new_session()
        return self._session

    @property
    def is_busy(self) -> bool:
        """Is a connection open, or a request under way?"""
        return bool(self._tasks)

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        """Make a request; `then` is called with what came of it, at the time that it is then."""
        held = self.held(f"{wanted.method} {urlsplit(wanted.url).netloc}")
        self.start(self._ask(wanted, then, held))

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> WebSocket:
        """Open a WebSocket; `listener` is told what becomes of it."""
        socket = WebSocket(self, simulation, listener)
        held = self.held(f"connection to {urlsplit(url).netloc}")
        socket.task = self.start(socket.run(url, headers, held))
        return socket

    async def connection(self, url: str, headers: Mapping[str, str]) -> ClientWebSocketResponse:
        """Connect a WebSocket; raises what can go wrong."""
        from aiohttp import ClientWSTimeout, InvalidURL

        if urlsplit(url).scheme.lower() not in ("ws", "wss"):
            raise InvalidURL(url)
        return await self.session.ws_connect(
            url,
            headers=headers,
            ssl=certified(url),
            max_msg_size=self.limits.most_message,
            autoping=False,
            compress=0,
            timeout=ClientWSTimeout(ws_close=self.limits.close_secs),
        )

    def held(self, name: str) -> ExitStack:
        """Hold time from now on, until the result is closed."""
        held = ExitStack()
        held.enter_context(self.driver.hold(name))
        return held

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something go on by itself, until it is done or all is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """Break off whatever is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("what came from outside could not be told", exc_info=task.exception())

    async def _ask(self, wanted: Ask, then: Then, held: ExitStack) -> None:
        with held:
            reply = await self._reply(wanted)
            self.driver.act(then, reply)

    async def _reply(self, wanted: Ask) -> Reply:
        headers = {"User-Agent": "telnyx-webhooks", **wanted.headers}
        if wanted.signed:
            headers.update(self._sign(wanted.body))
        try:
            async with asyncio.timeout(wanted.timeout_secs):
                async with self.session.request(
                    wanted.method,
                    wanted.url,
                    data=wanted.body or None,
                    headers=headers,
                    allow_redirects=False,
                    ssl=certified(wanted.url),
                ) as response:
                    body = await response.content.read(wanted.most + 1)
                    while len(body) <= wanted.most and (more := await response.content.read(wanted.most + 1)):
                        body += more
                    if len(body) > wanted.most:
                        return Reply(problem=f"more than {wanted.most:,} bytes came")
                    return Reply(response.status, body)
        except TimeoutError:
            return Reply(problem=f"no answer within {wanted.timeout_secs:g} s")
        except Exception as error:
            return Reply(problem=explain(error).reason or str(error))


class WebSocket:
    """One connection to the application; see `sim.outside.Socket`."""

    def __init__(self, network: Network, simulation: Simulation, listener: Listener) -> None:
        self.task: asyncio.Task[None] | None = None
        self._network, self._limits = network, network.limits
        self._simulation = simulation
        self._listener = listener
        self._outbox: deque[tuple[str, ExitStack | None]] = deque()
        self._filled = asyncio.Event()
        self._arrived = asyncio.Event()
        self._close_code: int | None = None
        self._listened = True

    def send(self, message: Json, awaited: bool = True) -> None:
        """Put a message in line, holding time until it has arrived if it is `awaited`."""
        if self._close_code is not None:
            return
        if len(self._outbox) >= self._limits.most_waiting:
            self._cut("the application does not read what it is sent")
            return
        self._outbox.append((json.dumps(message, separators=(",", ":")), self._held() if awaited else None))
        self._filled.set()

    def close(self, code: int = 1000) -> None:
        """Close when everything is sent."""
        self._listened = False
        if self._close_code is None:
            self._close_code = code
            self._filled.set()
            assert self.task is not None
            asyncio.get_running_loop().call_later(self._limits.arrival_secs + self._limits.close_secs, self.task.cancel)

    async def run(self, url: str, headers: Mapping[str, str], held: ExitStack) -> None:
        """The whole life of the connection. A listener that has closed it is told nothing any more."""
        try:
            problem = await self._live(url, headers, held)
        finally:
            held.close()
            self._release()
        self._close_code = self._close_code or 1006
        self._tell(self._listener.closed, problem)

    async def _live(self, url: str, headers: Mapping[str, str], held: ExitStack) -> str:
        try:
            async with asyncio.timeout(self._limits.connect_secs):
                connection = await self._network.connection(url, headers)
        except TimeoutError:
            return f"no answer within {self._limits.connect_secs:g} s"
        except Exception as error:
            return _why(error)
        writer = asyncio.ensure_future(self._write(connection))
        try:
            self._tell(self._listener.opened)
            held.close()
            return await self._read(connection)
        finally:
            if self._close_code is not None and not connection.closed:
                await asyncio.wait([writer], timeout=self._limits.close_secs)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await connection.close()

    async def _read(self, connection: ClientWebSocketResponse) -> str:
        from aiohttp import WSMsgType

        while True:
            message = await connection.receive()
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    self._tell(self._listener.received, message.data)
                case WSMsgType.PING:
                    await connection.pong(message.data)
                case WSMsgType.PONG:
                    self._arrived.set()
                case WSMsgType.ERROR:
                    return f"the connection broke: {message.data}"
                case _:
                    return f"the application closed the connection with code {connection.close_code or 1006}"

    async def _write(self, connection: ClientWebSocketResponse) -> None:
        while True:
            while self._outbox:
                text, held = self._outbox[0]
                await connection.send_str(text)
                if held is not None:
                    await self._wait_for_arrival(connection)
                    held.close()
                self._outbox.popleft()
            if self._close_code is not None:
                await connection.close(code=self._close_code)
                return
            self._filled.clear()
            await self._filled.wait()

    async def _wait_for_arrival(self, connection: ClientWebSocketResponse) -> None:
        """A pong says that everything before the ping has reached the application."""
        self._arrived.clear()
        await connection.ping()
        try:
            async with asyncio.timeout(self._limits.arrival_secs):
                await self._arrived.wait()
        except TimeoutError:
            logger.debug("no pong within %g s: time goes on", self._limits.arrival_secs)

    def _tell(self, told: Callable[..., None], *what: str | bytes) -> None:
        if self._listened:
            self._network.driver.act(told, self._simulation, *what)

    def _held(self) -> ExitStack:
        """Hold time, but not for ever: an application that does not read would stop the clock."""
        held = self._network.held("message to a WebSocket")
        held.callback(asyncio.get_running_loop().call_later(self._limits.arrival_secs, held.close).cancel)
        return held

    def _cut(self, problem: str) -> None:
        self._close_code = 1008
        assert self.task is not None
        self.task.cancel()
        asyncio.get_running_loop().call_soon(self._tell, self._listener.closed, problem)

    def _release(self) -> None:
        for _, held in self._outbox:
            if held is not None:
                held.close()
        self._outbox.clear()


def certified(url: str) -> bool:
    """Are certificates verified for this URL?"""
    try:
        parts = urlsplit(url)
        return not (parts.scheme in ("https", "wss") and is_loopback(parts.hostname or ""))
    except ValueError:
        return True


def _why(error: Exception) -> str:
    """Why there is no connection, in words that say what was seen."""
    from aiohttp import InvalidURL, WSServerHandshakeError

    if isinstance(error, WSServerHandshakeError):
        return f"the application answered the handshake with {error.status}"
    if isinstance(error, InvalidURL):
        return "it is not a valid ws or wss URL"
    return explain(error).reason or str(error)
