"""Holds on time that somebody far away has: each has a name, and ends by itself when nobody ends it.

A client of the control interface may die; what it holds must not stand for ever.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass

from mockserver.driver import Driver

MOST = 100
"""How many holds there may be at once."""

SECONDS = 60.0
"""How long, in real seconds, a hold stands that nobody ends and that does not say how long."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold, and how many real seconds are left of it."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Standing:
    held: ExitStack
    timer: asyncio.TimerHandle


class Holds:
    """The holds on the time of one driver, by name."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._standing: dict[str, _Standing] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._standing

    @property
    def is_full(self) -> bool:
        return len(self._standing) >= MOST

    def hold(self, name: str, seconds: float = SECONDS) -> Hold:
        """Hold time from now on; one of this name that stands already begins anew."""
        held = ExitStack()
        held.enter_context(self._driver.hold(name, firm=True))
        self.let_go(name)
        timer = asyncio.get_running_loop().call_later(seconds, self.let_go, name)
        self._standing[name] = _Standing(held, timer)
        return Hold(name, seconds)

    def let_go(self, name: str) -> None:
        """End a hold, if it still stands."""
        standing = self._standing.pop(name, None)
        if standing is not None:
            standing.timer.cancel()
            standing.held.close()

    def listed(self) -> list[Hold]:
        """What stands, in the order in which it began."""
        now = asyncio.get_running_loop().time()
        return [Hold(name, max(0.0, round(one.timer.when() - now, 3))) for name, one in self._standing.items()]

    def close(self) -> None:
        """End them all."""
        for name in list(self._standing):
            self.let_go(name)
