"""What is refused, and what else goes wrong."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    PlainValidator,
    field_validator,
    model_validator,
)

from mockserver.scenario import compounds, values
from mockserver.scenario.names import command_problem
from mockserver.scenario.parts.part import (
    Code,
    Duration,
    NumberPatternOrName,
    Ordinal,
    Part,
    Text,
    YesNo,
)
from mockserver.sim import errors, fault_fields, faults
from mockserver.sim.errors import Problem
from mockserver.sim.faults import Fault


class ErrorPart(Part):
    """A refusal in store: the `nth` command of a name gets this code. `title` and `status` tell rows of it apart."""

    command: Text
    nth: Ordinal = 1
    code: Code
    title: Text | None = None
    status: Ordinal | None = None

    @field_validator("command")
    @classmethod
    def _is_a_command(cls, name: str) -> str:
        if problem := command_problem(name):
            raise ValueError(problem)
        return name

    @model_validator(mode="after")
    def _names_a_row(self) -> ErrorPart:
        if not self._rows():
            there = " or ".join(f"{row.status} {row.title}" for row in errors.find(self.code))
            raise ValueError(f"no row of {self.code} has that title and status: it is {there}")
        return self

    def _rows(self) -> list[Problem]:
        return [row for row in errors.find(self.code, self.status) if self.title in (None, row.title)]

    def to_fault(self) -> Fault:
        """The refusal as a fault, counted from when the scenario begins."""
        return Fault(operation=self.command, nth=self.nth, error=self._rows()[0])


class FaultPart(Part):
    """What goes wrong: what it fits, when it is its turn, and what happens. `fault_fields` says what goes together."""

    operation: Text | None = None
    event: Text | None = None
    number: NumberPatternOrName | None = None
    call: Text | None = None
    state: Annotated[str, PlainValidator(values.one_of(*fault_fields.STATES))] | None = None
    attempt: Annotated[int, PlainValidator(values.whole(1, 100))] | None = None
    nth: Ordinal | None = None
    first: Ordinal | None = None
    every: Ordinal | None = None
    probability: Annotated[float, PlainValidator(values.share)] | None = None
    error: Code | None = None
    title: Text | None = None
    status: Annotated[int, PlainValidator(values.whole(200, 599))] | None = None
    body: Annotated[Any, PlainValidator(compounds.insight)] | None = None
    rate_limit: Annotated[Any, PlainValidator(compounds.rate_limit)] | None = None
    connection: Annotated[str, PlainValidator(values.one_of(*faults.CONNECTIONS))] | None = None
    before_response: Text | None = None
    race: Annotated[str, PlainValidator(values.one_of(*faults.RACES))] | None = None
    ms: Annotated[int, PlainValidator(values.whole(0, 60_000))] | None = None
    delivery: Annotated[str, PlainValidator(values.one_of(*faults.DELIVERIES))] | None = None
    within: Duration | None = None
    besides: YesNo | None = None
    latency: Annotated[Any, PlainValidator(compounds.latency)] | None = None
    wall: YesNo | None = None
    applied: Annotated[str, PlainValidator(values.one_of(*faults.APPLIED))] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> FaultPart:
        self.to_fault()
        return self

    def to_fault(self) -> Fault:
        return fault_fields.read(self.model_dump(exclude_none=True))
