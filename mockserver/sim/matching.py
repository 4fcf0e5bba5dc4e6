"""Is a value as it is wanted, and if not, where does it differ?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from mockserver.sim.events import Entry, Json


def details(entry: Entry) -> Json:
    """What `with` is compared with: the payload of a webhook, the body of a command, the data of an act."""
    inside = {"webhook": "payload", "command": "request"}.get(entry.kind)
    found: Json = (entry.data.get(inside) or {}) if inside else entry.data
    return found


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
        return like(wanted, text(seen))
    return text(wanted) == text(seen)


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shown(value: Any, limit: int = 60) -> str:
    """A value as a message shows it: texts as they are when they have no blank, else quoted, cut to `limit`."""
    plain = isinstance(value, str) and re.fullmatch(r"[^\s\"',]+", value)
    words = value if plain and isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return words if len(words) <= limit else words[: limit - 1] + "…"


def like(pattern: str, words: str) -> bool:
    """Does a text fit a pattern, in which `*` stands for any run of characters?"""
    return _fits(pattern.split("*"), words) if "*" in pattern else pattern == words


def differences(wanted: Mapping[str, Any], seen: Json, where: str = "") -> Iterator[str]:
    """Where an object differs from what is wanted of it, one sentence a field; `where` is the path to it."""
    for key, value in wanted.items():
        there = seen.get(key)
        if same(value, there):
            continue
        if isinstance(value, Mapping) and isinstance(there, dict):
            yield from differences(value, there, f"{where}{key}.")
        elif key in seen:
            yield f"{where}{key} was {shown(there)}"
        else:
            yield f"{where}{key} was not in it: {hint(key, seen)}"


def hint(key: str, there: Iterable[str]) -> str:
    """What was probably meant by a field that is not there."""
    fields = list(there)
    close = get_close_matches(key, fields, 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(fields) or 'no fields'}"


def _fits(parts: list[str], words: str) -> bool:
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
