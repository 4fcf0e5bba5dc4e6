"""Calls that come to the application."""

from __future__ import annotations

from typing import Any

from pydantic import (
    Field,
    model_validator,
)

from mockserver.scenario.parts.part import (
    Duration,
    Fields,
    NumberOrName,
    OrdinalOrEvery,
    Part,
    Text,
    Trigger,
    Url,
    known_keys,
)
from mockserver.sim.cues import Happens

OF_WHEN = ("with", "nth", "after")
"""What says more about `when`, and means nothing without it."""


class HeaderPart(Part):
    """A SIP header."""

    name: Text
    value: Text


class CallPart(Part):
    """Somebody calls the application: `at` so many seconds from the start, or when something has happened anywhere."""

    from_: NumberOrName = Field(alias="from")
    to: NumberOrName
    at: Duration = 0.0
    when: Trigger | None = None
    with_: Fields = Field(default_factory=dict, alias="with")
    nth: OrdinalOrEvery = 1
    after: Duration = 0.0
    connection_id: Text | None = None
    from_display_name: Text | None = None
    custom_headers: list[HeaderPart] = Field(default_factory=list)
    webhook_url: Url | None = None

    @model_validator(mode="before")
    @classmethod
    def _comes_at_one_time(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        if "when" in given and "at" in given:
            raise ValueError("has at and when: give one of them, and for when say how long after it in after")
        found = [key for key in OF_WHEN if key in given]
        if found and "when" not in given:
            raise ValueError(f"{' and '.join(found)} {'belong' if len(found) > 1 else 'belongs'} to when: give it too")
        return given

    def to_happens(self) -> Happens | None:
        """What the call waits for, if it does not come at its time."""
        return Happens(self.when, self.with_, self.nth, self.after) if self.when is not None else None
