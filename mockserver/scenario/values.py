"""The values of a scenario: durations, numbers, codes. Each function takes a part of the tree and returns what it
means, or raises a ValueError that says what was seen and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

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
from mockserver.scenario.names import meant, trigger_problem
from mockserver.scenario.seen import kind, quoted
from mockserver.sim import errors
from mockserver.sim.digits import KEYS_AND_PAUSES
from mockserver.sim.numbers import E164, SIP
from mockserver.sim.people import EVERY

LONGEST = 7 * 24 * 3600.0
"""A week: no call lasts longer than hours."""

MOST_STARS = 5
YES, NO = ("yes", "on", "y", "true", "1"), ("no", "off", "n", "false", "0")
ORDINAL = re.compile(r"[1-9]\d{0,8}", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,9}")


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


def trigger(value: Any) -> str:
    """What has to happen before something: a webhook, a command, or `assistant_says`."""
    written = text(value)
    if problem := trigger_problem(written):
        raise ValueError(problem)
    return written


def code(value: Any) -> str:
    """An error code that the catalogue has."""
    written = text(value)
    if not errors.find(written):
        raise ValueError(f"{quoted(written)} is no error code that the platform has: {code_meant(written)}")
    return written


def _hint(word: str, choices: tuple[str, ...]) -> str:
    hint = meant(word, choices)
    return f": {hint}" if hint.startswith("did") else ""
