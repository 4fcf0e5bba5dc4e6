"""Assistants: what they are, say and use."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    model_validator,
)

from mockserver.scenario import compounds
from mockserver.scenario.parts.part import (
    Duration,
    Fields,
    Part,
    Text,
)
from mockserver.sim import timings
from mockserver.sim.people import Assistant, Turn, Use


class UsePart(Part):
    """A tool that an assistant uses."""

    tool: Text
    arguments: Fields = Field(default_factory=dict)


class TurnPart(Part):
    """What an assistant says in reply, and which tool it uses."""

    says: Text | None = None
    hears: Text | None = None
    hears_result: Text | None = None
    uses: Annotated[UsePart, BeforeValidator(compounds.short_for("tool"))] | None = None

    @model_validator(mode="after")
    def _does_something(self) -> TurnPart:
        if self.says is None and self.uses is None:
            raise ValueError("has neither says nor uses: give one of them")
        if self.hears is not None and self.hears_result is not None:
            raise ValueError("has hears and hears_result: give one of them")
        return self

    def to_turn(self) -> Turn:
        uses = Use(self.uses.tool, self.uses.arguments) if self.uses else None
        return Turn(self.says or "", self.hears, uses, self.hears_result)


class InsightPart(Part):
    """One result of what is worked out after a conversation: a text or an object."""

    id: Text | None = None
    result: Annotated[Any, PlainValidator(compounds.insight)]


class AssistantPart(Part):
    """An assistant, found by the id that a command gives, or by the name under which the application stores one."""

    id: Text = ""
    name: Text = Assistant().name
    greeting: Text = ""
    model: Text = Assistant().model
    voice: Text = Assistant().voice
    transcription_model: Text = Assistant().transcription_model
    time_limit: Duration = timings.ASSISTANT_LIMIT
    turns: list[Annotated[TurnPart, BeforeValidator(compounds.short_for("says"))]] = Field(default_factory=list)
    insights: list[Annotated[InsightPart, BeforeValidator(compounds.short_for("result"))]] | None = None
    insight_group_id: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_found_somehow(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.keys() & {"id", "name"}:
            raise ValueError("has neither id nor name: give the id that commands give, or the name that is stored")
        return given

    @property
    def known_id(self) -> str:
        """Its id; one that is known by its name alone gets one that is the same in every run."""
        return self.id or f"assistant-{uuid5(NAMESPACE_URL, f'assistants/{self.name}')}"

    def to_assistant(self) -> Assistant:
        return Assistant(
            id=self.known_id,
            name=self.name,
            greeting=self.greeting,
            model=self.model,
            voice=self.voice,
            transcription_model=self.transcription_model,
            turns=tuple(turn.to_turn() for turn in self.turns),
            insights=None if self.insights is None else tuple(map(self._insight, range(len(self.insights)))),
            insight_group_id=self.insight_group_id,
            time_limit_secs=self.time_limit,
        )

    def _insight(self, index: int) -> dict[str, Any]:
        """An insight; without an id it gets one that is the same in every run."""
        insight = (self.insights or [])[index]
        return {
            "insight_id": insight.id or str(uuid5(NAMESPACE_URL, f"{self.known_id}/insights/{index}")),
            "result": insight.result,
        }
