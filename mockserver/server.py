"""The composition root: the only module that knows all the others. It makes worlds, and the application that serves
them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.driver import CUSHION, Driver
from mockserver.http.api import Api
from mockserver.http.contract import Contract, Found, WrongMethod
from mockserver.http.control import Control, Finder, Held
from mockserver.http.documents import load_cached
from mockserver.http.edge import Answer, Incoming, Watch, serve
from mockserver.http.made_up import MadeUp
from mockserver.http.recordings import Recordings
from mockserver.listening import Server
from mockserver.outside import Network
from mockserver.settings import SPEC_DATE, Config, data_folder
from mockserver.sim import errors, faults
from mockserver.sim.clock import Clock, wall_timestamp
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json, Route
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Settings
from mockserver.webhooks.policy import DeliverySettings
from mockserver.webhooks.post import HttpPost
from mockserver.webhooks.sender import Post, Sender
from mockserver.webhooks.signing import Signer
from mockserver.worlds import World, Worlds

if TYPE_CHECKING:
    from mockserver.scenario.model import Scenario


MOST_LISTED = 1_000
"""Of how many scenarios a world tells that they were loaded; past that the oldest are forgotten."""


class Platform:
    """Everything that runs in one process: the worlds, and the ASGI application `app` that serves them.

    `watch` is told of every request, `read` of every entry of every log; `post` sends a webhook (the default is real
    HTTP). `base_url` is where the server can be reached; whoever listens sets it before the first world is made. What
    was read of the specifications is shared with `like`, which has to be as strict. `pause` is the
    drivers'.
    """

    def __init__(
        self,
        config: Config,
        watch: Watch = lambda exchange: None,
        read: Callable[[Entry], None] = lambda entry: None,
        post: Post | None = None,
        like: Platform | None = None,
        pause: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.config = config
        self.base_url = Settings().base_url
        self._read, self._pause = read, pause
        self._http = HttpPost()
        self._post = post or self._http
        self.signer = Signer.from_text(config.signing_key)
        specs = data_folder("specs")
        published, unbuilt = specs / "openapi.yaml", specs / "unbuilt.yaml"
        self.contract: Contract = like.contract if like else Contract(published, unbuilt, strict=config.strict)
        ours: Finder = like.control.contract if like else _OnDemand(specs / "mock.yaml")
        self.worlds = Worlds(self._build, config.seed, default=config.default_key, one=config.one_world)
        made_up = MadeUp(self.contract.documents) if config.contract else None
        self.api = Api(self.contract, self.worlds, watch, frozenset(config.api_keys), made_up)
        self.control: Control = Control(ours, self.worlds, watch, self.load, self.hold_to, SPEC_DATE, self.api.keys)
        self.control.public_key = self.signer.public_key
        self.control.schema = data_folder("scenarios") / "scenario.schema.json"
        elsewhere: ASGIApp = _Elsewhere(watch)
        if config.spec is not None:
            elsewhere = _contract_only(config, config.spec, watch)
        routes = [
            *([] if config.spec else [Mount("/v2", self.api)]),
            Mount("/_mock/recordings", Recordings(self.worlds, watch)),
            Mount("/_mock", self.control),
            Mount("/", elsewhere),
        ]
        framework = Starlette(routes=routes, lifespan=self._lifespan)
        framework.router.default = elsewhere  # no route of the framework's takes a path with a line end in it
        self.app: ASGIApp = framework if config.spec else _Front(self.api, framework)

    def load(self, world: World, text: str, name: str, row: str | None = None) -> Json:
        """Put a scenario into a world; its summary. Raises `Refusal` with every mistake in it.

        Whoever sent the text sees neither the environment nor the files of this machine.
        """
        from mockserver.scenario.load import InvalidScenario, load

        try:
            scenario = load(text, name, row=row, people=world.simulation.world.people)
        except InvalidScenario as invalid:
            raise Refusal.of([errors.UNPROCESSABLE.raised(reason=problem) for problem in invalid.problems]) from None
        return self.put(scenario, world)

    def hold_to(self, world: World, expected: Sequence[Json], since: int) -> Held:
        """Hold a world against a list of expectations. Raises `Refusal` with every mistake in it."""
        from mockserver.scenario.expecting.asked import Holding, InvalidList, pointer, read

        simulation = world.simulation
        try:
            return Holding(read(expected, simulation.world.people), simulation, since)
        except InvalidList as invalid:
            problems = [errors.UNPROCESSABLE.raised(reason=text, at=pointer(at)) for at, text in invalid.problems]
            raise Refusal.of(problems) from None

    def put(self, scenario: Scenario, world: World) -> Json:
        """Put a scenario that is loaded into a world; its summary."""
        from mockserver.scenario.apply import apply

        world.driver.act(apply, scenario, world.simulation)
        summary: Json = {
            "name": scenario.name,
            "description": scenario.description,
            "people": len(scenario.people),
            "calls": len(scenario.calls),
            "assistants": len(scenario.assistants),
            "errors": len(scenario.errors),
        }
        world.scenarios.append(summary)
        del world.scenarios[:-MOST_LISTED]
        return summary

    async def close(self) -> None:
        """Close every world and every connection."""
        self.control.close()
        await self.worlds.close()
        await self._http.close()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        if self.config.scenarios:
            self.worlds.of(self.config.default_key)
        try:
            yield
        finally:
            await self.close()

    def _build(self, key: str, seed: int) -> World:
        """A new world for an API key. Other keys than the default one have other ids from the same seed.

        The scenarios that the server was started with are in every world; their calls come in the default one alone.
        """
        config = self.config
        clock = config.started_clock()
        simulation = Simulation(
            self._settings(),
            seed=seed if key == config.default_key else f"{seed}:{key}",
            start=clock.started,
            fits=_fits,
        )
        world = self._at_work(key, seed, simulation, clock)
        for scenario in config.scenarios:
            quiet = scenario.model_copy(update={"calls": []})
            self.put(scenario if key == config.default_key else quiet, world)
        return world

    def _at_work(self, key: str, seed: int, simulation: Simulation, clock: Clock) -> World:
        """A simulation with all that moves it and sends its webhooks."""
        config = self.config
        cushion = CUSHION if config.cushion is None else config.cushion
        driver = Driver(simulation, clock, cushion, unasked=config.unasked, pause=self._pause)
        network = Network(driver, lambda body: self.signer.headers(wall_timestamp(), body))
        simulation.outside = network
        sender = Sender(
            simulation.log,
            self.signer,
            DeliverySettings(deadline_secs=config.webhook_timeout),
            self._post,
            sleep=driver.sleep,
            hold=driver.hold,
            now=lambda: simulation.now,
            now_wall=wall_timestamp,
            faults=partial(faults.of_delivery, simulation),
        )
        sender.start()
        simulation.log.subscribe(self._read)

        async def close() -> None:
            world.holds.close()
            await network.close()
            await sender.close()
            await driver.close()

        def going_on_as(copy: Simulation) -> World:
            return self._at_work(key, seed, copy, clock.going_on_at(copy.now))

        world = World(
            key,
            seed,
            simulation,
            driver,
            close,
            sender.idle,
            is_reaching=lambda: network.is_busy,
            deliver_again=sender.deliver_again,
            going_on_as=going_on_as,
        )
        return world

    def _settings(self) -> Settings:
        config = self.config
        route = Route(url=config.webhook_url, failover_url=config.webhook_failover_url)
        known = dict.fromkeys(config.connection_ids, route) if config.connections == "known" else None
        return Settings(
            route=route,
            applications=known,
            loop_guard=config.loop_guard,
            base_url=config.public_url or self.base_url,
            public_key=self.signer.public_key,
            fetch_audio=config.fetch_audio,
            call_cost=config.call_cost,
        )


class _Front:
    """The ASGI application: `/v2` goes straight to its interface, past routing and middleware that it does not need."""

    def __init__(self, api: Api, framework: Starlette) -> None:
        self._api, self._framework = api, framework

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v2/") and not scope.get("root_path"):
            await self._api({**scope, "root_path": "/v2"}, receive, send)
        else:
            await self._framework(scope, receive, send)


def _contract_only(config: Config, spec: Path, watch: Watch) -> ASGIApp:
    """The server of anybody's description; raises `ValueError` where the file is none."""
    from mockserver.http.contract_only import ContractOnly

    contract = Contract(spec, strict=config.strict, read=lambda file: load_cached(file, config.cache), plain=True)
    return ContractOnly(contract, MadeUp(contract.documents), watch)


