"""Moments of a world over HTTP: keep one, and go back to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mockserver.sim import errors
from mockserver.sim.clock import iso
from mockserver.sim.errors import Problem, Refusal
from mockserver.sim.events import Json
from mockserver.sim.snapshots import copied
from mockserver.worlds import MOST_SNAPSHOTS, Snapshot, World

if TYPE_CHECKING:
    from mockserver.http.control import Asked, Control

NOT_QUIET = Problem(
    "409",
    409,
    "World is not quiet",
    "{reason} A moment can be kept when no webhook is on its way and no WebSocket or request of the world is open.",
)

TOO_MANY_SNAPSHOTS = Problem(
    "409", 409, "Too many snapshots", f"{MOST_SNAPSHOTS} moments are kept already. Delete one of them first."
)

PATIENCE = 5.0
"""How long a snapshot waits, in real seconds, for webhooks that are on their way."""


async def keep(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    name = asked.body["name"]
    _check_room(world, name)
    try:
        async with asyncio.timeout(PATIENCE):
            await world.idle()
    except TimeoutError:
        raise Refusal(NOT_QUIET, reason=f"Webhooks were on their way for {PATIENCE:g} s.") from None
    if world.is_reaching():
        raise Refusal(NOT_QUIET, reason="A WebSocket or a request to the application is open.")
    _check_room(world, name)  # others may have kept theirs meanwhile
    world.driver.catch_up()
    world.snapshots[name] = Snapshot(name, copied(world.simulation), tuple(world.scenarios))
    return 201, {"data": _body(world.snapshots[name])}


async def listed(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return 200, {"data": [_body(snapshot) for snapshot in world.snapshots.values()]}


async def restore(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """The world goes on from there; live streams of it, WebSockets and webhooks on their way end."""
    snapshot = _snapshot(world, asked)
    await control.worlds.restore(world, snapshot)
    control.close(world)
    return 200, {"data": _body(snapshot)}


async def forget(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    snapshot = _snapshot(world, asked)
    del world.snapshots[snapshot.name]
    return 200, {"data": _body(snapshot)}


HANDLERS = {
    "mock_snapshot": keep,
    "mock_list_snapshots": listed,
    "mock_restore": restore,
    "mock_forget_snapshot": forget,
}


def _check_room(world: World, name: str) -> None:
    if len(world.snapshots) >= MOST_SNAPSHOTS and name not in world.snapshots:
        raise Refusal(TOO_MANY_SNAPSHOTS)


def _snapshot(world: World, asked: Asked) -> Snapshot:
    snapshot = world.snapshots.get(asked.found.path_params["name"])
    if snapshot is None:
        raise Refusal(errors.URL_NOT_FOUND, at="/name")
    return snapshot


def _body(snapshot: Snapshot) -> Json:
    simulation = snapshot.simulation
    return {
        "name": snapshot.name,
        "at": iso(simulation.now),
        "last_seq": simulation.log.last_seq,
        "live_calls": simulation.world.live_legs,
    }
