"""How far a list has come: groups of things in order, and each group's members in any order among themselves.

Something that stands alone is a group of one. A group is met by the first entry with which each of its members has an
entry of its own, in time; if a member's time is over without one, then by whatever entry came for it late.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mockserver.scenario.expecting.listed import Expectation
from mockserver.scenario.expecting.who import Parties
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry

MOST_MEMBERS = 20
"""How many a group may have. It remembers at most two entries for each."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry, and the members that it fits: in time, and also those for which it is late."""

    entry: Entry
    fits: frozenset[int]
    in_time: frozenset[int]


class Group:
    """Members that may come in any order, each met by another entry; `since` is when the one before them was met."""

    def __init__(self, members: Sequence[Expectation], since: int | None) -> None:
        self.members = members
        self.since = since
        self._seen: list[Seen] = []
        self._in_time: Mapping[int, int] = {}
        self._at_all: Mapping[int, int] = {}

    def deadline(self, member: int) -> int | None:
        """The last moment for a member; None if it has all time."""
        within = self.members[member].within
        return None if within is None or self.since is None else self.since + round(within * SECOND)

    def feed(self, entry: Entry, parties: Parties) -> bool:
        """Take in one more entry: is the group met with it?"""
        if self.since is None:
            self.since = entry.at
        fits = frozenset(index for index, member in enumerate(self.members) if member.fits(entry, parties))
        if not fits:
            return False
        in_time = frozenset(index for index in fits if not self._is_late(index, entry.at))
        self._keep(Seen(entry, fits, in_time))
        if len(self._in_time) == len(self.members):
            return True
        over = [index for index in range(len(self.members)) if self._is_late(index, entry.at)]
        lost = len(assigned(over, [seen.in_time for seen in self._seen])) < len(over)
        return lost and len(self._at_all) == len(self.members)

    @property
    def met(self) -> dict[int, Entry]:
        """The entry of each member that has one so far, in time or not."""
        return {member: self._seen[index].entry for member, index in self._at_all.items()}

    @property
    def open(self) -> list[int]:
        """The members that have none in time yet."""
        return [index for index in range(len(self.members)) if index not in self._in_time]

    def was_late(self, member: int) -> bool:
        """Did the entry of a member come too late?"""
        entry = self.met.get(member)
        return entry is not None and self._is_late(member, entry.at)

    def _is_late(self, member: int, at: int) -> bool:
        deadline = self.deadline(member)
        return deadline is not None and at > deadline

    def _keep(self, seen: Seen) -> None:
        """Keep an entry with which more members have one, in time or at all; one of no use now will never be of any."""
        every = range(len(self.members))
        more = [*self._seen, seen]
        in_time = assigned(every, [one.in_time for one in more])
        at_all = assigned(every, [one.fits for one in more], in_time)
        if len(in_time) > len(self._in_time) or len(at_all) > len(self._at_all):
            self._seen, self._in_time, self._at_all = more, in_time, at_all


class Order:
    """The groups of a list, one after the other. Feed it entries as they come."""

    def __init__(self, groups: Sequence[Sequence[Expectation]]) -> None:
        self._groups = groups
        self.place = 0
        """How many groups are behind us."""
        self.is_late = False
        self._group = self._next(None)

    def begin(self, at: int) -> None:
        """The first group is waited for from this moment on, not from the first entry."""
        if self._group is not None:
            self._group.since = at

    def feed(self, entry: Entry, parties: Parties) -> None:
        """Take in one more entry."""
        if self._group is None or not self._group.feed(entry, parties):
            return
        group = self._group
        self.is_late |= any(map(group.was_late, range(len(group.members))))
        self.place += 1
        self._group = self._next(entry.at)

    @property
    def open(self) -> list[Expectation]:
        """What has not come yet, in the order listed."""
        if self._group is None:
            return []
        rest = [member for group in self._groups[self.place + 1 :] for member in group]
        return [*(self._group.members[index] for index in self._group.open), *rest]

    def _next(self, since: int | None) -> Group | None:
        return Group(self._groups[self.place], since) if self.place < len(self._groups) else None


def assigned(
    members: Collection[int], entries: Sequence[frozenset[int]], begun: Mapping[int, int] | None = None
) -> dict[int, int]:
    """Entries for as many members as can have one of their own: member to index; `entries` says whom each fits.

    It goes on from what has `begun`; nobody who has an entry then is left without one.
    """
    owner = {index: member for member, index in (begun or {}).items()}

    def finds(member: int, asked: set[int]) -> bool:
        for index, fits in enumerate(entries):
            if member not in fits or index in asked:
                continue
            asked.add(index)
            if index not in owner or finds(owner[index], asked):
                owner[index] = member
                return True
        return False

    for member in members:
        if member not in owner.values():
            finds(member, set())
    return {member: index for index, member in sorted(owner.items(), key=lambda each: each[1])}
