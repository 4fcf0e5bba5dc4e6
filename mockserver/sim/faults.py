"""What goes wrong on purpose: rules with a match and an effect, asked about every request and every delivery.

A rule is about an operation or about an event. It counts what it fits, by itself and from when it came; the first rule
whose turn it is decides, and one request or delivery suffers one fault. What happens in the world (a refusal, a race)
is done by `commands`; what happens on the wire (statuses, lost answers, bad signatures) by whoever owns the wire.

Memory: a world has `MOST` rules; past that the oldest is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from random import Random
from typing import TYPE_CHECKING, Any

from mockserver.sim.errors import Problem
from mockserver.sim.people import matches

if TYPE_CHECKING:
    from mockserver.sim.events import Entry, Json
    from mockserver.sim.simulation import Simulation
    from mockserver.sim.world import World

MOST = 1_000
LONGEST = 3_600.0
"""No latency is longer, in seconds."""

CONNECTIONS: Mapping[str, str] = {
    "drop": "the connection is closed without an answer",
    "reset": "the connection is reset without an answer",
    "truncate": "the answer has a Content-Length, and half of its body",
}
DELIVERIES: Mapping[str, str] = {
    "duplicate": "the webhook comes twice",
    "reorder": "it comes behind the next one of its call, or 5 s later",
    "drop": "it never comes",
    "lost_answer": "it comes, and its answer is lost, so that it comes again",
    "wrong_signature": "it is signed with another key",
    "no_signature": "it has no headers that sign it",
    "stale_signature": "it is signed with a timestamp of ten minutes ago",
    "changed_body": "its body is another one than was signed",
    "rewritten_body": "its body says what was signed, in other bytes",
}
FORGERIES = ("wrong_signature", "no_signature", "stale_signature", "changed_body", "rewritten_body")
"""Those that an application must refuse; they can befall a copy, `besides` the webhook itself."""
RACES: Mapping[str, str] = {
    "hang_up_before_command": "the person hangs up `ms` milliseconds before the command arrives",
}
APPLIED = ("before", "after")
"""Before the command is done, which then is not done at all, or after it: it was done, and its answer is spoilt."""

REQUEST_EFFECTS = ("error", "status", "rate_limit", "connection", "before_response", "race")
COUNTS = ("nth", "first", "every", "probability")


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from `least` to `most`, evenly; with a `mean` exponential, with a `deviation` too normal, in bounds."""

    least: float = 0.0
    most: float = LONGEST
    mean: float | None = None
    deviation: float | None = None

    def drawn(self, random: Random) -> float:
        """How long it is this time."""
        if self.least == self.most:
            return self.least
        if self.mean is None:
            return random.uniform(self.least, self.most)
        drawn = random.expovariate(1 / self.mean) if self.deviation is None else random.gauss(self.mean, self.deviation)
        return min(max(drawn, self.least), self.most)

    def written(self) -> Any:
        """As JSON has it."""
        if self.mean is None:
            return self.least if self.least == self.most else [self.least, self.most]
        shape = {"mean": self.mean, "deviation": self.deviation, "min": self.least, "max": self.most}
        return {name: value for name, value in shape.items() if value is not None}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What the headers of a 429 say: `limit` requests, and that they count anew in `reset` seconds."""

    limit: int = 100
    reset: int = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule: what it fits, when it is its turn, and what then happens.

    It fits an `operation` or an `event` (names or patterns with `*`) of a call with this `number` at either end (or a
    pattern), of this `call` (its call_control_id), whose leg is in this `state`. Its turn is the `nth` time, the
    `first` times, `every` so many times, or with a `probability`; else each time.

    A request is refused with `error`, answered with `status` and `body`, or with a 429 (`rate_limit`), loses its
    `connection`, is answered only when the event `before_response` was delivered, or loses a `race` by `ms`. What
    happens to a `delivery` is one of `DELIVERIES`, with `body` in place of the signed one, at this `attempt` alone if
    one is given; one that is reordered is held back for `within` seconds at most. `besides` the webhook itself, which
    is delivered as ever, a copy suffers it. `latency` comes on top of any; it is in simulated time, unless it is to be
    measured by the `wall`.
    """

    operation: str = ""
    event: str = ""
    number: str = ""
    call: str = ""
    state: str = ""
    attempt: int | None = None
    nth: int | None = None
    first: int | None = None
    every: int | None = None
    probability: float | None = None
    error: Problem | None = None
    status: int | None = None
    body: Json | str | None = None
    rate_limit: RateLimit | None = None
    connection: str = ""
    before_response: str = ""
    race: str = ""
    ms: int = 20
    delivery: str = ""
    within: float | None = None
    besides: bool = False
    latency: Latency | None = None
    wall: bool = False
    applied: str = "before"

    @property
    def refusal(self) -> Problem | None:
        """The error with which the command is refused without being done."""
        return self.error if self.applied == "before" else None

    @property
    def seconds(self) -> float:
        """The latency, once it is drawn."""
        return self.latency.least if self.latency else 0.0

    def told(self) -> str:
        """Its effect in a few words, for the log: `status 503`, `connection drop, after`, `latency 0.25 s`."""
        written = as_json(self)
        said = [f"{name} {written[name]}" for name in TOLD if name in written]
        said += ["rate limit"] * (self.rate_limit is not None) + [self.delivery] * bool(self.delivery)
        said += [f"latency {self.seconds:g} s"] * (self.latency is not None)
        return ", ".join([*said, *["after"] * (self.applied == "after"), *["besides"] * self.besides])


