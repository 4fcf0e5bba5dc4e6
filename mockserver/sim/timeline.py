"""What will happen, in order of time; what is planned for the same moment happens in the order it was planned."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from heapq import heappop, heappush, nsmallest
from typing import Any


@dataclass(slots=True, eq=False)
class Plan:
    """Something planned. `backstop` marks limits that end what nobody ends (a call's longest duration): a clock that
    skips does not skip to them unless somebody waits for it. A `beat` is a backstop that comes again and again, such as
    a frame of audio: it is passed on the way to something, without the respect that a limit is owed. `outside` is who
    waits outside the simulation, whom no copy of it has."""

    at: int
    action: Callable[..., None]
    args: tuple[Any, ...]
    backstop: bool = False
    cancelled: bool = False
    beat: bool = False
    outside: bool = False


class Timeline:
    """A priority queue of plans by (time, insertion)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Plan]] = []
        self._count = 0
        self._dead = 0
        self._near = 0

    def plan(self, at: int, action: Callable[..., None], *args: Any, backstop: bool = False) -> Plan:
        """Plan `action(*args)` for the moment `at`, in microseconds since the Unix epoch."""
        plan = Plan(at, action, args, backstop)
        self._count += 1
        heappush(self._heap, (at, self._count, plan))
        self._near += not backstop
        return plan

    def cancel(self, plan: Plan | None) -> None:
        """Make a plan void. Void plans leave the heap when they outnumber the others, so memory stays bounded."""
        if plan is None or plan.cancelled:
            return
        plan.cancelled = True
        self._near -= not plan.backstop
        self._dead += 1
        if self._dead > 64 and self._dead * 2 > len(self._heap):
            self._heap = sorted(item for item in self._heap if not item[2].cancelled)
            self._dead = 0

    def next_at(self) -> int | None:
        """When the next plan is due, or None."""
        self._drop_void()
        return self._heap[0][0] if self._heap else None

    def peek(self) -> Plan | None:
        """The first plan, or None."""
        self._drop_void()
        return self._heap[0][2] if self._heap else None

    def coming(self, count: int) -> list[Plan]:
        """The next so many plans, the first one first. It looks at all plans."""
        return [plan for _, _, plan in nsmallest(count, (item for item in self._heap if not item[2].cancelled))]

    def next_limit(self) -> int | None:
        """When the next backstop that is no beat is due, or None. It looks at all plans."""
        return min(
            (at for at, _, plan in self._heap if plan.backstop and not plan.beat and not plan.cancelled), default=None
        )

    def anything_near(self) -> bool:
        """Is anything planned that is not a mere backstop?"""
        return self._near > 0

    def take_due(self, now: int) -> Plan | None:
        """Remove and return the first plan that is due at `now`, or None."""
        self._drop_void()
        if not self._heap or self._heap[0][0] > now:
            return None
        plan = heappop(self._heap)[2]
        plan.cancelled = True  # done: a later cancel has nothing to undo
        self._near -= not plan.backstop
        return plan

    def __deepcopy__(self, memo: dict[int, Any]) -> Timeline:
        """A copy has the same plans in the same order, but none of those who wait outside."""
        copy = memo[id(self)] = Timeline()
        kept = sorted(item for item in self._heap if not (item[2].cancelled or item[2].outside))
        copy._count = self._count
        copy._near = sum(not plan.backstop for _, _, plan in kept)
        copy._heap = deepcopy(kept, memo)
        return copy

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def _drop_void(self) -> None:
        while self._heap and self._heap[0][2].cancelled:
            heappop(self._heap)
            self._dead -= 1
