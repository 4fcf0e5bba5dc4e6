"""How one run of a scenario ended, and with which exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mockserver.scenario.expecting.expect import Expectation, Report
from mockserver.scenario.model import Scenario
from mockserver.scenario.report import DIM, GREEN, RED, RESET, as_json, ladder, summary
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.events import Entry, Json

HELD, MISSED, USAGE, INVALID, UNREACHABLE, NOTHING, STOPPED, DIFFERS = range(8)
"""Exit codes. USAGE and INVALID are of the command line and of the files: with them nothing is played."""

NOTHING_HAPPENED = (
    "nothing happened: no call came about and no command came, so nothing was tested. Give the scenario calls, "
    "or a command after -- that makes some"
)


BRIEF = {"stopped": "stopped", "nothing": "nothing happened", "differs": "it differs"}
PAINTS = {"+": GREEN, "-": RED, "@": DIM}

WEIGHT = ("unreachable", "stopped", "command", "nothing", "missed", "differs")
"""What can be wrong with a run, what weighs most first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Something that was wrong with a run: which of `WEIGHT`, its exit code, and what to say."""

    kind: str
    code: int
    text: str

    @property
    def brief(self) -> str:
        """What it is, in a line of its own for each run."""
        return BRIEF.get(self.kind, self.text)

    def shown(self, colour: bool = False) -> str:
        """The text for the terminal: in colour, what came and what went in a diff is told apart."""
        lines = self.text.split("\n")
        if not colour or self.kind != "differs":
            return self.text
        return "\n".join(f"{PAINTS[line[:1]]}{line}{RESET}" if line[:1] in PAINTS else line for line in lines)


@dataclass(frozen=True, slots=True)
class Played:
    """A run: what was expected, everything that happened, and why it was stopped if it did not end by itself.

    `command` is the code of the program that the run started, if that has ended by itself; `seconds` are real ones;
    `file` is where the scenario stands, `number` which of several runs of it this is, from 1. `unreachable` says why it
    was not played at all, `differs` in which lines the run is another one than it should have been. `app_url` and
    `platform_url` are where the two listened.
    """

    scenario: Scenario
    report: Report
    entries: tuple[Entry, ...]
    stopped: str | None = None
    command: int | None = None
    seconds: float = 0.0
    file: str = ""
    number: int = 0
    unreachable: str | None = None
    differs: str | None = None
    app_url: str = ""
    platform_url: str = ""

    @property
    def title(self) -> str:
        """What the run is called: `ivr_menu`, or `ivr_menu #3` if it is one of several."""
        return f"{self.scenario.name} #{self.number}" if self.number else self.scenario.name

    @property
    def held(self) -> bool:
        return self.code == HELD

    @property
    def nothing(self) -> bool:
        """Did nothing happen that could have been tested? What must never happen can be tested by nothing."""
        if any(entry.kind in ("webhook", "command") for entry in self.entries):
            return False
        listed = [result.expectation for result in self.report.results]
        return not listed or not all(isinstance(each, Expectation) and each.never for each in listed)

    @property
    def code(self) -> int:
        """The exit code: that of the verdict which weighs most."""
        return next((verdict.code for verdict in self.verdicts()), HELD)

    def verdicts(self) -> Iterator[Verdict]:
        """All that was wrong, what weighs most first."""
        missed, count = len(self.report.missed), len(self.report.results)
        if self.unreachable:
            yield Verdict("unreachable", UNREACHABLE, self.unreachable)
            return
        if self.stopped:
            yield Verdict("stopped", STOPPED, self.stopped)
        if self.command:
            yield Verdict("command", self.command, f"the command ended with code {self.command}")
        if self.nothing and not self.stopped:
            yield Verdict("nothing", NOTHING, NOTHING_HAPPENED)
        if missed:
            yield Verdict("missed", MISSED, f"{missed} of {count} expectations did not hold")
        if self.differs:
            yield Verdict("differs", DIFFERS, self.differs)

    @property
    def simulated(self) -> str:
        """How much time has passed in the world: `00:00:41`."""
        seconds = (self.entries[-1].at - EPOCH) // SECOND if self.entries else 0
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def text(self, colour: bool = False) -> str:
        """The ladder of what happened, and what became of the expectations."""
        drawn = ladder(self.entries, self.scenario.to_people(), EPOCH, colour)
        rest = [verdict.shown(colour) for verdict in self.verdicts() if verdict.kind != "missed"]
        return "\n".join([drawn, "", *summary(self.report, colour), *rest])

    def as_json(self) -> Json:
        """The same for machines."""
        return {
            "name": self.title,
            "file": self.file,
            **as_json(self.report, self.entries),
            "stopped": self.stopped,
            "unreachable": self.unreachable,
            "command": self.command,
            "nothing": self.nothing,
            "differs": self.differs,
            "seconds": round(self.seconds, 3),
            "code": self.code,
            "held": self.held,
        }


def worst(runs: Sequence[Played]) -> int:
    """The exit code of many runs: that of the verdict which weighs most, the first of its kind."""
    verdicts = [verdict for run in runs for verdict in run.verdicts()]
    return min(verdicts, key=lambda verdict: WEIGHT.index(verdict.kind)).code if verdicts else HELD
