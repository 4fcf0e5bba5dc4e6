"""A scenario played in process: the example application, the official SDK, the simulation, and no socket."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from telnyx import Telnyx

from mockserver.http.contract import Contract, Found
from mockserver.http.recordings import sound
from mockserver.scenario.apply import apply
from mockserver.scenario.load import Scenario
from mockserver.sim.commands import Request, execute, status_of
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json, Route
from mockserver.sim.outside import Ask, Listener, Nowhere, Outside, Reply, Socket, Then
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Settings

EXAMPLES = Path(__file__).parents[2] / "scenarios" / "examples"
SPECS = Contract(Path(__file__).parents[2] / "specs" / "openapi.yaml")

Application = Callable[..., None]


Play = Callable[..., list[Entry]]


@pytest.fixture(name="play")
def play_fixture() -> Play:
    """`play(scenario, application)`: everything that happens, as entries."""
    return play


@pytest.fixture(name="played")
def played_fixture() -> Callable[..., Simulation]:
    """`played(scenario, application)`: the same, as the simulation in which it happened."""
    return played


@pytest.fixture(name="example")
def example_fixture() -> Callable[[str], Application]:
    """`example(name)`: the application of a bundled scenario."""
    return example


def example(name: str) -> Application:
    """The `handle` of an example application."""
    if str(EXAMPLES) not in sys.path:
        sys.path.insert(0, str(EXAMPLES))
    sys.modules.pop(name, None)  # what it remembers of an earlier run goes with it
    handle: Application = importlib.import_module(name).handle
    return handle


def fits(schema: Json, value: Any) -> bool:
    return jsonschema_rs.is_valid(schema, value)


def client_of(simulation: Simulation) -> Telnyx:
    """The official client, whose requests the simulation answers at once."""

    def respond(request: httpx.Request) -> httpx.Response:
        found = SPECS.find(request.method, request.url.path.removeprefix("/v2"))
        assert isinstance(found, Found), request.url
        name, params = found.operation.name, found.path_params
        body = json.loads(request.content or b"{}")
        query = dict(request.url.params)
        try:
            reply = execute(simulation, Request(name, body, params.get("call_control_id"), params, query))
        except Refusal as refusal:
            return httpx.Response(refusal.status, json=refusal.body())
        return httpx.Response(status_of(name), json=reply)

    transport = httpx.MockTransport(respond)
    return Telnyx(api_key="KEY", base_url="http://simulated/v2", http_client=httpx.Client(transport=transport))


class Conversations(Nowhere):
    """The WebSocket of an example that has a `reply`: each frame is answered with what it makes of it."""

    def __init__(self, reply: Callable[[Json], list[Json]]) -> None:
        self.reply = reply
        self.simulation: Simulation
        self.listener: Listener

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Socket:
        self.simulation, self.listener = simulation, listener
        simulation.after(0, listener.opened, simulation)
        return self

    def send(self, message: Json, awaited: bool = True) -> None:
        for frame in self.reply(message):
            self.simulation.after(0, self.listener.received, self.simulation, json.dumps(frame))

    def close(self, code: int = 1000) -> None:
        """Nobody listens any more."""


class Tools(Nowhere):
    """The tools of an example that has a `use`: each request is answered with what it returns."""

    def __init__(self, use: Callable[[Telnyx, str, str, Json], Json]) -> None:
        self.use = use
        self.client: Telnyx

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        def answer() -> None:
            call, path = wanted.headers["x-telnyx-call-control-id"], httpx.URL(wanted.url).path
            then(Reply(200, json.dumps(self.use(self.client, call, path, json.loads(wanted.body))).encode()))

        simulation.after(0, answer)


def outside_of(application: Application | None) -> Outside | None:
    """What an example has besides its webhooks."""
    module = sys.modules.get(getattr(application, "__module__", ""))
    reply, use = getattr(module, "reply", None), getattr(module, "use", None)
    return Conversations(reply) if reply else Tools(use) if use else None


def with_files(application: Application, simulation: Simulation) -> Application:
    """An example that has a `download` gets the recordings of the simulation with it."""
    if "download" not in inspect.signature(application).parameters:
        return application

    def download(url: str) -> bytes:
        recording_id = url.partition("?")[0].rpartition("/")[2].partition(".")[0]
        file = sound(simulation.world.recordings[recording_id])
        return (file.head + file.block * (file.size // len(file.block) + 1))[: file.size]

    return partial(application, download=download)


def play(scenario: Scenario, application: Application | None = None) -> list[Entry]:
    """Everything that happens until nothing more is to come."""
    return list(played(scenario, application).log.entries)


def played(scenario: Scenario, application: Application | None = None) -> Simulation:
    """What there is when nothing more is to come."""
    outside = outside_of(application)
    simulation = Simulation(Settings(route=Route("http://app/webhooks")), fits=fits, outside=outside)
    told: deque[Entry] = deque()
    simulation.log.subscribe(lambda entry: told.append(entry) if entry.kind == "webhook" else None)
    apply(scenario, simulation)
    if application is not None:
        application = with_files(application, simulation)
    with client_of(simulation) as client:
        if isinstance(outside, Tools):
            outside.client = client
        while told or simulation.timeline.anything_near():
            if told:
                entry = told.popleft()
                if application is not None:
                    application(client, entry.name, entry.data["payload"])
            else:
                simulation.advance_to(simulation.timeline.next_at() or simulation.now)
    return simulation
