"""Worlds side by side: one for each API key, made when the key is first used, with nothing in common.

So parallel test runs never meet, and the number of worlds is bounded: past `limit` the one that was not used for the
longest time is closed, if no call is up in it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mockserver.driver import Driver
from mockserver.sim import errors
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation


@dataclass(slots=True, eq=False)
class World:
    """One world at work: its simulation, what moves it, and what else was started for it (`close` ends that)."""

    key: str
    seed: int
    simulation: Simulation
    driver: Driver
    close: Callable[[], Awaitable[None]]
    idle: Callable[[], Awaitable[None]]
    scenarios: list[Json] = field(default_factory=list)


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
