"""Does an entry of the log fit what somebody expects, and if not, where does it differ?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from mockserver.sim.events import Entry, Json

OK = "ok"


@dataclass(frozen=True, slots=True)
class Happening:
    """One kind of entry: a webhook, a command or an act of a person, by name.

    `fields` must all be in it, at any depth; a text may hold `*` for any run of characters. `gets` are the answers of
    a command that are wanted, any one of them: `ok`, an error code, or an HTTP status of three digits; None for any.
    """

    kind: str
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    gets: tuple[str, ...] | None = None

    def __str__(self) -> str:
        parts = [self.name]
        if self.fields:
            parts.append("with " + ", ".join(f"{key}={shown(value)}" for key, value in self.fields.items()))
        if self.gets:
            parts.append("getting " + " or ".join(self.gets))
        return " ".join(parts)

    def named_by(self, entry: Entry) -> bool:
        return entry.kind == self.kind and entry.name == self.name

    def fits(self, entry: Entry) -> bool:
        return self.named_by(entry) and next(self.differences(entry), None) is None

    def differences(self, entry: Entry) -> Iterator[str]:
        """Where an entry of this name differs, one sentence a field."""
        yield from _differences(self.fields, details(entry), "")
        if self.gets and not any(_got(entry, wanted) for wanted in self.gets):
            yield f"it got {answer(entry)}"


def details(entry: Entry) -> Json:
    """What `with` is compared with: the payload of a webhook, the body of a command, the data of an act."""
    inside = {"webhook": "payload", "command": "request"}.get(entry.kind)
    found: Json = (entry.data.get(inside) or {}) if inside else entry.data
    return found


def answer(entry: Entry) -> str:
    """What a command got, in short: `ok`, or its HTTP status, code and title."""
    if entry.data.get("status") == 200:
        return OK
    reasons = " and ".join(f"{error['code']} {error['title']}" for error in entry.data.get("errors") or ())
    return f"{entry.data.get('status')} {reasons}".rstrip()


def codes(entry: Entry) -> list[str]:
    """The error codes that a command got."""
    return [str(error["code"]) for error in entry.data.get("errors") or ()]


def same(wanted: Any, seen: Any) -> bool:
    """Is `seen` what is wanted: more fields are fine, `*` stands for anything, and `486` equals `"486"`."""
    if isinstance(wanted, Mapping):
        return isinstance(seen, dict) and all(same(value, seen.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(seen, list) and len(wanted) == len(seen) and all(map(same, wanted, seen))
    if wanted is None or seen is None:
        return wanted is seen
    if isinstance(seen, (dict, list)):
        return bool(wanted == "*")
    if isinstance(wanted, str) and "*" in wanted:
        return _fits_pattern(wanted.split("*"), text(seen))
    return text(wanted) == text(seen)


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shown(value: Any, limit: int = 60) -> str:
    """A value as a message shows it: texts as they are when they have no blank, else quoted, cut to `limit`."""
    plain = isinstance(value, str) and re.fullmatch(r"[^\s\"',]+", value)
    words = value if plain and isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _fits_pattern(parts: list[str], words: str) -> bool:
    """Do `parts` come one after the other, the first at the beginning and the last at the end? In linear time."""
    first, *between, last = parts
    if not words.startswith(first) or not words.endswith(last):
        return False
    at, end = len(first), len(words) - len(last)
    for part in between:
        at = words.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return at <= end


def _got(entry: Entry, wanted: str) -> bool:
    if wanted == OK:
        return bool(entry.data.get("status") == 200)
    if len(wanted) == 3:
        return str(entry.data.get("status")) == wanted
    return wanted in codes(entry)


def _differences(wanted: Mapping[str, Any], seen: Json, where: str) -> Iterator[str]:
    for key, value in wanted.items():
        there = seen.get(key)
        if same(value, there):
            continue
        if isinstance(value, Mapping) and isinstance(there, dict):
            yield from _differences(value, there, f"{where}{key}.")
        elif key in seen:
            yield f"{where}{key} was {shown(there)}"
        else:
            close = get_close_matches(key, list(seen), 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(seen) or 'no fields'}"
            yield f"{where}{key} was not in it: {hint}"
