"""Deliveries as the sender writes them to the log, for tests that have no sender."""

from __future__ import annotations

from typing import Any

from mockserver.sim.clock import iso
from mockserver.sim.events import Entry
from mockserver.sim.simulation import Simulation

URL = "https://app.example/hooks"


def webhook(simulation: Simulation, name: str) -> Entry:
    """The latest webhook of a name."""
    return next(one for one in reversed(simulation.log.entries) if one.kind == "webhook" and one.name == name)


def attempt(
    simulation: Simulation, event: Entry, outcome: str = "delivered", number: int = 1, seconds: float = 0, **more: Any
) -> None:
    """An attempt to deliver an event that takes so long."""
    began = simulation.now
    simulation.advance(seconds)
    data = {
        "event_id": event.data["id"],
        "url": URL,
        "method": "POST",
        "attempt": number,
        "status": 200,
        "outcome": outcome,
        "started_at": iso(began),
        "code": None,
        "reason": None,
        "ms": 1.5,
        **more,
    }
    simulation.log.append(simulation.now, "delivery", event.name, event.call_control_id, data)
