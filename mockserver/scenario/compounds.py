"""Values of a scenario that are made of others, or may be written in several ways: mappings, lists, short forms.

As in `values`, each function takes a part of the tree and returns what it means, or raises a ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mockserver.scenario.expecting.matching import OK
from mockserver.scenario.reading.tree import as_json
from mockserver.scenario.seen import kind, quoted
from mockserver.scenario.values import code, duration, text, whole, yes

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class HangsUp:
    """When a person hangs up: so many seconds after the answer, or when there is nothing left to say."""

    after: float | None = None
    when_done: bool = False


def hangs_up(value: Any) -> HangsUp:
    """`when_done`, or `{after: 30s}`."""
    if value == "when_done":
        return HangsUp(when_done=True)
    if isinstance(value, dict) and value.keys() == {"after"}:
        return HangsUp(after=_of("after", duration, value["after"]))
    raise ValueError(f"{quoted(value)} is neither when_done nor {{after: 30s}}")


def gets(value: Any) -> tuple[str, ...]:
    """What a command may get: `ok`, a code, an HTTP status, or a list of these."""
    wanted = value if isinstance(value, list) else [value]
    if not wanted:
        raise ValueError("is empty: give ok, an error code or an HTTP status")
    return tuple(_answer(item) for item in wanted)


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


def fields(value: Any) -> dict[str, Any]:
    """The fields to compare with."""
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{kind(value)}: give fields and their values, like {{to: '+12025550143'}}")
    known: dict[str, Any] = as_json(value)
    return known


def answers(value: Any) -> dict[str, tuple[Any, ...]]:
    """Property to the values given for it, one for each time it is asked; one value is a list of one."""
    if not isinstance(value, dict):
        raise ValueError(f"{kind(value)}: give properties and what is answered, like {{age: 36}}")
    return {key: tuple(as_json(item if isinstance(item, list) else [item])) for key, item in value.items()}


def secrets(value: Any) -> dict[str, str]:
    """Names and what is kept under them."""
    if not isinstance(value, dict):
        raise ValueError(f"{kind(value)}: give names and their values, like {{calendar_key: abc}}")
    return {str(name): _of(str(name), text, item) for name, item in value.items()}


def insight(value: Any) -> Any:
    """The result of an insight: a text or an object."""
    if isinstance(value, dict):
        return as_json(value)
    return text(value)


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


@dataclass(frozen=True, slots=True)
class ShortFor:
    """Lets a text stand for a mapping that has it under `key`."""

    key: str

    def __call__(self, value: Any) -> Any:
        return {self.key: value} if isinstance(value, str) else value


def short_for(key: str) -> ShortFor:
    """Let a text stand for a mapping that has it under `key`."""
    return ShortFor(key)


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
