"""Faults as they are written: names and values as JSON has them, read into a `Fault`, or a mistake in a sentence.

The control interface, the header of a request and scenarios all end here, so they say the same and mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from mockserver.sim import errors, faults
from mockserver.sim.commands import COMMANDS, is_command
from mockserver.sim.event_types import EMITTED
from mockserver.sim.events import Json
from mockserver.sim.faults import Fault, Latency, RateLimit
from mockserver.sim.people import matches
from mockserver.sim.states import ANSWERED, OVER, UNANSWERED

STATES = (*UNANSWERED, *ANSWERED, *OVER)
MOST_TEXT = 200
MOST_BODY = 65_536
"""How long the body of an answer or of a webhook may be, in characters."""
MATCHES = ("operation", "event", "number", "call", "state", "attempt", *faults.COUNTS)
OF_SPREAD = ("mean", "deviation", "min", "max")


class Mistake(ValueError):
    """What is wrong with a rule: the `field` that is to be changed, and a sentence."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field, self.text = field, text


def read(given: Mapping[str, Any]) -> Fault:
    """A rule from its fields. Raises `Mistake` for the first one."""
    values = {name: _read(name, value) for name, value in given.items() if name not in ("title", "error")}
    if "error" in given:
        values["error"] = _row(given)
        values.pop("status", None)
    elif "title" in given:
        raise Mistake("title", "it tells rows of error apart: give error, or remove it")
    fault = Fault(**values)
    _check(fault, given)
    late = fault.connection == "truncate" or fault.before_response
    return replace(fault, applied="after") if late else fault


def read_effect(given: Mapping[str, Any]) -> Fault:
    """What one request is to suffer: a rule without anything to match."""
    for name in given:
        if name in MATCHES:
            raise Mistake(name, "the fault is that of this very request: remove it")
    return read({"operation": "*", **given})


def _read(name: str, value: Any) -> Any:
    reader = FIELDS.get(name)
    if reader is None:
        raise Mistake(name, f"there is no such field{_meant(name, (*FIELDS, 'error', 'title'))}")
    try:
        return reader(value)
    except ValueError as problem:
        raise Mistake(name, str(problem)) from None


def _check(fault: Fault, given: Mapping[str, Any]) -> None:
    """What fields say together."""
    if bool(fault.operation) == bool(fault.event):
        raise Mistake("operation", "give one of operation and event")
    for several in (faults.COUNTS, faults.REQUEST_EFFECTS):
        found = [name for name in several if name in given and not (name == "status" and fault.error)]
        if len(found) > 1:
            raise Mistake(found[1], f"{found[0]} is given too: remove one of them")
    if fault.event:
        _check_delivery(fault, given)
    else:
        _check_request(fault, given)
    if fault.wall and fault.latency is None:
        raise Mistake("wall", "it says how latency is measured: give latency, or remove it")


def _check_delivery(fault: Fault, given: Mapping[str, Any]) -> None:
    for name in (*faults.REQUEST_EFFECTS, "title", "ms", "applied", "wall"):
        if name in given:
            raise Mistake(name, "it is for requests, and this rule is about an event: remove it")
    if not fault.delivery and fault.latency is None:
        raise Mistake("delivery", "give delivery or latency: what happens to the webhook")
    if fault.body is not None and fault.delivery != "changed_body":
        raise Mistake("body", "it goes with delivery: changed_body")
    if fault.within is not None and fault.delivery != "reorder":
        raise Mistake("within", "it goes with delivery: reorder")
    if fault.besides and fault.delivery not in ("", *faults.FORGERIES):
        raise Mistake("besides", f"it goes with latency alone, and with {', '.join(faults.FORGERIES)}")


def _check_request(fault: Fault, given: Mapping[str, Any]) -> None:
    for name in ("delivery", "attempt", "within", "besides"):
        if name in given:
            raise Mistake(name, "it is for webhooks: give event in place of operation")
    if fault.latency is None and not any(name in given for name in faults.REQUEST_EFFECTS):
        raise Mistake("operation", f"nothing happens to it: give one of {', '.join(faults.REQUEST_EFFECTS)}, latency")
    if fault.body is not None and fault.status is None:
        raise Mistake("body", "it goes with status")
    if "ms" in given and not fault.race:
        raise Mistake("ms", "it goes with race")
    if fault.applied == "before" and "applied" in given and (fault.connection == "truncate" or fault.before_response):
        raise Mistake("applied", "the command has been done by then: remove it")
    if fault.race and ("*" not in fault.operation and not is_command(fault.operation)):
        raise Mistake("race", f"{fault.operation} is no command")


