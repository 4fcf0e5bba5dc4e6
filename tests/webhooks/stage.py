"""A sender on a stage: a log, an application that answers as told, and a clock that tests advance."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from mockserver.sim.events import Entry, Log, Route
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer, DeliverySettings
from mockserver.webhooks.sender import Sender
from mockserver.webhooks.signing import Signer

APP = "http://app:8000/hooks"
SPARE = "http://spare:8000/hooks"
OK = Answer(200)
DEAD = Answer(None, "75002", "nothing listens")
PATIENT = DeliverySettings(order_wait_secs=3600, deadline_secs=3600)

Application = Callable[[Outgoing], Awaitable[Answer]]


@dataclass
class Stage:
    """`posted` are the requests in their order; `held` counts who holds time; `sleeping` waits for simulated time."""

    application: Application
    settings: DeliverySettings = PATIENT
    log: Log = field(default_factory=Log)
    posted: list[Outgoing] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    sleeping: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)
    now: int = 0

    def __post_init__(self) -> None:
        self.sender = Sender(
            self.log,
            Signer.from_text(),
            self.settings,
            self._post,
            sleep=self._sleep,
            hold=self._hold,
            now=lambda: self.now,
            now_wall=lambda: 1_767_225_600,
        )

    def emit(self, name: str, leg: str | None = "leg", route: Route | None = None) -> Entry:
        """A webhook appears in the log; its id is its name."""
        data = {"event_type": name, "id": name, "payload": {}, "record_type": "event"}
        return self.log.append(self.now, "webhook", name, leg, data, route or Route(url=APP))

    def deliveries(self) -> list[tuple[Any, ...]]:
        """Event, attempt, outcome and code of all deliveries in the log."""
        return [
            (entry.name, entry.data["attempt"], entry.data["outcome"], entry.data["code"])
            for entry in self.log.entries
            if entry.kind == "delivery"
        ]

    def wake(self) -> list[float]:
        """Simulated time passes until everybody who sleeps is awake; the result is how long they slept."""
        slept, self.sleeping = self.sleeping, []
        for _, future in slept:
            future.set_result(None)
        return [secs for secs, _ in slept]

    async def _post(self, request: Outgoing) -> Answer:
        self.posted.append(request)
        return await self.application(request)

    async def _sleep(self, secs: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleeping.append((secs, future))
        await future

    @contextmanager
    def _hold(self, name: str) -> Iterator[None]:
        self.held[name] += 1
        try:
            yield
        finally:
            self.held[name] -= 1


@asynccontextmanager
async def on_stage(application: Application, settings: DeliverySettings = PATIENT) -> AsyncIterator[Stage]:
    others = asyncio.all_tasks()
    stage = Stage(application, settings)
    stage.sender.start()
    try:
        yield stage
    finally:
        await stage.sender.close()
        assert not stage.held.total()
        assert not stage.sender.unfinished
        assert asyncio.all_tasks() == others


async def settle() -> None:
    """Let everything happen that does not wait for anybody."""
    for _ in range(20):
        await asyncio.sleep(0)


def answering(*answers: Answer) -> Application:
    """An application that gives these answers, then the last one for ever."""
    left = list(answers)

    async def application(_: Outgoing) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return application


class Door:
    """An application that answers a request only when it is let through, or at once if its URL is in `open`."""

    def __init__(self, *open_urls: str) -> None:
        self.open_urls = open_urls
        self.waiting: list[tuple[Outgoing, asyncio.Future[Answer]]] = []

    async def __call__(self, request: Outgoing) -> Answer:
        if request.url in self.open_urls:
            return OK
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((request, future))
        return await future

    def let_through(self, answer: Answer = OK) -> None:
        """Answer the request that has waited longest."""
        self.waiting.pop(0)[1].set_result(answer)
