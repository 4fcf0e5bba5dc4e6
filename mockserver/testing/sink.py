"""Webhooks that nobody else takes: kept, with their signatures checked, and answered by the test if it likes."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.sim.clock import wall_timestamp
from mockserver.sim.events import Json
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer
from mockserver.webhooks.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, check

HOST = "webhooks.invalid"
"""Whoever is told to send webhooks here sends them to the sink: a name that no network resolves."""

KEPT = 10_000
"""How many webhooks a sink keeps, the latest."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it was posted. `wrong` says what is wrong with its signature, None that nothing is."""

    event_type: str
    payload: Json
    attempt: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    wrong: str | None = None

    @property
    def text(self) -> str:
        """The body as the official SDK's `webhooks.unwrap` takes it."""
        return self.body.decode()


Handler = Callable[[Webhook], int | None] | Callable[[Webhook], Awaitable[int | None]]
"""Takes a webhook and gives the status to answer with; None is 200."""


class Webhooks:
    """The built-in sink: where the webhooks go of a test whose code has no server."""

    def __init__(self, public_key: str, failed: Callable[[BaseException], None]) -> None:
        self.received: deque[Webhook] = deque(maxlen=KEPT)
        self.url = f"http://{HOST}/"
        self._public_key = public_key
        self._failed = failed
        self._handler: Handler | None = None

    def answer_with(self, handler: Handler | None) -> None:
        """Call `handler` with each webhook from now on; it may act on the call, and gives the status or None for 200.

        A plain function runs in a thread of its own, a coroutine function in the event loop. What it raises is answered
        500, and raised in the test.
        """
        self._handler = handler

    def of(self, event_type: str) -> list[Webhook]:
        """Those that have come of one type."""
        return [webhook for webhook in list(self.received) if webhook.event_type == event_type]

    async def __call__(self, request: Outgoing) -> Answer:
        """Take one; this is the `post` of a sender."""
        webhook = self._webhook(request)
        self.received.append(webhook)
        if self._handler is None:
            return Answer(200)
        try:
            return Answer(await _answer(self._handler, webhook) or 200)
        except Exception as error:
            self._failed(error)
            return Answer(500)

    def _webhook(self, request: Outgoing) -> Webhook:
        body = _json(request.body)
        event = body.get("data") or {}
        return Webhook(
            event.get("event_type", ""),
            event.get("payload", {}),
            body.get("meta", {}).get("attempt", 1),
            request.url,
            request.headers,
            request.body,
            self._wrong(request),
        )

    def _wrong(self, request: Outgoing) -> str | None:
        """What is wrong with a signature: a fault may have spoilt or removed it."""
        headers = request.headers
        if TIMESTAMP_HEADER not in headers or SIGNATURE_HEADER not in headers:
            return "it is not signed"
        signature = headers[TIMESTAMP_HEADER], headers[SIGNATURE_HEADER]
        failure = check(self._public_key, *signature, request.body, wall_timestamp())
        return None if failure is None else str(failure)


def _json(body: bytes) -> Json:
    """A body as JSON; empty where it is none, which a fault may have seen to."""
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


async def _answer(handler: Handler, webhook: Webhook) -> int | None:
    result: Any = (
        handler(webhook) if inspect.iscoroutinefunction(handler) else await asyncio.to_thread(handler, webhook)
    )
    status: int | None = await result if inspect.isawaitable(result) else result
    return status
