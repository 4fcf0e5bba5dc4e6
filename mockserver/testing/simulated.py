"""A test's own world, for tests that run in its event loop: who is there, who calls, what is waited for.

Time stands still while the test's own code runs, and goes on while it waits: so nothing is missed between two lines of
a test, and no test sleeps. The world is made when it is first needed, in the event loop that runs then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Unpack

from starlette.types import ASGIApp

from mockserver.http.edge import Incoming, problems
from mockserver.scenario.expecting.expect import Listed, Report, check
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.expecting.state import state_of
from mockserver.scenario.report import summary
from mockserver.sim import faults
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.diagnosis import Finding
from mockserver.sim.events import Entry, Json
from mockserver.testing.destinations import Destinations
from mockserver.testing.faults import FaultFields, InStore, read
from mockserver.testing.happened import Happened, NothingCame, drawn, wanted, why_not
from mockserver.testing.options import Options
from mockserver.testing.sink import Webhooks
from mockserver.testing.specs import Specs
from mockserver.testing.waiting import Waiting
from mockserver.testing.who_acts import Patience
from mockserver.worlds import World

if TYPE_CHECKING:
    import httpx

    from mockserver.scenario.model import Scenario
    from mockserver.testing.calls import AsyncCall
    from mockserver.webhooks.sender import Post

IN_PROCESS = "http://telnyx.invalid"
"""Where a platform is that has no socket."""

WORLDS = "/worlds/"
"""What comes before the key in the path of what is fetched without one: recordings."""


def below(url: str, api_key: str) -> str:
    """Where the world of a key is on a server that has several."""
    return f"{url}{WORLDS}{api_key}"


class AsyncSimulatedTelnyx:
    """A world of the platform, for one test.

    `url` is where its server listens, None that there is none. `post` delivers webhooks that are neither for the sink
    nor for an `application` in this process. `specs` is shared by the tests of a process. `bystanders` are threads that
    never act for an application.
    """

    def __init__(
        self,
        api_key: str,
        options: Options | None = None,
        specs: Specs | None = None,
        url: str | None = None,
        post: Post | None = None,
        bystanders: Collection[Thread] = (),
    ) -> None:
        self.api_key = api_key
        self.options = options or Options()
        self._waiting = Waiting(lambda: self.world, self.options.timeout)
        config = self.options.config(api_key)
        self._patience = Patience(self._unseen, lambda: self._waiting.tasks, bystanders)
        pause = self._patience.pause if self.options.cushion is None else None
        self.platform = (specs or Specs()).platform(config, lambda request: self._destinations(request), pause)
        self.platform.base_url = IN_PROCESS if url is None else below(url, api_key)
        self.base_url = f"{url or IN_PROCESS}/v2"
        self.public_key = self.platform.signer.public_key
        self.webhooks = Webhooks(self.public_key, self._waiting.failed)
        self._destinations = Destinations(self.webhooks, self.options.webhook_url, post)
        self._world: World | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began = EPOCH
        self._at_start: list[Scenario] = []
        self._given: set[int] = set()
        self._expected: list[Listed] = []

    # Where everything is

    @property
    def env(self) -> dict[str, str]:
        """The variables that the official SDKs read, and where webhooks go."""
        return {
            "TELNYX_BASE_URL": self.base_url,
            "TELNYX_API_KEY": self.api_key,
            "TELNYX_PUBLIC_KEY": self.public_key,
            "TELNYX_WEBHOOK_URL": self.webhook_url,
        }

    @property
    def webhook_url(self) -> str:
        """Where webhooks go unless the application says otherwise: to the built-in sink, if nobody said."""
        return self._destinations.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._destinations.url = url
        self._lead()

    @property
    def application(self) -> ASGIApp | None:
        """The application under test, an ASGI application: it is posted its webhooks without a socket."""
        return self._destinations.application

    @application.setter
    def application(self, application: ASGIApp) -> None:
        self._destinations.is_told(application, self._waiting.failed, lambda name: self.world.driver.hold(name))
        self._lead()

    def http_client(self, **options: Any) -> httpx.AsyncClient:
        """A client whose requests reach this platform without a socket: the `http_client` of an `AsyncTelnyx`."""
        import httpx

        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self), base_url=self.base_url, **options)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The platform as an ASGI application, with the world made first."""
        if scope["type"] == "http":
            _ = self.world
        await self.platform.app(scope, receive, send)

    @property
    def world(self) -> World:
        """The world itself, made when first needed; it belongs to the event loop that runs then."""
        world = self.platform.worlds.of(self.api_key)
        if world is not self._world:
            self._begin(world)
        return world

    def _begin(self, world: World) -> None:
        """Go on in a world that took the place of another: a new one, or a moment that was kept."""
        simulation = world.simulation
        self._world, self._loop = world, asyncio.get_running_loop()
        self._patience.knows(asyncio.all_tasks())
        self._given = {seq for seq in self._given if seq <= simulation.log.last_seq}
        self._lead()
        if not simulation.log.last_seq and not world.scenarios:
            self._began = simulation.now
            for scenario in self._at_start:
                self.platform.put(scenario, world)

    def _lead(self) -> None:
        if self._world is not None:
            self._destinations.lead(self._world, self.platform.signer)

    # What happened

    @property
    def journal(self) -> list[Happened]:
        """Everything that happened, in order: webhooks, commands, what people did."""
        return self._of("webhook", "command", "person")

    @property
    def events(self) -> list[Happened]:
        """The webhooks."""
        return self._of("webhook")

    @property
    def commands(self) -> list[Happened]:
        """The commands of the application."""
        return self._of("command")

    @property
    def deliveries(self) -> list[Happened]:
        """The attempts to deliver a webhook: `attempt`, `outcome`, `status`, `url`."""
        return self._of("delivery")

    @property
    def calls(self) -> list[AsyncCall]:
        """The legs that there are, the oldest first."""
        from mockserver.testing.calls import AsyncCall

        return [AsyncCall(self, leg) for leg in self.world.simulation.world.legs]

    @property
    def seconds(self) -> float:
        """Simulated time since the world began."""
        if self._world is None:
            return 0.0
        self.world.driver.catch_up()
        return (self.world.simulation.now - self._began) / SECOND

    def ladder(self) -> str:
        """What happened, drawn."""
        people = () if self._world is None else self._world.simulation.world.people
        return drawn(self._entries(), people, self._began)

    def explain(self) -> str:
        """What holds time, what is still to come, and what happened last."""
        return self.world.driver.explain()

    async def diagnose(self) -> list[Finding]:
        """What may be why nothing happens, the worst first; see `GET /_mock/diagnose`."""
        told = await self.control("GET", "/diagnose")
        return [Finding(**finding) for finding in told["data"]["findings"]]

    # Who is there

    async def call(self, from_: str, to: str, **more: Any) -> AsyncCall:
        """Somebody calls the application. `more` is what `POST /_mock/calls` takes.

        `says` are lines they say by themselves, `does` what they do at an event; `presses` are entries of keys, one for
        each time that a gather asks.
        """
        from mockserver.testing.calls import AsyncCall

        if "when" in more:
            raise ValueError("a call that waits for something is no call yet: write it under calls of a scenario")
        presses = more.pop("presses", None)
        if presses is not None:
            self.person(from_, presses=[presses] if isinstance(presses, str) else presses)
        placed = await self.control("POST", "/calls", {"from": from_, "to": to, **more})
        return AsyncCall(self, placed["data"]["call_control_id"])

    def person(self, number: str, **fields: Any) -> None:
        """Somebody with a number or a pattern; the fields are those of `people` in a scenario."""
        self._load({"people": [{"number": number, **fields}]})

    def assistant(self, **fields: Any) -> None:
        """An assistant by its `id` or `name`; the fields are those of `assistants` in a scenario."""
        self._load({"assistants": [fields]})

    def fault(self, operation: str | None = None, *, code: str | None = None, **fields: Unpack[FaultFields]) -> InStore:
        """Something goes wrong from now on; the fields are those of `POST /_mock/faults`.

        `fault(operation="dial", error="10010", nth=2)`, `fault(event="call.answered", delivery="duplicate")`. With
        `code`, which is short for `error`, the first command is refused, or the `nth`. Raises ValueError for a mistake.
        """
        __tracebackhide__ = True
        fault = read(operation, code, fields)
        world = self.world.simulation.world
        return InStore(world, faults.add(world, fault))

    @property
    def faults(self) -> list[InStore]:
        """The faults in store."""
        world = self.world.simulation.world
        return [InStore(world, rule) for rule in world.faults]

    def clear_faults(self) -> None:
        """Let nothing more go wrong."""
        self.world.simulation.world.faults = []

    def scenario(self, source: str | Path) -> None:
        """Load a scenario: a file, the name of a bundled one, or its text. `play` holds what it expects to the log.

        Raises `InvalidScenario` with every mistake in it, LookupError where there is no such file.
        """
        self.platform.put(self._read(source), self.world)

    def starts_with(self, source: str | Path) -> None:
        """The same for this world and for each that begins anew in its place."""
        self._at_start.append(self._read(source))
        if self._world is not None:
            self.platform.put(self._at_start[-1], self._world)

    def _read(self, source: str | Path) -> Scenario:
        """A scenario: `FILE`, `FILE#row`, or a text of several lines."""
        from mockserver.scenario.bundled import find_row
        from mockserver.scenario.load import load

        if isinstance(source, str) and "\n" in source:
            scenario = load(source)
        else:
            path, row = find_row(str(source))
            scenario = load(path, row=row)
        self._expected += scenario.to_expectations()
        return scenario

    # Time

    async def wait_for(
        self,
        name: str,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        call: AsyncCall | None = None,
        gets: str | Sequence[str] | None = None,
        **fields: Any,
    ) -> Happened:
        """Let time pass until a webhook, a command or an act of a person with these fields comes, or is there already.

        What was given once is not given again. A field fits as in a scenario: more may be there, `*` in a text stands
        for anything. `gets` is what a command is answered: `ok` or a code. Raises `NothingCame` after `timeout` real
        seconds, and ValueError for a name that nothing has.
        """
        __tracebackhide__ = True
        what = wanted(name, fields, gets)
        about = None if call is None else call.id

        def fits(entry: Entry) -> Entry | None:
            if entry.seq in self._given or about not in (None, entry.call_control_id) or not what.fits(entry):
                return None
            return entry

        self._waiting.raise_failure()
        there = next(filter(fits, self.world.simulation.log.entries), None)
        try:
            entry: Entry = there if there is not None else await self._waiting.found(fits, timeout)
        except TimeoutError:
            raise NothingCame(self._why_not(what, about, self._waiting.limit(timeout))) from None
        self._given.add(entry.seq)
        return Happened.of(entry, self._began)

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, and what happens in it reach the application; return when the world is quiet.

        Raises ValueError where the clock follows the wall.
        """
        __tracebackhide__ = True
        self._must_be_ours("advanced")
        with self._waiting.here():
            await self.world.driver.advance(seconds)
        self._waiting.raise_failure()

    async def settle(self) -> None:
        """Let time pass until nothing more happens by itself; mere limits (a caller's patience) are not waited for."""
        driver = self.world.driver
        with self._waiting.here(), driver.passing():
            await driver.rest()
        self._waiting.raise_failure()

    async def play(self, source: str | Path | None = None) -> None:
        """Let time pass until what the loaded scenarios expect has come, or nothing more comes.

        Raises `NothingCame` with what is missing and what was seen instead.
        """
        if source is not None:
            self.scenario(source)
        await self._hold_to(self._expected)

    async def expect(self, expected: Sequence[Mapping[str, Any]]) -> None:
        """The same for a list of expectations: what `expect` of a scenario has, as Python has it.

        A name in `who` is that of a `person` of this test. Raises `NothingCame` with what is missing and what was seen
        instead, and ValueError with every mistake in the list.
        """
        from mockserver.scenario.expecting.asked import read

        await self._hold_to(read(expected, self.world.simulation.world.people))

    async def _hold_to(self, expected: Sequence[Listed]) -> None:
        driver, log = self.world.driver, self.world.simulation.log
        await self.settle()
        with self._waiting.here(), driver.waiting():  # also for what only a limit brings about
            seen = -1
            while seen != log.last_seq and not self._report(expected).held:
                seen = log.last_seq
                await driver.rest()
        self._waiting.raise_failure()
        report = self._report(expected)
        if not report.held:
            raise NothingCame("\n".join(summary(report)))

    def _report(self, expected: Sequence[Listed]) -> Report:
        """What came of a list so far."""
        simulation = self.world.simulation
        return check(expected, simulation.log.entries, state_of(simulation.world))

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Let time go on while the block runs, for code under test that waits for something by itself."""
        self._patience.knows(asyncio.all_tasks())
        with self.world.driver.passing():
            yield
        self._waiting.raise_failure()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold time while the block runs, whoever waits; `name` says why. Raises ValueError where the clock follows the
        wall."""
        self._must_be_ours("held")
        with self.world.driver.hold(name, firm=True):
            yield

    @property
    def holds(self) -> list[str]:
        """The names of what holds time: blocks of `hold`, holds of clients, webhooks on their way."""
        return self.world.driver.holds

    # The world as a whole

    async def snapshot(self, name: str) -> None:
        """Keep this moment of the world, when no webhook is on its way. Raises ValueError if it cannot be kept."""
        await self.control("POST", "/snapshots", {"name": name})

    async def restore(self, name: str) -> None:
        """Go back to a moment that was kept. Calls are the same by their ids; what happened since has not."""
        await self.control("POST", f"/snapshots/{name}/restore")
        _ = self.world

    async def reset(self, seed: int | None = None) -> None:
        """Begin anew: nothing has happened, and nobody is there but those of the marker's scenario."""
        await self.control("POST", "/reset", {} if seed is None else {"seed": seed})
        _ = self.world

    async def redeliver(self, webhook: Happened, url: str | None = None) -> None:
        """Send a webhook once more, as its next attempt; `url` sends it elsewhere. ValueError if it cannot be."""
        await self.control("POST", "/deliveries", {"seq": webhook.seq, **({} if url is None else {"url": url})})

    async def control(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask the control interface, `/_mock`. Raises ValueError with what it refuses."""
        _ = self.world
        headers = {"authorization": f"Bearer {self.api_key}", "content-type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.platform.control.handle(Incoming(method, path, [], headers, content))
        if answer.status >= 400:
            raise ValueError(f"{method} /_mock{path}: {'; '.join(problems(answer))}")
        return answer.body or {}

    async def close(self) -> None:
        """End the world; raises the first thing that the application has raised and no wait has told of."""
        await self.platform.close()
        self._waiting.raise_failure()

    def close_after(self) -> None:
        """The same when the event loop of the world does not run any more; one that is closed has ended all in it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.run_until_complete(self.platform.close())
        self._waiting.raise_failure()

    async def until(self, ready: Callable[[], bool], usual: Callable[[], bool], what: str) -> None:
        """Let time pass until something is `ready`, or it is as `usual` and nothing more happens by itself."""
        await self._waiting.until(ready, usual, what)

    def _unseen(self) -> bool:
        """May anybody act who is not in this process?"""
        return self._destinations.unknown or self._destinations.works or self.world.is_reaching()

    def _must_be_ours(self, what: str) -> None:
        mode = self.world.driver.clock.mode
        if self.world.driver.clock.follows_wall:
            raise ValueError(f"the clock {mode} follows the wall and cannot be {what}: use the clock auto or manual")

    def _why_not(self, what: Happening, about: str | None, limit: float) -> str:
        entries = [entry for entry in self._entries() if about in (None, entry.call_control_id)]
        return why_not(what, entries, self._given, limit, self.world.driver.explain())

    def _of(self, *kinds: str) -> list[Happened]:
        return [Happened.of(entry, self._began) for entry in self._entries() if entry.kind in kinds]

    def _entries(self) -> list[Entry]:
        return [] if self._world is None else list(self._world.simulation.log.entries)

    def _load(self, part: Mapping[str, Any]) -> None:
        from mockserver.scenario.load import load

        text = json.dumps(part).replace("${", "$${")  # a test fills in its texts by itself
        self.platform.put(load(text, "test"), self.world)
