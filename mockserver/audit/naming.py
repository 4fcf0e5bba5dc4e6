"""What the ids of a play are called, so that two plays can be held side by side: calls are letters, others counted.

Every play has ids of its own. A call is recognised by its direction, its numbers, and which of those it is; a roster
gives the same call the same letter in all plays of an audit.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from mockserver.scenario.report import letters
from mockserver.sim.events import Entry, Json

ID = re.compile(r"v3:[\w-]{20,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[1-9]\d{18}", re.ASCII)
"""What the ids of the platform look like; a name that the user gave is none, and the same in every play."""

Key = tuple[str, str, str, int]
"""A call as it is recognised: direction, from, to, and the how manieth of those in its play."""


class Roster:
    """The letters of the calls of all plays, in the order in which they first appeared."""

    def __init__(self) -> None:
        self._letters: dict[Key, str] = {}

    def letter(self, key: Key) -> str:
        """The letter of a call; a new one if no play had it yet."""
        return self._letters.setdefault(key, letters(len(self._letters)))

    def legend(self) -> list[str]:
        """A line a call: `A = incoming, +12025550143 -> +12025550178`."""
        return [
            f"{letter} = {direction}, {from_} -> {to}{f', number {nth} of these' if nth > 1 else ''}"
            for (direction, from_, to, nth), letter in self._letters.items()
        ]


class Names:
    """What everything is called in one play."""

    def __init__(self, entries: Iterable[Entry], roster: Roster) -> None:
        self._letters: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._counted: Counter[str] = Counter()
        alike: Counter[tuple[str, str, str]] = Counter()
        for entry in entries:
            if entry.kind == "webhook":
                self._learn_call(entry, roster, alike)
                self._learn(entry.data, "event")
            elif entry.kind == "command":
                self._learn(entry.data.get("response"), "answer")

    def letter(self, call_control_id: str | None) -> str:
        """The letter of a call; nothing for none, and for one that the play did not have."""
        return self._letters.get(call_control_id or "", "")

    def plain(self, value: Any, key: str = "") -> Any:
        """A value with names in the places of ids, also inside texts and states of the application."""
        if isinstance(value, dict):
            return {name: self.plain(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.plain(item, key) for item in value]
        if not isinstance(value, str):
            return value
        text = _decoded(value) if key.endswith("client_state") else value
        return ID.sub(lambda found: self._names.get(found[0], found[0]), text)

    def _learn_call(self, entry: Entry, roster: Roster, alike: Counter[tuple[str, str, str]]) -> None:
        payload: Json = entry.data.get("payload") or {}
        call = entry.call_control_id
        if call is None or call in self._letters:
            return
        parties = tuple(str(payload.get(name) or "") for name in ("direction", "from", "to"))
        who = (parties[0] or str(payload.get("state") or ""), parties[1], parties[2])
        alike[who] += 1
        letter = self._letters[call] = roster.letter((*who, alike[who]))
        self._names[call] = f"call {letter}"
        for name in ("leg", "session"):
            self._names.setdefault(str(payload.get(f"call_{name}_id")), f"{name} {letter}")

    def _learn(self, value: Any, what: str) -> None:
        for key, found in _texts(value, what):
            if found not in self._names and ID.fullmatch(found):
                self._counted[key] += 1
                self._names[found] = f"{key} {self._counted[key]}"


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """The texts in a value, and what each is: its key, where that is `id` the kind of what has it."""
    if isinstance(value, dict):
        kind = str(value.get("record_type") or key)
        for name, item in value.items():
            yield from _texts(item, kind if name == "id" else name.removesuffix("_id"))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value


def _decoded(state: str) -> str:
    """A `client_state` as the application wrote it, if that is a text."""
    try:
        return b64decode(state, validate=True).decode()
    except (Error, ValueError):
        return state
