"""What happened, for people and for machines: the ladder, the summary, JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mockserver.scenario.expecting.expect import Report, Result
from mockserver.scenario.expecting.matching import codes
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.events import Entry, Json
from mockserver.sim.matching import shown as as_text
from mockserver.sim.people import Person, find

LEFT, RIGHT = 45, 49
"""Columns between application and platform, and between platform and people."""

WIDTH = 9 + 2 + 1 + LEFT + 1 + RIGHT + 1
"""Columns of a row: the time, and three bars with the gaps between them."""

GREEN, RED, DIM = "\x1b[32m", "\x1b[31m", "\x1b[2m"
RESET = "\x1b[0m"


class Calls:
    """The short names of calls, A, B, C in the order they appear, and who they are between."""

    def __init__(self, people: Sequence[Person] = ()) -> None:
        self._people = people
        self._letters: dict[str, str] = {}
        self._between: dict[str, str] = {}
        self._who: dict[str, str] = {}

    def letter(self, entry: Entry) -> str:
        """The short name of the call that an entry is about; nothing if it is about none."""
        call_control_id = entry.call_control_id
        if call_control_id is None:
            return ""
        if call_control_id not in self._letters:
            self._letters[call_control_id] = letters(len(self._letters))
        self._learn(entry, call_control_id)
        return self._letters[call_control_id]

    def between(self) -> dict[str, str]:
        """Who talks in each call, by its short name: `+12025550143 (Ada) -> +12025550178`."""
        return {letter: self._between.get(known, "no such call") for known, letter in self._letters.items()}

    def who(self, entry: Entry) -> str:
        """The person in the call that an entry is about, by name or else by number; nothing if that is not known."""
        return self._who.get(entry.call_control_id or "", "")

    def legend(self) -> list[str]:
        """A line for each call: `A = v3:gnGh… +12025550143 (Ada) -> +12025550178`."""
        return [
            f"{letter} = {_cut(call_control_id, 12)} {self._between.get(call_control_id, 'no such call')}"
            for call_control_id, letter in self._letters.items()
        ]

    def _learn(self, entry: Entry, call_control_id: str) -> None:
        said = entry.data.get("payload" if entry.kind == "webhook" else "request")
        said = entry.data if entry.name == "calls" else said if isinstance(said, dict) else {}
        if call_control_id not in self._between and said.get("from") and said.get("to"):
            to = said["to"] if isinstance(said["to"], str) else ", ".join(map(str, said["to"]))
            self._between[call_control_id] = f"{self._named(str(said['from']))} -> {self._named(to)}"
            called_in = entry.name == "calls" or said.get("direction") == "incoming"
            number = str(said["from"]) if called_in else to
            self._who[call_control_id] = find(number, self._people).name or number

    def _named(self, number: str) -> str:
        name = find(number, self._people).name
        return f"{number} ({name})" if name else number


def ladder(
    entries: Iterable[Entry], people: Sequence[Person] = (), start: int | None = None, colour: bool = False
) -> str:
    """The run as a ladder of three columns, a row an entry, in simulated time since `start` (default: first entry).

    Deliveries are left out unless they failed. `people` are for names in the legend.
    """
    log = list(entries)
    begin = start if start is not None else log[0].at if log else 0
    known = Calls(people)
    head = f"{'time':>9}  application{'platform':>{LEFT - 6}}{'people':>{RIGHT - 1}}"
    rows = [row for entry in log for row in _rows(entry, known, begin, colour)]
    return "\n".join([*known.legend(), *([""] if rows else []), head, *rows])


def summary(report: Report, colour: bool = False) -> list[str]:
    """The expectations for the terminal: a line for each, and below one that did not hold what was seen instead."""
    lines: list[str] = []
    for result in report.results:
        mark = painted("ok    ", GREEN, colour) if result.held else painted("MISSED", RED, colour)
        lines.append(f"{mark} {result.number:>3}  {result.expectation}")
        lines += [f"            {why}" for why in result.why]
    missed, count = len(report.missed), len(report.results)
    if not count:
        return ["nothing was expected"]
    return [
        *lines,
        f"all {count} expectations held" if report.held else f"{missed} of {count} expectations did not hold",
    ]


def as_json(report: Report, entries: Iterable[Entry]) -> Json:
    """The same for machines: `held`, `expect` with a row for each expectation, and `log` with every entry."""
    return {
        "held": report.held,
        "expect": [result_body(result) for result in report.results],
        "log": list(map(_entry, entries)),
    }


# Rows of the ladder --------------------------------------------------------------------------------------------------


def _rows(entry: Entry, known: Calls, start: int, colour: bool) -> list[str]:
    """The row of an entry; none for what the ladder leaves out."""
    if entry.kind == "delivery" and entry.data.get("outcome") != "failed":
        return []
    letter = known.letter(entry)
    time = f"{(entry.at - start) / SECOND:9.3f}"
    if entry.kind == "webhook":
        left, right, paint = _to_left(f"{entry.name} {letter}", LEFT), _note(detail(entry)), GREEN
    elif entry.kind == "command":
        left, right, paint = _command(entry, letter)
    elif entry.kind == "person":
        left, right, paint = " " * LEFT, _act(entry, letter), ""
    else:
        aside = _cut(_aside(entry, letter), WIDTH - len(time) - 2)
        return [f"{time}  {painted(aside, RED if entry.kind == 'delivery' else DIM, colour)}"]
    return [f"{time}  |{painted(left, paint, colour)}|{right}"]


def _command(entry: Entry, letter: str) -> tuple[str, str, str]:
    named = " ".join(filter(None, (entry.name, letter)))
    if "errors" not in entry.data:
        request = entry.data.get("request") or {}
        note = f"to {as_text(request.get('to'))}" if entry.name == "dial" else ""
        again = " (repeated)" if entry.data.get("repeated") else ""
        return _to_right(f"{named}: ok{again}", LEFT), _note(note), ""
    refused = " ".join([str(entry.data.get("status")), *codes(entry)])
    return _to_right(f"{named}: {refused}", LEFT), _note(titles(entry)), RED


def _act(entry: Entry, letter: str) -> str:
    to_person, words = act(entry, letter, f"assistant {letter}")
    return (_to_right if to_person else _to_left)(words, RIGHT) + "|"


TO_PERSON = frozenset(
    ("assistant_says", "assistant_uses", "tool_answers", "hears_digits", "hears_stream", "heard_stream", "hears_audio")
)
"""What comes to a person; everything else comes from them."""


def act(entry: Entry, who: str, assistant: str = "assistant") -> tuple[bool, str]:
    """Whether what a person or their assistant does comes to the person, and what it is in words."""
    return entry.name in TO_PERSON, _in_words(entry, who, assistant)


def _in_words(entry: Entry, who: str, assistant: str) -> str:
    data = entry.data
    if entry.name == "assistant_says":
        return f'{assistant}: "{data.get("text", "")}"'
    if entry.name in ("assistant_uses", "tool_answers"):
        verb, what = ("uses", "arguments") if entry.name == "assistant_uses" else ("is told by", "result")
        return f"{assistant} {verb} {data['tool']}: {as_text(data[what])}"
    if entry.name == "hears_digits":
        return f"{who}: hears {data.get('digits', '')}"
    if entry.name in ("hears_stream", "heard_stream"):
        words = "hears the stream" if entry.name == "hears_stream" else f"has heard {data.get('seconds', 0):g} s of it"
        return f"{who}: {words}"
    words = f'"{data["text"]}"' if "text" in data else entry.name.replace("_", " ")
    if "digits" in data:
        words = f"{words} {data['digits']}"
    outcome = data.get("outcome")
    return f"{who}: {words}{f' ({outcome})' if outcome not in (None, 'normal') else ''}"


def _aside(entry: Entry, letter: str) -> str:
    about = f" {letter}" if letter else ""
    data = entry.data
    if entry.kind == "delivery":
        reason = data.get("reason") or f"status {data.get('status')}"
        return f"! {entry.name}{about} was not delivered: {reason}"
    return f"! {entry.kind}{about}: {data.get('text') or data.get('message') or entry.name}"


TOLD: Mapping[str, tuple[str, ...]] = {
    "call.ai_gather.ended": ("status", "result"),
    "call.ai_gather.partial_results": ("partial_results",),
    "call.dequeued": ("reason",),
    "call.dtmf.received": ("digit",),
    "call.enqueued": ("queue", "current_position"),
    "call.gather.ended": ("status", "digits"),
    "call.machine.detection.ended": ("result",),
    "call.machine.greeting.ended": ("result",),
    "call.machine.premium.detection.ended": ("result",),
    "call.machine.premium.greeting.ended": ("result",),
    "conference.ended": ("reason",),
}
"""What the row of a webhook cannot go without."""


def detail(entry: Entry) -> str:
    """What of a webhook's payload is told beside its name."""
    payload = entry.data.get("payload") or {}
    if entry.name == "call.hangup":
        return f"{payload.get('hangup_cause')}, by the {payload.get('hangup_source')}"
    if entry.name == "call.transcription":
        return as_text((payload.get("transcription_data") or {}).get("transcript"))
    return " ".join(as_text(payload.get(name)) for name in TOLD.get(entry.name, ()))


