"""The language of scenarios, version 1: a whole file as a model, made of the `parts`.

Everything comes in as dicts, lists and texts (`tree`). A mistake is a ValueError whose text says what was seen and what
to do; `load` puts file, line and place in front.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
)

from mockserver.scenario import compounds
from mockserver.scenario.expecting.listed import Listed
from mockserver.scenario.parts.applications import ApplicationPart, InboundPart, OutboundPart
from mockserver.scenario.parts.assistants import AssistantPart, InsightPart, TurnPart, UsePart
from mockserver.scenario.parts.audio import AudioPart, RecordingPart
from mockserver.scenario.parts.calls import CallPart, HeaderPart
from mockserver.scenario.parts.expectations import AtEndPart, ExpectationPart, HappeningPart, MemberPart
from mockserver.scenario.parts.faults import ErrorPart, FaultPart
from mockserver.scenario.parts.part import (
    Part,
    Secrets,
    Text,
)
from mockserver.scenario.parts.people import ActPart, PersonPart
from mockserver.sim.faults import MOST as MOST_FAULTS
from mockserver.sim.faults import Fault
from mockserver.sim.people import Assistant, Person


class Scenario(Part):
    """A whole file, and what it includes.

    `variables`, `include` and `parameters` are done with before the other keys are looked at (`load`): what is in
    `variables` and `parameters` afterwards are those of this run, and its row.
    """

    name: Text
    description: Text = ""
    variables: dict[str, str] = Field(default_factory=dict)
    include: list[str] = Field(default_factory=list)
    parameters: list[dict[str, str]] = Field(default_factory=list)
    people: list[PersonPart] = Field(default_factory=list)
    applications: list[ApplicationPart] = Field(default_factory=list)
    calls: list[CallPart] = Field(default_factory=list)
    assistants: list[AssistantPart] = Field(default_factory=list)
    secrets: Secrets = Field(default_factory=dict)
    errors: list[ErrorPart] = Field(default_factory=list)
    faults: list[FaultPart] = Field(default_factory=list, max_length=MOST_FAULTS)
    audio: Annotated[list[AudioPart], BeforeValidator(compounds.audio)] = Field(default_factory=list)
    recordings: list[RecordingPart] = Field(default_factory=list)
    expect: list[ExpectationPart] = Field(default_factory=list)

    @property
    def row(self) -> str | None:
        """What the row of this run is called, if the file has rows."""
        return self.parameters[0]["name"] if self.parameters else None

    def to_people(self) -> list[Person]:
        return [person.to_person() for person in self.people]

    def to_assistants(self) -> list[Assistant]:
        return [assistant.to_assistant() for assistant in self.assistants]

    def to_faults(self) -> list[Fault]:
        """Its errors, which are the simplest faults, and then the others."""
        return [*(part.to_fault() for part in self.errors), *(part.to_fault() for part in self.faults)]

    def to_expectations(self) -> list[Listed]:
        return [expectation.to_listed() for expectation in self.expect]


PARTS: dict[tuple[str, ...], type[Part]] = {
    (): Scenario,
    ("people",): PersonPart,
    ("people", "does"): ActPart,
    ("applications",): ApplicationPart,
    ("applications", "inbound"): InboundPart,
    ("applications", "outbound"): OutboundPart,
    ("calls",): CallPart,
    ("calls", "custom_headers"): HeaderPart,
    ("assistants",): AssistantPart,
    ("assistants", "turns"): TurnPart,
    ("assistants", "turns", "uses"): UsePart,
    ("assistants", "insights"): InsightPart,
    ("errors",): ErrorPart,
    ("faults",): FaultPart,
    ("audio",): AudioPart,
    ("recordings",): RecordingPart,
    ("expect",): ExpectationPart,
    ("expect", "never"): HappeningPart,
    ("expect", "any_order"): MemberPart,
    ("expect", "at_end"): AtEndPart,
}
"""Which mapping stands where; for telling what its keys are."""