TOLD = ("error", "status", "connection", "race", "before_response")
NONE = Fault()
"""No fault, where it was asked whether there is one."""


@dataclass(slots=True, eq=False)
class Rule:
    """A fault in a world: how often it has fitted something, and how often it was its turn."""

    id: str
    fault: Fault
    seen: int = 0
    applied: int = 0


@dataclass(frozen=True, slots=True)
class About:
    """What may suffer a fault: a request (`operation`) or a delivery (`event`), its name, and the call it is about.

    `attempt` is the number of the attempt to deliver.
    """

    kind: str
    name: str
    call: str | None = None
    numbers: tuple[str, ...] = ()
    state: str = ""
    attempt: int | None = None


def add(world: World, fault: Fault) -> Rule:
    """Have a fault in store from now on, behind those that are there."""
    world.faults_made += 1
    rule = Rule(f"fault-{world.faults_made}", fault)
    world.faults.append(rule)
    del world.faults[:-MOST]
    return rule


def due(rules: Iterable[Rule], about: About, random: Random) -> Fault | None:
    """The fault whose turn it is, with its latency drawn; every rule that fits has counted one more."""
    found: Fault | None = None
    for rule in rules:
        if fits(rule.fault, about):
            rule.seen += 1
            if found is None and _is_its_turn(rule, random):
                rule.applied += 1
                found = drawn(rule.fault, random)
    return found


def fits(fault: Fault, about: About) -> bool:
    """Is a rule about this at all?"""
    name = fault.operation if about.kind == "operation" else fault.event
    return (
        matches(name, about.name)
        and fault.call in ("", about.call)
        and fault.state in ("", about.state)
        and fault.attempt in (None, about.attempt)
        and (not fault.number or any(matches(fault.number, number) for number in about.numbers))
    )


def drawn(fault: Fault, random: Random) -> Fault:
    """The same fault with the latency that it has this time."""
    if fault.latency is None:
        return fault
    seconds = fault.latency.drawn(random)
    return replace(fault, latency=Latency(seconds, seconds))


def of_request(simulation: Simulation, operation: str, call: str | None, body: Json) -> Fault | None:
    """The fault that a request suffers; `call` is the leg of its path, if it has one."""
    if not simulation.world.faults:
        return None
    about = _about(simulation, "operation", operation, call or body.get("call_control_id"), body)
    return due(simulation.world.faults, about, simulation.ids.chance)


def of_delivery(simulation: Simulation, webhook: Entry, attempt: int = 1) -> Fault | None:
    """The fault that an attempt to deliver a webhook suffers."""
    if not simulation.world.faults:
        return None
    about = _about(simulation, "event", webhook.name, webhook.call_control_id, webhook.data.get("payload") or {})
    return due(simulation.world.faults, replace(about, attempt=attempt), simulation.ids.chance)


def as_json(fault: Fault) -> Json:
    """A rule as it is written."""
    given = {item.name: getattr(fault, item.name) for item in fields(Fault)}
    return {name: _written(value) for name, value in given.items() if value != getattr(NONE, name)} | (
        {"title": fault.error.title} if fault.error else {}
    )


def _written(value: Any) -> Any:
    if isinstance(value, Problem):
        return value.code
    if isinstance(value, RateLimit):
        return {"limit": value.limit, "reset": value.reset}
    return value.written() if isinstance(value, Latency) else value


def _is_its_turn(rule: Rule, random: Random) -> bool:
    fault = rule.fault
    if fault.nth is not None:
        return rule.seen == fault.nth
    if fault.first is not None:
        return rule.seen <= fault.first
    if fault.every is not None:
        return rule.seen % fault.every == 0
    return fault.probability is None or random.random() < fault.probability


def _about(simulation: Simulation, kind: str, name: str, call: Any, told: Json) -> About:
    """The numbers are those of the leg; without one, those that the request or the event tells."""
    leg = simulation.world.legs.get(call) if isinstance(call, str) else None
    if leg is not None:
        return About(kind, name, call, (leg.from_, leg.to), leg.state)
    named = [told.get("from"), *(to if isinstance(to := told.get("to"), list) else [to])]
    return About(kind, name, None, tuple(number for number in named if isinstance(number, str)))
