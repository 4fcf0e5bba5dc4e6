"""What an application developer needs to know when nothing happens: findings, read from the log and the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry, Json
from mockserver.sim.simulation import Simulation

MOST = 5
"""How many findings of a kind are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may be why: how bad it is (`error`, `warning`, `info`), what was seen, and what to do."""

    severity: str
    what: str
    seen: str
    do: str


VERIFIES = (
    "If the application verifies signatures: with the public key of this server (GET /v2/public_key), over the raw "
    "body? telnyx-mockserver verify says which check fails."
)
WRONG_URL = "Check path and method: the webhook URL must lead to the handler of the application."
REMEDIES: Mapping[int | str, str] = {
    400: VERIFIES,
    401: VERIFIES,
    403: VERIFIES,
    404: WRONG_URL,
    405: WRONG_URL,
    "75000": "Answer the webhook at once and do the work afterwards; if nothing answers at all, look at its log.",
    "75001": "Check the host of the webhook URL: this machine cannot resolve it.",
    "75002": "Start the application, or check host and port of the webhook URL; in a container localhost is the "
    "container itself.",
    "75500": "Look at the application's own log: its handler failed.",
    "75599": "Look at the application's own log: its handler failed.",
}
"""What to do about an attempt, by the status that it got or else by its code."""


def findings(simulation: Simulation, more: Iterable[Finding] = ()) -> list[Finding]:
    """Everything that was found, and what was found elsewhere (`more`), the worst first."""
    found = [*more, *(finding for rule in RULES for finding in rule(simulation))]
    return sorted(found, key=lambda finding: ("error", "warning", "info").index(finding.severity))


def counts(simulation: Simulation) -> Json:
    """How much of everything is kept."""
    world, log = simulation.world, simulation.log
    return {
        "log_entries": len(log.entries),
        "log_dropped": log.dropped,
        "plans": len(simulation.timeline),
        "legs": len(world.legs),
        "conversations": len(world.conversations),
        "conferences": len(world.conferences),
        "queues": len(world.queues),
        "recordings": len(world.recordings),
        "command_ids": len(world.command_ids),
    }


def legs_by_state(simulation: Simulation) -> dict[str, int]:
    """How many of the legs that are known are in each state."""
    return dict(Counter(leg.state for leg in simulation.world.legs.values()))


def _undelivered(simulation: Simulation) -> Iterator[Finding]:
    """Destinations whose last attempt failed."""
    failed: dict[str, list[Entry]] = {}
    for entry in simulation.log.entries:
        if entry.kind == "delivery" and entry.data["outcome"] == "delivered":
            failed.pop(entry.data["url"], None)
        elif entry.kind == "delivery" and entry.data["outcome"] != "forged":
            failed.setdefault(entry.data["url"], []).append(entry)
    for url, attempts in list(failed.items())[-MOST:]:
        last = attempts[-1].data
        do = REMEDIES.get(last["status"]) or REMEDIES.get(last["code"]) or "Look at what the URL leads to."
        seen = f"the last {len(attempts)} attempts failed, the latest: {last['reason']}"
        yield Finding("error", f"Webhooks to {url} are not delivered.", seen, do)


def _going_nowhere(simulation: Simulation) -> Iterator[Finding]:
    """Webhooks that have no destination."""
    entries = [entry for entry in simulation.log.entries if entry.kind == "webhook"]
    lost = [entry for entry in entries if entry.route is None or not (entry.route.url or entry.route.urls)]
    if lost:
        yield Finding(
            "warning",
            "Webhooks have no destination.",
            f"{len(lost)} of {len(entries)}, the latest: {lost[-1].name}",
            "Start with --webhook-url, or give the command a webhook_url.",
        )


def _refused(simulation: Simulation) -> Iterator[Finding]:
    """The commands that are refused most."""
    reasons = Counter(
        (entry.name, str(error["code"]), error["title"])
        for entry in simulation.log.entries
        if entry.kind == "command"
        for error in entry.data.get("errors") or ()
    )
    for (name, code, title), count in reasons.most_common(MOST):
        do = f"telnyx-mockserver errors {code} tells what raises it; /_mock/requests?name={name} has the requests."
        yield Finding("warning", f"{name} is refused.", f"{count} times {code} {title}", do)


def _ringing(simulation: Simulation) -> Iterator[Finding]:
    """Calls that wait to be answered."""
    waiting = [leg for leg in simulation.world.legs.values() if leg.is_alive and leg.answered_at is None]
    for leg in waiting[:MOST]:
        seen = f"{leg.from_} to {leg.to}, for {(simulation.now - leg.created_at) / SECOND:g} s: {leg.call_control_id}"
        if leg.direction == "incoming":
            do = "The application must answer or reject it, when call.initiated comes."
            yield Finding("warning", "A call to the application rings and is not answered.", seen, do)
        else:
            do = "Wait for the person to answer, or let them: POST /_mock/calls/{call_control_id}/answer."
            yield Finding("info", "Somebody who was called has not answered.", seen, do)


def _waiting_for_commands(simulation: Simulation) -> Iterator[Finding]:
    """Calls that are up while nothing is planned but their limits."""
    up = [leg for leg in simulation.world.legs.values() if leg.is_alive and leg.answered_at is not None]
    if up and not simulation.timeline.anything_near():
        yield Finding(
            "info",
            "Calls are up, and nothing goes on in them.",
            f"{len(up)}, the latest: {up[-1].call_control_id}",
            "It is the application's turn to send a command, or a person's to do something.",
        )


def _warned(simulation: Simulation) -> Iterator[Finding]:
    """What the log warns of."""
    texts = Counter(
        str(entry.data.get("text") or entry.name) for entry in simulation.log.entries if entry.kind == "warning"
    )
    for text, count in texts.most_common(MOST):
        yield Finding("warning", "The simulator warns.", text, f"/_mock/events?kind=warning has the entries ({count}).")


def _nothing(simulation: Simulation) -> Iterator[Finding]:
    """A world in which nothing has happened."""
    if not simulation.log.last_seq:
        yield Finding(
            "info",
            "Nothing has happened in this world.",
            "its log is empty",
            "Every API key has a world of its own: is it that of the application? Does its base URL lead here?",
        )


def _forgotten(simulation: Simulation) -> Iterator[Finding]:
    """A log that has begun to forget."""
    if simulation.log.dropped:
        seen = f"{simulation.log.dropped} entries are gone"
        yield Finding("info", "The log is longer than what is kept.", seen, "POST /_mock/reset begins anew.")


RULES: tuple[Callable[[Simulation], Iterator[Finding]], ...] = (
    _undelivered,
    _going_nowhere,
    _refused,
    _ringing,
    _waiting_for_commands,
    _warned,
    _nothing,
    _forgotten,
)
