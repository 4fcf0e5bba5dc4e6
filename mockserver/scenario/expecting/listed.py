"""What a list of expectations is made of, and how each of it came out."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.expecting.state import AtEnd
from mockserver.scenario.expecting.who import Parties
from mockserver.sim.events import Entry


@dataclass(frozen=True, slots=True)
class Count:
    """How often something must happen; `most` is None where there is no limit."""

    least: int = 0
    most: int | None = None

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {times(self.least)}"
        if self.least == self.most:
            return "exactly once" if self.least == 1 else times(self.least)
        return f"{self.least} to {times(self.most)}" if self.least else f"at most {times(self.most)}"


NEVER = Count(0, 0)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must happen, after what is listed before it and `within` so many seconds of it.

    What must `never` happen, or has a `count`, has no place in the order: it is counted in the whole run or, if
    `from_here`, since what is listed before it was met. One that is `among` others may come in any order with them.
    """

    what: Happening
    never: bool = False
    within: float | None = None
    count: Count | None = None
    from_here: bool = False
    among: bool = False

    def __str__(self) -> str:
        words = f"never {self.what}" if self.never else str(self.what)
        words += f", {self.count}" if self.count else ""
        words += " from here on" if self.from_here else ""
        words += "" if self.within is None else f", within {self.within:g} s"
        return f"in any order: {words}" if self.among else words

    @property
    def counted(self) -> Count | None:
        """How often it must happen, if it has no place in the order."""
        return NEVER if self.never else self.count

    @property
    def members(self) -> tuple[Expectation, ...]:
        """It alone."""
        return (self,)

    def fits(self, entry: Entry, parties: Parties) -> bool:
        return self.what.fits(entry, parties)


@dataclass(frozen=True, slots=True)
class AnyOrder:
    """Some that may come in any order, each met by another entry; what is listed next comes behind the last of them."""

    members: tuple[Expectation, ...]


Listed = Expectation | AnyOrder | AtEnd
"""One entry of a list."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an expectation, the `number`th from 1, came out: the entry it met, or why it did not hold.

    Those in any order have a number each.
    """

    number: int
    expectation: Expectation | AtEnd
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


def times(count: int) -> str:
    """So often: `once`, `2 times`."""
    return "once" if count == 1 else f"{count} times"
