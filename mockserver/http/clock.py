"""The clock over HTTP: what time it is, letting it pass, and holding it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.holds import MOST, Hold
from mockserver.sim import errors
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Problem, Refusal
from mockserver.sim.events import Json
from mockserver.worlds import World

if TYPE_CHECKING:
    from mockserver.http.control import Asked, Control

FOLLOWS_WALL = Problem(
    "409",
    409,
    "Clock follows the wall",
    "This clock follows the wall and cannot be {verb}. Start with --clock manual or --clock auto.",
)

TOO_MANY_HOLDS = Problem("409", 409, "Too many holds", f"{MOST} holds stand already. End one of them first.")

NEXT = 5
"""How many plans are told of what is still to come."""


async def clock(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    driver, simulation = world.driver, world.simulation
    due = simulation.timeline.next_at()
    return 200, {
        "data": {
            "mode": driver.clock.mode,
            "factor": driver.clock.factor if driver.clock.follows_wall else None,
            "now": iso(simulation.now),
            "next": None if due is None else iso(due),
            "holds": driver.holds,
        }
    }


async def advance(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    _must_be_ours(world, "moved")
    await world.driver.advance(asked.body["seconds"])
    return await clock(control, world, asked)


async def hold(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    _must_be_ours(world, "held")
    if world.holds.is_full and asked.body["name"] not in world.holds:
        raise Refusal(TOO_MANY_HOLDS)
    return 201, {"data": _hold_body(world.holds.hold(**asked.body))}


async def list_holds(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return 200, {"data": [_hold_body(each) for each in world.holds.listed()]}


async def let_go(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    name = asked.found.path_params["name"]
    if name not in world.holds:
        raise Refusal(errors.URL_NOT_FOUND, at="/name")
    world.holds.let_go(name)
    return await clock(control, world, asked)


HANDLERS = {
    "mock_clock": clock,
    "mock_advance": advance,
    "mock_hold_time": hold,
    "mock_list_holds": list_holds,
    "mock_let_time_go": let_go,
}


def situation(world: World) -> Json:
    """Who moves time, who holds it, what comes next and what came last."""
    driver, now = world.driver, world.simulation.now
    coming = [{"what": what, "in_secs": max(0, at - now) / SECOND} for at, what in driver.coming(NEXT)]
    last = list(world.simulation.log.entries)[-NEXT:]
    return {
        "clock": driver.clock.mode,
        "now": iso(now),
        "holds": driver.holds,
        "next": coming,
        "last": [f"{entry.kind} {entry.name}" for entry in last],
    }


def _must_be_ours(world: World, verb: str) -> None:
    if world.driver.clock.follows_wall:
        raise Refusal(FOLLOWS_WALL, verb=verb)


def _hold_body(hold: Hold) -> Json:
    return {"name": hold.name, "seconds_left": hold.seconds}
