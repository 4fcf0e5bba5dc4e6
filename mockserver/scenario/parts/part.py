"""What all parts have in common, and the values that stand in them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainValidator,
)

from mockserver.scenario import values
from mockserver.sim import recordings
from mockserver.sim.audio_files import PROBLEMS
from mockserver.sim.people import MACHINES, OUTCOMES

Text = Annotated[str, PlainValidator(values.text)]
Duration = Annotated[float, PlainValidator(values.duration)]
Number = Annotated[str, PlainValidator(values.number)]
NumberPattern = Annotated[str, PlainValidator(values.number_or_pattern)]
Url = Annotated[str, PlainValidator(values.url)]
UrlOrNone = Annotated[str, PlainValidator(values.url_or_none)]
Channels = Annotated[int, PlainValidator(values.whole(0, 1_000_000))]
Keys = Annotated[str, PlainValidator(values.keys)]
YesNo = Annotated[bool, PlainValidator(values.yes_no)]
Yes = Annotated[bool, PlainValidator(values.yes)]
Ordinal = Annotated[int, PlainValidator(values.ordinal)]
OrdinalOrEvery = Annotated[int, PlainValidator(values.ordinal_or_every)]
Code = Annotated[str, PlainValidator(values.code)]
Outcome = Annotated[str, PlainValidator(values.one_of(*OUTCOMES))]
ProblemOfFile = Annotated[str, PlainValidator(values.one_of(*PROBLEMS))]
ProblemOfRecording = Annotated[str, PlainValidator(values.one_of(*recordings.PROBLEMS))]
FilePattern = Annotated[str, PlainValidator(values.file_or_pattern)]
Machine = Annotated[str, PlainValidator(values.one_of(*MACHINES))]
Fields = Annotated[dict[str, Any], PlainValidator(values.fields)]
Answers = Annotated[dict[str, tuple[Any, ...]], PlainValidator(values.answers)]
Gets = Annotated[tuple[str, ...], PlainValidator(values.gets)]
Secrets = Annotated[dict[str, str], PlainValidator(values.secrets)]
HangsUp = Annotated[values.HangsUp, PlainValidator(values.hangs_up)]


class Part(BaseModel):
    """A mapping of the file. Keys that it does not know are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def known_keys(part: type[Part]) -> set[str]:
    """The keys that a mapping may have, as they stand in the file."""
    return {info.alias or name for name, info in part.model_fields.items()}
