"""Where the webhooks of a test's world go: to the built-in sink, to an application in this process, or elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from mockserver.sim.clock import wall_timestamp
from mockserver.sim.events import Route
from mockserver.testing.in_process import InProcess, InProcessOutside
from mockserver.testing.sink import HOST, Webhooks
from mockserver.testing.who_acts import is_served_here
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer
from mockserver.webhooks.post import is_loopback
from mockserver.webhooks.signing import Signer
from mockserver.worlds import World

if TYPE_CHECKING:
    from mockserver.webhooks.sender import Post

APPLICATION = "http://application.invalid/webhooks"
"""Where an application's webhooks go that has no socket, unless the test names another path."""


class Destinations:
    """Takes the webhooks of a world. `post` delivers those that are neither for the sink nor for an `application`.

    `unknown` says that something went to an application of which nothing is known: not when it has done its work.
    """

    def __init__(self, webhooks: Webhooks, url: str | None, post: Post | None) -> None:
        self.webhooks = webhooks
        self.application: ASGIApp | None = None
        self.unknown = False
        self._url, self._elsewhere = url, post
        self._in_process: InProcess | None = None

    @property
    def url(self) -> str:
        """Where webhooks go unless the application says otherwise."""
        return self._url or (self.webhooks.url if self.application is None else APPLICATION)

    @url.setter
    def url(self, url: str | None) -> None:
        self._url = url

    def is_told(
        self,
        application: ASGIApp,
        failed: Callable[[BaseException], None],
        hold: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        """An ASGI application is posted what is not for the sink; see `InProcess`."""
        self.application = application
        self._in_process = InProcess(application, failed, hold)

    def lead(self, world: World, signer: Signer) -> None:
        """Tell a world where its webhooks go."""
        simulation = world.simulation
        simulation.world.settings = replace(simulation.world.settings, route=Route(url=self.url))
        if self._in_process is not None:
            simulation.outside = InProcessOutside(
                self._in_process, lambda body: signer.headers(wall_timestamp(), body), world.driver
            )

    async def __call__(self, request: Outgoing) -> Answer:
        """Deliver a webhook; this is the `post` of a sender."""
        where = urlsplit(request.url)
        if where.hostname == HOST:
            return await self.webhooks(request)
        if self._in_process is not None:
            return await self._in_process(request)
        if self._elsewhere is None:
            return await self.webhooks(request)
        if not (is_loopback(where.hostname or "") and is_served_here(where.port)):
            self.unknown = True
        return await self._elsewhere(request)

    @property
    def works(self) -> bool:
        """Does the application in this process still work on something, behind its answer?"""
        return self._in_process is not None and self._in_process.works
