"""Looking for entries of the log: which of them fit, how many there are, and which came near."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

from mockserver.sim.events import Entry
from mockserver.sim.matching import details, differences, hint, like, same, shown

NEAREST = 3
"""How many near misses are told."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an entry must be; None is anything. In a text `*` stands for any run of characters.

    `where` has values by dotted paths, such as `hangup_cause`, `payload.from` or `errors.0.code`. A path begins in the
    entry's data or else, as `with` of a scenario does, in the payload of a webhook and in the body of a command.
    """

    kind: str | None = None
    name: str | None = None
    call_control_id: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, entry: Entry) -> bool:
        """Is the entry one of those that are wanted?"""
        return next(self.differences(entry), None) is None

    def is_named(self, entry: Entry) -> bool:
        """Does all but the details fit?"""
        return next(self._misnamed(entry), None) is None

    def differences(self, entry: Entry) -> Iterator[str]:
        """Where an entry differs, one sentence a field; of the details only if it is of the right kind and name."""
        if not self.is_named(entry):
            yield from self._misnamed(entry)
            return
        for path, value in self.where.items():
            yield from _differences(path, value, entry)

    def _misnamed(self, entry: Entry) -> Iterator[str]:
        for what, wanted, seen in (
            ("kind", self.kind, entry.kind),
            ("name", self.name, entry.name),
            ("call_control_id", self.call_control_id, entry.call_control_id),
        ):
            if wanted is not None and not (seen is not None and like(wanted, seen)):
                yield f"{what} was {shown(seen)}"


@dataclass(frozen=True, slots=True)
class Miss:
    """An entry that was not what was wanted, and where it differs."""

    entry: Entry
    differences: tuple[str, ...]


def select(entries: Iterable[Entry], wanted: Wanted, limit: int) -> tuple[list[Entry], int]:
    """The first entries that fit, and how many there are in all."""
    fitting = [entry for entry in entries if wanted.fits(entry)]
    return fitting[:limit], len(fitting)


def nearest(entries: Iterable[Entry], wanted: Wanted) -> list[Miss]:
    """The entries that come nearest to what is wanted without being it: the right name first, the newest first."""
    misses = (Miss(entry, tuple(wanted.differences(entry))) for entry in entries)
    return nsmallest(
        NEAREST,
        (miss for miss in misses if miss.differences),
        key=lambda miss: (not wanted.is_named(miss.entry), len(miss.differences), -miss.entry.seq),
    )


def what_came(entries: Iterable[Entry], wanted: Wanted) -> dict[str, int]:
    """How often there was something of each name, of the kind that is wanted."""
    return dict(Counter(entry.name for entry in entries if wanted.kind in (None, entry.kind)))


def _differences(path: str, wanted: Any, entry: Entry) -> Iterator[str]:
    """Where the value at a path differs; one that is not there is as good as null."""
    keys = path.split(".")
    seen: Any = entry.data if keys[0] in entry.data else details(entry)
    for key in keys:
        inside = _inside(seen)
        if key not in inside:
            if wanted is not None:
                yield f"{path} was not in it: {hint(key, inside)}"
            return
        seen = inside[key]
    if isinstance(wanted, Mapping) and isinstance(seen, dict):
        yield from differences(wanted, seen, f"{path}.")
    elif not same(wanted, seen):
        yield f"{path} was {shown(seen)}"


def _inside(value: Any) -> Mapping[str, Any]:
    """What is in a value, by the names that a path has for it."""
    if isinstance(value, list):
        return {str(index): each for index, each in enumerate(value)}
    return value if isinstance(value, dict) else {}
