"""A simulation as its tests see it: send commands, let time pass, and read back the story of what happened."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs

from mockserver.sim import parties
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg, Settings

APP = "+12025550100"
"""The application's own number."""
CALLER = "+12025550143"
CALLEE = "+12025550162"
CONNECTION = "2790114250386114973"
UNKNOWN = "v3:" + "x" * 54

Row = tuple[str, str, str]

WHO = {"webhook": "telnyx", "command": "app", "person": "person", "warning": "warning"}
TELLING = (
    *("hangup_cause", "hangup_source", "sip_hangup_cause", "status", "result", "partial_results", "reason"),
    *("digit", "digits"),
)
"""What of a payload a story tells, behind the name of the event."""


def fits(schema: Json, value: Any) -> bool:
    """A JSON Schema validator as the simulation wants one; a schema that is none asks for nothing."""
    try:
        return jsonschema_rs.is_valid(schema, value)
    except ValueError:
        return True


def new(*known: Person, seed: int = 0, **settings: Any) -> Simulation:
    """A simulation in which some people are known."""
    simulation = Simulation(Settings(**settings), seed=seed, fits=fits)
    simulation.world.people = list(known)
    return simulation


def do(simulation: Simulation, name: str, leg: Leg | str | None = None, /, **body: Any) -> Json:
    """Send a command; `data` of the response. `from` is written `from_`."""
    call_control_id = leg.call_control_id if isinstance(leg, Leg) else leg
    fields = {("from" if key == "from_" else key): value for key, value in body.items()}
    data: Json = execute(simulation, Request(name, fields, call_control_id))["data"]
    return data


def dial(simulation: Simulation, to: str | list[str] = CALLEE, **body: Any) -> Leg:
    """Dial; the new leg."""
    data = do(simulation, "dial", **{"to": to, "from_": APP, "connection_id": CONNECTION, **body})
    return simulation.world.legs[data["call_control_id"]]


def code(simulation: Simulation, name: str, leg: Leg | str | None = None, /, **body: Any) -> str:
    """Send a command and tell how it went: `ok`, or the codes it was refused with."""
    try:
        do(simulation, name, leg, **body)
    except Refusal as refusal:
        return " ".join(raised.problem.code for raised in refusal.problems)
    return "ok"


def refusal(simulation: Simulation, name: str, leg: Leg | str | None = None, /, **body: Any) -> list[Json]:
    """Send a command that is refused; the `errors` of the response."""
    try:
        do(simulation, name, leg, **body)
    except Refusal as refused:
        errors: list[Json] = refused.body()["errors"]
        return errors
    raise AssertionError(f"{name} was not refused")


def ring(simulation: Simulation, person: Person | None = None, from_: str = CALLER, **more: Any) -> Leg:
    """Somebody calls the application."""
    return parties.place_call(simulation, from_, APP, person or Person(), **more)


def talk(simulation: Simulation, person: Person | None = None, from_: str = CALLER) -> Leg:
    """Somebody calls the application, which answers."""
    leg = ring(simulation, person, from_)
    do(simulation, "answer", leg)
    simulation.advance(0.4)
    return leg


def story(simulation: Simulation, since: int = 0) -> list[Row]:
    """What happened after the entry `since`, as (seconds since the beginning of the world, who, what).

    The legs are told apart by a number behind `who`, from the second leg on.
    """
    legs = list(dict.fromkeys(entry.call_control_id for entry in simulation.log.entries if entry.call_control_id))
    return [_row(entry, legs) for entry in simulation.log.after(since)]


def events(simulation: Simulation, name: str | None = None) -> list[Json]:
    """The payloads of all webhooks of a name, or all webhooks' names."""
    webhooks = [entry for entry in simulation.log.entries if entry.kind == "webhook"]
    return [entry.data["payload"] for entry in webhooks if entry.name == name]


def names(simulation: Simulation, leg: Leg | None = None) -> list[str]:
    """The names of all webhooks, or of those of a leg."""
    return [
        entry.name
        for entry in simulation.log.entries
        if entry.kind == "webhook" and (leg is None or entry.call_control_id == leg.call_control_id)
    ]


def what_is_told(event_type: str, payload: Json) -> str:
    """An event and what is worth telling of its payload."""
    return " ".join([event_type, *(_text(payload[key]) for key in TELLING if payload.get(key) not in (None, ""))])


def _row(entry: Entry, legs: list[str]) -> Row:
    who, what = WHO[entry.kind], entry.name
    if entry.kind == "webhook":
        what = what_is_told(entry.name, entry.data["payload"])
    elif entry.kind == "command" and "errors" in entry.data:
        what = " ".join([entry.name, *(error["code"] for error in entry.data["errors"])])
    elif entry.kind == "command" and entry.data.get("repeated"):
        what = f"{entry.name} again"
    elif entry.name == "assistant_says":
        who, what = "assistant", entry.data["text"]
    elif entry.name in ("assistant_uses", "tool_answers"):
        key = "arguments" if entry.name == "assistant_uses" else "result"
        who, what = "assistant" if key == "arguments" else "tool", f"{entry.data['tool']} {_text(entry.data[key])}"
    elif entry.name == "says":
        what = f"says {entry.data['text']}"
    elif entry.name == "presses":
        what = f"presses {entry.data['digits']}"
    elif entry.name == "hears_digits":
        what = f"hears {entry.data['digits']}"
    elif entry.name in ("hangs_up", "turns_down"):
        what = f"{entry.name} {entry.data['outcome']}"
    number = legs.index(entry.call_control_id) + 1 if entry.call_control_id in legs else 1
    return f"{(entry.at - EPOCH) / SECOND:.3f}", who if number == 1 else f"{who} {number}", what


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
