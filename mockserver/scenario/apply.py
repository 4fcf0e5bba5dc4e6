"""A scenario put into a simulation: who is there, what they say, who calls when, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.sim import applications, faults, parties, people
from mockserver.sim import errors as problems
from mockserver.sim.errors import Refusal
from mockserver.sim.simulation import Simulation

if TYPE_CHECKING:
    from mockserver.scenario.model import Scenario
    from mockserver.scenario.parts.calls import CallPart


def apply(scenario: Scenario, simulation: Simulation) -> None:
    """Make a scenario true from now on.

    Its people and files are found before those that were there, its errors, faults and recordings are counted from now,
    and its calls come at their time from now. Naming applications closes a world that was open to any connection id.
    """
    world = simulation.world
    _add_applications(scenario, simulation)
    newcomers = scenario.to_people()
    taken = {person.number for person in newcomers}
    world.people[:] = [*newcomers, *(person for person in world.people if person.number not in taken)]
    for assistant in scenario.to_assistants():
        world.assistants[assistant.id] = replace(assistant, created_at=simulation.now)
    world.secrets |= scenario.secrets
    for fault in scenario.to_faults():
        faults.add(world, fault)
    world.audio[:0] = [part.to_said() for part in scenario.audio]
    for recording in scenario.recordings:
        world.failing_recordings[world.recordings_begun + recording.nth] = recording.problem
    for call in scenario.calls:
        simulation.after(call.at, _place, simulation, call, _connection(scenario, call))


def _add_applications(scenario: Scenario, simulation: Simulation) -> None:
    world = simulation.world
    if not scenario.applications:
        return
    applications.add(world, [part.to_application(world.settings, simulation.now) for part in scenario.applications])
    world.settings = replace(world.settings, applications=world.settings.applications or {})


def _connection(scenario: Scenario, call: CallPart) -> str | None:
    """The application that is called: the one named, else the first of the scenario, else the world's own."""
    if call.connection_id or not scenario.applications:
        return call.connection_id
    return scenario.applications[0].connection_id


def _place(simulation: Simulation, call: CallPart, connection_id: str | None) -> None:
    carried: dict[str, Any] = {}
    if call.from_display_name:
        carried["from_display_name"] = call.from_display_name
    if call.custom_headers:
        carried["custom_headers"] = [{"name": header.name, "value": header.value} for header in call.custom_headers]
    person = people.find(call.from_, simulation.world.people)
    try:
        parties.place_call(simulation, call.from_, call.to, person, connection_id, call.webhook_url, **carried)
    except Refusal as refusal:
        unknown = refusal.problems[0].problem is problems.INVALID_CONNECTION
        hint = ". Name its connection_id under applications." if unknown else ""
        simulation.warn(
            "scenario", None, f"the call from {call.from_} to {call.to} did not come about: {refusal}{hint}"
        )
