"""What is expected of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainValidator,
    field_validator,
    model_validator,
)

from mockserver.scenario import values
from mockserver.scenario.expecting.listed import AnyOrder, Count, Expectation, Listed
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.expecting.order import MOST_MEMBERS
from mockserver.scenario.expecting.state import COUNTED, STATES, AtEnd
from mockserver.scenario.names import ACTS, command_problem, event_problem, meant
from mockserver.scenario.parts.part import (
    Duration,
    Fields,
    Gets,
    Part,
    Somebody,
    Text,
    Yes,
    exactly_one,
    known_keys,
)

KINDS: dict[str, Literal["webhook", "command", "person"]] = {
    "event": "webhook",
    "command": "command",
    "person": "person",
}

COUNTS = ("times", "at_least", "at_most")
ALONE: Mapping[str, frozenset[str]] = {
    "never": frozenset({"from_here"}),
    "any_order": frozenset({"within"}),
    "at_end": frozenset(),
}
"""What may stand beside what is no happening itself."""

INSIDE: Mapping[str, str] = {"with": "{...}", "who": "..."}
"""What belongs to a happening, and how it is written there."""

SIZES: Mapping[str, str] = {"conference": "participants", "queue": "size"}

HowOften = Annotated[int, PlainValidator(values.whole(1, 10_000))]
HowMany = Annotated[int, PlainValidator(values.whole(0, 1_000_000))]
LegState = Annotated[str, PlainValidator(values.one_of(*STATES))]


class HappeningPart(Part):
    """A webhook, a command or an act of a person."""

    CHOICES = (tuple(KINDS),)

    event: Text | None = None
    command: Text | None = None
    person: Text | None = None
    with_: Fields = Field(default_factory=dict, alias="with")
    gets: Gets | None = None
    who: Somebody | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_one_thing(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        found = exactly_one(given, *cls.CHOICES)
        if given[found] is None:
            raise ValueError(f"{found} is empty: say which")
        if "gets" in given and found != "command":
            raise ValueError(f"{found} has no answer: gets belongs to command")
        return given

    @field_validator("event")
    @classmethod
    def _is_an_event(cls, name: str | None) -> str | None:
        never = cls is HappeningPart
        if name is not None and (problem := event_problem(name, never)):
            raise ValueError(problem)
        return name

    @field_validator("command")
    @classmethod
    def _is_a_command(cls, name: str | None) -> str | None:
        if name is not None and (problem := command_problem(name)) and "501" not in problem:
            raise ValueError(problem)
        return name

    @field_validator("person")
    @classmethod
    def _is_an_act(cls, name: str | None) -> str | None:
        if name is not None and name not in ACTS:
            raise ValueError(f'"{name}" is nothing that people do: {meant(name, ACTS)}')
        return name

    def to_happening(self) -> Happening:
        key, name = next((key, value) for key in KINDS if (value := getattr(self, key)) is not None)
        return Happening(KINDS[key], name, self.with_, self.gets, self.who)


class MemberPart(HappeningPart):
    """One of those that may come in any order."""

    within: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_a_place(cls, given: Any) -> Any:
        if isinstance(given, dict) and (beside := [key for key in (*ALONE, *COUNTS, "from_here") if key in given]):
            raise ValueError(f"{beside[0]} cannot be one of any_order: make it an entry of its own")
        return given

    def to_member(self, within: float | None) -> Expectation:
        """The shorter of both limits counts: its own, and that of all."""
        limits = [limit for limit in (self.within, within) if limit is not None]
        return Expectation(self.to_happening(), within=min(limits, default=None), among=True)


class AtEndPart(Part):
    """What there must be at the end."""

    calls: HowMany | None = None
    conferences: HowMany | None = None
    conversations: HowMany | None = None
    recordings: HowMany | None = None
    conference: Text | None = None
    participants: HowMany | None = None
    queue: Text | None = None
    size: HowMany | None = None
    person: Somebody | None = None
    state: LegState | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_whole(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given
        if not given:
            raise ValueError("is an empty mapping: give what there must be, like {calls: 0}")
        for one, other in (*SIZES.items(), ("person", "state")):
            if (one in given) != (other in given):
                there, lacking = (one, other) if one in given else (other, one)
                raise ValueError(f"has {there} and no {lacking}: {one} and {other} belong together")
        return given

    def to_at_end(self) -> AtEnd:
        counts = {name: count for name in COUNTED if (count := getattr(self, name)) is not None}
        named = ((what, getattr(self, what), getattr(self, size)) for what, size in SIZES.items())
        sizes = {(what, name): size for what, name, size in named if name is not None}
        return AtEnd(counts, sizes, self.person, self.state or "ended")


class ExpectationPart(HappeningPart):
    """One entry of `expect`."""

    CHOICES = ((*KINDS, *ALONE),)

    never: HappeningPart | None = None
    any_order: list[MemberPart] | None = Field(default=None, min_length=2, max_length=MOST_MEMBERS)
    at_end: AtEndPart | None = None
    within: Duration | None = None
    times: HowOften | None = None
    at_least: HowOften | None = None
    at_most: HowOften | None = None
    from_here: Yes | None = None

    @model_validator(mode="before")
    @classmethod
    def _fits_together(cls, given: Any) -> Any:
        """What belongs to another kind of entry, and counts that contradict each other."""
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given
        alone = next((key for key in ALONE if key in given), None)
        if alone:
            more = sorted(given.keys() - ALONE[alone] - {alone, *KINDS, *ALONE, "gets"})
            if more:
                raise ValueError(_not_beside(alone, more))
            return given
        counts = [key for key in COUNTS if key in given]
        if "times" in counts and len(counts) > 1:
            raise ValueError(f"has {' and '.join(counts)}: times says it all, so keep one of them")
        if counts and "within" in given:
            raise ValueError(f"{counts[0]} counts in the whole run and has no place in the order: remove within")
        if "from_here" in given and not counts:
            raise ValueError("is in its place anyway: from_here belongs to never, times, at_least and at_most")
        return given

    @field_validator("any_order", mode="before")
    @classmethod
    def _are_some(cls, given: Any) -> Any:
        if isinstance(given, list) and not 2 <= len(given) <= MOST_MEMBERS:
            raise ValueError(f"has {len(given)} members: give 2 to {MOST_MEMBERS}")
        return given

    @model_validator(mode="after")
    def _can_hold(self) -> ExpectationPart:
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"at_least is {self.at_least} and at_most {self.at_most}: make at_most the larger one")
        return self

    def to_listed(self) -> Listed:
        """What it means."""
        if self.at_end is not None:
            return self.at_end.to_at_end()
        if self.any_order is not None:
            return AnyOrder(tuple(member.to_member(self.within) for member in self.any_order))
        from_here = bool(self.from_here)
        if self.never is not None:
            return Expectation(self.never.to_happening(), never=True, from_here=from_here)
        return Expectation(self.to_happening(), within=self.within, count=self._count(), from_here=from_here)

    def _count(self) -> Count | None:
        if self.times is not None:
            return Count(self.times, self.times)
        if self.at_least is None and self.at_most is None:
            return None
        return Count(self.at_least or 0, self.at_most)


def _not_beside(alone: str, more: Sequence[str]) -> str:
    """What to do with keys that do not go with one that is no happening itself."""
    if alone == "never":
        inside = [f"{key} belongs inside never: {{event: ..., {key}: {INSIDE[key]}}}" for key in more if key in INSIDE]
        return inside[0] if inside else f"{more[0]} is for what may happen: write it without never"
    if alone == "any_order" and more[0] in INSIDE:
        return f"{more[0]} belongs to each of any_order: [{{event: ..., {more[0]}: {INSIDE[more[0]]}}}]"
    return f"{alone} has no {' and no '.join(more)}: remove it"
