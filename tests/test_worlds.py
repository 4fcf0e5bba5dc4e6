"""Worlds side by side: one a key, nothing in common, never more than the limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from mockserver.driver import Driver
from mockserver.settings import DEFAULT_KEY
from mockserver.sim.clock import Clock
from mockserver.sim.errors import Refusal
from mockserver.sim.parties import place_call
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from mockserver.worlds import World, Worlds

pytestmark = pytest.mark.anyio


@dataclass
class Builder:
    """Makes worlds and remembers, in order, what was built (`key seed`) and closed (`key`)."""

    built: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def __call__(self, key: str, seed: int) -> World:
        self.built.append(f"{key} {seed}")
        simulation = Simulation(seed=seed)
        driver = Driver(simulation, Clock.start("manual"))

        async def close() -> None:
            await driver.close()
            self.closed.append(key)

        async def idle() -> None:
            """Nothing is sent here."""

        return World(key, seed, simulation, driver, close, idle)


def call(world: World) -> Leg:
    """Somebody calls the application in a world, and stays on the line."""
    return place_call(world.simulation, "+12025550143", "+12025550100", Person())


def keys(worlds: Worlds) -> list[str]:
    return [world.key for world in worlds.all()]


async def test_a_world_is_made_when_its_key_is_first_used_and_kept() -> None:
    builder = Builder()
    worlds = Worlds(builder, seed=7)
    assert worlds.of("KEY_a") is worlds.of("KEY_a")
    assert worlds.of("KEY_b") is not worlds.of("KEY_a")
    assert builder.built == ["KEY_a 7", "KEY_b 7"]


async def test_what_happens_in_one_world_is_not_seen_in_another() -> None:
    worlds = Worlds(Builder())
    leg = call(worlds.of("KEY_a"))
    assert worlds.of("KEY_b").simulation.world.legs == {}
    assert worlds.of("KEY_b").simulation.log.last_seq == 0
    assert worlds.where_is(leg.call_control_id) == "KEY_a"
    assert worlds.where_is("v3:nobody") is None


async def test_every_key_leads_to_the_only_world_where_there_is_one() -> None:
    worlds = Worlds(Builder(), default=DEFAULT_KEY, one=True)
    assert worlds.of("KEY_a") is worlds.of("KEY_b") is worlds.of(DEFAULT_KEY)


async def test_past_the_limit_the_world_that_was_used_the_longest_ago_is_closed() -> None:
    builder = Builder()
    worlds = Worlds(builder, limit=2)
    for key in ("KEY_a", "KEY_b", "KEY_a", "KEY_c"):
        worlds.of(key)
    assert keys(worlds) == ["KEY_a", "KEY_c"]
    await worlds.close()
    assert sorted(builder.closed) == ["KEY_a", "KEY_b", "KEY_c"]


async def test_a_world_in_which_a_call_is_up_and_the_default_world_are_never_closed_for_another() -> None:
    worlds = Worlds(Builder(), limit=3, default=DEFAULT_KEY)
    worlds.of(DEFAULT_KEY)
    call(worlds.of("KEY_busy"))
    for number in range(5):
        worlds.of(f"KEY_{number}")
    assert keys(worlds) == [DEFAULT_KEY, "KEY_busy", "KEY_4"]
    await worlds.close()


async def test_where_calls_are_up_in_every_world_a_new_key_is_refused_and_changes_nothing() -> None:
    worlds = Worlds(Builder(), limit=1)
    call(worlds.of("KEY_busy"))
    with pytest.raises(Refusal) as refused:
        worlds.of("KEY_new")
    assert (refused.value.status, refused.value.problems[0].problem.code) == (429, "10011")
    assert keys(worlds) == ["KEY_busy"]


@pytest.mark.parametrize(("given", "seed"), [(None, 7), (42, 42), (0, 0)])
async def test_a_world_that_is_reset_begins_anew_with_its_seed_or_another(given: int | None, seed: int) -> None:
    builder = Builder()
    worlds = Worlds(builder, seed=7)
    old = worlds.of("KEY_a")
    call(old)
    new = await worlds.reset("KEY_a", given)
    assert builder.closed == ["KEY_a"]
    assert worlds.of("KEY_a") is new
    assert (new.seed, new.simulation.world.legs) == (seed, {})


async def test_the_same_seed_gives_the_same_ids_after_a_reset() -> None:
    worlds = Worlds(Builder(), seed=7)
    first = call(worlds.of("KEY_a")).call_control_id
    assert call(await worlds.reset("KEY_a")).call_control_id == first
    assert call(await worlds.reset("KEY_a", 8)).call_control_id != first


async def test_a_world_that_never_was_can_be_reset() -> None:
    worlds = Worlds(Builder())
    assert (await worlds.reset("KEY_a")) is worlds.of("KEY_a")


async def test_resets_at_once_leave_one_world_and_close_the_others() -> None:
    builder = Builder()
    worlds = Worlds(builder)
    worlds.of("KEY_a")
    await asyncio.gather(*(worlds.reset("KEY_a") for _ in range(3)))
    assert keys(worlds) == ["KEY_a"]
    assert builder.closed == ["KEY_a"] * 3


async def test_closing_closes_every_world_once() -> None:
    builder = Builder()
    worlds = Worlds(builder)
    for key in ("KEY_a", "KEY_b"):
        worlds.of(key)
    await worlds.close()
    await worlds.close()
    assert sorted(builder.closed) == ["KEY_a", "KEY_b"]
    assert worlds.all() == []
