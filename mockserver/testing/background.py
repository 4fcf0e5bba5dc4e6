"""A server in a thread of the test process, with a world for each test that is under way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.listening import Server
from mockserver.settings import Config
from mockserver.testing.options import Options
from mockserver.testing.simulated import WORLDS, AsyncSimulatedTelnyx
from mockserver.testing.specs import Specs
from mockserver.testing.who_acts import OurThread
from mockserver.webhooks.post import HttpPost

T = TypeVar("T")

LIMIT_SECS = 10.0
"""How long starting and stopping may take, in real seconds."""

NOBODY = "KEY_of_no_test"
"""The one key that the platform behind all others takes: with that of a test that is over, the answer is 401."""


class Switchboard:
    """The ASGI application in front: a request goes to the platform of its API key, or of the key in its path."""

    def __init__(self, otherwise: ASGIApp) -> None:
        self.worlds: dict[str, AsyncSimulatedTelnyx] = {}
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (telnyx := self.worlds.get(_key(scope))) is not None:
            await telnyx(_below(scope), receive, send)
        else:
            await self._otherwise(scope, receive, send)


class Background:
    """A server on a free port, in a thread with an event loop of its own, from `start` until `stop`.

    `bystanders` are threads that never act for an application under test.
    """

    def __init__(self, specs: Specs | None = None, bystanders: Collection[Thread] = ()) -> None:
        self.url = ""
        self._bystanders = bystanders
        self._specs = specs or Specs()
        self._up: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = OurThread(target=self._run, name="telnyx-mockserver", daemon=True)
        self._server: Server | None = None
        self._switchboard: Switchboard | None = None
        self._post = HttpPost()

    def start(self) -> None:
        """Return when it serves."""
        self._thread.start()
        self._up.result(LIMIT_SECS)

    def stop(self) -> None:
        """Return when all is closed."""
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(LIMIT_SECS)

    def do(self, work: Coroutine[Any, Any, T], limit: float | None = None) -> T:
        """Run something in the event loop of the server, and wait for it."""
        future = asyncio.run_coroutine_threadsafe(work, self._up.result(LIMIT_SECS))
        try:
            return future.result(limit)
        except BaseException:
            future.cancel()
            raise

    def begin(self, api_key: str, options: Options) -> AsyncSimulatedTelnyx:
        """A world of its own for a key."""

        async def begun() -> AsyncSimulatedTelnyx:
            assert self._switchboard is not None
            telnyx = AsyncSimulatedTelnyx(api_key, options, self._specs, self.url, self._post, self._bystanders)
            _ = telnyx.world
            self._switchboard.worlds[api_key] = telnyx
            return telnyx

        return self.do(begun())

    def end(self, telnyx: AsyncSimulatedTelnyx) -> None:
        """Close a world. Raises what the application has raised."""

        async def ended() -> None:
            assert self._switchboard is not None
            self._switchboard.worlds.pop(telnyx.api_key, None)
            await telnyx.close()

        self.do(ended())

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._up.done():
                raise
            self._up.set_exception(error)

    async def _serve(self) -> None:
        lobby = self._specs.platform(Config(port=0, clock="manual", api_keys=(NOBODY,)))
        lobby.app = self._switchboard = Switchboard(lobby.app)
        self._server = server = Server(lobby)
        self.url = server.url
        serving = asyncio.ensure_future(server.serve_quietly())
        up = asyncio.ensure_future(server.up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            self._up.set_result(asyncio.get_running_loop())
        up.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        await self._post.close()


def _key(scope: Scope) -> str:
    if scope["path"].startswith(WORLDS):
        return str(scope["path"]).removeprefix(WORLDS).partition("/")[0]
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value.decode("latin-1").strip().partition(" ")[2].strip())
    return ""


def _below(scope: Scope) -> Scope:
    """The request as the platform of its key is asked."""
    path = scope["path"]
    if not path.startswith(WORLDS):
        return scope
    rest = "/" + path.removeprefix(WORLDS).partition("/")[2]
    raw = b"/" + (scope.get("raw_path") or path.encode()).removeprefix(WORLDS.encode()).partition(b"/")[2]
    return {**scope, "path": rest, "raw_path": raw}
