"""People by name: where a number is asked for, the name of one of the people may stand, who has a plain number.

Who has which name is given to the model as the context of its validation (`numbers_by_name`): the people of the file
and of what it includes, and those who are in the world already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationInfo

from mockserver.scenario import values
from mockserver.scenario.expecting.who import Who
from mockserver.scenario.seen import quoted
from mockserver.sim.people import MAGIC_NUMBERS, Person

Numbers = Mapping[str, tuple[str, ...]]
"""By name, the numbers and patterns of all who have it."""


def numbers_by_name(roots: Iterable[Mapping[str, Any]], there: Iterable[Person] = ()) -> Numbers:
    """Who has which name: in files, as far as they are right; else of those who are `there`; else a magic number."""
    written = [item for root in roots for item in _listed(root.get("people")) if isinstance(item, dict)]
    named: list[tuple[Any, Any]] = [(item.get("name"), item.get("number")) for item in written]
    others: list[list[tuple[Any, Any]]] = [
        [(person.name, person.number) for person in people] for people in (there, MAGIC_NUMBERS)
    ]
    found: dict[str, tuple[str, ...]] = {}
    for people in (named, *others):
        known = frozenset(found)
        for name, number in people:
            if isinstance(name, str) and isinstance(number, str) and name and name not in known:
                found[str(name)] = (*found.get(name, ()), str(number))
    return found


def _listed(people: Any) -> list[Any]:
    return people if isinstance(people, list) else []


def number(value: Any, info: ValidationInfo) -> str:
    """A number in E.164, a SIP URI, or who has one."""
    return _meant(value, info, values.number)


def number_or_pattern(value: Any, info: ValidationInfo) -> str:
    """The same, or a pattern."""
    return _meant(value, info, values.number_or_pattern)


def somebody(value: Any, info: ValidationInfo) -> Who:
    """Whoever has a number or fits a pattern, or by a name all who have it."""
    known = info.context or {}
    written = values.text(value)
    return Who(written, known.get(written) or (_meant(value, info, values.number_or_pattern),), known)


def _meant(value: Any, info: ValidationInfo, read: Callable[[Any], str]) -> str:
    written, known = values.text(value), info.context or {}
    if written in known:
        return _only(written, known[written])
    try:
        return read(written)
    except ValueError:
        close = get_close_matches(written[:100], known, 1)
        if not close and any(map(str.isdigit, written)):
            raise
    hint = f"did you mean {close[0]}?" if close else "write one like +12025550143, or give a person this name"
    raise ValueError(f"{quoted(written)} is neither a number nor one of the people: {hint}")


def _only(name: str, numbers: tuple[str, ...]) -> str:
    """The number of somebody. Raises ValueError where several have the name, or the number is a pattern."""
    different = list(dict.fromkeys(numbers))
    if len(different) > 1:
        raise ValueError(f"{quoted(name)} is the name of {' and '.join(different[:3])}: write the number that is meant")
    if "*" in different[0]:
        raise ValueError(f"{quoted(name)} has the pattern {different[0]} for a number: write the number that is meant")
    return values.number(different[0])
