"""What a scenario expects, held against the log: met in the order listed, or what was seen instead.

`Expectations` is the list while the run goes on, `check` the whole list when it is over. Both take in the same entries
by the same rules (`order`), so that what is done for the one holds for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mockserver.scenario.expecting.hints import Run, moment
from mockserver.scenario.expecting.listed import AnyOrder, Expectation, Listed, Report, Result
from mockserver.scenario.expecting.misses import late, missing, moments, too_few
from mockserver.scenario.expecting.order import Group, Order
from mockserver.scenario.expecting.state import AtEnd, State
from mockserver.scenario.expecting.who import Parties
from mockserver.sim.events import Entry

__all__ = ["AnyOrder", "AtEnd", "Expectation", "Expectations", "Listed", "Report", "Result", "check"]


MOST_EXPLAINED = 20
"""Of how many that did not come the reason is looked for, since each costs a walk or more through the whole log."""

UNEXPLAINED = ("it did not come either: see those that are listed before it",)


class Expectations:
    """The list while the run goes on: feed it each entry as it comes.

    Nothing up to entry number `since` counts, but it may tell whose calls there are. What must be `at_end` is left to
    `check`.
    """

    def __init__(self, expectations: Iterable[Listed], since: int = 0) -> None:
        self._since = since
        self._parties = Parties()
        self._counts: list[_Counting] = []
        groups: list[Sequence[Expectation]] = []
        for listed in expectations:
            if isinstance(listed, AtEnd):
                continue
            if isinstance(listed, Expectation) and listed.counted:
                self._counts.append(_Counting(listed, len(groups) if listed.from_here else 0))
            else:
                groups.append(listed.members)
        self._order = Order(groups)
        self.broken: Entry | None = None

    def feed(self, entry: Entry) -> None:
        """Take in one more entry of the log."""
        self._parties.learn(entry)
        if entry.seq <= self._since:
            self._order.begin(entry.at)
            return
        for counting in self._counts:
            if counting.place <= self._order.place and counting.feed(entry, self._parties):
                self.broken = self.broken or entry
        self._order.feed(entry, self._parties)

    @property
    def open(self) -> list[Expectation]:
        """What is still waited for, in the order listed; then what has not come often enough."""
        return [*self._order.open, *(counting.expectation for counting in self._counts if counting.is_short)]

    @property
    def done(self) -> bool:
        """Is there nothing left to wait for? Everything came, or something came that never must, or too often."""
        return self.broken is not None or not self.open

    @property
    def held(self) -> bool:
        """Has everything come, in time, and nothing too often so far?"""
        return self.broken is None and not self.open and not self._order.is_late


def check(
    expectations: Sequence[Listed], entries: Iterable[Entry], state: State | None = None, since: int = 0
) -> Report:
    """Hold a whole run against the list, and what there is at its end (`state`).

    What is missing is passed over, so that only that is reported. Nothing up to entry number `since` counts.
    """
    pass_ = _Pass(list(entries), since)
    results: list[Result] = []
    for listed in expectations:
        results += pass_.results_of(listed, len(results) + 1, state)
    return Report(all(result.held for result in results), tuple(results))


@dataclass(slots=True)
class _Counting:
    """How often something has come so far, from `place` in the order on."""

    expectation: Expectation
    place: int = 0
    seen: int = 0

    def feed(self, entry: Entry, parties: Parties) -> bool:
        """Take in one more entry: is it one too many?"""
        counted = self.expectation.counted
        assert counted is not None
        self.seen += self.expectation.fits(entry, parties)
        return counted.most is not None and self.seen > counted.most

    @property
    def is_short(self) -> bool:
        counted = self.expectation.counted
        return counted is not None and self.seen < counted.least


@dataclass(slots=True)
class _Pass:
    """One pass over a log that is complete: where in it we are, when that was, and what was met last."""

    log: list[Entry]
    since: int
    run: Run = field(init=False)
    index: int = field(init=False)
    at: int = field(init=False)
    last: Result | None = None
    explained: int = 0

    def __post_init__(self) -> None:
        parties = Parties()
        for entry in self.log:
            parties.learn(entry)
        start = self.log[0].at if self.log else 0
        self.run = Run(self.log, parties, start, self.since)
        self.index = next((index for index, entry in enumerate(self.log) if entry.seq > self.since), len(self.log))
        self.at = self.log[max(0, self.index - 1)].at if self.log and self.since else start

    def results_of(self, listed: Listed, number: int, state: State | None) -> list[Result]:
        if isinstance(listed, AtEnd):
            return [_at_end(number, listed, state)]
        if isinstance(listed, Expectation) and listed.counted:
            return [self._counted(number, listed)]
        return self._ordered(number, listed.members)

    def _ordered(self, first: int, members: Sequence[Expectation]) -> list[Result]:
        """What became of the members of a group, and behind the last of them we are then."""
        group = Group(members, self.at)
        behind = range(self.index, len(self.log))
        end = next((index for index in behind if group.feed(self.log[index], self.run.parties)), None)
        met = group.met
        taken = {entry.seq: first + member for member, entry in met.items()}
        results = [self._member(group, index, first + index, taken) for index in range(len(members))]
        if met:
            latest = max(met, key=lambda member: met[member].seq)
            self.last, self.at = results[latest], met[latest].at
            behind_it = next(index for index in behind if self.log[index] is met[latest]) + 1
            self.index = behind_it if end is None else end + 1
        return results

    def _member(self, group: Group, index: int, number: int, taken: Mapping[int, int]) -> Result:
        expectation, entry = group.members[index], group.met.get(index)
        if entry is None:
            why = self._why(lambda: missing(expectation.what, self.run, self.last, taken))
            return Result(number, expectation, False, None, why)
        if group.was_late(index):
            return Result(number, expectation, False, entry, (late(group, index, entry, self.run, self.last),))
        return Result(number, expectation, True, entry)

    def _counted(self, number: int, expectation: Expectation) -> Result:
        counted = expectation.counted
        assert counted is not None
        begin = self.index if expectation.from_here else 0
        behind = (entry for entry in self.log[begin:] if entry.seq > self.since)
        seen = [entry for entry in behind if expectation.fits(entry, self.run.parties)]
        if counted.most is not None and len(seen) > counted.most:
            first = f"it happened at {moment(seen[0].at, self.run.start)}"
            told = first if expectation.never else moments(seen, self.run.start)
            return Result(number, expectation, False, seen[counted.most], (told,))
        if len(seen) < counted.least:
            why = self._why(lambda: too_few(expectation, seen, self.run, self.last))
            return Result(number, expectation, False, None, why)
        return Result(number, expectation, True)

    def _why(self, explain: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        self.explained += 1
        return explain() if self.explained <= MOST_EXPLAINED else UNEXPLAINED


def _at_end(number: int, wanted: AtEnd, state: State | None) -> Result:
    if state is None:
        return Result(number, wanted, False, None, ("nobody has looked at the end: there is only a log",))
    why = tuple(wanted.differences(state))
    return Result(number, wanted, not why, None, why)
