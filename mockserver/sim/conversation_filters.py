"""Conditions on conversations, in the language of PostgREST: `eq.Order`, `gte.2026-07-16T09:00:00Z`, `not.is.null`.

Sources: the published interface for the fields; PostgREST's own documentation for operators, `or` and `order`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from mockserver.sim import errors
from mockserver.sim.clock import moment
from mockserver.sim.errors import Refusal
from mockserver.sim.transcripts import Transcript

Test = Callable[[Transcript], bool]

MOST_CONDITIONS = 100

FIELDS: Mapping[str, Callable[[Transcript], Any]] = {
    "id": lambda transcript: transcript.id,
    "name": lambda transcript: transcript.name,
    "created_at": lambda transcript: transcript.created_at,
    "last_message_at": lambda transcript: transcript.last_message_at,
}
TIMES = ("created_at", "last_message_at")
METADATA = ("metadata->>", "metadata->")

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def condition(field: str, text: str, query: str) -> Test:
    """A condition on a field, as its parameter gives it. Refusals: 10031, of the parameter `query`."""
    value = _field(field, query)
    name, _, wanted = text.partition(".")
    if name == "not":
        holds = condition(field, wanted, query)
        return lambda transcript: value(transcript) is not None and not holds(transcript)
    if name in COMPARISONS:
        compare, bound = COMPARISONS[name], _value(field, wanted, query)
        return lambda transcript: value(transcript) is not None and compare(value(transcript), bound)
    if name in ("like", "ilike"):
        fold: Callable[[str], str] = str.casefold if name == "ilike" else str
        pattern = fold(wanted.replace("%", "*"))
        return lambda transcript: value(transcript) is not None and fits(pattern, fold(str(value(transcript))))
    if name == "in" and wanted.startswith("(") and wanted.endswith(")"):
        choices = [_value(field, item, query) for item in parts(wanted[1:-1])]
        return lambda transcript: value(transcript) in choices
    if text == "is.null":
        return lambda transcript: value(transcript) is None
    raise _refused(query)


def any_of(text: str, query: str) -> Test:
    """`(name.eq.Order,created_at.gte.2026-07-16)`: one of several conditions holds."""
    if not (text.startswith("(") and text.endswith(")")):
        raise _refused(query)
    items = [item.partition(".") for item in parts(text[1:-1])]
    if not items or len(items) > MOST_CONDITIONS:
        raise _refused(query)
    tests = [condition(field, rest, query) for field, _, rest in items]
    return lambda transcript: any(test(transcript) for test in tests)


def ordered(transcripts: list[Transcript], text: str) -> list[Transcript]:
    """`created_at.desc,name`: by one field after the other; what has none of it comes last, in any direction."""
    for item in reversed(parts(text)[:MOST_CONDITIONS]):
        field, *more = item.split(".")
        value = _field(field, "order")
        if not set(more) <= {"asc", "desc", "nullsfirst", "nullslast"}:
            raise _refused("order")
        with_one = [transcript for transcript in transcripts if value(transcript) is not None]
        without = [transcript for transcript in transcripts if value(transcript) is None]
        with_one.sort(key=value, reverse="desc" in more)
        transcripts = [*without, *with_one] if "nullsfirst" in more else [*with_one, *without]
    return transcripts


def parts(text: str) -> list[str]:
    """The items of a list, parted by commas that stand in no quotes and no parentheses; without their quotes."""
    found, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign == "(") - (sign == ")")
        if sign == "," and not quoted and not depth:
            found.append("")
        elif sign != '"':
            found[-1] += sign
    return [item for item in found if item]


def fits(pattern: str, text: str) -> bool:
    """Does a text fit a pattern, in which `*` stands for any run of characters and `_` for one?

    It goes back to the latest `*` alone, so that no pattern takes long.
    """
    at = star = 0
    begun: int | None = None
    place = 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            begun, star, at = at, place, at + 1
        elif at < len(pattern) and pattern[at] in ("_", text[place]):
            at, place = at + 1, place + 1
        elif begun is not None:
            star += 1
            at, place = begun + 1, star
        else:
            return False
    return not pattern[at:].strip("*")


def _field(field: str, query: str) -> Callable[[Transcript], Any]:
    if field in FIELDS:
        return FIELDS[field]
    for prefix in METADATA:
        if field.startswith(prefix) and len(field) > len(prefix):
            key = field.removeprefix(prefix)
            return lambda transcript: transcript.metadata.get(key)
    raise _refused(query)


def _value(field: str, text: str, query: str) -> Any:
    """What a field is compared with: a moment, else a text. A plus sign of a URL that became a space is one again."""
    if field not in TIMES:
        return text
    try:
        return moment(text.strip().replace(" ", "+" if "T" in text else "T"))
    except ValueError:
        raise _refused(query) from None


def _refused(query: str) -> Refusal:
    return Refusal(errors.INVALID_FILTER, parameter=query, query=query)
