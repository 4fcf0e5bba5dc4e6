"""Time in a live process: skipped, held, advanced by hand, following the wall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mockserver.driver import Driver, StillWaiting, TimeIsOver
from mockserver.sim.clock import SECOND, Clock
from mockserver.sim.commands import Request
from mockserver.sim.events import Entry, Route
from mockserver.sim.simulation import Simulation

pytestmark = pytest.mark.anyio

CUSHION = 0.002
LONG_CUSHION = 0.02
NEVER = 3600.0
"""A cushion that a test would not live to see the end of."""

APP = Route(url="http://app.example/hooks")


@asynccontextmanager
async def driving(
    mode: str = "auto",
    factor: float = 1.0,
    cushion: float = CUSHION,
    long_cushion: float = LONG_CUSHION,
    unasked: bool = True,
    pause: Callable[[float], Awaitable[None]] | None = None,
) -> AsyncIterator[Driver]:
    """A driver with an empty world; whatever it started is over after the block."""
    others = asyncio.all_tasks()
    clock = Clock.start(mode, factor)
    driver = Driver(Simulation(start=clock.started), clock, cushion, long_cushion, unasked, pause)
    try:
        yield driver
    finally:
        await driver.close()
        assert asyncio.all_tasks() == others


def tick(simulation: Simulation, name: str) -> None:
    simulation.note("person", name, None)


def plan(driver: Driver, **seconds: float) -> None:
    """Plan ticks by name, in so many seconds, as somebody outside does."""
    for name, secs in seconds.items():
        driver.act(driver.simulation.after, secs, tick, driver.simulation, name)


def plan_quietly(driver: Driver, backstop: bool = False, **seconds: float) -> None:
    """The same without anybody noticing."""
    for name, secs in seconds.items():
        driver.simulation.after(secs, tick, driver.simulation, name, backstop=backstop)


def webhook(driver: Driver, name: str, route: Route | None = APP) -> None:
    simulation = driver.simulation
    simulation.log.append(simulation.now, "webhook", name, None, {}, route)


def told(driver: Driver) -> list[tuple[float, str]]:
    """What happened, by the seconds since the clock started."""
    started = driver.clock.started
    return [((entry.at - started) / SECOND, entry.name) for entry in driver.simulation.log.entries]


def passed(driver: Driver) -> float:
    """How much simulated time has passed."""
    return (driver.simulation.now - driver.clock.started) / SECOND


def named(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.name == name


async def a_while() -> None:
    """Longer than any cushion."""
    await asyncio.sleep(3 * LONG_CUSHION)


async def turns(count: int = 20) -> None:
    """Let everything happen that does not wait for anybody."""
    for _ in range(count):
        await asyncio.sleep(0)


# The clock that skips ------------------------------------------------------------------------------------------------


async def test_time_skips_from_plan_to_plan_while_nobody_holds_it() -> None:
    async with driving() as driver:
        plan(driver, third=3600, first=1, second=60)
        await driver.rest()
        assert told(driver) == [(1, "first"), (60, "second"), (3600, "third")]
        assert passed(driver) == 3600


async def test_a_clock_that_skips_only_when_asked_stands_still_until_somebody_waits() -> None:
    async with driving(unasked=False) as driver:
        plan(driver, first=1, second=2)
        await driver.rest()
        assert told(driver) == []
        await driver.wait_for(named("first"))
        with driver.passing():
            await driver.rest()
        assert told(driver) == [(1, "first"), (2, "second")]


async def test_while_time_is_only_passing_no_mere_limit_is_skipped_to() -> None:
    async with driving(unasked=False) as driver:
        plan_quietly(driver, backstop=True, limit=60)
        with driver.passing():
            await driver.rest()
        assert told(driver) == []
        await driver.wait_for(named("limit"))
        assert told(driver) == [(60, "limit")]


async def test_an_onlooker_is_called_after_each_skip_and_no_more_after_its_block() -> None:
    async with driving() as driver:
        seen: list[float] = []
        plan(driver, first=1, second=2)
        with driver.watched(lambda: seen.append(passed(driver))):
            await driver.rest()
        plan(driver, third=3)
        await driver.rest()
        assert seen == [1, 2]


async def test_nothing_is_skipped_while_somebody_holds_time() -> None:
    async with driving() as driver:
        with driver.hold("delivery call.initiated"):
            plan(driver, tick=1)
            await a_while()
            assert told(driver) == []
        await driver.rest()
        assert told(driver) == [(1, "tick")]


async def test_what_has_to_come_first_comes_although_time_is_held() -> None:
    async with driving() as driver:
        with driver.hold("delivery"):
            plan(driver, tick=1)
            with driver.pressing():
                await driver.sleep(2)
            assert told(driver) == [(1, "tick")]
            plan(driver, tock=1)
            await a_while()
            assert told(driver) == [(1, "tick")]


@pytest.mark.parametrize("mode", ["auto", "manual"])
async def test_a_firm_hold_is_passed_by_nobody(mode: str) -> None:
    async with driving(mode) as driver:
        with driver.pressing(), driver.hold("delivery"):
            with driver.hold("worker", firm=True):
                plan(driver, tick=0.5)
                advancing = asyncio.create_task(driver.advance(1))
                await a_while()
                assert told(driver) == []
            await advancing
            assert told(driver) == [(0.5, "tick")]


async def test_time_is_held_until_the_last_hold_of_a_name_is_gone() -> None:
    async with driving() as driver:
        with driver.hold("worker"), driver.hold("delivery"):
            with driver.hold("worker"):
                assert driver.holds == ["delivery", "worker"]
            assert driver.holds == ["delivery", "worker"]
        assert driver.holds == []


async def test_a_hold_ends_with_its_block_though_that_fails() -> None:
    async with driving() as driver:
        with pytest.raises(ZeroDivisionError), driver.hold("worker"):
            1 / 0  # noqa: B018
        assert driver.holds == []


async def test_an_application_that_was_told_something_has_a_cushion_to_act_in() -> None:
    async with driving(cushion=0.1) as driver:
        acted = []

        async def application() -> None:
            await driver.wait_for(named("call.answered"))
            await turns()
            driver.act(tick, driver.simulation, "command")
            acted.append(True)

        application_runs = asyncio.create_task(application())
        await turns(1)
        driver.simulation.after(1, webhook, driver, "call.answered")
        plan_quietly(driver, tick=2)
        await driver.rest()
        await application_runs
        assert told(driver) == [(1, "call.answered"), (1, "command"), (2, "tick")]


@pytest.mark.parametrize("route", [None, Route()])
async def test_nobody_is_given_a_cushion_where_nothing_was_told_to_anybody(route: Route | None) -> None:
    async with driving(cushion=NEVER) as driver:
        driver.simulation.after(1, webhook, driver, "call.answered", route)
        plan_quietly(driver, tick=2)
        await driver.rest()
        assert told(driver) == [(1, "call.answered"), (2, "tick")]


async def test_the_cushions_are_given_by_whoever_knows_when_nobody_is_left_to_act() -> None:
    given: list[float] = []

    async def pause(cushion: float) -> None:
        given.append(cushion)

    async with driving(cushion=NEVER, long_cushion=NEVER + 1, pause=pause) as driver:
        webhook(driver, "call.initiated")
        plan_quietly(driver, backstop=True, limit=60)
        await driver.wait_for(named("limit"))
    assert given == [NEVER, NEVER + 1]


async def test_every_stir_begins_the_cushion_anew() -> None:
    async with driving(cushion=0.05) as driver:
        plan(driver, tick=1)
        for _ in range(8):
            await asyncio.sleep(0.01)
            driver.stir()
        assert told(driver) == []
        await driver.rest()
        assert told(driver) == [(1, "tick")]


# Limits --------------------------------------------------------------------------------------------------------------


async def test_a_mere_limit_is_not_skipped_to_while_nobody_waits() -> None:
    async with driving() as driver:
        plan_quietly(driver, backstop=True, limit=3600)
        await driver.rest()
        await a_while()
        assert passed(driver) == 0


async def test_a_mere_limit_is_skipped_to_when_something_else_is_to_come_behind_it() -> None:
    async with driving() as driver:
        plan_quietly(driver, backstop=True, limit=60)
        plan(driver, tick=100)
        await driver.rest()
        assert told(driver) == [(60, "limit"), (100, "tick")]


async def test_a_mere_limit_is_skipped_to_while_somebody_waits() -> None:
    async with driving() as driver:
        plan_quietly(driver, backstop=True, limit=3600)
        entry = await driver.wait_for(named("limit"))
        assert told(driver) == [(3600, "limit")]
        assert entry.name == "limit"


async def test_a_mere_limit_is_skipped_to_inside_a_block_that_waits() -> None:
    async with driving() as driver:
        plan_quietly(driver, backstop=True, limit=3600)
        with driver.waiting():
            await driver.rest()
        assert told(driver) == [(3600, "limit")]


async def test_a_limit_is_put_off_by_whoever_acts_before_it_is_skipped_to() -> None:
    async with driving() as driver:
        plan_quietly(driver, backstop=True, limit=3600)
        with driver.waiting():
            for number in range(6):
                await asyncio.sleep(LONG_CUSHION / 4)
                driver.act(tick, driver.simulation, f"act {number}")
            assert passed(driver) == 0
            await driver.rest()
        assert passed(driver) == 3600


async def test_a_limit_is_not_skipped_to_for_somebody_who_has_stopped_waiting() -> None:
    async with driving(long_cushion=0.05) as driver:
        plan_quietly(driver, backstop=True, limit=3600)
        with pytest.raises(StillWaiting):
            await driver.wait_for(named("limit"), limit=0.01)
        await asyncio.sleep(0.1)
        assert passed(driver) == 0


# Beats ---------------------------------------------------------------------------------------------------------------


def beat(driver: Driver, seconds: float) -> None:
    """Let something come again and again, as the frames of a stream do."""

    def again() -> None:
        tick(driver.simulation, "beat")
        beat(driver, seconds)

    driver.simulation.beat(round(seconds * SECOND), again)


async def test_beats_alone_move_no_time_whoever_waits() -> None:
    async with driving() as driver:
        beat(driver, 1)
        with driver.waiting():
            await driver.rest()
            await a_while()
        assert passed(driver) == 0


async def test_beats_are_passed_on_the_way_to_something() -> None:
    async with driving(long_cushion=NEVER) as driver:
        beat(driver, 1)
        plan_quietly(driver, backstop=True, limit=3600)
        plan(driver, tick=2.5)
        await driver.rest()
        assert told(driver) == [(1, "beat"), (2, "beat"), (2.5, "tick")]


async def test_beats_are_passed_on_the_way_to_a_limit_that_is_waited_for_at_the_price_of_the_limit() -> None:
    async with driving() as driver:
        beat(driver, 1)
        plan_quietly(driver, backstop=True, limit=100.5)
        began = asyncio.get_running_loop().time()
        await driver.wait_for(named("limit"))
        assert asyncio.get_running_loop().time() - began < 20 * LONG_CUSHION
        assert [name for _, name in told(driver)] == ["beat"] * 100 + ["limit"]


# The clock that is moved by hand -------------------------------------------------------------------------------------


async def test_time_stands_still_until_it_is_advanced() -> None:
    async with driving("manual") as driver:
        plan(driver, first=1, second=60, third=61)
        await a_while()
        assert told(driver) == []
        await driver.advance(60)
        assert told(driver) == [(1, "first"), (60, "second")]
        assert passed(driver) == 60


async def test_advancing_returns_when_nobody_holds_time_any_more() -> None:
    async with driving("manual") as driver:
        delivering = asyncio.Event()
        let_go = asyncio.Event()

        async def deliver() -> None:
            with driver.hold("delivery"):
                delivering.set()
                await let_go.wait()
                driver.act(tick, driver.simulation, "delivered")

        tasks = []
        driver.simulation.after(1, lambda: tasks.append(asyncio.create_task(deliver())))
        driver.simulation.after(1, webhook, driver, "call.answered")
        plan_quietly(driver, tick=2)
        advance = asyncio.create_task(driver.advance(10))
        await delivering.wait()
        await a_while()
        assert not advance.done()
        assert told(driver) == [(1, "call.answered")]
        let_go.set()
        await advance
        assert told(driver) == [(1, "call.answered"), (1, "delivered"), (2, "tick")]
        assert passed(driver) == 10


async def test_advancing_lets_happen_what_is_planned_meanwhile() -> None:
    async with driving("manual") as driver:
        driver.simulation.after(1, plan_quietly, driver)
        driver.simulation.after(1, lambda: plan_quietly(driver, later=2, too_late=10))
        await driver.advance(5)
        assert told(driver) == [(3, "later")]


async def test_others_have_their_turn_while_much_time_passes() -> None:
    async with driving("manual") as driver:
        for second in range(100):
            plan_quietly(driver, tick=second)
        advancing = asyncio.create_task(driver.advance(604_800))
        await turns(10)
        assert 0 < len(told(driver)) < 100
        await advancing
        assert len(told(driver)) == 100


async def test_two_who_advance_at_once_advance_one_after_the_other() -> None:
    async with driving("manual") as driver:
        plan(driver, first=1, second=3, too_late=5)
        await asyncio.gather(driver.advance(2), driver.advance(2))
        assert told(driver) == [(1, "first"), (3, "second")]
        assert passed(driver) == 4


async def test_the_clock_that_skips_can_be_advanced_to_a_limit() -> None:
    async with driving() as driver:
        plan_quietly(driver, backstop=True, limit=3600)
        await driver.advance(3600)
        assert told(driver) == [(3600, "limit")]


# The clocks that follow the wall -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "factor", "seconds"), [("real", 1.0, 0.01), ("fast", 1000.0, 10.0)])
async def test_the_wall_moves_time(mode: str, factor: float, seconds: float) -> None:
    async with driving(mode, factor) as driver:
        began = asyncio.get_running_loop().time()
        due = driver.simulation.now + round(seconds * SECOND)
        driver.act(driver.simulation.at, due, tick, driver.simulation, "tick")
        entry = await driver.wait_for(named("tick"))
        assert asyncio.get_running_loop().time() - began >= 0.008
        assert driver.simulation.now >= due == entry.at


async def test_where_the_wall_moves_time_it_is_quiet_when_only_limits_are_to_come() -> None:
    async with driving("fast", 1_000) as driver:
        plan_quietly(driver, backstop=True, limit=3600)
        plan(driver, first=1, second=20)
        await driver.rest()
        assert [name for _, name in told(driver)] == ["first", "second"]


@pytest.mark.parametrize("mode", ["manual", "real", "fast"])
async def test_it_is_not_quiet_while_somebody_holds_time(mode: str) -> None:
    async with driving(mode) as driver:
        with driver.hold("delivery call.initiated"):
            resting = asyncio.ensure_future(driver.rest())
            await a_while()
            assert not resting.done()
        await asyncio.wait_for(resting, 1)


async def test_a_hold_does_not_stop_the_wall() -> None:
    async with driving("fast", 1000) as driver:
        with driver.hold("delivery"):
            plan(driver, tick=1)
            await driver.wait_for(named("tick"))


async def test_what_is_planned_before_the_next_plan_comes_before_it() -> None:
    async with driving("fast", 1000) as driver:
        plan(driver, later=30)
        plan(driver, sooner=5)
        plan(driver, latest=1_000_000)
        await driver.wait_for(named("later"))
        assert [name for _, name in told(driver)] == ["sooner", "later"]


async def test_whoever_acts_does_so_after_what_is_due_already() -> None:
    async with driving("fast", 1_000_000) as driver:
        plan_quietly(driver, due=0.000001)
        driver.act(tick, driver.simulation, "act")
        assert [name for _, name in told(driver)] == ["due", "act"]


# Waiting -------------------------------------------------------------------------------------------------------------


async def test_who_sleeps_sleeps_in_simulated_time() -> None:
    async with driving() as driver:
        await driver.sleep(3600)
        assert passed(driver) == 3600


async def test_who_stops_sleeping_leaves_no_plan_behind() -> None:
    async with driving("manual") as driver:
        sleeper = asyncio.create_task(driver.sleep(3600))
        await turns()
        assert len(driver.simulation.timeline) == 1
        sleeper.cancel()
        await asyncio.gather(sleeper, return_exceptions=True)
        assert len(driver.simulation.timeline) == 0


async def test_who_waits_in_vain_is_told_who_holds_time_and_what_is_to_come() -> None:
    async with driving() as driver:
        plan(driver, tick=1)
        await driver.rest()
        with driver.hold("delivery call.initiated"):
            driver.simulation.after(60, _caller_gives_up)
            with pytest.raises(StillWaiting) as waiting:
                await driver.wait_for(named("nothing"), limit=0.01)
    assert str(waiting.value) == (
        "time is held by delivery call.initiated; next comes caller gives up in 60 s; last came person tick"
    )


async def test_where_nothing_ever_happens_waiting_in_vain_says_so() -> None:
    async with driving() as driver:
        with pytest.raises(StillWaiting) as waiting:
            await driver.wait_for(named("nothing"), limit=0.01)
    assert str(waiting.value) == "time is held by nobody; next comes nothing; last came nothing"


async def test_who_waits_gets_the_first_of_several_entries() -> None:
    async with driving() as driver:
        plan(driver, tick=1, tick_again=1)
        entry = await driver.wait_for(lambda entry: entry.name.startswith("tick"))
        assert entry.name == "tick"


# Whatever happens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "manual", "fast"])
async def test_a_plan_that_fails_is_reported_and_time_goes_on(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    async with driving(mode, 1000) as driver:
        driver.simulation.after(1, _fails)
        plan(driver, tick=1)
        if mode == "manual":
            await driver.advance(1)
        elif mode == "fast":
            await driver.wait_for(named("tick"))
        else:
            await driver.rest()
        assert [name for _, name in told(driver)] == ["tick"]
    assert caplog.messages == ["a step of the simulation failed"]


async def test_a_command_that_is_refused_raises_and_stirs() -> None:
    async with driving() as driver:
        with pytest.raises(Exception, match="nonsense is not simulated"):
            driver.execute(Request("nonsense"))
        plan_quietly(driver, tick=1)
        await driver.rest()
        assert told(driver) == [(1, "tick")]


@pytest.mark.parametrize("mode", ["real", "fast", "manual", "auto"])
async def test_time_that_is_closed_stands_still_for_good(mode: str) -> None:
    async with driving(mode, 1000, cushion=NEVER) as driver:
        plan(driver, tick=40)  # for the fast clock, 40 ms
        sleeper = asyncio.create_task(driver.sleep(1))
        waiter = asyncio.create_task(driver.wait_for(named("tick")))
        with driver.hold("delivery"):
            await turns()
            await driver.close()
        before = told(driver)  # nothing, unless this machine has just stood still itself
        driver.stir()
        await a_while()
        assert told(driver) == before
        for task in (sleeper, waiter):
            task.cancel()
        await asyncio.gather(sleeper, waiter, return_exceptions=True)


async def test_who_waits_for_something_is_told_when_time_is_closed() -> None:
    async with driving("manual") as driver:
        plan_quietly(driver, tick=1)
        waiting = asyncio.create_task(driver.wait_for(named("tick")))
        await turns()
        await driver.close()
        with pytest.raises(TimeIsOver, match="time is held by nobody; next comes tick in 1 s"):
            await waiting
        with pytest.raises(TimeIsOver):
            await driver.wait_for(named("tick"))


@pytest.mark.parametrize("mode", ["fast", "auto"])
async def test_a_late_stir_does_not_start_what_was_closed_before_it_ever_moved(mode: str) -> None:
    async with driving(mode, 1000) as driver:
        await driver.close()
        plan_quietly(driver, tick=1)
        driver.stir()
        await a_while()
        assert told(driver) == []


async def test_a_driver_may_be_closed_twice() -> None:
    async with driving() as driver:
        plan(driver, tick=1)
        await driver.close()


def _caller_gives_up() -> None:
    """Only its name counts."""


def _fails(*_: Any) -> None:
    raise RuntimeError("a defect")
