"""A test's own world, for tests that run in its event loop: who is there, who calls, what is waited for.

Time stands still while the test's own code runs, and goes on while it waits: so nothing is missed between two lines of
a test, and no test sleeps. The world is made when it is first needed, in the event loop that runs then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from mockserver.http.edge import Incoming, problems
from mockserver.scenario.expect import Expectation, check
from mockserver.scenario.matching import Happening
from mockserver.scenario.report import summary
from mockserver.sim.clock import EPOCH, SECOND, wall_timestamp
from mockserver.sim.events import Entry, Json, Route
from mockserver.testing.happened import Happened, NothingCame, drawn, wanted, why_not
from mockserver.testing.in_process import InProcess, InProcessOutside
from mockserver.testing.options import CUSHION, CUSHION_IN_PROCESS, WEBHOOK_TIMEOUT, Options
from mockserver.testing.sink import HOST, Webhooks
from mockserver.testing.specs import Specs
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer
from mockserver.worlds import World

if TYPE_CHECKING:
    import httpx

    from mockserver.testing.calls import AsyncCall
    from mockserver.webhooks.sender import Post

T = TypeVar("T")

IN_PROCESS = "http://telnyx.invalid"
"""Where a platform is that has no socket."""

APPLICATION = "http://application.invalid/webhooks"
"""Where an application's webhooks go that has no socket, unless the test names another path."""

WORLDS = "/worlds/"
"""What comes before the key in the path of what is fetched without one: recordings."""

QUIET_SECS = 0.25
"""How long nothing may happen, in real seconds, until a person speaks or presses keys that nobody has asked for."""


def below(url: str, api_key: str) -> str:
    """Where the world of a key is on a server that has several."""
    return f"{url}{WORLDS}{api_key}"