def titles(entry: Entry) -> str:
    """The titles of the errors that a command got."""
    return ", ".join(str(error.get("title", "")) for error in entry.data.get("errors") or ())


def _to_right(words: str, gap: int) -> str:
    return f"- {_cut(words, gap - 5)} ".ljust(gap - 1, "-") + ">"


def _to_left(words: str, gap: int) -> str:
    return "<" + f"- {_cut(words, gap - 5)} ".ljust(gap - 1, "-")


def _note(words: str) -> str:
    return f" {_cut(words, RIGHT - 2)}".ljust(RIGHT) + "|"


def _cut(words: str, limit: int) -> str:
    """At most so many characters, on one line, without what would move the cursor of a terminal."""
    line = " ".join(words.split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def painted(words: str, paint: str, colour: bool) -> str:
    """Words in a colour, where there are any."""
    return f"{paint}{words}{RESET}" if colour and paint else words


def letters(index: int) -> str:
    """A to Z, then AA, AB and so on."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# Rows of the JSON ----------------------------------------------------------------------------------------------------


def result_body(result: Result) -> dict[str, Any]:
    """How an expectation came out, as JSON."""
    return {
        "number": result.number,
        "expectation": str(result.expectation),
        "held": result.held,
        "seq": result.entry.seq if result.entry else None,
        "why": list(result.why),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": iso(entry.at),
        "kind": entry.kind,
        "name": entry.name,
        "call_control_id": entry.call_control_id,
        "data": entry.data,
    }
