"""What a test is told: one thing that happened, and why something that it waited for did not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mockserver.scenario.expecting.expect import Expectation, check
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.names import ACTS, command_problem, event_problem, meant
from mockserver.scenario.report import ladder
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry, Json
from mockserver.sim.matching import details
from mockserver.sim.people import Person

MOST_ROWS = 200
"""How many entries of a log the report of a failed test shows, the latest."""


class NothingCame(AssertionError):
    """What was waited for did not come in time. The text says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A webhook, a command of the application, or an act of a person (`kind`), by its name.

    `payload` is the payload of a webhook, the body of a command, the data of an act; an index reads it. `seconds` are
    simulated, since the test's world began. Commands alone have a `status`, and `codes` where they were refused. `seq`
    is its number in the journal.
    """

    name: str
    kind: str
    seconds: float
    call_control_id: str | None
    payload: Json
    status: int | None = None
    codes: tuple[str, ...] = ()
    seq: int = 0

    def __getitem__(self, field: str) -> Any:
        return self.payload[field]

    @classmethod
    def of(cls, entry: Entry, start: int) -> Happened:
        """An entry of the log."""
        refused = tuple(str(error["code"]) for error in entry.data.get("errors") or ())
        status = entry.data.get("status") if entry.kind == "command" else None
        return cls(
            entry.name,
            entry.kind,
            (entry.at - start) / SECOND,
            entry.call_control_id,
            details(entry),
            status,
            refused if entry.kind == "command" else (),
            entry.seq,
        )


def wanted(name: str, fields: Json, gets: str | Sequence[str] | None = None) -> Happening:
    """What a test waits for. A trailing `_` of a field's name is not part of it (`from_`).

    Raises ValueError for a name that nothing has.
    """
    kind = _kind(name)
    if gets is not None and kind != "command":
        raise ValueError(f"{name} has no answer: gets belongs to commands")
    answers = None if gets is None else (gets,) if isinstance(gets, str) else tuple(gets)
    return Happening(kind, name, {key.removesuffix("_"): value for key, value in fields.items()}, answers)


def _kind(name: str) -> Literal["webhook", "command", "person"]:
    if event_problem(name, never=False) is None:
        return "webhook"
    if name in ACTS:
        return "person"
    problem = event_problem(name, never=False) if "." in name else command_problem(name)
    if problem is not None and "501" not in problem:
        raise ValueError(problem if "." in name or "question" in problem else f'"{name}": {meant(name, _everything())}')
    return "command"


def _everything() -> list[str]:
    from mockserver.scenario.names import published
    from mockserver.sim.commands import COMMANDS

    return [*published().events, *COMMANDS, *ACTS]


def why_not(what: Happening, entries: Sequence[Entry], given: Iterable[int], limit: float, explained: str) -> str:
    """The text of `NothingCame`: the nearest miss, refused commands, deliveries that failed, who holds time."""
    told = set(given)
    taken = [entry for entry in entries if entry.seq in told and what.fits(entry)]
    lines = [f"{what} did not come within {limit:g} s"]
    if taken:
        times = "once" if len(taken) == 1 else f"{len(taken)} times"
        lines.append(f"it came {times} before, and was given to an earlier wait_for")
    left = [entry for entry in entries if entry.seq not in told or not what.fits(entry)]
    [result] = check([Expectation(what)], left).results
    lines += result.why
    failed = [entry for entry in entries if entry.kind == "delivery" and entry.data.get("outcome") == "failed"]
    lines += [
        f"{entry.name} was not delivered: {entry.data.get('reason') or entry.data.get('status')}"
        for entry in failed[:3]
    ]
    return "\n  ".join([*lines, explained])


def drawn(entries: Sequence[Entry], people: Sequence[Person], start: int) -> str:
    """The ladder of what happened, of the latest `MOST_ROWS` entries."""
    if not entries:
        return "nothing happened"
    hidden = len(entries) - MOST_ROWS
    head = [f"(the first {hidden} entries are left out)"] if hidden > 0 else []
    return "\n".join([*head, ladder(entries[-MOST_ROWS:], people, start)])
