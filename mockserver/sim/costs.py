"""What a call has cost: `call.cost`, the last webhook of a leg, for an application that wants it.

A leg has a meter for each service that it uses; what runs on it turns the meter on and off. The prices are made up:
they are there so that an application has something to add up. `docs/costs.md` shows them.

Sources: the published interface for the fields; a documented sample for two of the parts, and for amounts of four
decimals in texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mockserver.sim import timings
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

CURRENCY = "USD"
BILLED_STEP = 60
"""Seconds. GUESS: every minute that has begun is billed."""


@dataclass(frozen=True, slots=True)
class Price:
    """A row: the name in `call_part`, and the price of a minute, or with `each` of every use."""

    part: str
    rate: Decimal
    each: bool = False


# GUESS: all prices, and the names of the parts but for `sip-trunking` and `call-control`
PRICES: Mapping[str, Price] = {
    "outgoing pstn": Price("sip-trunking", Decimal("0.0050")),
    "incoming pstn": Price("sip-trunking", Decimal("0.0035")),
    "outgoing sip": Price("sip-trunking", Decimal("0.0010")),
    "incoming sip": Price("sip-trunking", Decimal("0.0010")),
    "call": Price("call-control", Decimal("0.0020")),
    "recording": Price("recording", Decimal("0.0020")),
    "streaming": Price("media-streaming", Decimal("0.0035")),
    "transcription": Price("transcription", Decimal("0.0250")),
    "assistant": Price("ai-assistant", Decimal("0.0600")),
    "machine detection": Price("answering-machine-detection", Decimal("0.0020"), each=True),
    "premium machine detection": Price("answering-machine-detection", Decimal("0.0065"), each=True),
    "deepfake detection": Price("deepfake-detection", Decimal("0.0100"), each=True),
}
"""By the name of a meter, in the order in which the parts are told."""


@dataclass(slots=True, eq=False)
class Meter:
    """How much of a service a leg has used: `used` microseconds until `since`, and since then `running` at a time."""

    running: int = 0
    since: int = 0
    used: int = 0
    times: int = 0

    def turn(self, now: int, by: int) -> None:
        self.used += self.running * (now - self.since)
        self.since = now
        self.running += by
        self.times += max(0, by)


def turn(simulation: Simulation, leg: Leg, name: str, by: int) -> None:
    """A service of `PRICES` begins on a leg (`by` is 1) or ends (-1); it may run several times at once."""
    if not _is_told(simulation, leg) or leg.state == "ended":
        return
    leg.meters = leg.meters or {}
    leg.meters.setdefault(name, Meter()).turn(simulation.now, by)


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """From the answer on the call itself costs something."""
    turn(simulation, leg, f"{leg.direction} {leg.party_type}", 1)
    turn(simulation, leg, "call", 1)


def after_hangup(simulation: Simulation, leg: Leg) -> None:
    """Nothing is used any more, and the bill is made out.

    GUESS: a call that nobody answered has one too, of nothing.
    """
    if not _is_told(simulation, leg):
        return
    for meter in (leg.meters or {}).values():
        meter.turn(simulation.now, -meter.running)
    simulation.after(timings.COST_AFTER, _tell, simulation, leg)


def _is_told(simulation: Simulation, leg: Leg) -> bool:
    """Does the leg's application want to know? Where there is none, the world decides."""
    return simulation.world.settings.call_cost if leg.application is None else leg.application.tells_cost


def _tell(simulation: Simulation, leg: Leg) -> None:
    meters = leg.meters or {}
    parts = [_part(price, meters[name]) for name, price in PRICES.items() if name in meters]
    simulation.emit(
        "call.cost",
        leg,
        billed_duration_secs=max((part["billed_duration_secs"] for part in parts), default=0),
        billing_group_id=(leg.options or {}).get("billing_group_id"),
        cost_parts=parts,
        occurred_at=iso(simulation.now),
        status="success",
        total_cost=_text(sum((Decimal(part["cost"]) for part in parts), Decimal(0))),
    )


def _part(price: Price, meter: Meter) -> Json:
    """One row of the bill; what is paid for each use has no duration."""
    minutes = 0 if price.each else -(-meter.used // (BILLED_STEP * SECOND))
    return {
        "billed_duration_secs": minutes * BILLED_STEP,
        "call_part": price.part,
        "cost": _text(price.rate * (meter.times if price.each else minutes)),
        "currency": CURRENCY,
        "rate": _text(price.rate),
    }


def _text(amount: Decimal) -> str:
    return f"{amount:.4f}"
