"""An application under test, served on a free port by a thread of the test process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from mockserver.testing.who_acts import OurThread

LIMIT_SECS = 10.0
"""How long starting may take, in real seconds."""


@contextmanager
def serving(application: Callable[..., Any], path: str = "/webhooks") -> Iterator[str]:
    """Serve a WSGI (Flask, Django) or an ASGI application (Starlette, FastAPI); gives the URL of a path of it."""
    asgi = iscoroutinefunction(application) or iscoroutinefunction(getattr(application, "__call__", None))  # noqa: B004
    with (_asgi if asgi else _wsgi)(application) as url:
        yield f"{url}{path}"


class _Server(ThreadingMixIn, WSGIServer):
    """The standard library's server, with a thread for each request."""

    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind without asking the network for the name of this machine."""
        socket_name = self.server_address = self._bound()
        self.server_name, self.server_port = "127.0.0.1", int(socket_name[1])
        self.setup_environ()

    def _bound(self) -> tuple[str, int]:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        host, port = self.socket.getsockname()[:2]
        return str(host), int(port)


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Say nothing: the ladder tells."""

    def address_string(self) -> str:
        """Without asking the network."""
        return str(self.client_address[0])


@contextmanager
def _wsgi(application: Callable[..., Any]) -> Iterator[str]:
    with make_server("127.0.0.1", 0, application, _Server, _Handler) as server:
        thread = OurThread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="application", daemon=True)
        thread.port = server.server_port
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(LIMIT_SECS)


@contextmanager
def _asgi(application: Callable[..., Any]) -> Iterator[str]:
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    config = uvicorn.Config(
        application,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="auto",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        thread.loop = asyncio.get_running_loop()
        await server._serve([listener])

    thread = OurThread(target=lambda: asyncio.run(serve()), name="application", daemon=True)
    thread.port = listener.getsockname()[1]
    thread.start()
    try:
        yield f"http://127.0.0.1:{thread.port}"
    finally:
        server.should_exit = True
        thread.join(LIMIT_SECS)
        with contextlib.suppress(OSError):
            listener.close()
