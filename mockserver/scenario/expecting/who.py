"""Who the legs of a log are between, and who is meant by a name.

All is learnt from the log itself: who calls (`calls`), what `call.initiated` and the other webhooks of a leg say of its
numbers, and whom a dial calls. So a log alone is enough, wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.sim.events import Entry
from mockserver.sim.people import matches

MOST_CALLS = 200_000
"""How many legs are remembered, as many as can be up at once; past that the oldest are forgotten."""

CALLS_SOMEBODY = ("dial", "transfer")
"""Commands whose body names somebody: they are about the calls of those, too."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, by the name or the number that a list says (`label`): whoever has one of `numbers`, or fits a pattern.

    `known` are the numbers of all who have names, so that others can be called by theirs.
    """

    label: str
    numbers: tuple[str, ...]
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    def has(self, number: str) -> bool:
        return any(matches(pattern, number) for pattern in self.numbers)

    def named(self, number: str) -> str:
        """A number, with the name of whoever has it."""
        names = (name for name, theirs in self.known.items() if any(matches(one, number) for one in theirs))
        name = next(names, None)
        return f"{number} ({name})" if name else number


class Parties:
    """The numbers at both ends of each leg. Feed it a log, from its beginning."""

    def __init__(self) -> None:
        self._between: dict[str, tuple[int, tuple[str, ...]]] = {}

    def learn(self, entry: Entry) -> None:
        """Take in one more entry."""
        leg = entry.call_control_id
        if leg is None or leg in self._between or not (numbers := _told(entry)):
            return
        if len(self._between) >= MOST_CALLS:
            del self._between[next(iter(self._between))]
        self._between[leg] = entry.seq, numbers

    def of(self, entry: Entry) -> tuple[str, ...]:
        """The numbers of the call that an entry is about, as far as they were known then: from, to."""
        seq, numbers = self._between.get(entry.call_control_id or "", (0, ()))
        return numbers if seq <= entry.seq else ()

    def meet(self, who: Who, entry: Entry) -> bool:
        """Is the entry about a call that has this person at either end?"""
        return any(map(who.has, (*self.of(entry), *_addressed(entry))))

    def told(self, who: Who, entry: Entry) -> str:
        """Who the call of an entry is between: `+12025550143 (Ada) -> +12025550178`."""
        numbers = self.of(entry) or _addressed(entry)
        return " -> ".join(map(who.named, numbers)) or "nobody that is known"


def _told(entry: Entry) -> tuple[str, ...]:
    """The numbers of its leg, if an entry tells them."""
    if entry.kind == "webhook":
        return _ends(entry.data.get("payload"))
    if entry.kind == "person" and entry.name == "calls":
        return _ends(entry.data)
    if entry.kind == "command" and entry.name == "dial" and entry.data.get("status") == 200:
        return _ends(entry.data.get("request"))
    return ()


def _ends(said: Any) -> tuple[str, ...]:
    """From and to, where both are said; a dial may call several."""
    said = said if isinstance(said, dict) else {}
    return (*_numbers(said["from"]), *_numbers(said["to"])) if said.get("from") and said.get("to") else ()


def _addressed(entry: Entry) -> tuple[str, ...]:
    """Who is named in the body of a command that calls somebody."""
    if entry.kind != "command" or entry.name not in CALLS_SOMEBODY:
        return ()
    said = entry.data.get("request") or {}
    return (*_numbers(said.get("from")), *_numbers(said.get("to")))


def _numbers(said: Any) -> Sequence[str]:
    return [str(number) for number in (said if isinstance(said, list) else [said]) if number]
