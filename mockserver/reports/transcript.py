"""A run as a text to keep beside its scenario and to review in a diff: everything that was said, and nothing that
differs between two right runs.

Rows are as in the ladder, with what was said below them. What happened at the same simulated moment stands in the order
of the calls: which of two threads of an application was faster makes no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from mockserver.reports.placeholders import Placeholders, decoded
from mockserver.reports.played import Played
from mockserver.scenario.expecting.matching import answer
from mockserver.scenario.report import Calls, act
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.events import Entry, Json
from mockserver.sim.people import Person

LONGEST = 1_000
"""More characters of a value are not shown."""

MARGIN = " " * 18

BACK = "<- "
"""Before what the answer to a command says."""

DULL = {
    *("call_control_id", "call_leg_id", "call_session_id", "connection_id", "client_state", "calling_party_type"),
    *("from", "to", "state", "caller_id_name", "from_sip_uri", "to_sip_uri", "record_type", "is_alive"),
    *("start_time", "end_time", "occurred_at", "created_at", "updated_at", "expires_at"),
    *("codec", "connection_codecs", "offered_codecs", "sampling_rate", "call_quality_stats", "flow_destination"),
    *("public_recording_urls", "recording_started_at", "recording_ended_at"),
    *("llm_model", "stt_model", "tts_model_id", "tts_provider", "tts_voice_id"),
}
"""What webhooks and answers repeat, or what follows from the time at which they come."""

BEGINNINGS = ("call.initiated",)
"""Events that say between whom a call is."""

STATES = "client_state"
"""What the names of fields end with that hold texts in Base64: this one, and `target_leg_client_state`."""

FLUENT = ("hears_stream", "heard_stream")
"""How much of a media stream is heard, and when, depends on how fast the application is in real time."""

PLAIN = ("request", "status", "response", "errors", "repeated")
"""What of a command has a place of its own."""


def transcript(run: Played) -> str:
    """The whole text, with a line end at its end."""
    entries = in_order(run.entries, run.scenario.to_people())
    calls = Calls(run.scenario.to_people())
    letters = {entry.call_control_id: calls.letter(entry) for entry in entries if entry.call_control_id}
    given = repr(run.scenario)
    names = Placeholders(
        given, {known: letter for known, letter in letters.items() if known}, run.app_url, run.platform_url
    )
    for entry in entries:
        names.learn(entry)
    legend = [f"{letter} = {names.named(between)}" for letter, between in calls.between().items()]
    rows = [line for entry in entries for line in _rows(entry, calls, names)]
    lines = [run.scenario.name, "", *legend, *([""] if legend else []), *rows]
    return "".join(f"{line.rstrip()}\n" for line in lines).encode("utf-8", "backslashreplace").decode()


def in_order(entries: Iterable[Entry], people: Sequence[Person] = ()) -> list[Entry]:
    """The entries in an order that is the same in each run: by time, then by call, then as they came.

    Calls come in the order of their first moments, those of the same moment by their numbers; what is about no call
    stands behind what is about one.
    """
    log, calls = list(entries), Calls(people)
    first: dict[str, int] = {}
    for entry in log:
        first.setdefault(calls.letter(entry), entry.at)
    between = calls.between()
    ranked = sorted((letter for letter in first if letter), key=lambda letter: (first[letter], between[letter]))
    rank = {letter: number for number, letter in enumerate(ranked)}
    return [
        entry
        for _, moment in groupby(log, key=lambda entry: entry.at)
        for entry in sorted(moment, key=lambda entry: rank.get(calls.letter(entry), len(rank)))
    ]


def _rows(entry: Entry, calls: Calls, names: Placeholders) -> Iterator[str]:
    """The row of an entry, and what was said below it; nothing for a delivery that went well."""
    if entry.name in FLUENT or (entry.kind == "delivery" and entry.data.get("outcome") == "delivered"):
        return
    words, told = ROWS.get(entry.kind, _aside)(entry, calls)
    yield f"{(entry.at - EPOCH) / SECOND:10.3f}  {calls.letter(entry):<2}  {_line(names.named(words))}"
    for name, value in sorted(told.items(), key=lambda item: (item[0].startswith(BACK), item[0])):
        if value not in (None, "", [], {}):
            yield f"{MARGIN}{name}: {_value(value, names)}"


def _webhook(entry: Entry, calls: Calls) -> tuple[str, Json]:
    payload = entry.data.get("payload") or {}
    kept = {name: value for name, value in payload.items() if name not in DULL}
    if entry.name in BEGINNINGS:
        kept |= {"from": payload.get("from"), "to": payload.get("to")}
    return f"<- {entry.name}", kept


def _command(entry: Entry, calls: Calls) -> tuple[str, Json]:
    data = entry.data
    request = data.get("request")
    told = dict(request) if isinstance(request, dict) else {"body": request}
    told |= {name: decoded(state) for name, state in told.items() if name.endswith(STATES) and isinstance(state, str)}
    answered = (data.get("response") or {}).get("data")
    answered = answered if isinstance(answered, dict) else {"data": answered}
    back = {name: value for name, value in answered.items() if name not in {*DULL, *told} and value != "ok"}
    back |= {name: value for name, value in data.items() if name not in PLAIN}
    errors = "; ".join(str(error.get("detail", "")) for error in data.get("errors") or ())
    again = " (repeated)" if data.get("repeated") else ""
    said = {**told, **{f"{BACK}{name}": value for name, value in back.items()}, f"{BACK}detail": errors}
    return f"-> {entry.name}: {answer(entry)}{again}", said


def _person(entry: Entry, calls: Calls) -> tuple[str, Json]:
    _, words = act(entry, calls.who(entry))
    return f"   {words}", {}


def _delivery(entry: Entry, calls: Calls) -> tuple[str, Json]:
    """An attempt that failed: what an application has answered is the same each time, how nobody was there is not."""
    data = entry.data
    status, reason = data.get("status"), str(data.get("reason") or "")
    why = f"answered with {status}" if status else reason if "within" in reason or "fault" in reason else "not reached"
    return f"!  {entry.name} was not delivered: {why}", {"attempt": data.get("attempt"), "fault": data.get("fault")}


def _aside(entry: Entry, calls: Calls) -> tuple[str, Json]:
    data = entry.data
    return f"!  {entry.kind}: {data.get('text') or data.get('message') or entry.name}", {}


ROWS = {"webhook": _webhook, "command": _command, "person": _person, "delivery": _delivery}


def _value(value: Any, names: Placeholders) -> str:
    """A text as it is, anything else as JSON; on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    named = names.named(text)
    more = len(named) - LONGEST
    return _line(named if more <= 0 else f"{named[:LONGEST]}… ({more} characters more)")


def _line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text, ensure_ascii=False)
