"""A list of expectations that comes as JSON, held against a world that goes on: what `/_mock/expect` does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from pydantic import Field, ValidationError

from mockserver.scenario.expecting.expect import Expectations, Listed, Report, check
from mockserver.scenario.expecting.state import AtEnd, state_of
from mockserver.scenario.named import numbers_by_name
from mockserver.scenario.parts.expectations import ExpectationPart
from mockserver.scenario.parts.part import Part
from mockserver.scenario.reading.sentences import place_of, sentence
from mockserver.scenario.reading.tree import Path, Plain
from mockserver.scenario.report import result_body
from mockserver.sim.events import Entry, Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation

MOST = 500
"""How many expectations a list has, those within `any_order` counted one by one."""


class InvalidList(ValueError):
    """A list with mistakes; each of `problems` has its place in the list and what is wrong there."""

    def __init__(self, problems: list[tuple[Path, str]]) -> None:
        super().__init__("\n".join(f"{pointer(path)}: {text}" for path, text in problems))
        self.problems = problems


class Holding:
    """A list that is held against the log of a simulation, and what there is in its world, as it goes on.

    Nothing up to entry number `since` counts. Feed it what comes, once it is made.
    """

    def __init__(self, listed: Sequence[Listed], simulation: Simulation, since: int = 0) -> None:
        self._listed, self._simulation, self._since = listed, simulation, since
        self._live = Expectations(listed, since)
        for entry in simulation.log.entries:
            self._live.feed(entry)

    def feed(self, entry: Entry) -> None:
        """Take in one more entry."""
        self._live.feed(entry)

    @property
    def done(self) -> bool:
        """Is there nothing left in the log to wait for?"""
        return self._live.done

    @property
    def over(self) -> bool:
        """Is there nothing left to wait for at all: does it hold, or can it hold no more?

        Not to be asked while an entry is written, since what it tells of is only half done then.
        """
        if not self.done:
            return False
        state = state_of(self._simulation.world)
        at_end = (one for one in self._listed if isinstance(one, AtEnd))
        return not self._live.held or not any(difference for one in at_end for difference in one.differences(state))

    def report(self) -> Report:
        """How it stands now."""
        simulation = self._simulation
        return check(self._listed, simulation.log.entries, state_of(simulation.world), self._since)

    def verdict(self) -> Json:
        """The same as JSON."""
        report = self.report()
        return {"held": report.held, "results": list(map(result_body, report.results))}


def read(given: Sequence[Any], people: Sequence[Person] = ()) -> list[Listed]:
    """What a list means, whose entries are those of `expect` in a scenario; `people` have names.

    Raises InvalidList with every mistake in it.
    """
    tree = _tree(list(given))
    try:
        parts = _List.model_validate({"expect": tree}, context=numbers_by_name([], people)).expect
    except ValidationError as error:
        found = [(place_of(dict(wrong)), dict(wrong)) for wrong in error.errors(include_url=False)]
        raise InvalidList([(path[1:], sentence(wrong, path)) for path, wrong in found]) from None
    listed = [part.to_listed() for part in parts]
    count = sum(1 if isinstance(one, AtEnd) else len(one.members) for one in listed)
    if count > MOST:
        raise InvalidList([((), f"has {count:,} expectations, and {MOST} is the most: send it in parts, with since")])
    return listed


def pointer(path: Path) -> str:
    """A place in the list as a JSON pointer into the body: `/expect/0/event`; a key that cannot be printed ends it."""
    steps = [str(part) for part in ("expect", *path)]
    readable = takewhile(str.isprintable, steps)
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in readable)


class _List(Part):
    expect: list[ExpectationPart] = Field(min_length=1)


def _tree(value: Any) -> Any:
    """JSON as a scenario file has it: numbers, true and false are the texts that they are written as."""
    if isinstance(value, dict):
        return {key: _tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_tree(item) for item in value]
    return value if value is None or isinstance(value, str) else Plain(json.dumps(value))
