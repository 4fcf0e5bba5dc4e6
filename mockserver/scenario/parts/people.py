"""People: who is at the other end, and what they do."""

from __future__ import annotations

from typing import Any

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mockserver.scenario.parts.part import (
    Answers,
    Code,
    Duration,
    HangsUp,
    Keys,
    Machine,
    NumberPattern,
    OrdinalOrEvery,
    Outcome,
    Part,
    Text,
    Trigger,
    Yes,
    YesNo,
    exactly_one,
    known_keys,
)
from mockserver.sim import errors, people, timings
from mockserver.sim.people import MOST_ACTS, Act, Person


class ActPart(Part):
    """Something that a person does: `at` so many seconds after the answer, `when` something happens on their call, or
    `after_silence` of so many seconds.

    What they do is the one key that is one of `people.ACTS`.
    """

    CHOICES = (("at", "when", "after_silence"), people.ACTS)

    at: Duration | None = None
    when: Trigger | None = None
    after_silence: Duration | None = None
    nth: OrdinalOrEvery = 1
    after: Duration = 0.0
    presses: Keys | None = None
    says: Text | None = None
    silent: Yes | None = None
    holds: Yes | None = None
    unholds: Yes | None = None
    hangs_up: Yes | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_one_act_at_one_time(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        for choices in cls.CHOICES:
            exactly_one(given, choices)
        if "at" in given and given.keys() & {"nth", "after"}:
            raise ValueError("nth and after count from when, not from at: remove them")
        if "after_silence" in given and "after" in given:
            raise ValueError("after counts from when, and after_silence says how long already: remove after")
        return given

    def to_act(self) -> Act:
        does, what = next((name, value) for name in people.ACTS if (value := getattr(self, name)) is not None)
        words = what if isinstance(what, str) else ""
        if self.at is not None:
            return Act(does, words, after=self.at)
        if self.after_silence is not None:
            return Act(does, words, "", self.nth, after_silence=self.after_silence)
        return Act(does, words, self.when or "", self.nth, self.after)


class PersonPart(Part):
    """Someone at the other end, found by number."""

    number: NumberPattern
    name: Text = ""
    outcome: Outcome = "answer"
    refused: Code | None = None
    answers_after: Duration = timings.RING
    gives_up_after: Duration | None = None
    hangs_up: HangsUp | None = None
    says: list[Text] = Field(default_factory=list)
    answers: Answers = Field(default_factory=dict)
    silent: YesNo = False
    presses: list[Keys] = Field(default_factory=list)
    machine: Machine | None = None
    fake: YesNo = False
    does: list[ActPart] = Field(default_factory=list)

    @field_validator("does", mode="before")
    @classmethod
    def _is_not_too_much(cls, does: Any) -> Any:
        if isinstance(does, list) and len(does) > MOST_ACTS:
            raise ValueError(f"has {len(does):,} entries, more than {MOST_ACTS:,}: remove some")
        return does

    @field_validator("silent")
    @classmethod
    def _silent_people_say_nothing(cls, silent: bool, info: ValidationInfo) -> bool:
        if silent and (info.data.get("says") or info.data.get("answers")):
            raise ValueError("true, and says or answers are given too: remove one of them")
        return silent

    def to_person(self) -> Person:
        return Person(
            number=self.number,
            name=self.name,
            outcome=self.outcome,
            answers_after=self.answers_after,
            hangs_up_after=self.hangs_up.after if self.hangs_up else None,
            hangs_up_when_done=bool(self.hangs_up and self.hangs_up.when_done),
            gives_up_after=self.gives_up_after,
            says=tuple(self.says),
            answers=self.answers,
            silent=self.silent,
            presses=tuple(self.presses),
            machine=self.machine or "",
            fake=self.fake,
            acts=tuple(act.to_act() for act in self.does),
            refused=errors.find(self.refused)[0] if self.refused else None,
        )
