"""Files that the application plays, and recordings that cannot be kept."""

from __future__ import annotations

from typing import Any

from pydantic import (
    model_validator,
)

from mockserver.scenario.parts.part import (
    Duration,
    FilePattern,
    Ordinal,
    Part,
    ProblemOfFile,
    ProblemOfRecording,
    YesNo,
    exactly_one,
    known_keys,
)
from mockserver.sim.audio_files import Said


class AudioPart(Part):
    """Files that the application plays, by URL or media name: how long they are, what is wrong, or whether to fetch."""

    CHOICES = (("url", "media"), ("seconds", "problem", "fetch"))

    url: FilePattern | None = None
    media: FilePattern | None = None
    seconds: Duration | None = None
    problem: ProblemOfFile | None = None
    fetch: YesNo = False

    @model_validator(mode="before")
    @classmethod
    def _says_one_thing_of_one(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        for choices in cls.CHOICES:
            exactly_one(given, choices)
        if "media" in given and "fetch" in given:
            raise ValueError("media that is stored cannot be fetched: give url, or seconds")
        return given

    def to_said(self) -> Said:
        return Said(self.url or "", self.media or "", self.seconds, self.problem or "", self.fetch)


class RecordingPart(Part):
    """The `nth` recording that begins cannot be kept."""

    nth: Ordinal = 1
    problem: ProblemOfRecording
