"""What people do at a moment, an event or a silence of their call: press, speak, go silent, hold, hang up.

A person sees what the log tells of their own leg: its webhooks, the commands that the application gave it, and what an
assistant says to them. An act is always a plan of its own, so it never happens inside what brings it about.

A silence begins when the last thing that the person hears is over, and when they have done something themselves, since
then they wait for an answer. `voices` tells when a sound ends and looks whether there is another; while the person has
the call on hold there is nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mockserver.sim import conversations, digits, holding, legs, talking, voices
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry
from mockserver.sim.people import EVERY, MOST_ACTS, Act
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

SEEN = ("assistant_says",)
"""Of what people do, this can be waited for."""

ANEW = frozenset(
    {
        *("call.answered", "call.bridged", "call.unhold"),
        *("conference.participant.joined", "conference.participant.left"),
        *("call.dtmf.received", "presses", "says", "hears_digits"),
    }
)
"""Where a silence begins anew, besides at the end of a sound: somebody else is there, or the person has acted."""

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
        give(simulation, leg, leg.person.acts)


def give(simulation: Simulation, leg: Leg, acts: Iterable[Act]) -> None:
    """Let the person of a leg do more. What they wait for counts from now, and so does silence.

    What waits for an answer that has come already waits no longer.
    """
    if leg.acting is None:
        leg.acting = Acting(simulation, leg)
        simulation.log.watch(leg.call_control_id, leg.acting.sees)
    leg.acting.mean(acts)


def has_room(leg: Leg, count: int) -> bool:
    """May the person of a leg be given so many acts more?"""
    acting = leg.acting
    return acting is None or (acting.planned < MOST_ACTS and len(acting.intents) + count <= MOST_ACTS)


@dataclass(slots=True, eq=False)
class Intent:
    """An act that a person means to do, and how often what it waits for has happened."""

    act: Act
    seen: int = 0


@dataclass(slots=True, eq=False)
class Acting:
    """A person with something to do: what they mean to do, and how much they have planned.

    `quiet_since` is when the silence began or begins, `reached` how many seconds of it somebody has waited for.
    """

    simulation: Simulation
    leg: Leg
    intents: list[Intent] = field(default_factory=list)
    planned: int = 0
    quiet_since: int = 0
    reached: float = -1.0

    def mean(self, acts: Iterable[Act]) -> None:
        """Mean to do more."""
        new = [Intent(act) for act in acts]
        self.intents += new
        if self.leg.answered_at is not None:
            for intent in new:
                if intent.act.when == "call.answered" and intent.act.after_silence is None:
                    self._happens(intent)
            self.heard(self.simulation.now)

    def sees(self, entry: Entry) -> None:
        """Something happens on the leg, which may be what an act waits for."""
        if self.leg.ended_at is not None:
            self.simulation.log.unwatch(self.leg.call_control_id)
        elif has_happened(entry):
            for intent in tuple(self.intents):
                if intent.act.when == entry.name and intent.act.after_silence is None:
                    self._happens(intent)
            if entry.name in ANEW:
                self.heard(self.simulation.now)

    def heard(self, until: int) -> None:
        """Something was heard, or is until a moment that is to come: then a silence begins.

        What is told late, as the end of a stream's sound is, changes nothing of a silence that began since then.
        """
        if self.leg.answered_at is not None and self.leg.ended_at is None:
            self.quiet_since = max(until, min(self.quiet_since, self.simulation.now))
            self.reached = -1.0
            self._wait_for_silence()

    def _wait_for_silence(self) -> None:
        """Plan to look when the silence has lasted as long as somebody waits for next."""
        self.simulation.timeline.cancel(self.leg.plans.pop("silence", None))
        wanted = (intent.act.after_silence for intent in self.intents if self.planned < MOST_ACTS)
        length = min((each for each in wanted if each is not None and each > self.reached), default=None)
        if length is not None:
            moment = self.quiet_since + round(length * SECOND)
            self.leg.plans["silence"] = self.simulation.at(moment, self._has_been_quiet, length)

    def _has_been_quiet(self, length: float) -> None:
        """So long a silence is over, unless something is heard that nobody could know of when it was planned."""
        del self.leg.plans["silence"]
        until = voices.heard_until(self.simulation, self.leg)
        if until is None or self.leg.on_hold:
            return
        if until > self.quiet_since:
            self.heard(until)
            return
        self.reached = length
        for intent in tuple(self.intents):
            if intent.act.after_silence == length:
                self._happens(intent)
        self._wait_for_silence()

    def _happens(self, intent: Intent) -> None:
        """What an act waits for has happened once more."""
        intent.seen += 1
        if intent.act.nth in (EVERY, intent.seen):
            self._plan(intent.act)
        if intent.act.nth == intent.seen:
            self.intents.remove(intent)

    def _plan(self, act: Act) -> None:
        """Plan an act; past so many the person has done enough, also if one act brings about the other for ever."""
        if self.planned < MOST_ACTS:
            self.planned += 1
            name = f"act {self.planned}"
            self.leg.plans[name] = self.simulation.after(act.after, self._do, act, name)

    def _do(self, act: Act, name: str) -> None:
        del self.leg.plans[name]
        DOES[act.does](self.simulation, self.leg, act.what)


def has_happened(entry: Entry) -> bool:
    """Is it a webhook, or what a person can hear, or a command that was obeyed?"""
    if entry.kind == "command":
        return not entry.data.keys() & {"errors", "repeated", "made_up"}
    return entry.kind in ("webhook", "person")
