"""What the ladder of a run is made of, as data: rows, gaps of time, what is missing, and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mockserver.reports.played import Played
from mockserver.scenario.expecting.expect import Expectation, Result
from mockserver.scenario.expecting.matching import codes
from mockserver.scenario.report import TO_PERSON, Calls, act, detail, titles
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry
from mockserver.sim.matching import shown as as_text

T = TypeVar("T")

GAP_SECS = 2.0
"""From how many seconds on it is marked that nothing happened."""

MOST_ROWS = 2_000
"""How many rows of a run are drawn: half of them from its beginning, half from its end."""

MOST_TELLING = 500
"""How many rows between those are drawn because they failed, or because an expectation is about them."""

MOST_MISSING = 3
"""How many expectations are drawn as missing in one place."""

BEGINNING, END = 0, -1
"""Where something may be missing besides behind an entry."""

OUTCOMES = {"failed": "bad", "retrying": "poor"}
"""What became of an attempt to deliver, as the state of its row."""


@dataclass(frozen=True, slots=True)
class Row:
    """A thing that happened, `at` so many seconds after the first of all.

    `side` is where its arrow is: `app` between application and platform, `people` between platform and people, `aside`
    for what has none; `way` is `right`, `left`, or nothing. `state` is `bad` for what failed and `poor` for what did at
    first. `call` counts the calls from 0; None is no call. `about` are the results of the expectations that it decided.
    """

    entry: Entry
    at: float
    letter: str
    call: int | None
    side: str
    way: str
    label: str
    note: str
    state: str
    about: tuple[Result, ...] = ()
    attempts: tuple[Entry, ...] = ()

    @property
    def telling(self) -> bool:
        """Is it worth a place in the middle of a long run?"""
        return self.state == "bad" or bool(self.about)


@dataclass(frozen=True, slots=True)
class Missing:
    """An expectation that nothing met, and the arrow that did not come; `more` others are not drawn beside it."""

    result: Result
    side: str
    way: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Time in which nothing happened: before a row among all rows, or, with a `call`, among those of that call."""

    seconds: float
    call: int | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that are not drawn."""

    count: int


Piece = Row | Missing | Gap | LeftOut


@dataclass(frozen=True, slots=True)
class Story:
    """A run made ready for drawing. `between` says who talks in each call, by its letter, in the order of the calls."""

    start: int
    rows: tuple[Row, ...]
    missing: Mapping[int, tuple[Missing, ...]]
    between: Mapping[str, str]

    @property
    def seconds(self) -> float:
        return self.rows[-1].at if self.rows else 0.0

    def at(self, entry: Entry) -> float:
        """When something happened, in seconds after the first of all, as the reasons of expectations count too."""
        return (entry.at - self.start) / SECOND


def story(run: Played) -> Story:
    """Everything that happened in a run, in the order in which it did."""
    log = run.entries
    start = log[0].at if log else 0
    calls = Calls(run.scenario.to_people())
    letters: dict[str, int] = {}
    about, attempts = _about(run), _attempts(log)
    rows = []
    for entry in log:
        letter = calls.letter(entry)
        call = letters.setdefault(letter, len(letters)) if letter else None
        tried = tuple(attempts.get(str(entry.data.get("id")), ())) if entry.kind == "webhook" else ()
        side, way, label, note, state = WORDS.get(entry.kind, _aside)(entry, calls, tried)
        results = about.get(entry.seq, ())
        state = state if all(result.held for result in results) else "bad"
        at = (entry.at - start) / SECOND
        rows.append(Row(entry, at, letter, call, side, way, label, note, state, results, tried))
    return Story(start, tuple(rows), _missing(run), calls.between())


def pick(items: Sequence[T], most: int, telling: Callable[[T], bool]) -> Iterator[T | LeftOut]:
    """The first and the last of many, half of `most` each, and between them those that tell most.

    Of those there are as many again, and no more than `MOST_TELLING`.
    """
    if len(items) <= most:
        yield from items
        return
    head = most // 2
    tail = len(items) - (most - head)
    told = left_out = 0
    for index, item in enumerate(items):
        if head <= index < tail and (told == min(most, MOST_TELLING) or not telling(item)):
            left_out += 1
            continue
        told += head <= index < tail
        if left_out:
            yield LeftOut(left_out)
            left_out = 0
        yield item
    if left_out:
        yield LeftOut(left_out)


def pieces(told: Story, most: int = MOST_ROWS) -> Iterator[Piece]:
    """The ladder from top to bottom, with what is missing behind the last thing that was as expected."""
    yield from told.missing.get(BEGINNING, ())
    before: dict[int | None, float] = {None: 0.0}
    drawn = [row for row in told.rows if _is_drawn(row)]
    for piece in pick(drawn, most, lambda row: row.telling):
        if isinstance(piece, Row):
            yield from _gaps(piece, before)
            yield piece
            yield from told.missing.get(piece.entry.seq, ())
        else:
            before.clear()  # something happened, which is not drawn
            yield piece
    yield from told.missing.get(END, ())


def _is_drawn(row: Row) -> bool:
    """All but deliveries that went well at once, which the row of their webhook tells of."""
    data = row.entry.data
    ordinary = data.get("outcome") == "delivered" and data.get("attempt") == 1 and not data.get("fault")
    return row.entry.kind != "delivery" or not ordinary


def _gaps(row: Row, before: dict[int | None, float]) -> Iterator[Gap]:
    for call in dict.fromkeys((None, row.call)):
        seconds = row.at - before.get(call, row.at)
        if seconds >= GAP_SECS:
            yield Gap(seconds, call)
        before[call] = row.at


def _about(run: Played) -> dict[int, tuple[Result, ...]]:
    """The expectations that were decided by an entry, by its number."""
    found: dict[int, tuple[Result, ...]] = {}
    for result in run.report.results:
        if result.entry is not None:
            found[result.entry.seq] = (*found.get(result.entry.seq, ()), result)
    return found


def _missing(run: Played) -> dict[int, tuple[Missing, ...]]:
    """What nothing met, by the number of the entry behind which it was waited for, or `BEGINNING`, or `END`."""
    found: dict[int, list[Missing]] = {}
    last = BEGINNING
    for result in run.report.results:
        if result.entry is not None:
            last = max(last, result.entry.seq) if result.held else last
        elif not result.held:
            at_end = not isinstance(result.expectation, Expectation)
            found.setdefault(END if at_end else last, []).append(Missing(result, *_arrow(result)))
    return {behind: tuple(_few(missing)) for behind, missing in found.items()}


def _arrow(result: Result) -> tuple[str, str]:
    """Where the arrow of an expectation would be, and which way it would go."""
    if not isinstance(result.expectation, Expectation):
        return "aside", ""
    what = result.expectation.what
    return ("people", "right") if what.name in TO_PERSON else ARROWS.get(what.kind, ("aside", ""))


def _few(missing: Sequence[Missing]) -> Sequence[Missing]:
    """What is missing in one place: the first few, since what comes after those mostly follows from them."""
    kept, more = list(missing[:MOST_MISSING]), len(missing) - MOST_MISSING
    return [*kept[:-1], replace(kept[-1], more=more)] if more > 0 else kept


def _attempts(log: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The deliveries of each webhook, by its id."""
    found: dict[str, list[Entry]] = {}
    for entry in log:
        if entry.kind == "delivery":
            found.setdefault(str(entry.data.get("event_id")), []).append(entry)
    return found


