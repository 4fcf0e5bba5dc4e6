"""Why something probably did not happen: a table of small functions over the log, each one sentence or nothing.

They tell what a person who knows the platform would look for first: a command that came too late or too early for its
call, an application that was not reached, somebody who turned a call down. The first that have something to say are
told, after what was seen instead (`misses`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mockserver.scenario.expecting.matching import Happening, codes, is_ok
from mockserver.scenario.expecting.who import Parties
from mockserver.sim import errors
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry

MOST_HINTS = 2
"""How many are told of one miss."""

ENDED, NOT_ANSWERED, NO_SUCH_CALL = (
    errors.CALL_ENDED.code,
    errors.NOT_ANSWERED.code,
    errors.INVALID_CALL_CONTROL_ID.code,
)

ENDS_A_CALL = ("hangup", "reject")
"""Commands of the application that end a call."""

UNANSWERED: Mapping[str, str] = {
    "no_answer": "nobody answered",
    "timeout": "nobody answered in time",
    "originator_cancel": "the caller gave up",
}
"""Causes of a hang-up that mean that a call was never answered."""


@dataclass(frozen=True, slots=True)
class Run:
    """A log to hold a list against, whose calls there are in it, and when it begins. Nothing up to `since` counts."""

    log: Sequence[Entry]
    parties: Parties
    start: int
    since: int = 0


@dataclass(frozen=True, slots=True)
class Miss:
    """Something that did not come, behind `after` or in the whole run."""

    what: Happening
    run: Run
    after: Entry | None = None

    def nearest_of(self, entries: Sequence[Entry]) -> tuple[Entry, list[str]]:
        """The entry that differs least, one behind `after` rather than before it, and where it differs."""
        seq = self.after.seq if self.after else 0
        told = [(entry, list(self.what.differences(entry, self.run.parties))) for entry in entries]
        return min(told, key=lambda each: (len(each[1]), each[0].seq <= seq))

    def behind(self, kind: str, *names: str) -> Iterator[Entry]:
        """The entries of a kind (and of these names) behind `after`."""
        seq = self.after.seq if self.after else self.run.since
        return (entry for entry in self.run.log if entry.seq > seq and is_a(entry, kind, *names))

    def moment(self, entry: Entry) -> str:
        return moment(entry.at, self.run.start)

    def call(self, entry: Entry) -> str:
        """Whose call an entry is about: `the call +12025550143 -> +12025550178`."""
        who = self.what.who
        numbers = self.run.parties.of(entry)
        return f"the call {' -> '.join(map(who.named, numbers) if who else numbers)}" if numbers else "a call"


def hints(miss: Miss) -> list[str]:
    """The first sentences that the table has for a miss."""
    return list(islice(filter(None, (hint(miss) for hint in HINTS)), MOST_HINTS))


def came_after_hangup(miss: Miss) -> str | None:
    """The command was refused because its call was over: how long before."""
    entry = _suspect(miss)
    if entry is None or ENDED not in codes(entry):
        return None
    before = [other for other in _of_call(miss, entry) if other.seq < entry.seq]
    end = next((other for other in reversed(before) if is_a(other, "webhook", "call.hangup")), None)
    if end is not None:
        return f"{entry.name} came {_later(end, entry)} after the hang-up of its call"
    own = next((other for other in reversed(before) if is_a(other, "command", *ENDS_A_CALL) and is_ok(other)), None)
    if own is None:
        return None
    return f"{entry.name} came {_later(own, entry)} after the application's own {own.name} of its call"


def came_before_answer(miss: Miss) -> str | None:
    """The command was refused because its call was not answered yet: when it was."""
    entry = _suspect(miss)
    if entry is None or NOT_ANSWERED not in codes(entry):
        return None
    answered = next((other for other in _of_call(miss, entry) if is_a(other, "webhook", "call.answered")), None)
    if answered is None:
        return f"{entry.name} came before the answer of its call, which was never answered"
    if answered.seq < entry.seq:
        return None  # it was another call that was not answered: the one to bridge with
    return f"{entry.name} came {duration(answered.at - entry.at)} before its call was answered: wait for call.answered"


def named_no_call(miss: Miss) -> str | None:
    """The command was about a call that there is not."""
    entry = _suspect(miss)
    if entry is None or NO_SUCH_CALL not in codes(entry) or entry.call_control_id is None:
        return None
    if any(other.kind != "command" for other in _of_call(miss, entry)):
        return None
    call = entry.call_control_id if len(entry.call_control_id) <= 20 else f"{entry.call_control_id[:19]}…"
    return f"{entry.name} was sent for {call}, which is the call_control_id of no call of this world"


def was_refused(miss: Miss) -> str | None:
    """The fault that a command suffered, or what the catalogue of errors says about the code that it got."""
    entry = _suspect(miss)
    if entry is not None and entry.data.get("fault"):
        return f"{entry.name} suffered a fault: {entry.data['fault']}"
    told = (ENDED, NOT_ANSWERED, NO_SUCH_CALL)
    code = next((code for code in codes(entry) if code not in told), None) if entry else None
    if entry is None or code is None:
        return None
    rows = errors.find(code, entry.data.get("status")) or errors.find(code)
    if not rows:
        return None
    origin = f", which comes of {rows[0].raised_by}" if rows[0].raised_by else ""
    detail = next(str(error.get("detail", "")) for error in entry.data["errors"] if str(error["code"]) == code)
    return f"{entry.name} was refused with {code}{origin}: {detail or rows[0].title}"


def on_another_call(miss: Miss) -> str | None:
    """All was as wanted, but it was the call of somebody else. Where none ever fitted, the nearest tells that."""
    what = miss.what
    if what.who is None or not any(what.fits(entry, miss.run.parties) for entry in miss.run.log):
        return None
    anybody = Happening(what.kind, what.name, what.fields, what.gets)
    entry = next((entry for entry in miss.behind(what.kind, what.name) if anybody.fits(entry)), None)
    if entry is None or what.fits(entry, miss.run.parties):
        return None
    return f"it came at {miss.moment(entry)} for another call: {miss.run.parties.told(what.who, entry)}"


def was_not_delivered(miss: Miss) -> str | None:
    """The application was sent a webhook and did not take it, or took too long to say so."""
    delivered = {entry.data.get("event_id") for entry in _deliveries(miss) if entry.data.get("outcome") == "delivered"}
    lost = [entry for entry in _deliveries(miss) if entry.data.get("event_id") not in delivered]
    if not lost:
        return None
    entry = next((other for other in lost if miss.after is None or other.seq > miss.after.seq), lost[-1])
    status = entry.data.get("status")
    if isinstance(status, int) and status >= 400:
        return f"the application answered the webhook {entry.name} with {status} at {miss.moment(entry)}"
    reason = entry.data.get("reason") or f"status {status}"
    return f"the webhook {entry.name} was not delivered: {reason}"


def went_nowhere(miss: Miss) -> str | None:
    """Webhooks had no destination, so the application knows of nothing."""
    if not any(is_a(entry, "warning", "no webhook URL") for entry in miss.run.log):
        return None
    webhooks = (entry for entry in miss.run.log if entry.kind == "webhook")
    lost = [entry for entry in webhooks if entry.route is None or not (entry.route.url or entry.route.urls)]
    if not lost:
        return None
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return f"the webhook {lost[0].name}{more} had no destination: give --webhook-url or webhook_url"


def sent_nothing(miss: Miss) -> str | None:
    """The application takes its webhooks and sends nothing at all."""
    reached = [entry for entry in _deliveries(miss) if entry.data.get("outcome") == "delivered"]
    if not reached or miss.what.kind == "person" or any(entry.kind == "command" for entry in miss.run.log):
        return None
    got = "a webhook" if len(reached) == 1 else f"{len(reached)} webhooks"
    return f"the application got {got} and sent no command here: do its base URL and API key lead to this world?"


def was_turned_down(miss: Miss) -> str | None:
    """Somebody did not take the call."""
    entry = next(miss.behind("person", "turns_down"), None)
    if entry is None or miss.what.name == entry.name:
        return None
    outcome = entry.data.get("outcome")
    return f"{miss.call(entry)} was turned down at {miss.moment(entry)}{f': {outcome}' if outcome else ''}"


def was_not_answered(miss: Miss) -> str | None:
    """A call ended before anybody answered it: the caller had no more patience, or the person called did not come."""
    for entry in miss.behind("webhook", "call.hangup"):
        cause = (entry.data.get("payload") or {}).get("hangup_cause")
        about = _of_call(miss, entry)
        answered = any(is_a(other, "webhook", "call.answered") for other in about)
        if not answered and (why := UNANSWERED.get(str(cause))):
            if any(is_a(other, "command", *ENDS_A_CALL) and is_ok(other) for other in about):
                why = "the application hung up"
            return f"{miss.call(entry)} ended unanswered at {miss.moment(entry)}: {why}"
    return None


def was_warned_of(miss: Miss) -> str | None:
    """The simulator has warned of something."""
    warning = next(
        (entry for entry in miss.run.log if entry.kind == "warning" and entry.name != "no webhook URL"), None
    )
    return f"the simulator warns: {warning.data['text']}" if warning is not None and warning.data.get("text") else None


HINTS: tuple[Callable[[Miss], str | None], ...] = (
    on_another_call,
    came_after_hangup,
    came_before_answer,
    named_no_call,
    was_refused,
    was_not_delivered,
    was_turned_down,
    went_nowhere,
    sent_nothing,
    was_not_answered,
    was_warned_of,
)
"""The likeliest reasons first."""


def is_a(entry: Entry, kind: str, *names: str) -> bool:
    """Is an entry of a kind, and of one of these names if any are given?"""
    return entry.kind == kind and (not names or entry.name in names)


def moment(at: int, start: int) -> str:
    """Simulated time since the start: `00:00:02.300`."""
    seconds, micros = divmod(max(0, at - start), SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros // 1000:03}"


def duration(micros: int) -> str:
    """A stretch of simulated time: `40 ms`, `2.5 s`."""
    return f"{micros / 1000:g} ms" if micros < SECOND else f"{micros / SECOND:g} s"


def _later(first: Entry, second: Entry) -> str:
    """How much later something came, to stand before `after`."""
    return duration(second.at - first.at) if second.at > first.at else "right"


def _suspect(miss: Miss) -> Entry | None:
    """The refused command that explains a miss best: the nearest to a command, else the first one behind."""
    what = miss.what
    if what.kind == "command" and (named := [entry for entry in miss.run.log if what.named_by(entry)]):
        nearest, _ = miss.nearest_of(named)
        answers_matter = not what.gets or "ok" in what.gets or not what.fits(nearest, miss.run.parties)
        return nearest if not is_ok(nearest) and answers_matter else None
    refused = (entry for entry in miss.run.log if entry.kind == "command" and not is_ok(entry))
    behind = (entry for entry in miss.behind("command") if not is_ok(entry))
    return next(behind, None) or next(refused, None)


def _of_call(miss: Miss, entry: Entry) -> list[Entry]:
    """Everything about the call that an entry is about."""
    return [other for other in miss.run.log if other.call_control_id == entry.call_control_id]


def _deliveries(miss: Miss) -> list[Entry]:
    """The attempts to deliver webhooks; copies that were forged are none."""
    return [entry for entry in miss.run.log if is_a(entry, "delivery") and entry.data.get("outcome") != "forged"]
