"""`GET /call_events`: the commands and the webhooks of calls, read from the log.

The log is bounded, so is this: what it has forgotten is not listed any more.

Sources: the published interface for objects, filters and the order; the documentation for `metadata` of a webhook;
recorded lists for the names of commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mockserver.sim import errors, listings
from mockserver.sim.application_commands import SHORTEST
from mockserver.sim.applications import Application
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.deliveries import Delivery, deliveries
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.filters import Filters, filtered, is_at, wanted
from mockserver.sim.listings import NO_CURSOR
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

WINDOW = 24 * 3600 * SECOND
"""How far back the list goes unless it is about one leg or session. Documented."""

NAMES = {"streaming_start": "stream_start", "streaming_stop": "stream_stop"}
"""Commands that have another name in this list, of which the first was observed. GUESS: so has its counterpart, and
commands to conferences are called as here."""

NOT_OF_A_CALL = frozenset({"delete_recording"})
"""Commands that tell of a leg and do nothing to it."""

FACTS = ("call_leg_id", "call_session_id", "connection_id", "from", "to")


@dataclass(frozen=True, slots=True)
class CallEvent:
    """A command or a webhook of the log, what is known of its call, and what became of the webhook, if anything did.

    `application` is that of the call as it is now, if there is one.
    """

    entry: Entry
    call: Json
    application: Application | None
    delivery: Delivery | None

    @property
    def status(self) -> str:
        """GUESS: a webhook is `init` until a first attempt was answered, and `in_progress` between attempts."""
        if self.entry.kind == "command":
            return "completed"
        if self.delivery is None:
            return "init"
        return "in_progress" if self.delivery.is_open else "completed"

    @property
    def has_failed(self) -> bool:
        """GUESS: a command that was refused has failed, as a webhook that could not be delivered."""
        if self.delivery is None:
            return "errors" in self.entry.data
        return self.delivery.status == "failed" and not self.delivery.is_open


CALL_EVENTS: Filters[CallEvent] = {
    "leg_id": lambda event, value: event.call["call_leg_id"] == value.lower(),
    "application_session_id": lambda event, value: event.call["call_session_id"] == value.lower(),
    "name": lambda event, value: _name(event.entry) == value,
    "type": lambda event, value: event.entry.kind == value,
    "status": lambda event, value: event.status == value,
    "failed": lambda event, value: event.has_failed is value,
    "from": lambda event, value: event.call.get("from") == value,
    "to": lambda event, value: event.call.get("to") == value,
    "connection_id": lambda event, value: event.call.get("connection_id") == value,
    "product": lambda event, value: value == "call_control",
    "application_name": lambda event, value: _has_name(event.application, value.get("contains", NO_CURSOR)),
    "outbound.outbound_voice_profile_id": lambda event, value: _has_profile(event.application, value),
    "occurred_at": lambda event, bounds: is_at(event.entry.at, bounds),
}
"""The filters; those about an application leave out the calls that have none."""


def list_call_events(simulation: Simulation, params: Mapping[str, str], query: Json) -> Json:
    """`GET /call_events`: in the order in which they happened, in pages by number.

    Refusals: 10031; GUESS: with it also more than one `occurred_at`, of which only that they are too many is published.
    """
    given = wanted(query)
    if len(given.get("occurred_at", ())) > 1:
        raise _not_so("filter[occurred_at]")
    if len(given.get("application_name", {}).get("contains", NO_CURSOR)) < SHORTEST:
        raise _not_so("filter[application_name][contains]")
    fits = filtered(CALL_EVENTS, query)
    since = 0 if given.keys() & {"leg_id", "application_session_id"} else simulation.now - WINDOW
    found = [event for event in call_events(simulation) if event.entry.at >= since and fits(event)]
    return listings.numbered(found, query, call_event_object)


def _not_so(parameter: str) -> Refusal:
    return Refusal(errors.INVALID_FILTER, parameter=parameter, query=parameter)


def call_events(simulation: Simulation) -> list[CallEvent]:
    """The commands and webhooks of the log whose call is known, oldest first.

    GUESS: commands that were refused are among them, with the errors in `metadata`.
    """
    calls, known, sent = _calls(simulation), simulation.world.applications, deliveries(simulation.log.entries)
    return [
        CallEvent(entry, call, known.get(call.get("connection_id", "")), sent.get(entry.data.get("id", "")))
        for entry in simulation.log.entries
        if entry.kind in ("command", "webhook") and entry.name not in NOT_OF_A_CALL
        if (call := calls.get(entry.call_control_id)) is not None
    ]


def call_event_object(event: CallEvent) -> Json:
    """A command or a webhook as it is shown."""
    entry = event.entry
    return {
        "call_leg_id": event.call["call_leg_id"],
        "call_session_id": event.call["call_session_id"],
        "event_timestamp": iso(entry.at),
        "metadata": _of_command(entry.data) if entry.kind == "command" else _of_webhook(event),
        "name": _name(entry),
        "record_type": "call_event",
        "type": entry.kind,
    }


def _of_command(data: Json) -> Json:
    """GUESS: a command's `metadata` is its body; it is published as an object of which nothing is said."""
    request: Json = data["request"]
    return {**request, "errors": data["errors"]} if "errors" in data else request


def _of_webhook(event: CallEvent) -> Json:
    """The webhook, and its latest attempt if there was one."""
    if event.delivery is None:
        return {"event": event.entry.data}
    latest = event.delivery.attempts[-1].data
    return {
        "attempt": latest["attempt"],
        "delivered_to": latest["url"],
        "event": event.entry.data,
        "status": event.delivery.status,
    }


def _has_name(application: Application | None, part: str) -> bool:
    """In any case, documented; the published default, four letters, means any name or none."""
    return part == NO_CURSOR or (application is not None and part.casefold() in application.name.casefold())


def _has_profile(application: Application | None, profile: str) -> bool:
    return application is not None and application.outbound("outbound_voice_profile_id") == profile


def _name(entry: Entry) -> str:
    return NAMES.get(entry.name, entry.name) if entry.kind == "command" else entry.name


def _calls(simulation: Simulation) -> dict[str | None, Json]:
    """What is known of each call in the log: from the world, or from its webhooks when it is forgotten there."""
    known: dict[str | None, Json] = {}
    for entry in simulation.log.entries:
        if entry.call_control_id is not None:
            told = entry.data["payload"] if entry.kind == "webhook" else {}
            facts = known.setdefault(entry.call_control_id, {})
            facts.update((name, told[name]) for name in FACTS if name in told and name not in facts)
    for call_control_id, facts in known.items():
        leg = simulation.world.legs.get(call_control_id or "")
        facts.update({} if leg is None else _facts(leg))
    return {one: facts for one, facts in known.items() if {"call_leg_id", "call_session_id"} <= facts.keys()}


def _facts(leg: Leg) -> Json:
    return dict(zip(FACTS, (leg.call_leg_id, leg.call_session_id, leg.connection_id, leg.from_, leg.to), strict=True))
