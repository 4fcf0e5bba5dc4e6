"""Plays scenarios against an application over real sockets, on the clock that skips, and says what happened.

A stage is built once: the server listens, and the application is there. Each play on it begins with a world of its own.

A command is started with the first play, and shows by itself what it is. What listens on PORT is an application: it is
ended with the stage. What ends without having listened is a driver: it is started again for each play, with the people,
assistants and faults of the scenario in the world before it begins.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

from mockserver.driver import LONG_CUSHION, StillWaiting
from mockserver.program import Program, Unreachable, address, listens, reach
from mockserver.reports.played import Played
from mockserver.scenario.apply import apply
from mockserver.scenario.expecting.expect import Expectations, check
from mockserver.scenario.expecting.state import state_of
from mockserver.scenario.model import Scenario
from mockserver.server import Platform, running
from mockserver.settings import Config
from mockserver.sim import faults as store
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry
from mockserver.sim.faults import Fault
from mockserver.sim.simulation import Simulation
from mockserver.worlds import World

__all__ = ["Stage", "Unreachable", "stage"]

REACHABLE_SECS = 2.0
"""How long a running application may take to accept a connection; one that we start may take as long as the run."""

SIGN_SECS = 3.0
"""Where nobody calls: how long an application may take to do something by itself, or a program that listens to end."""

MOST_ENTRIES = 100_000


@asynccontextmanager
async def stage(
    config: Config,
    app_url: str | None,
    command: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    limit: float = 30.0,
    real: bool = False,
    output: int | None = None,
) -> AsyncIterator[Stage]:
    """Serve for as long as the block runs, and end what was started.

    The application is at `app_url`, or is started by the command, or both: if somebody listens there already, the
    command is a driver. A play takes at most `limit` real seconds. With `real`, the command's connections to the
    platform's own address lead to this server; `output` is the file descriptor of the command's standard output.
    Raises `OSError` where the port is taken, `Unreachable` where the URL is none.
    """
    if real:
        config = config.on(tls_port=config.tls_port or 0)
    drives = bool(app_url and command) and await listens(app_url or "")
    app_url = app_url or f"http://127.0.0.1:{_free_port()}/webhooks"
    async with running(config.on(webhook_url=app_url, one_world=True)) as (platform, url):
        program = Program(command, app_url, platform, url, environment or {}, real, output) if command else None
        try:
            yield Stage(platform, app_url, program, limit, drives)
        finally:
            if program:
                await program.end()


@dataclass(slots=True)
class _Watched:
    """What happens in a play as it goes on; `strangers` are calls of the play before, whose stragglers do not count.

    Memory: the last `MOST_ENTRIES` entries are kept.
    """

    expectations: Expectations
    world: World
    strangers: frozenset[str]
    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=MOST_ENTRIES))

    def read(self, entry: Entry) -> None:
        call = entry.call_control_id
        if call not in self.strangers or call in self.world.simulation.world.legs:
            self.entries.append(entry)
            self.expectations.feed(entry)


class Stage:
    """A server and an application, on which one scenario is played after the other."""

    def __init__(self, platform: Platform, app_url: str, program: Program | None, limit: float, drives: bool) -> None:
        self.platform, self.app_url = platform, app_url
        self._program, self._limit = program, limit
        self._app_runs = drives or program is None  # without our doing
        self._drives: bool | None = drives or None  # None until the command has shown what it is
        self._plays = 0

    async def play(
        self,
        scenario: Scenario,
        *,
        seed: int | None = None,
        chance: int | str = 0,
        faults: Sequence[Fault] = (),
        limit: float | None = None,
    ) -> Played:
        """Play a scenario in a world of its own, with `faults` behind its own ones.

        A play is over when all that is expected has come and nothing more happens, or nothing can come any more, or
        after `limit` real seconds. Ids come from `seed`: by default another one for each play, since an application
        that runs on may remember ids. Chance comes from `chance`, so that it is the same in each. Raises `Unreachable`.
        """
        limit = self._limit if limit is None else limit
        expected = scenario.to_expectations()
        world, strangers = await self._fresh(seed, chance)
        watched = _Watched(Expectations(expected), world, strangers)
        world.simulation.log.subscribe(watched.read)
        somebody_calls = any(call.when is None for call in scenario.calls)
        await self._reach(somebody_calls, limit)
        began, stopped = monotonic(), None
        try:
            world.driver.act(_begin, scenario, faults, world.simulation)
            async with asyncio.timeout(limit):
                await self._until_over(world, watched, somebody_calls)
        except TimeoutError:
            stopped = f"the run was stopped after {limit:g} s (--timeout): {self._explain(world)}"
        except Refusal as refusal:
            stopped = f"the scenario cannot be played: {refusal}"
        entries, code = tuple(watched.entries), self._program.code if self._program else None
        if self._program and self._drives is not False:
            await self._program.end()  # only one that was stopped still runs
        return Played(
            scenario,
            check(expected, entries, state_of(world.simulation.world)),
            entries,
            stopped,
            code,
            monotonic() - began,
            app_url=self.app_url,
            platform_url=self.platform.config.public_url or self.platform.base_url,
        )

    def _explain(self, world: World) -> str:
        if self._program and self._program.code is None and self._drives is not False:
            port = address(self.app_url)[1]
            lacks = "not ended" if self._drives else f"neither ended nor listened on port {port}"
            return f"the command has {lacks}; {world.driver.explain()}"
        return world.driver.explain()

    async def _fresh(self, seed: int | None, chance: int | str) -> tuple[World, frozenset[str]]:
        """A new world in place of the last one, and the calls that there were in that."""
        platform, key = self.platform, self.platform.config.default_key
        last = platform.worlds.of(key)
        world = await platform.worlds.reset(key, platform.config.seed + self._plays if seed is None else seed)
        world.simulation.ids.begin_chance(chance)
        platform.control.close(last)
        self._plays += 1
        return world, frozenset(last.simulation.world.legs)

    async def _reach(self, has_calls: bool, limit: float) -> None:
        """Have the application there before anybody calls it."""
        program = self._program
        if self._app_runs or program is None:
            await reach(self.app_url, REACHABLE_SECS)
        elif self._drives is False and program.code is not None:
            raise Unreachable(f"the application ended with code {program.code} in an earlier run")
        elif self._drives is None and has_calls:
            await program.start()
            if not await program.listens(limit):
                port = address(self.app_url)[1]
                raise Unreachable(
                    f"the application ended with code {program.code} before it listened on port {port}, which the "
                    "variable PORT names. A command that makes calls itself, like pytest, needs a scenario without "
                    "`calls`"
                )
            self._drives = False

    async def _until_over(self, world: World, watched: _Watched, has_calls: bool) -> None:
        program = self._program
        if program is not None and self._drives is not False:
            await program.start()
            self._drives = self._drives or not await program.listens()
            if self._drives:
                await program.ended()
        if not (has_calls or self._drives):
            await _by_itself(world, program, bool(watched.entries))
        await _until_over(world, watched.expectations)


def _begin(scenario: Scenario, faults: Sequence[Fault], simulation: Simulation) -> None:
    apply(scenario, simulation)
    for fault in faults:
        store.add(simulation.world, fault)


async def _by_itself(world: World, program: Program | None, anything: bool) -> None:
    """Where nobody calls, the application acts by itself, and when it likes.

    One that runs elsewhere has some time for its first act. One of ours goes on until it has done nothing for that
    long, or has ended, since it may be a driver with an application in it.
    """
    log, seen = world.simulation.log, -1
    if program is None and not anything:
        with suppress(StillWaiting):
            await world.driver.wait_for(lambda entry: True, SIGN_SECS)
    while program is not None and program.code is None and seen != log.last_seq:
        seen = log.last_seq
        with suppress(TimeoutError):
            await asyncio.wait_for(program.ended(), SIGN_SECS)


async def _until_over(world: World, expectations: Expectations) -> None:
    driver = world.driver
    await driver.rest()
    if expectations.done:
        return
    with driver.waiting():  # also for what only a limit brings about
        seen = -1
        while not expectations.done and seen != world.simulation.log.last_seq:
            seen = world.simulation.log.last_seq
            await driver.rest()
            await asyncio.sleep(LONG_CUSHION)
    await driver.rest()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
