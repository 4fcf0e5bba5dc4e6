"""Who is next: what waits for each destination, and in which order the events of a leg may go. Pure.

Two events of a leg to one destination are in a lane: the later one stands behind the earlier one until that
one passes on. What may go stands in the line of its destination, in the order in which it got there.

Memory: a destination and a lane exist while something of theirs is unfinished.
"""

from __future__ import annotations

from asyncio import Task
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from mockserver.sim.events import Entry, Route
from mockserver.sim.faults import Fault
from mockserver.webhooks.policy import Attempt, destination

Lane = tuple[str | None, str]
"""A leg, or None for events without one, and the destination of its first attempts."""


@dataclass(slots=True, eq=False)
class Destination:
    """A scheme, host and port: what may be posted there, by how many workers, and how many events are
    unfinished."""

    name: str
    line: deque[Delivery] = field(default_factory=deque)
    workers: int = 0
    unfinished: int = 0


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way, and its present attempt. `held` keeps simulated time from being skipped.

    `fault` is what the attempt suffers, None before that was asked; `limit` is what ends its being held back.
    """

    entry: Entry
    route: Route
    attempt: Attempt
    first: Destination
    lane: Lane
    leads: bool = True
    follower: Delivery | None = None
    data: bytes = b""
    held: AbstractContextManager[None] | None = None
    fault: Fault | None = None
    limit: Task[None] | None = None


class Lines:
    """All destinations and lanes of a sender. `wake` is told of every destination whose line got longer."""

    def __init__(self, wake: Callable[[Destination], None]) -> None:
        self.unfinished: dict[Delivery, None] = {}
        self.destinations: dict[str, Destination] = {}
        self._last: dict[Lane, Delivery] = {}
        self._held_back: dict[Lane, list[Delivery]] = {}
        self._wake = wake

    def at(self, url: str) -> Destination:
        """The destination of a URL."""
        name = destination(url)
        found = self.destinations.get(name)
        if found is None:
            found = self.destinations[name] = Destination(name)
        return found

    def join(self, entry: Entry, route: Route, attempt: Attempt) -> Delivery:
        """Put an event in line for its first attempt: behind its leg's last one, if that has not passed
        on."""
        first = self.at(attempt.url)
        lane = (entry.call_control_id, first.name)
        delivery = Delivery(entry, route, attempt, first, lane)
        self.unfinished[delivery] = None
        first.unfinished += 1
        last = self._last.get(lane)
        self._last[lane] = delivery
        if last is None:
            self.let_go(delivery)
        else:
            last.follower = delivery
        return delivery

    def let_go(self, delivery: Delivery) -> None:
        """Put a delivery in the line of the destination of its present attempt."""
        to = self.at(delivery.attempt.url)
        to.line.append(delivery)
        self._wake(to)

    def pass_on(self, delivery: Delivery) -> None:
        """Let the next event of the lane go; the second time, do nothing."""
        if not delivery.leads:
            return
        delivery.leads = False
        follower, delivery.follower = delivery.follower, None
        if follower is None:
            del self._last[delivery.lane]
        else:
            self.let_go(follower)

    def hold_back(self, delivery: Delivery) -> None:
        """Let the next event of the lane go before this one."""
        self._held_back.setdefault(delivery.lane, []).append(delivery)
        self.pass_on(delivery)

    def held_back(self, lane: Lane) -> list[Delivery]:
        """Those of a lane that were held back until now, and are not any more."""
        return self._held_back.pop(lane, [])

    def is_late(self, delivery: Delivery) -> None:
        """Hold a delivery back no longer: its next one did not come in time."""
        late = self._held_back.get(delivery.lane, [])
        if delivery in late:
            late.remove(delivery)
            if not late:
                del self._held_back[delivery.lane]

    def finish(self, delivery: Delivery) -> None:
        """Forget a delivery that came to its end."""
        del self.unfinished[delivery]
        delivery.first.unfinished -= 1
        self.forget(delivery.first)

    def forget(self, one: Destination) -> None:
        """Forget a destination that has nothing to do."""
        if not (one.line or one.workers or one.unfinished):
            self.destinations.pop(one.name, None)
