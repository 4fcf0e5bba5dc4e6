"""A scenario played in process: the example application, the official SDK, the simulation, and no socket."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from telnyx import Telnyx

from mockserver.scenario.apply import apply
from mockserver.scenario.load import Scenario
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json, Route
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Settings

EXAMPLES = Path(__file__).parents[2] / "scenarios" / "examples"
PATH = re.compile(r"/v2/calls(?:/(?P<call>[^/]+)/actions/(?P<name>\w+))?")

Application = Callable[[Telnyx, str, Json], None]


Play = Callable[..., list[Entry]]


@pytest.fixture(name="play")
def play_fixture() -> Play:
    """`play(scenario, application)`: everything that happens, as entries."""
    return play


@pytest.fixture(name="example")
def example_fixture() -> Callable[[str], Application]:
    """`example(name)`: the application of a bundled scenario."""
    return example


def example(name: str) -> Application:
    """The `handle` of an example application."""
    if str(EXAMPLES) not in sys.path:
        sys.path.insert(0, str(EXAMPLES))
    handle: Application = importlib.import_module(name).handle
    return handle


def fits(schema: Json, value: Any) -> bool:
    return jsonschema_rs.is_valid(schema, value)


def client_of(simulation: Simulation) -> Telnyx:
    """The official client, whose requests the simulation answers at once."""

    def respond(request: httpx.Request) -> httpx.Response:
        found = PATH.fullmatch(request.url.path)
        assert found, request.url
        body = json.loads(request.content or b"{}")
        try:
            reply = execute(simulation, Request(found["name"] or "dial", body, found["call"]))
        except Refusal as refusal:
            return httpx.Response(refusal.status, json=refusal.body())
        return httpx.Response(200, json=reply)

    transport = httpx.MockTransport(respond)
    return Telnyx(api_key="KEY", base_url="http://simulated/v2", http_client=httpx.Client(transport=transport))


def play(scenario: Scenario, application: Application | None = None) -> list[Entry]:
    """Everything that happens until nothing more is to come."""
    simulation = Simulation(Settings(route=Route("http://app/webhooks")), fits=fits)
    told: deque[Entry] = deque()
    simulation.log.subscribe(lambda entry: told.append(entry) if entry.kind == "webhook" else None)
    apply(scenario, simulation)
    with client_of(simulation) as client:
        while told or simulation.timeline.anything_near():
            if told:
                entry = told.popleft()
                if application is not None:
                    application(client, entry.name, entry.data["payload"])
            else:
                simulation.advance_to(simulation.timeline.next_at() or simulation.now)
    return list(simulation.log.entries)
