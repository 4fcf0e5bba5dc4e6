"""How one run of a scenario ended."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.scenario.expect import Report
from mockserver.scenario.model import Scenario
from mockserver.scenario.report import as_json, ladder, summary
from mockserver.sim.clock import EPOCH
from mockserver.sim.events import Entry, Json


@dataclass(frozen=True, slots=True)
class Played:
    """A run: what was expected, everything that happened, and why it was stopped if it did not end by itself."""

    scenario: Scenario
    report: Report
    entries: tuple[Entry, ...]
    stopped: str | None = None

    @property
    def held(self) -> bool:
        return self.report.held and self.stopped is None

    def text(self, colour: bool = False) -> str:
        """The ladder of what happened, and what became of the expectations."""
        drawn = ladder(self.entries, self.scenario.to_people(), EPOCH, colour)
        lines = [drawn, "", *summary(self.report, colour)]
        if self.stopped:
            lines.append(self.stopped)
        return "\n".join(lines)

    def as_json(self) -> Json:
        """The same for machines."""
        return {**as_json(self.report, self.entries), "stopped": self.stopped, "held": self.held}
