"""What the ids of a play are called, so that two plays can be held side by side: calls are letters, others counted.

Every play has ids of its own. A call is recognised by its direction, its numbers, and which of those it is; a roster
gives the same call the same letter in all plays of an audit. Which of two calls to the same number an application dials
first may lawfully be another one in each play, so a play has several readings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, permutations, product
from typing import Any

from mockserver.reports.placeholders import decoded
from mockserver.scenario.report import letters
from mockserver.sim.events import Entry, Json

ID = re.compile(r"v3:[\w-]{20,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[1-9]\d{18}", re.ASCII)
"""What the ids of the platform look like; a name that the user gave is none, and the same in every play."""

Parties = tuple[str, str, str]
"""Direction, from and to of a call."""

Key = tuple[str, str, str, int]
"""A call as it is recognised: its parties, and the how manieth of those in its play."""

Order = Mapping[Parties, Sequence[int]]
"""For calls of the same parties, as the how manieth each of them counts; as they come for those that are not named."""

MOST_ORDERS = 24
"""So many readings of a play at most are tried: all for four calls to one number."""


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

    def __init__(self, entries: Iterable[Entry], roster: Roster, order: Order | None = None) -> None:
        self._letters: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._counted: Counter[str] = Counter()
        self._order = order or {}
        alike: Counter[Parties] = Counter()
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
        text = decoded(value) if key.endswith("client_state") else value
        return ID.sub(lambda found: self._names.get(found[0], found[0]), text)

    def _learn_call(self, entry: Entry, roster: Roster, alike: Counter[Parties]) -> None:
        payload: Json = entry.data.get("payload") or {}
        call = entry.call_control_id
        if call is None or call in self._letters:
            return
        who = _parties(payload)
        nth, named = alike[who], self._order.get(who, ())
        alike[who] += 1
        letter = self._letters[call] = roster.letter((*who, named[nth] if nth < len(named) else nth + 1))
        self._names[call] = f"call {letter}"
        for name in ("leg", "session"):
            self._names.setdefault(str(payload.get(f"call_{name}_id")), f"{name} {letter}")

    def _learn(self, value: Any, what: str) -> None:
        for key, found in _texts(value, what):
            if found not in self._names and ID.fullmatch(found):
                self._counted[key] += 1
                self._names[found] = f"{key} {self._counted[key]}"


def orders(entries: Iterable[Entry]) -> Iterator[Order]:
    """The orders in which an application may have dialled the calls of a play that have the same parties.

    First as they came; `MOST_ORDERS` at most. Calls that come in are in the order in which they were made.
    """
    dialled: dict[str, Parties] = {}
    for entry in entries:
        if entry.kind == "webhook" and entry.call_control_id is not None and entry.call_control_id not in dialled:
            dialled[entry.call_control_id] = _parties(entry.data.get("payload") or {})
    counted = Counter(who for who in dialled.values() if who[0] == "outgoing")
    several = [who for who, count in counted.items() if count > 1]
    for chosen in islice(product(*(permutations(range(1, counted[who] + 1)) for who in several)), MOST_ORDERS):
        yield dict(zip(several, chosen, strict=True))


def _parties(payload: Json) -> Parties:
    direction = str(payload.get("direction") or payload.get("state") or "")
    return direction, str(payload.get("from") or ""), str(payload.get("to") or "")


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
