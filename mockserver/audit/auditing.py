"""Plays a scenario on a stage, once for each seed of each check, and has the checks judge what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import TypeVar

from mockserver.audit.checks import CHECKS, Check, Evidence
from mockserver.audit.judging import Verdict, compare, undisturbed
from mockserver.audit.naming import Roster
from mockserver.audit.play import Play, read, readings
from mockserver.reports.played import Played
from mockserver.runner import Stage
from mockserver.scenario.expecting.expect import Expectation
from mockserver.scenario.expecting.matching import codes
from mockserver.scenario.model import Scenario
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry
from mockserver.sim.faults import Fault

T = TypeVar("T")

FIRST = CHECKS["undisturbed"]
UNDISTURBED_PLAYS = 2

FIRST_SECS = 1.0
"""How soon after a command its first event comes, in simulated seconds, if it is one that the command brings about."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a check came out: `seed` is that of the first play that failed, or `first`, that of the first one."""

    check: Check
    verdict: Verdict
    seed: int
    seconds: float
    played: Sequence[Played] = ()
    first: int = 0

    @property
    def outcome(self) -> str:
        """`passed`, `warned` or `failed`."""
        return "failed" if self.verdict.failures else "warned" if self.verdict.warnings else "passed"


class Audit:
    """One audit: a stage, a scenario, and what the undisturbed plays were like."""

    def __init__(self, scenario: Scenario, stage: Stage, seed: int = 0, patience_secs: float = 2.0) -> None:
        self.scenario, self._stage, self._seed, self._patience = scenario, stage, seed, patience_secs
        self.roster = Roster()
        self._began = 0.0

    async def results(self, only: Sequence[str] = ()) -> AsyncIterator[Result]:
        """The results one by one: of all checks; or of some alone, each with one seed, and of `FIRST` if that fails.

        After an undisturbed play that did not end by itself there is nothing to hold others against: that is the last
        result. Raises `Unreachable` where the application cannot be reached.
        """
        self._began = monotonic()
        base = [await self._stage.play(self.scenario, chance=self._seed) for _ in range(UNDISTURBED_PLAYS)]
        evidence = self._evidence(base)
        stopped = any(played.stopped for played in base)
        for check in CHECKS.values():
            first = check is FIRST
            if first or (not stopped and (not only or check.name in only)):
                result = await self._result(check, evidence, base, alone=bool(only))
                if not first or not only or check.name in only or result.outcome == "failed":
                    yield result

    def _evidence(self, base: Sequence[Played]) -> Evidence:
        first = read(base[0].entries, self.roster)
        plays = [first, *(self._likest(first, played) for played in base[1:])]
        expected = frozenset(_expected_refusals(base[0]))
        return Evidence(undisturbed(plays), plays[0], expected, _missed(base), self._patience)

    async def _result(self, check: Check, evidence: Evidence, base: Sequence[Played], alone: bool) -> Result:
        if not check.plays:
            return Result(check, check.judge(evidence), self._seed, self._lap(), base)
        faults = (*check.faults, *(_early(base[0].entries) if check.early else ()))
        if not faults:
            nothing = Verdict(notes=("no command is followed by an event of its own",))
            return Result(check, nothing, self._seed, self._lap())
        found, seed, all_played = Verdict(), self._seed, list[Played]()
        for number in range(self._seed, self._seed + (1 if alone else check.seeds)):
            played = await self._stage.play(self.scenario, chance=number, faults=faults)
            verdict = self._verdict(check, evidence, played)
            if verdict.failures and not found.failures:
                seed = number
            found += verdict
            all_played.append(played)
        return Result(check, found, seed, self._lap(), all_played, self._seed)

    def _likest(self, first: Play, played: Played) -> Play:
        """The reading of a play that differs least from the first one."""
        alone = undisturbed([first])
        return _first_best(
            readings(played.entries, self.roster),
            lambda play: len(compare(alone, play, lenient=False, ordered=False).failures),
        )

    def _verdict(self, check: Check, evidence: Evidence, played: Played) -> Verdict:
        """What the check makes of a play, in the reading in which least is wrong."""
        plays = readings(played.entries, self.roster)
        verdicts = (check.judge(replace(evidence, play=play)) for play in plays)
        verdict = _first_best(verdicts, lambda verdict: len(verdict.failures))
        return verdict if played.stopped is None else Verdict((played.stopped,)) + verdict

    def _lap(self) -> float:
        """Real seconds since the last result."""
        began, self._began = self._began, monotonic()
        return self._began - began


def _first_best(some: Iterable[T], wrong: Callable[[T], int]) -> T:
    """The first one with which nothing is wrong, or else with which the least is."""
    counted: list[tuple[int, T]] = []
    for one in some:
        counted.append((wrong(one), one))
        if not counted[-1][0]:
            break
    return min(counted, key=lambda pair: pair[0])[1]


def failed(results: Sequence[Result]) -> list[Result]:
    return [result for result in results if result.outcome == "failed"]


def _missed(base: Sequence[Played]) -> list[str]:
    """What the undisturbed plays lacked, and why one was stopped."""
    stopped = [played.stopped for played in base if played.stopped]
    missed = [
        f"{result.number}. {result.expectation}: {'; '.join(result.why)}"
        for played in base
        for result in played.report.missed
    ]
    return list(dict.fromkeys(["nothing happened"] * any(played.nothing for played in base) + stopped + missed))


def _expected_refusals(played: Played) -> Iterator[int]:
    """The numbers of the commands that are refused as the scenario expects of one like them."""
    wanted = {
        (result.expectation.what.name, got)
        for result in played.report.results
        if isinstance(result.expectation, Expectation) and not result.expectation.never
        for got in result.expectation.what.gets or ()
    }
    for entry in played.entries:
        if entry.kind == "command" and any((entry.name, got) in wanted for got in _answers(entry)):
            yield entry.seq


def _answers(entry: Entry) -> Iterator[str]:
    """What a command got, in the words of `gets`; not that it was obeyed."""
    if "errors" in entry.data:
        yield from (str(entry.data.get("status")), *codes(entry))


def _early(entries: Sequence[Entry]) -> list[Fault]:
    """For each command of a play that brings about an event of its call each time, a fault that has this come first."""
    first: dict[str, set[str | None]] = {}
    for index, entry in enumerate(entries):
        if entry.kind == "command" and "errors" not in entry.data and not entry.data.get("repeated"):
            first.setdefault(entry.name, set()).add(_first_event(entry, entries[index + 1 :]))
    return [
        Fault(operation=name, before_response=event, applied="after")
        for name, events in first.items()
        for event in events
        if len(events) == 1 and event is not None
    ]


def _first_event(command: Entry, later: Sequence[Entry]) -> str | None:
    """The first event of the call of a command; none if it is late, or behind another command: then it is not its."""
    for entry in later:
        if entry.at - command.at > FIRST_SECS * SECOND:
            return None
        if entry.call_control_id == command.call_control_id is not None and entry.kind in ("webhook", "command"):
            return entry.name if entry.kind == "webhook" else None
    return None
