"""What became of webhooks: every event that was sent, with the attempts to deliver it, read from the log.

The log is bounded, so are these: what it has forgotten is not listed any more.

Sources: the published interface for objects and filters; the documentation for the codes of what went wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mockserver.sim import errors, listings
from mockserver.sim.clock import iso, moment
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.filters import Filters, filtered, is_at
from mockserver.sim.simulation import Simulation
from mockserver.sim.stream_messages import USER_ID

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook of the log, and the entries of the attempts to deliver it, the first one first; at least one.

    GUESS: an event that goes to several URLs is one delivery, which has failed if one of them has.
    """

    webhook: Entry
    attempts: tuple[Entry, ...]

    @property
    def status(self) -> str:
        """GUESS: while it waits for another attempt it has failed so far, and is not finished."""
        outcomes = {attempt.data["outcome"] for attempt in self.attempts}
        return "failed" if "failed" in outcomes or self.is_open else "delivered"

    @property
    def is_open(self) -> bool:
        """Is another attempt to come, at any of its URLs?"""
        begun = [attempt for attempt in self.attempts if attempt.data["attempt"] == 1]
        ended = [attempt for attempt in self.attempts if attempt.data["outcome"] != "retrying"]
        return len(ended) < len(begun)

    @property
    def started_at(self) -> int:
        return min(moment(attempt.data["started_at"]) for attempt in self.attempts)

    @property
    def finished_at(self) -> int | None:
        """When the last answer came."""
        return None if self.is_open else self.attempts[-1].at


DELIVERIES: Filters[Delivery] = {
    "status": lambda delivery, value: value.get("eq", delivery.status) == delivery.status,
    "event_type": lambda delivery, value: delivery.webhook.name in value.split(","),
    "webhook": lambda delivery, value: value.get("contains", "") in _text(delivery.webhook.data),
    "attempts": lambda delivery, value: value.get("contains", "") in _text(delivery_object(delivery)["attempts"]),
    "started_at": lambda delivery, bounds: is_at(delivery.started_at, bounds),
    "finished_at": lambda delivery, bounds: is_at(delivery.finished_at, bounds),
}


def list_webhook_deliveries(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /webhook_deliveries`, in pages by number. GUESS: the newest first. Refusals: 10031."""
    fits = filtered(DELIVERIES, query)
    found = [delivery for delivery in reversed(deliveries(simulation.log.entries).values()) if fits(delivery)]
    return listings.numbered(found, query, delivery_object)


def retrieve_webhook_delivery(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /webhook_deliveries/{id}`. GUESS: a delivery has the id of its event. Refusals: 10005."""
    delivery = deliveries(simulation.log.entries).get(params["id"].lower())
    if delivery is None:
        raise Refusal(errors.URL_NOT_FOUND)
    return {"data": delivery_object(delivery)}


def retrieve_public_key(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /public_key`: what the signatures of webhooks are verified with."""
    return {"data": {"public": simulation.world.settings.public_key}}


def deliveries(entries: Iterable[Entry]) -> dict[str, Delivery]:
    """The deliveries of a log by the ids of their events, in the order of the events."""
    webhooks: dict[str, Entry] = {}
    attempts: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind == "webhook":
            webhooks[entry.data["id"]] = entry
        elif entry.kind == "delivery" and entry.data["outcome"] != "forged":
            attempts.setdefault(entry.data["event_id"], []).append(entry)
    return {one: Delivery(webhook, tuple(attempts[one])) for one, webhook in webhooks.items() if one in attempts}


def delivery_object(delivery: Delivery) -> Json:
    """A delivery as it is shown."""
    shown: Json = {
        "attempts": [_attempt(attempt) for attempt in reversed(delivery.attempts)],
        "id": delivery.webhook.data["id"],
        "record_type": "webhook_delivery",
        "started_at": iso(delivery.started_at),
        "status": delivery.status,
        "user_id": USER_ID,
        "webhook": delivery.webhook.data,
    }
    finished_at = delivery.finished_at
    return shown if finished_at is None else {**shown, "finished_at": iso(finished_at)}


def _attempt(entry: Entry) -> Json:
    """An attempt; of request and answer the log keeps neither headers nor bodies."""
    data = entry.data
    http: Json = {"request": {"url": data["url"]}}
    if data["status"] is not None:
        http["response"] = {"status": data["status"]}
    return {
        "errors": [] if data["code"] is None else [int(data["code"])],
        "finished_at": iso(entry.at),
        "http": http,
        "started_at": data["started_at"],
        "status": "delivered" if data["outcome"] == "delivered" else "failed",
    }


def _text(shown: object) -> str:
    return json.dumps(shown, ensure_ascii=False)
