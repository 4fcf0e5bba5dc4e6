"""The faults in store in a world, over HTTP: make one, look at them, and delete them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mockserver.sim import errors, fault_fields, faults
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.faults import Rule
from mockserver.worlds import World

if TYPE_CHECKING:
    from mockserver.http.control import Asked, Control


async def list_faults(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return 200, {"data": [rule_body(rule) for rule in world.simulation.world.faults]}


async def make_fault(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """Read as it was sent: a field that is forgiven elsewhere would be half of a rule here."""
    try:
        fault = fault_fields.read(_as_sent(asked))
    except fault_fields.Mistake as mistake:
        raise Refusal(errors.UNPROCESSABLE, reason=str(mistake), at=f"/{mistake.field}") from None
    return 201, {"data": rule_body(faults.add(world.simulation.world, fault))}


async def delete_faults(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    gone, world.simulation.world.faults = world.simulation.world.faults, []
    return 200, {"data": [rule_body(rule) for rule in gone]}


async def delete_fault(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    rules = world.simulation.world.faults
    gone = next((rule for rule in rules if rule.id == asked.found.path_params["id"]), None)
    if gone is None:
        raise Refusal(errors.URL_NOT_FOUND, at="/id")
    rules.remove(gone)
    return 200, {"data": rule_body(gone)}


HANDLERS = {
    "mock_list_faults": list_faults,
    "mock_make_fault": make_fault,
    "mock_delete_faults": delete_faults,
    "mock_delete_fault": delete_fault,
}


def rule_body(rule: Rule) -> Json:
    """A fault in store as JSON: its fields as they were given, and how often it has fitted and was its turn."""
    return {"id": rule.id, "seen": rule.seen, "applied": rule.applied, "fault": faults.as_json(rule.fault)}


def _as_sent(asked: Asked) -> Json:
    """The body as it was sent, with what was forgiven in it; else as it was checked."""
    try:
        sent = json.loads(asked.incoming.body)
    except ValueError:
        return asked.body
    return sent if isinstance(sent, dict) else asked.body