class _OnDemand:
    """Our own interface's contract, read at the first request for it; a name that is misspelt there is a mistake."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def contract(self) -> Contract:
        return Contract(self._path, exact=True)

    def find(self, method: str, path: str) -> Found | WrongMethod | None:
        return self.contract.find(method, path)


class _Elsewhere:
    """Answers for every path that is neither the platform's nor ours, with a word on what was probably meant."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await serve(scope, receive, send, self._handle, self._watch)

    async def _handle(self, incoming: Incoming) -> Answer:
        body = Refusal(errors.URL_NOT_FOUND).body()
        hint = (f"no such path: {incoming.path}; the API begins with /v2, does TELNYX_BASE_URL end with it?",)
        return Answer(404, body, warnings=hint)


@asynccontextmanager
async def running(
    config: Config,
    watch: Watch = lambda exchange: None,
    read: Callable[[Entry], None] = lambda entry: None,
    post: Post | None = None,
) -> AsyncIterator[tuple[Platform, str]]:
    """A server inside the running event loop, for as long as the block; gives the platform and the server's URL.

    Raises `OSError` where the port is taken.
    """
    platform = Platform(config, watch, read, post)
    server = Server(platform)
    serving = asyncio.create_task(server.serve_quietly())
    try:
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            up.cancel()
            serving.result()
        yield platform, server.url
    finally:
        server.should_exit = True
        await serving


def _fits(schema: Json, value: Any) -> bool:
    """Is a value valid by a JSON Schema of an application? A schema that is none lets everything pass."""
    import jsonschema_rs

    try:
        return bool(jsonschema_rs.is_valid(schema, value))
    except (jsonschema_rs.ValidationError, ValueError):
        return True
