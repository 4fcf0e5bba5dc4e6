"""What all parts have in common, and the values that stand in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from mockserver.scenario import compounds, named, values
from mockserver.scenario.expecting.who import Who
from mockserver.sim import recordings
from mockserver.sim.audio_files import PROBLEMS
from mockserver.sim.people import MACHINES, OUTCOMES

Text = Annotated[str, PlainValidator(values.text)]
Duration = Annotated[float, PlainValidator(values.duration)]
NumberPattern = Annotated[str, PlainValidator(values.number_or_pattern)]
NumberOrName = Annotated[str, PlainValidator(named.number)]
NumberPatternOrName = Annotated[str, PlainValidator(named.number_or_pattern)]
Somebody = Annotated[Who, PlainValidator(named.somebody)]
Url = Annotated[str, PlainValidator(values.url)]
UrlOrNone = Annotated[str, PlainValidator(values.url_or_none)]
Channels = Annotated[int, PlainValidator(values.whole(0, 1_000_000))]
Keys = Annotated[str, PlainValidator(values.keys)]
YesNo = Annotated[bool, PlainValidator(values.yes_no)]
Yes = Annotated[bool, PlainValidator(values.yes)]
Ordinal = Annotated[int, PlainValidator(values.ordinal)]
OrdinalOrEvery = Annotated[int, PlainValidator(values.ordinal_or_every)]
Code = Annotated[str, PlainValidator(values.code)]
Trigger = Annotated[str, PlainValidator(values.trigger)]
Outcome = Annotated[str, PlainValidator(values.one_of(*OUTCOMES))]
ProblemOfFile = Annotated[str, PlainValidator(values.one_of(*PROBLEMS))]
ProblemOfRecording = Annotated[str, PlainValidator(values.one_of(*recordings.PROBLEMS))]
FilePattern = Annotated[str, PlainValidator(values.file_or_pattern)]
Machine = Annotated[str, PlainValidator(values.one_of(*MACHINES))]
Fields = Annotated[dict[str, Any], PlainValidator(compounds.fields)]
Answers = Annotated[dict[str, tuple[Any, ...]], PlainValidator(compounds.answers)]
Gets = Annotated[tuple[str, ...], PlainValidator(compounds.gets)]
Secrets = Annotated[dict[str, str], PlainValidator(compounds.secrets)]
HangsUp = Annotated[compounds.HangsUp, PlainValidator(compounds.hangs_up)]


class Part(BaseModel):
    """A mapping of the file. Keys that it does not know are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    CHOICES: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Of each of these, exactly one key is given: `exactly_one` sees to it, and editors know it."""

    @field_validator("*", mode="before")
    @classmethod
    def _says_something(cls, value: Any, info: ValidationInfo) -> Any:
        """A key that may be left out, and has nothing behind it, is a slip; the others say so by themselves."""
        if value is None and cls.model_fields[info.field_name or ""].default is None:
            raise ValueError("is empty: give a value, or leave the key out")
        return value


def exactly_one(given: Mapping[str, Any], choices: Sequence[str]) -> str:
    """The one of several keys that is given. Raises ValueError where it is none or two."""
    found = [key for key in choices if key in given]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"has {' and '.join(found)}: give exactly one of {', '.join(choices)}")
    raise ValueError(f"has none of {', '.join(choices)}: give exactly one")


def known_keys(part: type[Part]) -> set[str]:
    """The keys that a mapping may have, as they stand in the file."""
    return {info.alias or name for name, info in part.model_fields.items()}
