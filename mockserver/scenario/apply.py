"""A scenario put into a simulation: who is there, what they say, who calls when, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.sim import parties, people
from mockserver.sim.errors import Refusal
from mockserver.sim.simulation import Simulation

if TYPE_CHECKING:
    from mockserver.scenario.model import CallPart, Scenario


def apply(scenario: Scenario, simulation: Simulation) -> None:
    """Make a scenario true from now on.

    Its people are found before those who were there, its errors count the commands from now, and its calls come at
    their time from now. Naming applications makes a world that was open to any connection id a closed one.
    """
    world = simulation.world
    newcomers = scenario.to_people()
    taken = {person.number for person in newcomers}
    world.people[:] = [*newcomers, *(person for person in world.people if person.number not in taken)]
    for assistant in scenario.to_assistants():
        world.assistants[assistant.id] = assistant
    world.injected += [error.to_injected(world.commands_seen.get(error.command, 0)) for error in scenario.errors]
    _add_applications(scenario, simulation)
    for call in scenario.calls:
        simulation.after(call.at, _place, simulation, call, _connection(scenario, call))


def _add_applications(scenario: Scenario, simulation: Simulation) -> None:
    settings = simulation.world.settings
    if not scenario.applications:
        return
    routes = {part.connection_id: part.to_route(settings.route) for part in scenario.applications}
    known = {**(settings.applications or {}), **routes}
    simulation.world.settings = replace(settings, applications=known)


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
        text = f"the call from {call.from_} to {call.to} did not come about: {refusal}"
        simulation.warn("scenario", None, f"{text}. Name its connection_id under applications.")
