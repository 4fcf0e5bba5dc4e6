"""Simulated time: microseconds since the Unix epoch, and how it follows the wall.

This is the only module of the simulation that may ask the machine what time it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1_000_000
EPOCH = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z: where every world starts whose clock does not follow the wall, so that runs compare."""

MODES = ("real", "fast", "manual", "auto")


@dataclass(frozen=True, slots=True)
class Clock:
    """How simulated time moves.

    `real` and `fast` follow the wall, `fast` by `factor`; `manual` moves when told; `auto` is moved by the driver.
    """

    mode: str = "real"
    factor: float = 1.0
    started_wall: float = 0.0
    started: int = EPOCH

    @classmethod
    def start(cls, mode: str = "real", factor: float = 60.0) -> Clock:
        """A clock that starts now: at the wall's time if it is real, else at `EPOCH`."""
        if mode == "real":
            return cls(mode, 1.0, time.monotonic(), time.time_ns() // 1000)
        return cls(mode, factor if mode == "fast" else 1.0, time.monotonic(), EPOCH)

    def going_on_at(self, at: int) -> Clock:
        """The same kind of clock, by which it is now `at`."""
        return replace(self, started_wall=time.monotonic(), started=at)

    @property
    def follows_wall(self) -> bool:
        return self.mode in ("real", "fast")

    def read(self, now: int) -> int:
        """The simulated time that it is, given the time the world has reached."""
        if not self.follows_wall:
            return now
        return max(now, self.started + round((time.monotonic() - self.started_wall) * self.factor * SECOND))

    def wall_seconds_until(self, at: int) -> float:
        """How long the wall takes until the simulated moment `at`; at least 0."""
        due = self.started_wall + (at - self.started) / SECOND / self.factor
        return max(0.0, due - time.monotonic())


def moment(text: str) -> int:
    """A date and time in ISO 8601, in UTC unless it says otherwise, in microseconds; ValueError for what is none."""
    found = datetime.fromisoformat(text)
    since = found.replace(tzinfo=found.tzinfo or UTC) - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def iso(at: int) -> str:
    """A moment the way the platform writes it: `2026-01-01T00:00:00.000000Z`."""
    seconds, micros = divmod(at, SECOND)
    return f"{_to_the_second(seconds)}.{micros:06d}Z"


@lru_cache(maxsize=256)
def _to_the_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def wall_timestamp() -> int:
    """Unix seconds by the wall clock: for the signature of a webhook, which verifiers accept for 300 s."""
    return int(time.time())
