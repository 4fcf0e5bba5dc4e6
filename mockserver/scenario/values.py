"""The values of a scenario: durations, numbers, codes. Each function takes a part of the tree and returns what it
means, or raises a ValueError that says what was seen and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mockserver.scenario.expecting.matching import OK
from mockserver.scenario.meaning import (
    DURATION,
    MILLISECONDS,
    PATTERN,
    code_meant,
    duration_meant,
    is_url,
    number_meant,
    pattern_meant,
    url_meant,
)
from mockserver.scenario.names import meant
from mockserver.scenario.reading.tree import as_json
from mockserver.sim import errors
from mockserver.sim.digits import KEYS_AND_PAUSES
from mockserver.sim.numbers import E164, SIP
from mockserver.sim.people import EVERY

Value = TypeVar("Value")

LONGEST = 7 * 24 * 3600.0
"""A week: no call lasts longer than hours."""

MOST_STARS = 5
YES, NO = ("yes", "on", "y", "true", "1"), ("no", "off", "n", "false", "0")
ORDINAL = re.compile(r"[1-9]\d{0,8}", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class HangsUp:
    """When a person hangs up: so many seconds after the answer, or when there is nothing left to say."""

    after: float | None = None
    when_done: bool = False


def keys(value: Any) -> str:
    """Keys that somebody presses, with pauses."""
    written = text(value)
    if not KEYS_AND_PAUSES.fullmatch(written):
        raise ValueError(f"{quoted(written)} is not made of the keys 0-9 * # A-D and the pauses w W")
    return written


def text(value: Any) -> str:
    """Any text that says something."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("is empty: give a text, or leave the key out")
        return str(value)
    raise ValueError(f"{kind(value)}: give a text, or leave the key out")


def duration(value: Any) -> float:
    """Seconds: `2`, `0.5`, `2s`, `500ms`, `1m30s`, `1h`."""
    written = text(value).strip()
    if found := MILLISECONDS.fullmatch(written):
        return int(found[1]) / 1000
    found = DURATION.fullmatch(written)
    if not found:
        raise ValueError(f"{quoted(value)} is not a duration: {duration_meant(written)}")
    hours, minutes, seconds = found.groups()
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)
    if total > LONGEST:
        raise ValueError(f"{quoted(value)} is more than a week: write less")
    return float(total)


def number(value: Any) -> str:
    """A number in E.164, or a SIP URI."""
    written = text(value)
    if E164.fullmatch(written) or SIP.fullmatch(written):
        return written
    raise ValueError(f"{quoted(written)} is neither E.164 nor a SIP URI: {number_meant(written)}")


def number_or_pattern(value: Any) -> str:
    """A number, a SIP URI, or either with `*` for any run of characters."""
    written = text(value)
    if "*" not in written:
        return number(written)
    if PATTERN.fullmatch(written) and len(written) <= 200:
        return re.sub(r"\*+", "*", written)
    raise ValueError(f"{quoted(written)} is no pattern: {pattern_meant(written)}")


def url(value: Any) -> str:
    """An address that can be posted to."""
    written = text(value)
    if not is_url(written):
        raise ValueError(f"{quoted(written)} is no URL: {url_meant(written)}")
    return written


def url_or_none(value: Any) -> str:
    """The same, or an empty text for none."""
    return "" if value == "" else url(value)


def file_or_pattern(value: Any) -> str:
    """A URL or a name of audio, in which `*` stands for any run of characters."""
    written = re.sub(r"\*+", "*", text(value).strip())
    if written.count("*") > MOST_STARS:
        raise ValueError(f"{quoted(written)} has more than {MOST_STARS} times *: write fewer")
    return written


def audio(value: Any) -> Any:
    """`fetch` or a length, short for a list that says it of all files."""
    if not isinstance(value, str):
        return value
    if value == "fetch":
        return [{"url": "*", "fetch": "true"}]
    try:
        duration(value)
    except ValueError:
        raise ValueError(f"{quoted(value)} is neither fetch nor a duration: give one of them, or a list") from None
    return [{"url": "*", "seconds": value}, {"media": "*", "seconds": value}]


def yes_no(value: Any) -> bool:
    """True or false."""
    if value in ("true", "false"):
        return bool(value == "true")
    written = value.lower() if isinstance(value, str) else ""
    hint = ": write true" if written in YES else ": write false" if written in NO else ""
    raise ValueError(f"{quoted(value)} is neither true nor false{hint}")


def yes(value: Any) -> bool:
    """True; whoever does not want it leaves it out."""
    if value == "true":
        return True
    raise ValueError(f"{quoted(value)} is not true: give true, or leave the key out")


def ordinal_or_every(value: Any) -> int:
    """1, 2, 3 and so on, or `every`, which is `people.EVERY`."""
    if value == "every":
        return EVERY
    try:
        return ordinal(value)
    except ValueError as problem:
        raise ValueError(f"{problem}, nor every") from None


