"""Conferences as their tests see them: commands by id or name, members, and the story without its beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mockserver.http.contract import Contract
from mockserver.sim.commands import Request, execute
from mockserver.sim.conferences import Conference
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import Row, story, talk

SPECS = Contract(Path(__file__).parent.parent.parent / "specs" / "openapi.yaml")
META = {"attempt": 1, "delivered_to": "https://app.example/"}
NAME = "standup"


def confer(simulation: Simulation, name: str, conference: str = NAME, /, **body: Any) -> Json:
    """Send a command to a conference, without its prefix: `join`; the whole response body."""
    given = {key: _plain(value) for key, value in body.items()}
    return execute(simulation, Request(f"conference_{name}", given, params={"id": conference}))


def refused(simulation: Simulation, name: str, conference: str = NAME, /, **body: Any) -> str:
    """Send it and tell how it went: `ok`, or the codes it was refused with."""
    try:
        confer(simulation, name, conference, **body)
    except Refusal as refusal:
        return " ".join(raised.problem.code for raised in refusal.problems)
    return "ok"


def create(simulation: Simulation, leg: Leg, name: str = NAME, /, **body: Any) -> Conference:
    """Make a conference of a leg, and let it become known."""
    asked = {"call_control_id": leg.call_control_id, "name": name, **body}
    answer = execute(simulation, Request("create_conference", asked))
    simulation.advance(0.2)
    return simulation.world.conferences[answer["data"]["id"]]


def ask(simulation: Simulation, name: str, query: Json | None = None, /, **params: str) -> Any:
    """A question; `data` of the response."""
    return execute(simulation, Request(name, params=params, query=query or {}))["data"]


def three(simulation: Simulation, **options: Any) -> tuple[Conference, list[Leg]]:
    """A conference of three callers; the third joined with `options`."""
    legs = [talk(simulation) for _ in range(3)]
    conference = create(simulation, legs[0])
    confer(simulation, "join", call_control_id=legs[1])
    confer(simulation, "join", call_control_id=legs[2], **options)
    simulation.advance(0.8)
    return conference, legs


def since(simulation: Simulation, seq: int) -> list[Row]:
    """What happened after an entry; every webhook in it is as the specification has it."""
    for entry in simulation.log.after(seq):
        if entry.kind == "webhook":
            assert SPECS.webhook_errors(entry.name, {"data": entry.data, "meta": META}) == []
    return story(simulation, seq)


def _plain(value: Any) -> Any:
    if isinstance(value, Leg):
        return value.call_control_id
    return [_plain(one) for one in value] if isinstance(value, list) else value
