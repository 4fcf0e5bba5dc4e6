"""What is expected of a run."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from mockserver.scenario.expect import Expectation
from mockserver.scenario.matching import Happening
from mockserver.scenario.names import ACTS, command_problem, event_problem, meant
from mockserver.scenario.parts.part import (
    Fields,
    Gets,
    Part,
    Text,
    known_keys,
)

KINDS: dict[str, Literal["webhook", "command", "person"]] = {
    "event": "webhook",
    "command": "command",
    "person": "person",
}


class HappeningPart(Part):
    """A webhook, a command or an act of a person."""

    event: Text | None = None
    command: Text | None = None
    person: Text | None = None
    with_: Fields = Field(default_factory=dict, alias="with")
    gets: Gets | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_one_thing(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        choices = [key for key in (*KINDS, "never") if key in known_keys(cls)]
        found = [key for key in choices if key in given]
        if len(found) != 1:
            raise ValueError(f"has {' and '.join(found) or 'none'} of {', '.join(choices)}: give exactly one")
        if given[found[0]] is None:
            raise ValueError(f"{found[0]} is empty: say which")
        if "gets" in given and found != ["command"]:
            raise ValueError(f"{found[0]} has no answer: gets belongs to command")
        if found == ["never"] and len(given) > 1:
            raise ValueError("with belongs inside never: {event: ..., with: {...}}")
        return given

    @field_validator("event")
    @classmethod
    def _is_an_event(cls, name: str | None) -> str | None:
        never = not issubclass(cls, ExpectationPart)
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
        return Happening(KINDS[key], name, self.with_, self.gets)


class ExpectationPart(HappeningPart):
    """One entry of `expect`."""

    never: HappeningPart | None = None

    def to_expectation(self) -> Expectation:
        if self.never is not None:
            return Expectation(self.never.to_happening(), never=True)
        return Expectation(self.to_happening())