def ordinal(value: Any) -> int:
    """1, 2, 3 and so on."""
    written = text(value)
    if ORDINAL.fullmatch(written):
        return int(written)
    raise ValueError(f"{quoted(value)} is not a whole number from 1")


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two others."""

    lowest: int
    highest: int

    def __call__(self, value: Any) -> int:
        written = text(value).strip()
        if WHOLE.fullmatch(written) and self.lowest <= int(written) <= self.highest:
            return int(written)
        raise ValueError(f"{quoted(value)} is not a whole number from {self.lowest} to {self.highest}")


def whole(lowest: int, highest: int) -> Whole:
    """A whole number between two others."""
    return Whole(lowest, highest)


def share(value: Any) -> float:
    """How likely something is: a number from 0 to 1, or `10%`."""
    written = text(value).strip()
    try:
        likely = float(written.removesuffix("%")) / (100 if written.endswith("%") else 1)
    except ValueError:
        likely = -1.0
    if 0 <= likely <= 1:
        return likely
    raise ValueError(f"{quoted(value)} is not a number from 0 to 1: write 0.1, or 10%")


def latency(value: Any) -> Any:
    """A duration, a list of the shortest and the longest, or the durations of a distribution."""
    if isinstance(value, list):
        return [duration(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _of(str(name), duration, item) for name, item in value.items()}
    return duration(value)


def rate_limit(value: Any) -> Any:
    """True, or how many requests and when they count anew."""
    if isinstance(value, dict):
        count = whole(1, 1_000_000)
        return {str(name): _of(str(name), count, item) for name, item in value.items()}
    return yes(value)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One word of a few."""

    choices: tuple[str, ...]

    def __call__(self, value: Any) -> str:
        written = text(value)
        if written not in self.choices:
            raise ValueError(f"{quoted(written)} is none of {', '.join(self.choices)}{_hint(written, self.choices)}")
        return written


def one_of(*choices: str) -> OneOf:
    """One word of a few."""
    return OneOf(choices)


def code(value: Any) -> str:
    """An error code that the catalogue has."""
    written = text(value)
    if not errors.find(written):
        raise ValueError(f"{quoted(written)} is no error code that the platform has: {code_meant(written)}")
    return written


def gets(value: Any) -> tuple[str, ...]:
    """What a command may get: `ok`, a code, an HTTP status, or a list of these."""
    wanted = value if isinstance(value, list) else [value]
    if not wanted:
        raise ValueError("is empty: give ok, an error code or an HTTP status")
    return tuple(_answer(item) for item in wanted)


def hangs_up(value: Any) -> HangsUp:
    """`when_done`, or `{after: 30s}`."""
    if value == "when_done":
        return HangsUp(when_done=True)
    if isinstance(value, dict) and value.keys() == {"after"}:
        return HangsUp(after=_of("after", duration, value["after"]))
    raise ValueError(f"{quoted(value)} is neither when_done nor {{after: 30s}}")


def fields(value: Any) -> dict[str, Any]:
    """The fields to compare with."""
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{kind(value)}: give fields and their values, like {{to: '+12025550143'}}")
    known: dict[str, Any] = as_json(value)
    return known


def secrets(value: Any) -> dict[str, str]:
    """Names and what is kept under them."""
    if not isinstance(value, dict):
        raise ValueError(f"{kind(value)}: give names and their values, like {{calendar_key: abc}}")
    return {str(name): _of(str(name), text, item) for name, item in value.items()}


def answers(value: Any) -> dict[str, tuple[Any, ...]]:
    """Property to the values given for it, one for each time it is asked; one value is a list of one."""
    if not isinstance(value, dict):
        raise ValueError(f"{kind(value)}: give properties and what is answered, like {{age: 36}}")
    return {key: tuple(as_json(item if isinstance(item, list) else [item])) for key, item in value.items()}


def insight(value: Any) -> Any:
    """The result of an insight: a text or an object."""
    if isinstance(value, dict):
        return as_json(value)
    return text(value)


@dataclass(frozen=True, slots=True)
class ShortFor:
    """Lets a text stand for a mapping that has it under `key`."""

    key: str

    def __call__(self, value: Any) -> Any:
        return {self.key: value} if isinstance(value, str) else value


def short_for(key: str) -> ShortFor:
    """Let a text stand for a mapping that has it under `key`."""
    return ShortFor(key)


def quoted(value: Any) -> str:
    """What was seen, in double quotes and not too long."""
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        return kind(value)
    return f'"{value}"' if len(value) <= 60 else f'"{value[:59]}…"'


def kind(value: Any) -> str:
    """What sort of thing was seen."""
    if value is None:
        return "is empty"
    if isinstance(value, dict):
        return "is a mapping" if value else "is an empty mapping"
    if isinstance(value, list):
        return "is a list" if value else "is an empty list"
    return f"is the text {quoted(value)}"


def _answer(value: Any) -> str:
    written = text(value)
    if written == OK or re.fullmatch(r"[1-5]\d\d", written, re.ASCII):
        return written
    if not written.isascii() or not written.isdigit():
        raise ValueError(f"{quoted(written)} is neither ok nor an error code nor an HTTP status")
    return code(written)


def _of(name: str, read: Callable[[Any], Value], value: Any) -> Value:
    """What `read` makes of what stands under a name, which is told with a mistake in it."""
    try:
        return read(value)
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from None


def _hint(word: str, choices: tuple[str, ...]) -> str:
    hint = meant(word, choices)
    return f": {hint}" if hint.startswith("did") else ""
