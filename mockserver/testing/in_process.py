"""Requests to an ASGI application in the same event loop, with no socket between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message

from mockserver.driver import Driver
from mockserver.sim.events import Json
from mockserver.sim.outside import Ask, Listener, NoSocket, Reply, Then
from mockserver.sim.simulation import Simulation
from mockserver.webhooks.payload import USER_AGENT, Outgoing
from mockserver.webhooks.policy import Answer

HELD_SECS = 1.0
"""How long, in real seconds, what an application does behind its answer (background tasks) holds time at most."""


@dataclass(frozen=True, slots=True)
class Response:
    """What an application answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class InProcess:
    """An ASGI application that is called; `failed` is told what it raises, `hold` holds time while it works on."""

    def __init__(
        self,
        application: ASGIApp,
        failed: Callable[[BaseException], None],
        hold: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._application = application
        self._failed = failed
        self._hold = hold
        self._working: set[asyncio.Task[None]] = set()

    async def __call__(self, request: Outgoing) -> Answer:
        """Post a webhook; this is the `post` of a sender."""
        response = await self.request(request.method, request.url, request.headers, request.body)
        return Answer(response.status, location=response.headers.get("location"))

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Ask for something; the answer counts when it is complete, whatever the application does behind it."""
        exchange = _Exchange(body)
        work = asyncio.ensure_future(self._run(_scope(method, url, headers, body), exchange))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        done = asyncio.ensure_future(exchange.complete.wait())
        try:
            await asyncio.wait({work, done}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            work.cancel()
            raise
        finally:
            done.cancel()
            exchange.gone.set()
        if not work.done():
            self._go_on_with(asyncio.ensure_future(self._behind(work)))
        return exchange.response()

    @property
    def works(self) -> bool:
        """Is it at work on something, be it behind its answer?"""
        return bool(self._working)

    async def _run(self, scope: Json, exchange: _Exchange) -> None:
        try:
            await self._application(scope, exchange.receive, exchange.send)
        except Exception as error:
            self._failed(error)

    def _go_on_with(self, task: asyncio.Task[None]) -> None:
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _behind(self, work: asyncio.Task[None]) -> None:
        with self._hold("background task"):
            await asyncio.wait({work}, timeout=HELD_SECS)


class InProcessOutside:
    """What a simulation may want of the world outside, from the application alone: requests, but no WebSockets."""

    def __init__(self, application: InProcess, sign: Callable[[bytes], Mapping[str, str]], driver: Driver) -> None:
        self._application = application
        self._sign = sign
        self._driver = driver
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        """Ask the application, whatever host the URL names."""
        held = ExitStack()
        held.enter_context(self._driver.hold(f"{wanted.method} {urlsplit(wanted.url).netloc}"))
        task = asyncio.ensure_future(self._ask(wanted, then, held))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> NoSocket:
        """There are no sockets here."""
        problem = "there are no WebSockets in the ASGI form: use the telnyx fixture"
        simulation.after(0, listener.closed, simulation, problem)
        return NoSocket()

    async def _ask(self, wanted: Ask, then: Then, held: ExitStack) -> None:
        with held:
            self._driver.act(then, await self._reply(wanted))

    async def _reply(self, wanted: Ask) -> Reply:
        signature = self._sign(wanted.body) if wanted.signed else {}
        headers = {"User-Agent": USER_AGENT, **wanted.headers, **signature}
        try:
            async with asyncio.timeout(wanted.timeout_secs):
                response = await self._application.request(wanted.method, wanted.url, headers, wanted.body)
        except TimeoutError:
            return Reply(problem=f"no answer within {wanted.timeout_secs:g} s")
        if len(response.body) > wanted.most:
            return Reply(problem=f"more than {wanted.most:,} bytes came")
        return Reply(response.status, response.body)


class _Exchange:
    """One request and its answer, as ASGI messages."""

    def __init__(self, body: bytes) -> None:
        self.complete = asyncio.Event()
        self.gone = asyncio.Event()
        self._body: bytes | None = body
        self._status = 500
        self._headers: dict[str, str] = {}
        self._answer = b""

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message.get("headers", ())
            }
        elif message["type"] == "http.response.body":
            self._answer += message.get("body", b"")
            if not message.get("more_body", False):
                self.complete.set()

    def response(self) -> Response:
        """What was answered; 500 if nothing was."""
        return Response(self._status if self.complete.is_set() else 500, self._headers, self._answer)


def _scope(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Json:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = parts.path or "/"
    sent = {"host": parts.netloc, "content-length": str(len(body)), **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "root_path": "",
        "query_string": parts.query.encode("latin-1", "replace"),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        "server": (parts.hostname or "application.invalid", port),
        "client": ("127.0.0.1", 1),
        "extensions": {},
    }
