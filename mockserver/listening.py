"""The HTTP server, and what it serves until there is a platform. Little is imported here, so that it is up at once."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from functools import cached_property
from os import urandom
from typing import Any, Protocol

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver import __version__
from mockserver.settings import SPEC_DATE, Config
from mockserver.sim.clock import Clock, iso
from mockserver.tls import Secured, secure
from mockserver.webhooks.signing import Signer

HEALTH = "/_mock/health"


class Control(Protocol):
    """What a server needs of the control interface: to close its live streams, and to tell it of a TLS listener."""

    tls: dict[str, Any] | None

    def close(self) -> None: ...


class Served(Protocol):
    """What a server needs of what it serves: `server.Platform`, or an `Opening` that stands for one."""

    config: Config
    base_url: str

    @property
    def app(self) -> ASGIApp: ...

    @property
    def control(self) -> Control: ...


class Closable(Served, Protocol):
    """A platform, which has to be closed by whoever made it."""

    async def close(self) -> None: ...


class Opening:
    """Stands for a platform until one is needed: says whether the server is up, and makes it for anything else.

    `make` imports most of the program, which takes longer than everything else at the start; when the server is up,
    `warm` does that in a thread of its own, so that the first request seldom has to.
    """

    def __init__(self, config: Config, make: Callable[[], Closable], warm: Callable[[], object] = lambda: None) -> None:
        self.config = config
        self.base_url = ""
        self.tls: dict[str, Any] | None = None
        self._make, self._warm = make, warm
        self._is_made = False

    @property
    def app(self) -> ASGIApp:
        return self

    @property
    def control(self) -> Control:
        return self

    @cached_property
    def platform(self) -> Closable:
        """The platform, from the first time on that somebody asks."""
        platform = self._make()
        platform.base_url, platform.control.tls = self.base_url, self.tls
        self._is_made = True
        return platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif not self._is_made and (scope["method"], scope["path"]) == ("GET", HEALTH):
            await self._say_that_it_is_up(send)
        else:
            await self.platform.app(scope, receive, send)

    def close(self) -> None:
        """Close the live streams, if there can be any."""
        if self._is_made:
            self.platform.control.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await asyncio.get_running_loop().run_in_executor(None, self._warm)
        platform = self.platform
        await receive()
        await platform.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _say_that_it_is_up(self, send: Send) -> None:
        """What the control interface says of worlds of which there are none yet."""
        clock: Clock = self.config.started_clock()
        body = {
            "status": "ok",
            "version": __version__,
            "spec_date": SPEC_DATE,
            "clock": {"mode": clock.mode, "now": iso(clock.started)},
            "seed": self.config.seed,
            "public_key": Signer.from_text(self.config.signing_key).public_key,
            "tls": self.tls,
            "worlds": 0,
            "live_calls": 0,
        }
        content = json.dumps(body).encode()
        headers = {"content-type": "application/json", "content-length": str(len(content)), "x-request-id": _uuid()}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": content})


def _uuid() -> str:
    text = urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


class Server(uvicorn.Server):
    """uvicorn, ending within a second whatever is open: live streams are closed before it waits for connections.

    It listens as soon as it is made, so that a port that is taken is an `OSError` at once, and port 0 has its number.
    With a TLS port the same application listens there too: one life for both.
    `announce` is called with its URL when it serves, and a signal can end it.
    """

    def __init__(self, platform: Served, announce: Callable[[str], None] = lambda url: None) -> None:
        config = platform.config
        self._platform = platform
        self._announce = announce
        self.up = asyncio.Event()
        self._listener = _listen(config.host, config.port)
        host, port = self._listener.getsockname()[:2]
        self.url = platform.base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._secured = self._secure(config)
        super().__init__(
            uvicorn.Config(
                platform.app,
                loop="auto",
                http="mockserver.http.connections:Protocol",
                ws="none",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECS,  # type: ignore[arg-type]
                lifespan="on",
            )
        )

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal says to end."""
        await super().serve(sockets or [self._listener])

    async def serve_quietly(self) -> None:
        """Serve until `should_exit` is set; signals are left to whoever owns the event loop."""
        await self._serve([self._listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._secured is not None:
            await self._listen_with_tls(self._secured)
        self.up.set()
        self._announce(self.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._platform.control.close()
        await super().shutdown(sockets)

    def _secure(self, config: Config) -> Secured | None:
        if config.tls_port is None:
            return None
        try:
            secured = secure(_listen(config.host, config.tls_port))
        except OSError:
            self._listener.close()
            raise
        self._platform.control.tls = {"port": secured.port, "certificate": secured.certificate}
        return secured

    async def _listen_with_tls(self, secured: Secured) -> None:
        """Connections there are connections of this server, which ends them with the others."""

        def protocol() -> asyncio.Protocol:
            kind: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
            return kind(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            protocol,
            sock=secured.listener,
            ssl=secured.context,
            ssl_shutdown_timeout=GRACE_SECS,  # how long a client may take to say that it has heard the end
            backlog=2048,
        )
        self.servers.append(listening)


GRACE_SECS = 0.3
"""How long requests that are being served may go on after the end was asked for."""


def _listen(host: str, port: int) -> socket.socket:
    """Raises `OSError` with the address, where nobody may listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    # Connections inherit it. The event loop of the standard library would leave it out, and each answer take 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
