"""An hour of call time with at least 20 events on the clock that skips, in process: milliseconds besides the cushions.

Nothing reaches an application here, so that no cushion is owed and all of the time is ours.
"""

from __future__ import annotations

import asyncio
import time
from statistics import median

from benchmarks.calls import dial_body
from benchmarks.results import Row
from mockserver.driver import Driver
from mockserver.sim.clock import SECOND, Clock
from mockserver.sim.commands import Request, execute
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation

LIMIT_MILLIS, HOUR, EVENTS = 100.0, 3600.0, 20
CALLS = 8


def measure(quick: bool) -> list[Row]:
    """One row; its reference is the limit."""
    millis = median(asyncio.run(an_hour()) for _ in range(5 if quick else 25))
    return [Row("hour", "besides the cushions", millis, LIMIT_MILLIS, "ms", millis / LIMIT_MILLIS, 1.0, "at most")]


async def an_hour() -> float:
    """Milliseconds for one hour: calls of all lengths up to the whole hour, three events each."""
    simulation = Simulation()
    world = simulation.world
    for index in range(CALLS):
        to = f"+1202555{index:04}"
        world.people.append(Person(to, hangs_up_after=HOUR * (index + 1) / CALLS))
        execute(simulation, Request("dial", dial_body(to, time_limit_secs=14_400)))
    began_at = simulation.now
    driver = Driver(simulation, Clock.start("auto"))
    began = time.perf_counter()
    await driver.rest()
    millis = (time.perf_counter() - began) * 1000
    await driver.close()
    events = sum(entry.kind == "webhook" for entry in simulation.log.entries)
    if events < EVENTS or simulation.now - began_at < HOUR * SECOND or world.live_legs:
        raise RuntimeError(f"that was no hour: {events} events, {(simulation.now - began_at) / SECOND:g} s")
    return millis
