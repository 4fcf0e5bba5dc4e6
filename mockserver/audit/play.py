"""A play as it can be judged: what the application was told, what it sent, and what it sent because of what. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mockserver.audit.naming import Names, Order, Roster, orders
from mockserver.scenario.expecting.matching import OK, codes
from mockserver.sim.clock import moment
from mockserver.sim.commands import is_on_leg
from mockserver.sim.events import Entry, Json

PASSING = re.compile(r"(_at|_time|_ms|_millis|_secs|duration|client_state|stats)$")
"""Fields of a payload that are not news: they say when it was, or come from the application itself."""


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery of a webhook: `event` of the call with the letter `call`, and how it was answered.

    `news` is what it says, `how` why it came more often than once (`a duplicate of`), empty for the first time it came.
    `webhook` is the number of its entry, `seq` that of the delivery, `began` when it was posted.
    """

    call: str
    event: str
    news: str
    how: str
    webhook: int
    seq: int
    began: int
    status: int | None
    ms: float
    reason: str | None
    fault: str = ""

    @property
    def forged(self) -> bool:
        return self.how == FORGED

    @property
    def accepted(self) -> bool:
        """Was it answered with a 2xx?"""
        return self.status is not None and 200 <= self.status < 300

    def __str__(self) -> str:
        return f"{self.how} {self.event}".lstrip()


@dataclass(frozen=True, slots=True)
class Sent:
    """One command: on the call with a letter (none where it is about no leg), with its fields as they can be compared.

    `got` is `ok`, or status, code and title; `cause` is what the application was told when it sent it.
    """

    call: str
    operation: str
    fields: Mapping[str, str]
    got: str
    code: str
    seq: int
    at: int
    faulty: bool = False
    cause: Told | None = None

    @property
    def on_call(self) -> str:
        return f" on call {self.call}" if self.call else ""

    def like(self, ignored: frozenset[tuple[str, str]] = frozenset()) -> tuple[str, str, frozenset[tuple[str, str]]]:
        """What two commands have in common that are the same, but for the fields that are ignored."""
        kept = ((name, value) for name, value in self.fields.items() if (self.operation, name) not in ignored)
        return self.call, self.operation, frozenset(kept)


@dataclass(frozen=True, slots=True)
class Play:
    """One play: the deliveries and the commands in their order, and the entries of which calls ended when."""

    told: Sequence[Told]
    sent: Sequence[Sent]
    hung_up: Mapping[str, int] = field(default_factory=dict)

    def heard(self, sent: Sent) -> set[str]:
        """The genuine news of which the application had been told, or was being told, when it sent a command."""
        return {
            told.news
            for told in self.told
            if not told.forged and (told.seq < sent.seq or _in_flight(told, sent.seq, sent.at, self.told))
        }

    def news(self) -> list[str]:
        """What it was told that is genuine, each as often as it happened."""
        return [told.news for told in self.told if not told.how]


FORGED = "a forged"
RETRY, LATE, TWICE = "the retry of", "the late duplicate of", "the duplicate of"


def readings(entries: Sequence[Entry], roster: Roster) -> Iterator[Play]:
    """A play as it came, and then with calls that have the same numbers taken for each other."""
    return (read(entries, roster, order) for order in orders(entries))


def read(entries: Sequence[Entry], roster: Roster, order: Order | None = None) -> Play:
    """A play from everything that happened; without commands that only repeat a `command_id`, which do nothing."""
    names = Names(entries, roster, order)
    told = _told(entries, names)
    sent = [_sent(entry, names, told) for entry in entries if entry.kind == "command" and not _repeats(entry)]
    ends = {one.call: one.seq for one in reversed(told) if one.event == "call.hangup" and not one.forged}
    return Play(told, sent, ends)


def _told(entries: Iterable[Entry], names: Names) -> list[Told]:
    webhooks: dict[str, Entry] = {}
    seen: set[str] = set()
    told: list[Told] = []
    for entry in entries:
        if entry.kind == "webhook":
            webhooks[entry.data["id"]] = entry
        elif entry.kind == "delivery" and entry.data["event_id"] in webhooks:
            event = entry.data["event_id"]
            told.append(_delivered(entry, webhooks[event], names, event in seen))
            if not told[-1].forged:
                seen.add(event)
    return told


def _delivered(entry: Entry, webhook: Entry, names: Names, again: bool) -> Told:
    data, fault = entry.data, str(entry.data.get("fault") or "")
    if data["outcome"] == "forged":
        how = FORGED
    elif not again:
        how = ""
    elif data["attempt"] > 1:
        how = RETRY
    else:
        how = LATE if "besides" in fault else TWICE
    letter, began = names.letter(entry.call_control_id), moment(data["started_at"])
    news = _news(webhook, letter, names)
    status, ms, reason = data["status"], data["ms"], data["reason"]
    return Told(letter, entry.name, news, how, webhook.seq, entry.seq, began, status, ms, reason, fault)


def _news(webhook: Entry, letter: str, names: Names) -> str:
    payload: Json = webhook.data.get("payload") or {}
    lasting = {name: value for name, value in payload.items() if not PASSING.search(name)}
    return f"{webhook.name} {letter} {json.dumps(names.plain(lasting), sort_keys=True)}"


def _sent(entry: Entry, names: Names, told: Sequence[Told]) -> Sent:
    request = entry.data.get("request")
    body: Json = request if isinstance(request, dict) else {}
    fields = {
        name: json.dumps(names.plain(value, name), sort_keys=True, ensure_ascii=False)
        for name, value in body.items()
        if name != "command_id"
    }
    letter = names.letter(entry.call_control_id) if is_on_leg(entry.name) else ""
    found, got = codes(entry), _got(entry)
    faulty = "fault" in entry.data
    code = found[0] if found else ""
    return Sent(letter, entry.name, fields, got, code, entry.seq, entry.at, faulty, _cause(entry, letter, told))


def _cause(entry: Entry, letter: str, told: Sequence[Told]) -> Told | None:
    """What the application was at work on: the delivery in flight, of the same call if it can be, or else the last one.

    An application that answers first and acts afterwards has none in flight.
    """
    flying = [one for one in told if _in_flight(one, entry.seq, entry.at, told)]
    before = [one for one in told if one.seq < entry.seq]
    own = [[one for one in several if one.call == letter] for several in (flying, before)]
    for found in (own[0][:1], flying[:1], own[1][-1:], before[-1:]):
        if found:
            return found[0]
    return None


def _in_flight(one: Told, seq: int, at: int, told: Sequence[Told]) -> bool:
    """Had a delivery begun when something happened, and not ended? A genuine one begins behind its forged copy."""
    if not (one.webhook < seq < one.seq and one.began <= at):
        return False
    return one.forged or not any(other.forged and other.webhook == one.webhook and other.seq > seq for other in told)


def _repeats(entry: Entry) -> bool:
    return bool(entry.data.get("repeated"))


def _got(entry: Entry) -> str:
    errors = entry.data.get("errors") or ()
    if not errors and (entry.data.get("status") or 500) < 300:
        return OK
    reasons = (f"{error.get('code')} {error.get('title')}" for error in errors)
    return next(reasons, f"status {entry.data.get('status')}")
