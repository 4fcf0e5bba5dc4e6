"""Delivers the webhooks of a log: in order per leg, a bounded number at a time per destination, until an end.

The log tells of a webhook; the entry is put in line and nothing else happens then. Workers, at most
`max_in_flight` per destination and none when it has nothing to send, take the events in the order in which
they came. What became of every attempt is an entry `delivery` of the log.

Order: an event is posted when the one before it, of the same leg to the same destination, was answered or has
been without an answer for `order_wait_secs`. Retries stand outside that line. Destinations never wait for
each other: an application that is dead only keeps its own webhooks waiting.

Faults: what an attempt suffers is asked when it is its turn. One that is late, held back or lost leaves the line. A
copy that suffers something in its place comes before it, or as late as it is told, and stands in no line.

Memory: what waits for a destination is entries (the bytes are made when it is their turn), at most
`max_waiting` of them. An event beyond that is not delivered, and the log says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from mockserver.sim.clock import iso
from mockserver.sim.events import Entry, Log, Route
from mockserver.sim.faults import DELIVERIES, FORGERIES, NONE, Fault
from mockserver.webhooks.lines import Delivery, Destination, Lines
from mockserver.webhooks.payload import Outgoing, to_json
from mockserver.webhooks.policy import (
    Answer,
    Attempt,
    DeliverySettings,
    Verdict,
    deadline_secs,
    first_attempts,
    judge,
    next_attempt,
    safe_url,
)
from mockserver.webhooks.signing import Signer
from mockserver.webhooks.spoiling import spoilt

Post = Callable[[Outgoing], Awaitable[Answer]]
"""Posts one request. It may take as long as it likes, since the sender cancels it at its deadline."""

LOST = Answer(None, "75000", "its answer was lost by a fault")

HELD_BACK_SECS = 5.0
"""How long a webhook that is to come behind the next one of its leg waits for one, in simulated seconds."""


class Sender:
    """Sends the webhooks of one log.

    `sleep` waits in simulated time, `now` is that time in microseconds; `hold` keeps it from being skipped
    while an event is in line or in flight; `now_wall` is Unix seconds, for signatures; `faults` tells what an
    attempt to deliver an event, given by its number, suffers. All calls are made in one event loop.
    """

    def __init__(
        self,
        log: Log,
        signer: Signer,
        settings: DeliverySettings,
        post: Post,
        *,
        sleep: Callable[[float], Awaitable[None]],
        hold: Callable[[str], AbstractContextManager[None]],
        now: Callable[[], int],
        now_wall: Callable[[], int],
        faults: Callable[[Entry, int], Fault | None] = lambda entry, attempt: None,
    ) -> None:
        self._log = log
        self._signer = signer
        self._settings = settings
        self._post = post
        self._sleep = sleep
        self._hold = hold
        self._now = now
        self._now_wall = now_wall
        self._faults = faults
        self._lines = Lines(self._wake)
        self._warned = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._busy = 0
        self._nothing_to_do = asyncio.Event()
        self._nothing_to_do.set()

    def start(self) -> None:
        """Take the webhooks of the log from now on, in the event loop that runs."""
        self._loop = asyncio.get_running_loop()
        self._unsubscribe = self._log.subscribe(self._take)

    @property
    def unfinished(self) -> int:
        """How many events are in line, in flight or waiting for a retry."""
        return len(self._lines.unfinished)

    async def idle(self) -> None:
        """Wait until nothing is in line or in flight. Retries that wait for simulated time do not count."""
        await self._nothing_to_do.wait()

    def deliver_again(self, entry: Entry, number: int, url: str | None = None) -> list[str]:
        """Send an event once more, with the same id, as attempt `number`; gives the URLs, those of its call unless
        another is given. Raises `ValueError`, which says why it cannot be sent."""
        assert self._loop is not None
        if any(delivery.entry is entry for delivery in self._lines.unfinished):
            raise ValueError("It is still being delivered.")
        route = Route(url=url) if url else entry.route or Route()
        attempts = [replace(attempt, number=number) for attempt in first_attempts(route, entry.name)]
        if not attempts:
            raise ValueError("It had no destination: name a url.")
        for attempt in attempts:
            self._join(entry, route, attempt, self._loop)
        return [safe_url(attempt.url) for attempt in attempts]

    async def close(self) -> None:
        """Stop within a second. What was not delivered is written to the log as failed."""
        if self._unsubscribe is None:
            return
        self._unsubscribe()
        self._unsubscribe = self._loop = None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.close_secs)
        for delivery in list(self._lines.unfinished):
            self._lines.finish(delivery)
            self._rest(delivery)
            self._give_up(delivery.entry, delivery.attempt, "the server stopped before it was delivered")

    # Getting in line: synchronous, inside `Log.append`. What is to be logged about it is logged later, because
    # readers that come after this one have not been told of the webhook itself yet.

    def _take(self, entry: Entry) -> None:
        if entry.kind != "webhook" or self._loop is None:
            return
        route, attempts = entry.route, first_attempts(entry.route, entry.name)
        if route is None or not attempts:
            self._loop.call_soon(self._warn, entry)
            return
        for attempt in attempts:
            self._join(entry, route, attempt, self._loop)

    def _join(self, entry: Entry, route: Route, attempt: Attempt, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._lines.at(attempt.url).unfinished
        if waiting >= self._settings.max_waiting:
            reason = f"{waiting} webhooks wait for this application already: it is dead, or too slow"
            loop.call_soon(self._give_up, entry, attempt, reason)
            return
        self._stir(self._lines.join(entry, route, attempt))

    def _wake(self, to: Destination) -> None:
        if to.workers < self._settings.max_in_flight and self._loop is not None:
            to.workers += 1
            self._spawn(self._work(to, self._loop))

    # At work: a task for each request that may be in flight, and one for each retry that waits.

    async def _work(self, to: Destination, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while to.line:
                try:
                    await self._attempt(to.line.popleft(), loop)
                except Exception as error:  # of a reader of the log: not a reason to stop delivering
                    loop.call_exception_handler({"message": "after a delivery", "exception": error})
        finally:
            to.workers -= 1
            self._lines.forget(to)

    async def _attempt(self, delivery: Delivery, loop: asyncio.AbstractEventLoop) -> None:
        if delivery.fault is None:
            delivery.fault = self._faults(delivery.entry, delivery.attempt.number) or NONE
            if self._set_aside(delivery, delivery.fault):
                return
        waited = loop.call_later(self._settings.order_wait_secs, self._lines.pass_on, delivery)
        try:
            if delivery.fault.besides:
                await self._copy(delivery, delivery.fault)
            if delivery.fault.delivery == "duplicate":
                await self._post_copy(delivery)
            began, started = self._now(), loop.time()
            answer = await self._answer(delivery)
            if delivery.fault.delivery == "lost_answer":
                answer = LOST
            self._conclude(delivery, answer, began, (loop.time() - started) * 1000)
        finally:
            waited.cancel()
            for late in self._lines.held_back(delivery.lane):
                self._let_follow(late)
            self._lines.pass_on(delivery)

    async def _answer(self, delivery: Delivery) -> Answer:
        """The answer to one attempt. Whatever goes wrong is an answer too, so that no event is lost to it."""
        seconds = deadline_secs(delivery.route, self._settings)
        try:
            request = self._request(delivery, seconds)
            async with asyncio.timeout(seconds):
                return await self._post(request)
        except TimeoutError:
            return Answer(None, "75000", f"no answer within {seconds:g} s")
        except Exception as error:
            return Answer(None, "75000", f"{type(error).__name__}: {error}")

    def _request(self, delivery: Delivery, seconds: float) -> Outgoing:
        attempt = delivery.attempt
        delivery.data = delivery.data or to_json(delivery.entry.data)
        timestamp = self._now_wall()
        method, url, number = attempt.method, attempt.url, attempt.number
        fault = delivery.fault or NONE
        return spoilt(fault, self._signer, delivery.data, method, url, number, seconds, timestamp)

    def _conclude(self, delivery: Delivery, answer: Answer, began: int, millis: float) -> None:
        if delivery not in self._lines.unfinished:
            return  # closed meanwhile
        entry, attempt, verdict, fault = delivery.entry, delivery.attempt, judge(answer), delivery.fault
        following = next_attempt(delivery.route, entry.name, self._settings, attempt, verdict)
        if following is None:
            self._lines.finish(delivery)
            self._rest(delivery)
        else:
            self._try_again(delivery, following)
        outcome = "delivered" if verdict.delivered else "retrying" if following else "failed"
        self._record(entry, attempt, verdict, outcome, began, answer.status, millis, fault)

    def _try_again(self, delivery: Delivery, attempt: Attempt) -> None:
        delivery.attempt, delivery.fault = attempt, None
        if attempt.delay_secs:
            self._rest(delivery)
            self._spawn(self._come_back(delivery))
        else:
            self._lines.let_go(delivery)

    async def _come_back(self, delivery: Delivery) -> None:
        await self._sleep(delivery.attempt.delay_secs)
        self._stir(delivery)
        self._lines.let_go(delivery)

    # Faults that take a delivery out of the line before its attempt.

    def _set_aside(self, delivery: Delivery, fault: Fault) -> bool:
        if fault.delivery == "drop":
            self._lines.finish(delivery)
            self._lines.pass_on(delivery)
            self._rest(delivery)
            self._give_up(delivery.entry, delivery.attempt, "lost by a fault", fault)
            return True
        held_back = fault.delivery == "reorder"
        if fault.besides or not (held_back or fault.seconds):
            return False
        self._rest(delivery)
        if held_back:
            self._lines.hold_back(delivery)
        else:
            self._lines.pass_on(delivery)
        held_secs = HELD_BACK_SECS if fault.within is None else fault.within
        delivery.limit = self._spawn(self._follow(delivery, fault.seconds + held_secs * held_back))
        return True

    async def _follow(self, delivery: Delivery, seconds: float) -> None:
        await self._sleep(seconds)
        delivery.limit = None
        self._lines.is_late(delivery)
        self._let_follow(delivery)

    def _let_follow(self, delivery: Delivery) -> None:
        """Put a delivery that was set aside in its line."""
        if delivery.limit is not None:
            delivery.limit.cancel()
        self._stir(delivery)
        self._lines.let_go(delivery)

    # Copies: requests that decide nothing, besides the one whose answer counts.

    async def _copy(self, delivery: Delivery, fault: Fault) -> None:
        """Let a copy suffer a fault, now or later, and spare the delivery itself."""
        delivery.fault = NONE
        copy = replace(delivery, fault=fault, held=None)
        if fault.seconds:
            self._spawn(self._post_later(copy, fault.seconds))
        else:
            await self._post_copy(copy)

    async def _post_later(self, copy: Delivery, seconds: float) -> None:
        await self._sleep(seconds)
        self._stir(copy)
        try:
            await self._post_copy(copy)
        finally:
            self._rest(copy)

    async def _post_copy(self, copy: Delivery) -> None:
        """Post a copy, and write to the log how it was answered."""
        loop = asyncio.get_running_loop()
        began, started = self._now(), loop.time()
        answer = await self._answer(copy)
        millis, fault, attempt = (loop.time() - started) * 1000, copy.fault or NONE, copy.attempt
        if fault.delivery in FORGERIES and fault.besides:
            verdict = Verdict(False, reason=f"a forged copy: {DELIVERIES[fault.delivery]}")
            attempt, outcome = replace(attempt, number=0), "forged"
        else:
            verdict = judge(answer)
            outcome = "delivered" if verdict.delivered else "failed"
        self._record(copy.entry, attempt, verdict, outcome, began, answer.status, millis, fault)

    # Telling and counting.

    def _record(
        self,
        entry: Entry,
        attempt: Attempt,
        verdict: Verdict,
        outcome: str,
        began: int,
        status: int | None = None,
        millis: float = 0.0,
        fault: Fault | None = None,
    ) -> None:
        data: dict[str, Any] = {
            "event_id": entry.data.get("id"),
            "url": safe_url(attempt.url),
            "method": attempt.method,
            "attempt": attempt.number,
            "status": status,
            "outcome": outcome,
            "started_at": iso(began),
            "code": verdict.code,
            "reason": verdict.reason,
            "ms": round(millis, 3),
        }
        if fault is not None and fault is not NONE:
            data["fault"] = fault.told()
        self._log.append(self._now(), "delivery", entry.name, entry.call_control_id, data)

    def _give_up(self, entry: Entry, attempt: Attempt, reason: str, fault: Fault | None = None) -> None:
        verdict = Verdict(False, False, "75000", reason)
        self._record(entry, attempt, verdict, "failed", self._now(), fault=fault)

    def _warn(self, entry: Entry) -> None:
        """Say, at the first event of all that has no destination, that such events are not sent."""
        if self._warned:
            return
        self._warned = True
        message = (
            f"{entry.name} is not sent, nor is any other event of a call without a webhook URL: start with "
            "--webhook-url, or give the command a webhook_url"
        )
        self._log.append(self._now(), "warning", "no webhook URL", entry.call_control_id, {"text": message})

    def _stir(self, delivery: Delivery) -> None:
        """Hold time, and be busy, until this delivery rests or is finished."""
        delivery.held = self._hold(f"delivery {delivery.entry.name}")
        delivery.held.__enter__()
        self._busy += 1
        self._nothing_to_do.clear()

    def _rest(self, delivery: Delivery) -> None:
        held, delivery.held = delivery.held, None
        if held is None:
            return
        held.__exit__(None, None, None)
        self._busy -= 1
        if not self._busy:
            self._nothing_to_do.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
