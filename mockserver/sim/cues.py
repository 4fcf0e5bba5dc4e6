"""Calls that come after something has happened, anywhere in the world: a cue is what is waited for, and then the call.

Cues are plain data of the world, which watches its log while there are any, so a copy of it waits for the same. A call
is always a plan of its own, so it never comes inside what brings it about.

Memory: a world has `MOST` cues that wait; one that waits for every time brings `MOST_CALLS` calls and is over. All of
them together bring `MOST_AT_ONCE` at one moment, since cues whose calls bring about each other multiply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mockserver.sim import errors, parties
from mockserver.sim.acting import has_happened
from mockserver.sim.errors import Refusal
from mockserver.sim.events import EVERYWHERE, Entry, Json
from mockserver.sim.matching import details, same
from mockserver.sim.parties import Incoming
from mockserver.sim.people import EVERY
from mockserver.sim.simulation import Simulation

MOST = 1_000
"""How many cues a world has."""

MOST_CALLS = 1_000
"""How many calls a cue brings that waits for every time."""

MOST_AT_ONCE = 1_000
"""How many calls the cues of a world bring at one moment of its time; one that would bring more is taken for a loop."""


LOOP = "{id} waits no longer: the calls that wait have brought {count:,} at one moment, which is taken for a loop"


@dataclass(frozen=True, slots=True)
class Happens:
    """What a call waits for: `when` has happened for the `nth` time (`people.EVERY` is each time), and then `after`
    seconds more.

    `when` is a webhook, a command that was obeyed, or `assistant_says`, with these `fields` in it.
    """

    when: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    nth: int = 1
    after: float = 0.0


@dataclass(slots=True, eq=False)
class Cue:
    """A call that waits. `seen` is how often what it waits for has happened, `brought` how many calls came of it."""

    id: str
    happens: Happens
    call: Incoming
    seen: int = 0
    brought: int = 0


def check_room(simulation: Simulation, count: int = 1) -> None:
    """Refuse more cues than a world may have (10027)."""
    if len(simulation.world.cues) + count > MOST:
        raise Refusal(errors.UNPROCESSABLE, reason=f"{MOST:,} calls wait for something already: delete some cues.")


def add(simulation: Simulation, happens: Happens, call: Incoming) -> Cue:
    """Let a call come when something has happened, counted from now. Refusals: those of `check_room`."""
    check_room(simulation)
    world = simulation.world
    world.cues_made += 1
    cue = world.cues[f"cue-{world.cues_made}"] = Cue(f"cue-{world.cues_made}", happens, call)
    simulation.log.watch(EVERYWHERE, partial(_sees, simulation))
    return cue


def remove(simulation: Simulation, id_: str) -> Cue | None:
    """Let a call wait no longer; the cue of an id, if there is one."""
    cue = simulation.world.cues.pop(id_, None)
    if not simulation.world.cues:
        simulation.log.unwatch(EVERYWHERE)
    return cue


def as_json(cue: Cue) -> Json:
    """A cue, as it is shown."""
    happens, call = cue.happens, cue.call
    return {
        "id": cue.id,
        "when": happens.when,
        "with": dict(happens.fields),
        "nth": "every" if happens.nth == EVERY else happens.nth,
        "after": happens.after,
        "seen": cue.seen,
        "brought": cue.brought,
        "from": call.from_,
        "to": call.to,
    }


def _sees(simulation: Simulation, entry: Entry) -> None:
    """Something happens, which may be what a call waits for."""
    for cue in tuple(simulation.world.cues.values()):
        happens = cue.happens
        if happens.when != entry.name or not has_happened(entry) or not same(happens.fields, details(entry)):
            continue
        cue.seen += 1
        if happens.nth in (EVERY, cue.seen):
            if not _has_time(simulation):
                remove(simulation, cue.id)
                simulation.after(0, _warn_of_loop, simulation, cue.id)
                continue
            cue.brought += 1
            simulation.after(happens.after, parties.call_comes, simulation, cue.call)
        if cue.seen == happens.nth or cue.brought == MOST_CALLS:
            remove(simulation, cue.id)


def _warn_of_loop(simulation: Simulation, id_: str) -> None:
    simulation.warn("scenario", None, LOOP.format(id=id_, count=MOST_AT_ONCE))


def _has_time(simulation: Simulation) -> bool:
    """Is there room for one more call at this moment? Then it is counted."""
    world = simulation.world
    if world.cued_at != simulation.now:
        world.cued_at, world.cued = simulation.now, 0
    world.cued += 1
    return world.cued <= MOST_AT_ONCE