# The words of a row: (side, way, label, note, state) ------------------------------------------------------------------

ARROWS = {
    "webhook": ("app", "left"),
    "delivery": ("app", "left"),
    "command": ("app", "right"),
    "person": ("people", "left"),
}
"""Where the arrow of a kind is, and which way it goes; a person also gets something, to the right."""

Said = tuple[str, str, str, str, str]


def _webhook(entry: Entry, calls: Calls, attempts: tuple[Entry, ...]) -> Said:
    outcomes = {attempt.data.get("outcome") for attempt in attempts}
    lost = "failed" in outcomes and "delivered" not in outcomes
    note = " — ".join(filter(None, (detail(entry), "not delivered" if lost else "")))
    return *ARROWS["webhook"], entry.name, note, "bad" if lost else ""


def _command(entry: Entry, calls: Calls, attempts: tuple[Entry, ...]) -> Said:
    data = entry.data
    if "errors" in data:
        status = "no answer" if data.get("status") is None else str(data["status"])
        return *ARROWS["command"], entry.name, " ".join(filter(None, (status, *codes(entry), titles(entry)))), "bad"
    request = data.get("request") or {}
    note = f"to {as_text(request.get('to'))}" if entry.name == "dial" else ""
    said = ("repeated" if data.get("repeated") else "", "made up" if data.get("made_up") else "")
    return *ARROWS["command"], entry.name, ", ".join(filter(None, (note, *said))), ""


def _person(entry: Entry, calls: Calls, attempts: tuple[Entry, ...]) -> Said:
    to_person, words = act(entry, calls.who(entry) or "somebody")
    return "people", "right" if to_person else "left", words, "", ""


def _delivery(entry: Entry, calls: Calls, attempts: tuple[Entry, ...]) -> Said:
    outcome = str(entry.data.get("outcome"))
    label = f"{entry.name}, attempt {entry.data.get('attempt')}"
    return *ARROWS["delivery"], label, f"{outcome}: {answered(entry)}", OUTCOMES.get(outcome, "")


def _aside(entry: Entry, calls: Calls, attempts: tuple[Entry, ...]) -> Said:
    words = str(entry.data.get("text") or entry.data.get("message") or entry.name)
    return "aside", "", f"{entry.kind}: {words}", "", "poor"


def answered(entry: Entry) -> str:
    """How an attempt to deliver was answered, in short."""
    reason, status = entry.data.get("reason"), entry.data.get("status")
    return str(reason) if reason else f"answered {status}" if status else "no answer"


WORDS: Mapping[str, Callable[[Entry, Calls, tuple[Entry, ...]], Said]] = {
    "webhook": _webhook,
    "command": _command,
    "person": _person,
    "delivery": _delivery,
}
