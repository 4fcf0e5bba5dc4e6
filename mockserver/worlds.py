"""Worlds side by side: one for each API key, made when the key is first used, with nothing in common.

So parallel test runs never meet, and the number of worlds is bounded: past `limit` the one that was not used for the
longest time is closed, if no call is up in it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from os import urandom

from mockserver.driver import Driver
from mockserver.holds import Holds
from mockserver.sim import errors
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.snapshots import copied

MOST_SNAPSHOTS = 20
"""How many moments of a world may be kept."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of a world that can be gone back to: a copy of its simulation that nobody moves."""

    name: str
    simulation: Simulation
    scenarios: tuple[Json, ...]


def _nowhere(entry: Entry, number: int, url: str | None) -> list[str]:
    raise ValueError("this world sends nothing")


@dataclass(slots=True, eq=False)
class World:
    """One world at work: its simulation, what moves it, and what else was started for it (`close` ends that).

    `idle` waits until no webhook is in line or in flight, `is_reaching` says whether the simulation has a connection or
    a request open; `deliver_again` sends a webhook once more (see `Sender.deliver_again`); `going_on_as` makes a world
    of the same key around a copy of its simulation. `incarnation` tells it from other worlds of its key, also those of
    another process. An answer is kept `answer_kept_secs` of real time at most for an event that is to come before it.
    """

    key: str
    seed: int
    simulation: Simulation
    driver: Driver
    close: Callable[[], Awaitable[None]]
    idle: Callable[[], Awaitable[None]]
    scenarios: list[Json] = field(default_factory=list)
    is_reaching: Callable[[], bool] = lambda: False
    deliver_again: Callable[[Entry, int, str | None], list[str]] = _nowhere
    going_on_as: Callable[[Simulation], World] | None = None
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    incarnation: str = field(default_factory=lambda: urandom(8).hex())
    answer_kept_secs: float = 10.0
    holds: Holds = field(init=False)

    def __post_init__(self) -> None:
        self.holds = Holds(self.driver)


class Worlds:
    """The worlds by key. `build(key, seed)` makes one; `seed` is what each begins with.

    `default` is the key of the world that is meant when none is named; with `one`, every key leads to it.
    """

    def __init__(
        self,
        build: Callable[[str, int], World],
        seed: int = 0,
        limit: int = 1_000,
        default: str = "",
        one: bool = False,
    ) -> None:
        self._build = build
        self.default_key = default
        self._one = one
        self._seed = seed
        self._limit = limit
        self._worlds: OrderedDict[str, World] = OrderedDict()
        self._closing: set[asyncio.Future[None]] = set()

    def of(self, key: str) -> World:
        """The world of a key; 429 when there are too many worlds with calls in them."""
        key = self.default_key if self._one else key
        world = self._worlds.get(key)
        if world is None:
            if len(self._worlds) >= self._limit:
                self._make_room()
            world = self._worlds[key] = self._build(key, self._seed)
        self._worlds.move_to_end(key)
        return world

    def all(self) -> list[World]:
        """Every world, the one used last at the end."""
        return list(self._worlds.values())

    def where_is(self, call_control_id: str) -> str | None:
        """The key of the world that has a leg, for a hint to whoever looks for it in another."""
        for key, world in self._worlds.items():
            if call_control_id in world.simulation.world.legs:
                return key
        return None

    async def reset(self, key: str, seed: int | None = None) -> World:
        """Close a world and begin it anew."""
        old = self._worlds.pop(key, None)
        new = self._worlds[key] = self._build(key, self._seed if seed is None else seed)
        if old is not None:
            await old.close()
        return new

    async def restore(self, world: World, snapshot: Snapshot) -> World:
        """Let a world go on from a moment that was kept; a new world takes its place, with the same snapshots."""
        assert world.going_on_as is not None
        new = world.going_on_as(copied(snapshot.simulation))
        new.scenarios, new.snapshots = list(snapshot.scenarios), world.snapshots
        self._worlds[world.key] = new
        await world.close()
        new.driver.stir()
        return new

    async def close(self) -> None:
        """Close all worlds."""
        worlds, self._worlds = self._worlds, OrderedDict()
        await asyncio.gather(*(world.close() for world in worlds.values()), *self._closing)

    def _make_room(self) -> None:
        for key, world in self._worlds.items():
            if key != self.default_key and not world.simulation.world.live_legs:
                closing = asyncio.ensure_future(self._worlds.pop(key).close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
                return
        raise Refusal(errors.TOO_MANY_REQUESTS)
