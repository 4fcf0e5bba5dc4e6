"""What was measured, as rows; and how rows look, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

Sense = Literal["at least", "at most"]

COLUMNS = ("what", "ours", "reference", "ratio", "target", "held")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours beside its reference.

    `ratio` is what the target is about: ours divided by the reference unless said otherwise. Without a target the row
    only informs. `more` goes to the JSON alone.
    """

    subject: str
    what: str
    ours: float
    reference: float | None = None
    unit: str = ""
    ratio: float | None = None
    target: float | None = None
    sense: Sense = "at least"
    held_anyway: bool = False
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> bool | None:
        """Does the ratio reach its target? None where there is no target."""
        if self.target is None or self.ratio is None:
            return None
        reached = self.ratio >= self.target if self.sense == "at least" else self.ratio <= self.target
        return reached or self.held_anyway

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "what": self.what,
            "ours": round(self.ours, 4),
            "reference": None if self.reference is None else round(self.reference, 4),
            "unit": self.unit,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "target": None if self.target is None else f"{self.sense} {self.target:g}",
            "held": self.held,
            "note": self.note,
            **self.more,
        }

    def cells(self) -> tuple[str, ...]:
        """The row as text, one for each of `COLUMNS`."""
        sign = ">=" if self.sense == "at least" else "<="
        held = {True: "yes", False: "NO", None: ""}[self.held]
        return (
            f"{self.subject}: {self.what}",
            quantity(self.ours, self.unit),
            "" if self.reference is None else quantity(self.reference, self.unit),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            "" if self.target is None else f"{sign} {self.target:g}",
            held,
        )


def quantity(value: float, unit: str) -> str:
    """A figure with three digits that count, and its unit."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text, with their notes below."""
    lines = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    text = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    text.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    notes = [f"  {row.subject}: {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join([*text, *(["", "Notes", *notes] if notes else [])])


def as_json(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """Everything that was measured, and on what."""
    return json.dumps({**about, "rows": [row.as_json() for row in rows]}, indent=2)


def paired(ours: Sequence[float], reference: Sequence[float]) -> tuple[float, list[float]]:
    """The median of the ratios of pairs that were measured one after the other, and all of them."""
    ratios = [one / other for one, other in zip(ours, reference, strict=True)]
    return median(ratios), ratios