def _row(given: Mapping[str, Any]) -> errors.Problem:
    """The row of the catalogue with the code of `error`; `title` and `status` tell rows of it apart."""
    code, title, status = given["error"], given.get("title"), given.get("status")
    if not isinstance(code, str) or not errors.find(code):
        raise Mistake("error", f'{_shown(code)} is no error code of the catalogue, which are texts like "90018"')
    rows = [row for row in errors.find(code) if title in (None, row.title) and status in (None, row.status)]
    if not rows:
        there = " or ".join(f"{row.status} {row.title}" for row in errors.find(code))
        raise Mistake("title" if title is not None else "status", f"no row of {code} has it: it is {there}")
    return rows[0]


def _operation(value: Any) -> str:
    return _name(value, COMMANDS, "operation", "answer, dial or retrieve_call")


def _event(value: Any) -> str:
    return _name(value, EMITTED, "event", "call.answered")


def _name(value: Any, known: Iterable[str], what: str, example: str) -> str:
    written = _text(value)
    if any(matches(written, name) for name in known):
        return written
    raise ValueError(f"{_shown(written)} is no {what}{_meant(written, known) or f': write one like {example}, or *'}")


def _text(value: Any) -> str:
    if isinstance(value, str) and value.strip() and len(value) <= MOST_TEXT and value.count("*") <= 5:
        return value
    raise ValueError(f"{_shown(value)} is no text of 1 to {MOST_TEXT} characters, with * five times at most")


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def whole(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise ValueError(f"{_shown(value)} is not a whole number from {least} to {most:,}")

    return whole


def _number(least: float, most: float) -> Callable[[Any], float]:
    def number(value: Any) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        raise ValueError(f"{_shown(value)} is not a number from {least:g} to {most:g}")

    return number


def _one_of(choices: Iterable[str]) -> Callable[[Any], str]:
    def choose(value: Any) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise ValueError(f"{_shown(value)} is none of {', '.join(choices)}{_meant(value, choices)}")

    return choose


def _yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{_shown(value)} is neither true nor false")


def _body(value: Any) -> Json | str:
    if isinstance(value, str | dict) and len(str(value)) <= MOST_BODY:
        return value
    raise ValueError(f"it is no object and no text of {MOST_BODY:,} characters at most")


def _rate_limit(value: Any) -> RateLimit:
    if value is True:
        return RateLimit()
    if isinstance(value, dict) and value.keys() <= {"limit", "reset"}:
        return RateLimit(**{name: _whole(1, 1_000_000)(item) for name, item in value.items()})
    raise ValueError(f"{_shown(value)} is neither true nor {{limit, reset}}")


def _latency(value: Any) -> Latency:
    seconds = _number(0.0, faults.LONGEST)
    if isinstance(value, list | tuple):
        if len(value) != 2 or seconds(value[0]) > seconds(value[1]):
            raise ValueError(f"{_shown(value)} is not the shortest and the longest")
        return Latency(seconds(value[0]), seconds(value[1]))
    if not isinstance(value, dict):
        return Latency(seconds(value), seconds(value))
    if "mean" not in value or not value.keys() <= set(OF_SPREAD):
        raise ValueError(f"{_shown(value)} does not have mean, and of the rest only {', '.join(OF_SPREAD[1:])}")
    spread = {name: seconds(item) for name, item in value.items()}
    latency = Latency(
        spread.get("min", 0.0), spread.get("max", faults.LONGEST), spread["mean"], spread.get("deviation")
    )
    if not spread["mean"] or latency.least > latency.most:
        raise ValueError(f"{_shown(value)} has a mean of 0, or min above max")
    return latency


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "operation": _operation,
    "event": _event,
    "number": _text,
    "call": _text,
    "state": _one_of(STATES),
    "attempt": _whole(1, 100),
    "nth": _whole(1, 1_000_000),
    "first": _whole(1, 1_000_000),
    "every": _whole(1, 1_000_000),
    "probability": _number(0.0, 1.0),
    "status": _whole(200, 599),
    "body": _body,
    "rate_limit": _rate_limit,
    "connection": _one_of(faults.CONNECTIONS),
    "before_response": _event,
    "race": _one_of(faults.RACES),
    "ms": _whole(0, 60_000),
    "delivery": _one_of(faults.DELIVERIES),
    "within": _number(0.0, faults.LONGEST),
    "besides": _yes_no,
    "latency": _latency,
    "wall": _yes_no,
    "applied": _one_of(faults.APPLIED),
}
"""What reads each field, besides `error` and `title`, which are read together."""


def _meant(word: Any, known: Iterable[str]) -> str:
    close = get_close_matches(str(word)[:100], list(known), 1)
    return f": did you mean {close[0]}?" if close else ""


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
