"""What there is in a world at one moment, and what a list wants there to be `at_end`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mockserver.scenario.expecting.who import Who
from mockserver.sim.matching import hint
from mockserver.sim.states import OVER, UNANSWERED
from mockserver.sim.world import Leg, World

STATES = ("ringing", "answered", "ended")
"""What a call can be, in the words of a scenario."""

MOST_SHOWN = 5
"""How many of what is there too much are told."""


@dataclass(frozen=True, slots=True)
class LegState:
    """A leg of a call: who it is between, and which of `STATES` it is in."""

    call_control_id: str
    from_: str
    to: str
    state: str

    def __str__(self) -> str:
        return f"{self.from_} -> {self.to} ({self.state})"


@dataclass(frozen=True, slots=True)
class State:
    """A world in short. `legs` are in the order of their coming, those that the world has not forgotten.

    `conferences` are those that are not over, by name, with how many are in each, `queues` by name, with how many wait;
    `conversations` are the ids of those that go on, `recordings` the ids of those that are saved.
    """

    legs: tuple[LegState, ...] = ()
    conferences: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    conversations: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()


COUNTED: Mapping[str, Callable[[State], Sequence[object]]] = {
    "calls": lambda state: [leg for leg in state.legs if leg.state != "ended"],
    "conferences": lambda state: tuple(state.conferences),
    "conversations": lambda state: state.conversations,
    "recordings": lambda state: state.recordings,
}
"""What can be counted at the end: calls that are up, conferences and conversations that go on, recordings saved."""


@dataclass(frozen=True, slots=True)
class AtEnd:
    """What there must be when the run is over.

    `counts` are by the names of `COUNTED`, `sizes` how many are in a conference or a queue, by which of the two and its
    name. Somebody (`who`) has `ended` when all their calls have, and is in another `state` when one of them is.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    who: Who | None = None
    state: str = "ended"

    def __str__(self) -> str:
        words = [f"{count} {name}" for name, count in self.counts.items()]
        words += [f"{size} in {what} {name}" for (what, name), size in self.sizes.items()]
        if self.who:
            words.append(f"{self.who.label} {self.state}")
        return f"at the end {', '.join(words)}"

    def differences(self, state: State) -> Iterator[str]:
        """Where a state differs, one sentence for each thing that does."""
        for name, count in self.counts.items():
            if len(there := COUNTED[name](state)) != count:
                yield f"{name} was {len(there)}{_listed(there)}"
        for (what, name), size in self.sizes.items():
            known = state.conferences if what == "conference" else state.queues
            if known.get(name, 0) != size:
                yield f"{what} {name} had {known[name]}" if name in known else _no(what, name, known)
        if self.who and (told := _otherwise(self.who, self.state, state)):
            yield told


def state_of(world: World) -> State:
    """What there is in a world now."""
    return State(
        tuple(LegState(leg.call_control_id, leg.from_, leg.to, _state(leg)) for leg in world.legs.values()),
        {one.name: len(one.members) for one in world.conferences.values() if not one.is_over},
        {name: len(queue.calls) for name, queue in world.queues.items()},
        tuple(one.id for one in world.conversations.values() if one.state != "ended"),
        tuple(world.recordings),
    )


def _state(leg: Leg) -> str:
    return "ended" if leg.state in OVER else "ringing" if leg.state in UNANSWERED else "answered"


def _otherwise(who: Who, wanted: str, state: State) -> str | None:
    """What the calls of a person were instead, or None if they were as wanted."""
    calls = [leg for leg in state.legs if who.has(leg.from_) or who.has(leg.to)]
    if not calls:
        return f"{who.label} had no call"
    states = {leg.state for leg in calls}
    if states == {"ended"} if wanted == "ended" else wanted in states:
        return None
    live = [leg for leg in calls if leg.state != "ended"]
    return f"{who.label} had {len(live)} calls up{_listed(live)}" if live else f"the calls of {who.label} had ended"


def _no(what: str, name: str, known: Mapping[str, int]) -> str:
    return f"there was no {what} {name}: {hint(name, known) if known else f'there was no {what} at all'}"


def _listed(there: Sequence[object]) -> str:
    """What was there, not too much of it."""
    more = [f"and {len(there) - MOST_SHOWN} more"] if len(there) > MOST_SHOWN else []
    return f": {', '.join([*map(str, there[:MOST_SHOWN]), *more])}" if there else ""