class AsyncSimulatedTelnyx:
    """A world of the platform, for one test.

    `url` is where its server listens, None that there is none. `post` delivers webhooks that are neither for the sink
    nor for an `application` in this process. `specs` is shared by the tests of a process.
    """

    def __init__(
        self,
        api_key: str,
        options: Options | None = None,
        specs: Specs | None = None,
        url: str | None = None,
        post: Post | None = None,
    ) -> None:
        self.api_key = api_key
        self.options = options or Options()
        self._posting = post
        config = self.options.config(api_key, CUSHION_IN_PROCESS if url is None else CUSHION)
        self.platform = (specs or Specs()).platform(config, self._post)
        self.platform.base_url = IN_PROCESS if url is None else below(url, api_key)
        self.base_url = f"{url or IN_PROCESS}/v2"
        self.public_key = self.platform.signer.public_key
        self.webhooks = Webhooks(self.public_key, self._failed)
        self._url = self.options.webhook_url
        self._in_process: InProcess | None = None
        self._application: ASGIApp | None = None
        self._world: World | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._at_start: list[tuple[str, str]] = []
        self._given: set[int] = set()
        self._expected: list[Expectation] = []
        self._failures: list[BaseException] = []
        self._waiting: set[asyncio.Future[Any]] = set()

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
        return self._url or (self.webhooks.url if self._application is None else APPLICATION)

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._url = url
        if self._world is not None:
            self._send_webhooks()

    @property
    def application(self) -> ASGIApp | None:
        """The application under test, an ASGI application: it is posted its webhooks without a socket."""
        return self._application

    @application.setter
    def application(self, application: ASGIApp) -> None:
        self._application = application
        self._in_process = InProcess(application, self._failed, lambda name: self.world.driver.hold(name))
        if self._world is not None:
            self._send_webhooks()

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
            self._world, self._loop = world, asyncio.get_running_loop()
            self._given.clear()
            self._send_webhooks()
            for text, name in self._at_start:
                self.platform.load(world, text, name)
        return world

    # What happened

    @property
    def journal(self) -> list[Happened]:
        """Everything that happened, in order: webhooks, commands, what people did."""
        kinds = ("webhook", "command", "person")
        return [Happened.of(entry, EPOCH) for entry in self._entries() if entry.kind in kinds]

    @property
    def events(self) -> list[Happened]:
        """The webhooks."""
        return [entry for entry in self.journal if entry.kind == "webhook"]

    @property
    def commands(self) -> list[Happened]:
        """The commands of the application."""
        return [entry for entry in self.journal if entry.kind == "command"]

    @property
    def calls(self) -> list[AsyncCall]:
        """The legs that there are, the oldest first."""
        from mockserver.testing.calls import AsyncCall

        return [AsyncCall(self, leg) for leg in self.world.simulation.world.legs]

    @property
    def seconds(self) -> float:
        """Simulated time since the world began."""
        return 0.0 if self._world is None else (self.world.simulation.now - EPOCH) / SECOND

    def ladder(self) -> str:
        """What happened, drawn."""
        people = () if self._world is None else self._world.simulation.world.people
        return drawn(self._entries(), people, EPOCH)

    # Who is there

    async def call(self, from_: str, to: str, **more: Any) -> AsyncCall:
        """Somebody calls the application. `more` is what `POST /_mock/calls` takes.

        `says` are lines they say by themselves, `does` what they do at an event; `presses` are entries of keys, one for
        each time that a gather asks.
        """
        from mockserver.testing.calls import AsyncCall

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

    def fault(self, command: str | None = None, *, code: str | None = None, **fields: Any) -> None:
        """Something goes wrong from now on: the `nth` command of a name, or the first, is refused with an error `code`.

        Or anything else that `faults` of a scenario can say: `fault("dial", first=2, status=503)`, or
        `fault(event="call.answered", delivery="duplicate")`.
        """
        if code is not None:
            self._load({"errors": [{"command": command, "code": code, **fields}]})
        else:
            self._load({"faults": [{**({} if command is None else {"operation": command}), **fields}]})

    def scenario(self, source: str | Path) -> None:
        """Load a scenario: a file, the name of a bundled one, or its text. `play` holds what it expects to the log.

        Raises `InvalidScenario` with every mistake in it, LookupError where there is no such file.
        """
        text, name = self._read(source)
        self.platform.load(self.world, text, name)

    def starts_with(self, source: str | Path) -> None:
        """The same for a world that is not made yet, and for each that takes its place."""
        self._at_start.append(self._read(source))

    def _read(self, source: str | Path) -> tuple[str, str]:
        from mockserver.scenario.load import find, load

        if isinstance(source, str) and "\n" in source:
            text, name = source, "scenario.yaml"
        else:
            path = find(str(source))
            text, name = path.read_text(encoding="utf-8"), str(path)
        self._expected += load(text, name).to_expectations()
        return text, name

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

        self._raise_failure()
        there = next(filter(fits, self.world.simulation.log.entries), None)
        try:
            entry: Entry = there if there is not None else await self._found(fits, timeout)
        except TimeoutError:
            raise NothingCame(self._why_not(what, about, self._limit(timeout))) from None
        self._given.add(entry.seq)
        return Happened.of(entry, EPOCH)

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, and what happens in it reach the application."""
        await self.world.driver.advance(seconds)
        self._raise_failure()

    async def settle(self) -> None:
        """Let time pass until nothing more happens by itself; mere limits (a caller's patience) are not waited for."""
        driver = self.world.driver
        with driver.passing():
            await driver.rest()
        self._raise_failure()

    async def play(self, source: str | Path | None = None) -> None:
        """Let time pass until what the loaded scenarios expect has come, or nothing more comes.

        Raises `NothingCame` with what is missing and what was seen instead.
        """
        if source is not None:
            self.scenario(source)
        driver, log = self.world.driver, self.world.simulation.log
        await self.settle()
        with driver.waiting():  # also for what only a limit brings about
            seen = -1
            while seen != log.last_seq and not check(self._expected, log.entries).held:
                seen = log.last_seq
                await driver.rest()
        self._raise_failure()
        report = check(self._expected, log.entries)
        if not report.held:
            raise NothingCame("\n".join(summary(report)))

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Let time go on while the block runs, for code under test that waits for something by itself."""
        with self.world.driver.passing():
            yield
        self._raise_failure()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold time while the block runs, whoever waits; `name` says why."""
        with self.world.driver.hold(name):
            yield

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
        self._raise_failure()

    def close_after(self) -> None:
        """The same when the event loop of the world does not run any more; one that is closed has ended all in it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.run_until_complete(self.platform.close())
        self._raise_failure()

    # How it waits

    async def until(self, ready: Callable[[], bool], usual: Callable[[], bool], what: str) -> None:
        """Let time pass until something is `ready`, or it is as `usual` and nothing more happens by itself."""
        if ready():
            return
        wait = asyncio.ensure_future(self._ready(ready))
        quiet = asyncio.ensure_future(self._quiet(usual))
        try:
            await asyncio.wait({wait, quiet}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            quiet.cancel()
            if not wait.done():
                wait.cancel()
        if wait.done() and not wait.cancelled() and isinstance(wait.exception(), TimeoutError):
            raise NothingCame(f"{what} within {self._limit():g} s\n  {self.world.driver.explain()}")
        if wait.done() and not wait.cancelled():
            wait.result()

    async def _ready(self, ready: Callable[[], bool]) -> None:
        """Let time pass until something is true, which is looked at whenever something has happened."""
        self._raise_failure()
        driver, log = self.world.driver, self.world.simulation.log
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with ExitStack() as passing:

            def look() -> None:
                if not future.done() and ready():
                    passing.close()
                    future.set_result(None)

            def look_soon(entry: Entry) -> None:
                loop.call_soon(look)  # what an entry tells of is only half done while it is written

            passing.callback(log.subscribe(look_soon))
            passing.enter_context(driver.watched(look))
            passing.enter_context(driver.passing())
            await self._told(future, None)

    async def _quiet(self, usual: Callable[[], bool]) -> None:
        driver, log = self.world.driver, self.world.simulation.log
        while True:
            await driver.rest()
            seen = log.last_seq
            await asyncio.sleep(QUIET_SECS)
            if seen == log.last_seq and usual():
                return

    async def _found(self, look: Callable[[Entry], T | None], limit: float | None) -> T:
        """Let time pass until `look` finds something in the log; it stops at once, before anything else happens."""
        self._raise_failure()
        world = self.world
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with ExitStack() as passing:

            def tell(entry: Entry) -> None:
                if not future.done() and (found := look(entry)) is not None:
                    passing.close()
                    future.set_result(found)

            passing.callback(world.simulation.log.subscribe(tell))
            passing.enter_context(world.driver.waiting())
            return await self._told(future, limit)

    async def _told(self, future: asyncio.Future[T], limit: float | None) -> T:
        """What a future brings, at most so many real seconds from now; or what the application raises meanwhile.

        Without a limit it is the usual one, and again as long as the application is at work on a webhook: the first one
        may have it import half of a library.
        """
        self._waiting.add(future)
        step = waited = self._limit(limit)
        try:
            while not (await asyncio.wait({future}, timeout=step))[0]:
                at_work = any(name.startswith("delivery") for name in self.world.driver.holds)
                if limit is not None or not at_work or waited >= WEBHOOK_TIMEOUT:
                    raise TimeoutError
                waited += max(step, 1.0)
            return future.result()
        finally:
            future.cancel()
            self._waiting.discard(future)

    def _limit(self, timeout: float | None = None) -> float:
        return self.options.timeout if timeout is None else timeout

    def _why_not(self, what: Happening, about: str | None, limit: float) -> str:
        entries = [entry for entry in self._entries() if about in (None, entry.call_control_id)]
        return why_not(what, entries, self._given, limit, self.world.driver.explain())

    def _entries(self) -> list[Entry]:
        return [] if self._world is None else list(self._world.simulation.log.entries)

    def _load(self, part: Mapping[str, Any]) -> None:
        from mockserver.scenario.load import load

        text = json.dumps(part)
        load(text, "test")
        self.platform.load(self.world, text, "test")

    # Where webhooks go

    def _send_webhooks(self) -> None:
        """Tell the world where its webhooks go."""
        assert self._world is not None
        simulation = self._world.simulation
        simulation.world.settings = replace(simulation.world.settings, route=Route(url=self.webhook_url))
        if self._in_process is not None:
            signer = self.platform.signer
            simulation.outside = InProcessOutside(
                self._in_process, lambda body: signer.headers(wall_timestamp(), body), self._world.driver
            )

    async def _post(self, request: Outgoing) -> Answer:
        if urlsplit(request.url).hostname == HOST:
            return await self.webhooks(request)
        if self._in_process is not None:
            return await self._in_process(request)
        return await (self._posting or self.webhooks)(request)

    def _failed(self, error: BaseException) -> None:
        """The application has raised something: whoever waits is told at once, else whoever waits next."""
        for future in self._waiting:
            if not future.done():
                future.set_exception(error)
                return
        self._failures.append(error)

    def _raise_failure(self) -> None:
        if self._failures:
            failures, self._failures = self._failures, []
            raise failures[0]
