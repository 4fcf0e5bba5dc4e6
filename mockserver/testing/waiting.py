"""How a test waits: time passes until something has come, and what the application raises meanwhile is told at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar

from mockserver.sim.events import Entry
from mockserver.testing.happened import NothingCame
from mockserver.testing.options import WEBHOOK_TIMEOUT
from mockserver.worlds import World

T = TypeVar("T")

QUIET_SECS = 0.25
"""How long nothing may happen, in real seconds, until a person speaks or presses keys that nobody has asked for."""


class Waiting:
    """Waits in the world that `world` gives, `timeout` real seconds where nothing else is said."""

    def __init__(self, world: Callable[[], World], timeout: float) -> None:
        self._world = world
        self._timeout = timeout
        self._failures: list[BaseException] = []
        self._futures: set[asyncio.Future[Any]] = set()
        self._tasks: Counter[asyncio.Task[Any]] = Counter()

    @property
    def tasks(self) -> set[asyncio.Task[Any]]:
        """Those that wait here, and do nothing else meanwhile."""
        return set(self._tasks)

    @contextmanager
    def here(self) -> Iterator[None]:
        """While the block runs, this task waits. What the application has raised before is raised here."""
        self.raise_failure()
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] += 1
        try:
            yield
        finally:
            self._tasks[task] -= 1
            self._tasks += Counter()  # forgets those that have come to nothing

    def failed(self, error: BaseException) -> None:
        """The application has raised something: whoever waits is told at once, else whoever waits next."""
        for future in self._futures:
            if not future.done():
                future.set_exception(error)
                return
        self._failures.append(error)

    def raise_failure(self) -> None:
        """Raise the first thing that the application has raised and nobody was told of."""
        if self._failures:
            failures, self._failures = self._failures, []
            raise failures[0]

    def limit(self, timeout: float | None = None) -> float:
        """How long a wait may take, in real seconds."""
        return self._timeout if timeout is None else timeout

    async def until(self, ready: Callable[[], bool], usual: Callable[[], bool], what: str) -> None:
        """Let time pass until something is `ready`, or it is as `usual` and nothing more happens by itself."""
        if ready():
            return
        with self.here():
            wait = asyncio.ensure_future(self._ready(ready))
            quiet = asyncio.ensure_future(self._quiet(usual))
            try:
                await asyncio.wait({wait, quiet}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                quiet.cancel()
                if not wait.done():
                    wait.cancel()
        if wait.done() and not wait.cancelled() and isinstance(wait.exception(), TimeoutError):
            raise NothingCame(f"{what} within {self.limit():g} s\n  {self._world().driver.explain()}")
        if wait.done() and not wait.cancelled():
            wait.result()

    async def found(self, look: Callable[[Entry], T | None], limit: float | None) -> T:
        """Let time pass until `look` finds something in the log; it stops at once, before anything else happens."""
        world = self._world()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self.here(), ExitStack() as passing:

            def tell(entry: Entry) -> None:
                if not future.done() and (found := look(entry)) is not None:
                    passing.close()
                    future.set_result(found)

            passing.callback(world.simulation.log.subscribe(tell))
            passing.enter_context(world.driver.waiting())
            return await self._told(future, limit)

    async def _ready(self, ready: Callable[[], bool]) -> None:
        """Let time pass until something is true, which is looked at whenever something has happened."""
        driver, log = self._world().driver, self._world().simulation.log
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with ExitStack() as passing:

            def look() -> None:
                if not future.done() and ready():
                    passing.close()
                    future.set_result(None)

            def look_soon(entry: Entry) -> None:
                loop.call_soon(look)  # what an entry tells of is only half done while it is written

            passing.callback(log.subscribe(look_soon))
            passing.enter_context(driver.watched(look))
            passing.enter_context(driver.passing())
            await self._told(future, None)

    async def _quiet(self, usual: Callable[[], bool]) -> None:
        driver, log = self._world().driver, self._world().simulation.log
        while True:
            await driver.rest()
            seen = log.last_seq
            await driver.pause(QUIET_SECS)
            if seen == log.last_seq:
                if usual():
                    return
                await asyncio.sleep(QUIET_SECS)

    async def _told(self, future: asyncio.Future[T], limit: float | None) -> T:
        """What a future brings, at most so many real seconds from now; or what the application raises meanwhile.

        Without a limit it is the usual one, and again as long as the application is at work on a webhook: the first one
        may have it import half of a library.
        """
        self._futures.add(future)
        step = waited = self.limit(limit)
        try:
            while not await _done(future, step):
                at_work = any(name.startswith("delivery") for name in self._world().driver.holds)
                if limit is not None or not at_work or waited >= WEBHOOK_TIMEOUT:
                    raise TimeoutError
                waited += max(step, 1.0)
            return future.result()
        finally:
            future.cancel()
            self._futures.discard(future)


async def _done(future: asyncio.Future[Any], limit: float) -> bool:
    """Wait so long at most; is it done?"""
    with suppress(TimeoutError):
        async with asyncio.timeout(limit):
            await asyncio.wait({future})
    return future.done()
