"""What people do at a moment or an event of their call: press, speak, go silent, hold, hang up.

A person sees what the log tells of their own leg: its webhooks, the commands that the application gave it, and what an
assistant says to them. An act is always a plan of its own, so it never happens inside what brings it about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mockserver.sim import conversations, digits, holding, legs, talking
from mockserver.sim.events import Entry
from mockserver.sim.people import EVERY, MOST_ACTS, Act
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

SEEN = ("assistant_says",)
"""Of what people do, this can be waited for."""

DOES: Mapping[str, Callable[[Simulation, Leg, str], None]] = {
    "presses": digits.person_presses,
    "says": conversations.said,
    "silent": lambda simulation, leg, _: talking.person_goes_silent(simulation, leg),
    "holds": lambda simulation, leg, _: holding.person_holds(simulation, leg),
    "unholds": lambda simulation, leg, _: holding.person_unholds(simulation, leg),
    "hangs_up": lambda simulation, leg, _: legs.person_hangs_up(simulation, leg),
}
"""What each act is."""


def begin(simulation: Simulation, leg: Leg) -> None:
    """A leg begins: its person, if they have anything to do, watches what happens on it."""
    if leg.person.acts:
        seen = dict.fromkeys((act.when for act in leg.person.acts), 0)
        simulation.log.watch(leg.call_control_id, Acting(simulation, leg, seen).sees)


@dataclass(slots=True, eq=False)
class Acting:
    """A person with something to do: how often what they wait for has happened, and how much they have planned."""

    simulation: Simulation
    leg: Leg
    seen: dict[str, int] = field(default_factory=dict)
    planned: int = 0

    def sees(self, entry: Entry) -> None:
        """Something happens on the leg, which may be what an act waits for."""
        if self.leg.ended_at is not None:
            self.simulation.log.unwatch(self.leg.call_control_id)
        elif entry.name in self.seen and _has_happened(entry):
            self.seen[entry.name] += 1
            for act in self.leg.person.acts:
                if act.when == entry.name and act.nth in (EVERY, self.seen[entry.name]):
                    self._plan(act)

    def _plan(self, act: Act) -> None:
        """Plan an act; past so many the person has done enough, also if one act brings about the other for ever."""
        if self.planned < MOST_ACTS:
            self.planned += 1
            name = f"act {self.planned}"
            self.leg.plans[name] = self.simulation.after(act.after, self._do, act, name)

    def _do(self, act: Act, name: str) -> None:
        del self.leg.plans[name]
        DOES[act.does](self.simulation, self.leg, act.what)


def _has_happened(entry: Entry) -> bool:
    """Is it a webhook, or what a person can hear, or a command that was obeyed?"""
    if entry.kind == "command":
        return not entry.data.keys() & {"errors", "repeated", "made_up"}
    return entry.kind in ("webhook", "person")
