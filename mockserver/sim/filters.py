"""Filters of lists: which a list has, and what they let through. A table has a name and a test for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mockserver.sim import errors
from mockserver.sim.clock import moment
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json

T = TypeVar("T")

Filters = Mapping[str, Callable[[T, Any], bool]]

TIMES = frozenset({"created_at", "end_time", "finished_at", "occurred_at", "start_time", "started_at"})
"""Filters by date and time, all of them with a comparison in a second pair of brackets."""

COMPARED: Mapping[str, Callable[[int, int], bool]] = {
    "eq": lambda time, bound: time == bound,
    "gt": lambda time, bound: time > bound,
    "gte": lambda time, bound: time >= bound,
    "lt": lambda time, bound: time < bound,
    "lte": lambda time, bound: time <= bound,
}


def wanted(query: Json) -> Json:
    """The filters of a query as they came."""
    found: Json = query.get("filter") or {}
    return found


def filtered(known: Filters[T], query: Json) -> Callable[[T], bool]:
    """Whether something passes all filters of a query. Refuses one that is unknown, and a date that is none (10031)."""
    given = wanted(query)
    for name in given:
        if name not in known:
            raise Refusal(errors.INVALID_FILTER, parameter=f"filter[{name}]", query=f"filter[{name}]")
    values = {name: _bounds(name, value) if name in TIMES else value for name, value in given.items()}
    return lambda one: all(known[name](one, value) for name, value in values.items())


def is_at(time: int | None, bounds: Mapping[str, int]) -> bool:
    """Whether a moment is where a filter wants it; what has not happened yet is nowhere."""
    return time is not None and all(COMPARED[name](time, bound) for name, bound in bounds.items())


def _bounds(name: str, given: Mapping[str, str]) -> dict[str, int]:
    return {comparison: _moment(f"filter[{name}][{comparison}]", text) for comparison, text in given.items()}


def _moment(parameter: str, text: str) -> int:
    try:
        return moment(text)
    except ValueError:
        raise Refusal(errors.INVALID_FILTER, parameter=parameter, query=parameter) from None
