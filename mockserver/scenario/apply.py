"""A scenario put into a simulation: who is there, what they say, who calls when, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.sim import applications, cues, faults, parties
from mockserver.sim import errors as problems
from mockserver.sim.errors import Refusal
from mockserver.sim.parties import Incoming
from mockserver.sim.simulation import Simulation

if TYPE_CHECKING:
    from mockserver.scenario.model import Scenario
    from mockserver.scenario.parts.calls import CallPart

MOST = 50_000
"""How many people a world has, assistants, secrets, files and recordings that fail: of each as many as a file could
say (`tree.MOST_PARTS`)."""


def apply(scenario: Scenario, simulation: Simulation) -> None:
    """Make a scenario true from now on.

    Its people and files are found before those that were there, its errors, faults and recordings are counted from now,
    and its calls come at their time from now, or when what they wait for has happened from now on. Naming applications
    closes a world that was open to any connection id. Refusals: 10027 where there would be too much of something.
    """
    world = simulation.world
    _check_room(scenario, simulation)
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
        happens, incoming = call.to_happens(), _incoming(scenario, call)
        if happens is None:
            simulation.after(call.at, parties.call_comes, simulation, incoming)
        else:
            cues.add(simulation, happens, incoming)


def _check_room(scenario: Scenario, simulation: Simulation) -> None:
    """Refuse what would be too much, before anything is changed (10027)."""
    world = simulation.world
    cues.check_room(simulation, sum(call.when is not None for call in scenario.calls))
    together = {
        "people": len({person.number for person in world.people} | {person.number for person in scenario.people}),
        "assistants": len(world.assistants.keys() | {assistant.id for assistant in scenario.to_assistants()}),
        "secrets": len(world.secrets.keys() | scenario.secrets.keys()),
        "audio": len(world.audio) + len(scenario.audio),
        "recordings": len(world.failing_recordings) + len(scenario.recordings),
    }
    for what, count in together.items():
        if count > MOST:
            reason = f"There would be {count:,} {what}, more than {MOST:,}: reset the world, or add fewer."
            raise Refusal(problems.UNPROCESSABLE, reason=reason)


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


def _incoming(scenario: Scenario, call: CallPart) -> Incoming:
    carried: dict[str, Any] = {}
    if call.from_display_name:
        carried["from_display_name"] = call.from_display_name
    if call.custom_headers:
        carried["custom_headers"] = [{"name": header.name, "value": header.value} for header in call.custom_headers]
    return Incoming(call.from_, call.to, None, _connection(scenario, call), call.webhook_url, carried)
