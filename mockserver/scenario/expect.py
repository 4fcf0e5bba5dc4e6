"""What a scenario expects, held against the log: met in the order listed, or what was seen instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mockserver.scenario.matching import Happening, answer
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry

NOUNS = {"webhook": ("event", "came"), "command": ("command", "was sent"), "person": ("act", "was seen")}


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must happen, after what is listed before it; or something that must `never` happen."""

    what: Happening
    never: bool = False

    def __str__(self) -> str:
        return f"never {self.what}" if self.never else str(self.what)


@dataclass(frozen=True, slots=True)
class Result:
    """How an expectation, the `number`th from 1, came out: the entry it met, or why it did not hold."""

    number: int
    expectation: Expectation
    held: bool
    entry: Entry | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Whether the whole list held, and how each of it came out, in the order listed."""

    held: bool
    results: tuple[Result, ...]

    @property
    def missed(self) -> list[Result]:
        return [result for result in self.results if not result.held]


class Expectations:
    """The list while the run goes on: feed it each entry as it comes."""

    def __init__(self, expectations: Iterable[Expectation]) -> None:
        listed = list(expectations)
        self.open = [expectation for expectation in listed if not expectation.never]
        self._never = [expectation for expectation in listed if expectation.never]
        self.broken: Entry | None = None

    def feed(self, entry: Entry) -> None:
        """Take in one more entry of the log."""
        if self.open and self.open[0].what.fits(entry):
            del self.open[0]
        if self.broken is None and any(expectation.what.fits(entry) for expectation in self._never):
            self.broken = entry

    @property
    def done(self) -> bool:
        """Is there nothing left to wait for? Everything came, or something came that never must."""
        return not self.open or self.broken is not None


def check(expectations: Sequence[Expectation], entries: Iterable[Entry]) -> Report:
    """Hold a whole run against the list. What is missing is passed over, so that only that is reported."""
    log = list(entries)
    start = log[0].at if log else 0
    results: list[Result] = []
    last: tuple[int, Result] | None = None  # the index in `log` of the latest that was met
    for number, expectation in enumerate(expectations, 1):
        if expectation.never:
            results.append(_never(number, expectation, log, start))
            continue
        begin = last[0] + 1 if last else 0
        index = next((index for index in range(begin, len(log)) if expectation.what.fits(log[index])), None)
        if index is None:
            why = _why(expectation.what, log, start, last[1] if last else None)
            results.append(Result(number, expectation, False, None, tuple(why)))
        else:
            results.append(Result(number, expectation, True, log[index]))
            last = index, results[-1]
    return Report(all(result.held for result in results), tuple(results))


def moment(at: int, start: int) -> str:
    """Simulated time since the start: `00:00:02.300`."""
    seconds, micros = divmod(max(0, at - start), SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros // 1000:03}"


def _never(number: int, expectation: Expectation, log: list[Entry], start: int) -> Result:
    entry = next((entry for entry in log if expectation.what.fits(entry)), None)
    if entry is None:
        return Result(number, expectation, True)
    return Result(number, expectation, False, entry, (f"it happened at {moment(entry.at, start)}",))


def _why(what: Happening, log: list[Entry], start: int, last: Result | None) -> list[str]:
    """What was seen instead: the same too early, the nearest miss, or what else there was; and refused commands."""
    after = last.entry.seq if last and last.entry else 0
    named = [entry for entry in log if what.named_by(entry)]
    early = next((entry for entry in named if what.fits(entry)), None)
    if early is not None and last is not None:
        if early.seq == after:
            why = [f"it came once, at {moment(early.at, start)}, and was taken for number {last.number}"]
        else:
            why = [
                f"it came at {moment(early.at, start)}, but before `{last.expectation}`, which is number {last.number}"
            ]
    elif named:
        nearest = min(named, key=lambda entry: (len(list(what.differences(entry))), entry.seq <= after))
        why = [f"the nearest was at {moment(nearest.at, start)}: {'; '.join(what.differences(nearest))}"]
    else:
        why = [_nothing(what, log)]
    return why + _refused(what, log, start)


def _nothing(what: Happening, log: list[Entry]) -> str:
    noun, verb = NOUNS[what.kind]
    seen = Counter(entry.name for entry in log if entry.kind == what.kind)
    if not seen:
        return f"no `{what.name}` {verb}, nor any other {noun}"
    listed = ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in seen.items())
    return f"no `{what.name}` {verb}; what {verb}: {listed}"


def _refused(what: Happening, log: list[Entry], start: int) -> list[str]:
    """The commands that were refused, which may be why nothing came of them."""
    if what.kind == "command" and what.gets and what.gets != ("ok",):
        return []
    refused = [entry for entry in log if entry.kind == "command" and entry.data.get("status") != 200]
    return [f"{entry.name} got {answer(entry)} at {moment(entry.at, start)}" for entry in refused[:3]]
