"""Lets time pass in a live process: it follows the wall, skips to what comes next, or stands still until told.

One driver moves one simulation, inside one event loop. Everything that touches the simulation from outside goes
through it, so that the world is first brought up to now. Time can be held, by name: a webhook in flight holds it, and
so may anything else whose outcome decides what happens next; no clock that is ours to move passes a hold.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

from mockserver.sim.clock import SECOND, Clock
from mockserver.sim.commands import Request, execute
from mockserver.sim.events import Entry, Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan

P = ParamSpec("P")
T = TypeVar("T")

CUSHION = 0.05
"""Real seconds for which the application may act after something reached it, before time skips. Measured: 10 ms is too
short for one that acts 20 ms after it answered a webhook."""

LONG_CUSHION = 1.0
"""The same before a mere limit is skipped to (a caller's patience, a call's longest duration): nobody waits for it."""

STEPS = 5
"""In how many steps a cushion passes."""

logger = logging.getLogger("mockserver")


class StillWaiting(Exception):
    """What was waited for did not come in time. The text says what holds time and what is still to come."""


class TimeIsOver(StillWaiting):
    """What was waited for cannot come any more: time stands still for good."""


class Driver:
    """Moves a simulation the way its clock says.

    With `unasked` false, a clock that skips stands still unless somebody waits (`waiting`, `passing`): for whoever acts
    in between, and must not miss anything. `pause` gives whoever may act a cushion of real seconds; one who knows that
    nobody is left who could act returns sooner.
    """

    def __init__(
        self,
        simulation: Simulation,
        clock: Clock,
        cushion: float = CUSHION,
        long_cushion: float = LONG_CUSHION,
        unasked: bool = True,
        pause: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.simulation = simulation
        self.clock = clock
        self._cushion, self._long_cushion = cushion, long_cushion
        self._unasked, self._passing = unasked, 0
        self.pause = pause or pass_in_steps
        self._onlookers: list[Callable[[], None]] = []
        self._holds: Counter[str] = Counter()
        self._firm = 0
        self._waiters = self._pressing = 0
        self._sleepers: set[asyncio.Future[None]] = set()
        self._awaited: set[asyncio.Future[Entry]] = set()
        self._owed = False
        self._closed = False
        self._stirs = 0
        self._changed = asyncio.Event()
        self._resting = asyncio.Event()
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0
        self._heading_for = 0
        self._mover: asyncio.Task[None] | None = None
        self._unsubscribe = simulation.log.subscribe(self._heard)

    # What comes from outside

    def execute(self, request: Request) -> Json:
        """Do a command of the application now; see `commands.execute`."""
        return self.act(execute, self.simulation, request)

    def act(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something that changes the simulation, at the time that it is now."""
        self.catch_up()
        try:
            return action(*args, **kwargs)
        finally:
            self._owed = True
            self.stir()

    def catch_up(self) -> None:
        """Bring the world up to now, if the wall moves it."""
        if self.clock.follows_wall:
            self._advance_to(self.clock.read(self.simulation.now))

    @property
    def holds(self) -> list[str]:
        """The names of what holds time."""
        return sorted(self._holds)

    @contextmanager
    def hold(self, name: str, firm: bool = False) -> Iterator[None]:
        """Hold time while the block runs; `pressing` passes no `firm` hold. No clock that follows the wall is held."""
        self._holds[name] += 1
        self._firm += firm
        try:
            yield
        finally:
            self._firm -= firm
            self._holds[name] -= 1
            if not self._holds[name]:
                del self._holds[name]
            self._owed = True
            self.stir()

    def stir(self) -> None:
        """Something happened: plans may have changed, and the cushion begins anew."""
        self._stirs += 1
        self._resting.clear()
        if self._closed:
            return
        self._changed.set()
        if self.clock.follows_wall:
            self._set_timer()
        elif self.clock.mode == "auto" and self._mover is None:
            self._mover = asyncio.get_running_loop().create_task(self._skip_on())

    # What waits

    async def sleep(self, seconds: float) -> None:
        """Wait in simulated time, or until time stands still for good."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.catch_up()
        plan = self.simulation.after(seconds, _wake, woken)
        plan.outside = True
        self._sleepers.add(woken)
        self.stir()
        try:
            await woken
        finally:
            self._sleepers.discard(woken)
            self.simulation.timeline.cancel(plan)

    async def wait_for(self, wanted: Callable[[Entry], bool], limit: float = 10.0) -> Entry:
        """Wait until something is written to the log, at most `limit` real seconds; raises `StillWaiting`, and
        `TimeIsOver` as soon as time is closed.

        While somebody waits, a clock that skips also skips to mere limits, such as the longest duration of a call.
        """
        found: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()

        def look(entry: Entry) -> None:
            if not found.done() and wanted(entry):
                found.set_result(entry)

        if self._closed:
            raise TimeIsOver(self.explain())
        unsubscribe = self.simulation.log.subscribe(look)
        self._awaited.add(found)
        self._waiters += 1
        self.stir()
        try:
            async with asyncio.timeout(limit):
                return await found
        except TimeoutError:
            raise StillWaiting(self.explain()) from None
        finally:
            self._waiters -= 1
            self._awaited.discard(found)
            unsubscribe()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let a clock that skips go on to mere limits while the block runs."""
        self._waiters += 1
        self.stir()
        try:
            yield
        finally:
            self._waiters -= 1

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let a clock that skips only when asked go on while the block runs, but to no mere limit."""
        self._passing += 1
        self.stir()
        try:
            yield
        finally:
            self._passing -= 1

    @contextmanager
    def pressing(self) -> Iterator[None]:
        """Let a clock that skips go on although time is held while the block runs: for what has to come first.

        It passes the holds of what is on its way to the application, which may wait for that; none that is firm.
        """
        self._pressing += 1
        self.stir()
        try:
            yield
        finally:
            self._pressing -= 1

    @contextmanager
    def watched(self, onlooker: Callable[[], None]) -> Iterator[None]:
        """Call `onlooker` after each skip while the block runs, before there is another."""
        self._onlookers = [*self._onlookers, onlooker]
        try:
            yield
        finally:
            self._onlookers = [other for other in self._onlookers if other is not onlooker]

    async def rest(self) -> None:
        """Return when nothing more happens by itself and nobody acts any more.

        A clock that skips has then nothing more to skip to: mere limits count only while somebody waits. One that
        follows the wall goes on until only limits are to come; one that is moved by hand waits for whoever acts.
        """
        self.stir()
        if self.clock.mode == "auto":
            await self._resting.wait()
            return
        await self._settled()
        while self.clock.follows_wall and self.simulation.timeline.anything_near():
            due = self.simulation.timeline.next_at()
            await asyncio.sleep(self.clock.wall_seconds_until(due or self.simulation.now))
            self.catch_up()
            await self._settled()

    async def advance(self, seconds: float) -> None:
        """Let so much simulated time pass, step by step, and return when the world is quiet again."""
        async with self._turn:
            target = self.simulation.now + round(seconds * SECOND)
            while True:
                await self._settled()
                due = self.simulation.timeline.next_at()
                if due is None or due > target:
                    break
                self._advance_to(due)
                await asyncio.sleep(0)  # a week may have many steps: nobody else is kept waiting for them
            self._advance_to(target)
            await self._settled()

    def explain(self) -> str:
        """What holds time, what is still to come, and what happened last."""
        simulation = self.simulation
        plan = simulation.timeline.peek()
        coming = "nothing" if plan is None else f"{_name(plan.action)} in {(plan.at - simulation.now) / SECOND:g} s"
        last = [f"{entry.kind} {entry.name}" for entry in list(simulation.log.entries)[-5:]]
        moved = "; this clock moves only when it is advanced" if self.clock.mode == "manual" else ""
        return (
            f"time is held by {', '.join(self.holds) or 'nobody'}; next comes {coming}; "
            f"last came {', '.join(last) or 'nothing'}{moved}"
        )

    def coming(self, count: int) -> list[tuple[int, str]]:
        """The next plans: when, and what."""
        return [(plan.at, _name(plan.action)) for plan in self.simulation.timeline.coming(count)]

    async def close(self) -> None:
        """Let time stand still for good."""
        self._closed = True
        for woken in self._sleepers:
            _wake(woken)
        for found in self._awaited:
            if not found.done():
                found.set_exception(TimeIsOver(self.explain()))
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()
        if self._mover is not None:
            self._mover.cancel()
            with suppress(asyncio.CancelledError):
                await self._mover

    # How time moves

    def _heard(self, entry: Entry) -> None:
        if entry.kind == "webhook" and entry.route is not None and (entry.route.url or entry.route.urls):
            self._owed = True

    def _set_timer(self) -> None:
        due = self.simulation.timeline.next_at()
        if due is None or (self._timer is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        delay = self.clock.wall_seconds_until(due)
        self._timer = asyncio.get_running_loop().call_later(delay, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        self.catch_up()
        self._set_timer()

    async def _skip_on(self) -> None:
        """The clock that skips: to the next plan, whenever nobody holds time and nothing stirs."""
        while True:
            self._changed.clear()
            async with self._turn:
                moved = await self._skip()
            if moved:
                await asyncio.sleep(0)
            else:
                await self._changed.wait()

    async def _skip(self) -> bool:
        await self._settled()
        plan = self.simulation.timeline.peek()
        if plan is None or not self._wanted(plan):
            self._resting.set()
            return False
        if plan.backstop and not (plan.beat and self._on_the_way(plan)):
            stirs = self._stirs
            await self.pause(self._long_cushion)
            if stirs != self._stirs or self._held or not self._wanted(plan):
                return True
            self._heading_for = self.simulation.timeline.next_limit() or 0
        self._advance_to(plan.at)
        for onlooker in self._onlookers:
            onlooker()
        return True

    def _wanted(self, plan: Plan) -> bool:
        """Is it worth skipping to? A mere limit is while somebody waits, or something else comes behind it.

        A beat never is by itself: it is passed on the way to one of these.
        """
        timeline = self.simulation.timeline
        if not (self._unasked or self._waiters or self._passing):
            return False
        if not plan.backstop or timeline.anything_near():
            return True
        return self._waiters > 0 and (not plan.beat or timeline.next_limit() is not None)

    def _on_the_way(self, beat: Plan) -> bool:
        """Does a beat lie before something that is worth skipping to, or before the limit that was decided on?"""
        return self.simulation.timeline.anything_near() or beat.at <= self._heading_for

    async def _settled(self) -> None:
        """Return when nobody holds time and, if something reached the application, it was given time to act."""
        while self._held or self._owed:
            if self._held:
                self._changed.clear()
                await self._changed.wait()
                continue
            stirs = self._stirs
            await self.pause(self._cushion)
            if stirs == self._stirs and not self._held:
                self._owed = False

    @property
    def _held(self) -> bool:
        return bool(self._holds) and not (self._pressing and not self._firm)

    def _advance_to(self, moment: int) -> None:
        """Let what is due happen. A plan that fails is a defect of ours: it is reported, and time goes on."""
        while True:
            try:
                self.simulation.advance_to(moment)
            except Exception:
                logger.exception("a step of the simulation failed")
            else:
                return


async def pass_in_steps(seconds: float) -> None:
    """Let real time pass. Where the machine is overloaded each step is late, as the application is."""
    for _ in range(STEPS):
        await asyncio.sleep(seconds / STEPS)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def _name(action: Callable[..., object]) -> str:
    return getattr(action, "__name__", str(action)).strip("_").replace("_", " ")
