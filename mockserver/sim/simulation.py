"""A world, its timeline and its log, and the verbs that join them: emit, after, advance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.sim import applications
from mockserver.sim.clock import EPOCH, SECOND, iso
from mockserver.sim.events import Entry, Json, Log, Route
from mockserver.sim.outside import Nowhere, Outside
from mockserver.sim.timeline import Plan, Timeline
from mockserver.sim.world import Ids, Leg, Settings, World

Fits = Callable[[Json, Any], bool]


def anything_fits(schema: Json, value: Any) -> bool:
    """The answer of a simulation that was given no JSON Schema validator."""
    return True


class Simulation:
    """One world in simulated time.

    `now` is in microseconds since the Unix epoch and never decreases. `fits` tells whether a value is valid by a JSON
    Schema, `outside` makes requests and connections; both are given from outside because the simulation uses nothing
    but the standard library.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        seed: int | str = 0,
        start: int = EPOCH,
        fits: Fits = anything_fits,
        keep: int = 10_000,
        outside: Outside | None = None,
    ) -> None:
        self.world = World(settings or Settings())
        self.world.applications = applications.at_start(self.world.settings, start)
        self.timeline = Timeline()
        self.log = Log(keep)
        self.ids = Ids(seed)
        self.now = start
        self.fits = fits
        self.outside: Outside = outside or Nowhere()

    def after(self, seconds: float, action: Callable[..., None], *args: Any, backstop: bool = False) -> Plan:
        """Plan `action(*args)` in so many seconds from now."""
        return self.timeline.plan(self.now + round(seconds * SECOND), action, *args, backstop=backstop)

    def beat(self, micros: int, action: Callable[..., None], *args: Any) -> Plan:
        """Plan the next of what comes again and again, in so many microseconds; see `Plan.beat`."""
        plan = self.timeline.plan(self.now + micros, action, *args, backstop=True)
        plan.beat = True
        return plan

    def at(self, moment: int, action: Callable[..., None], *args: Any) -> Plan:
        """Plan `action(*args)` for a moment, or for now when it is past."""
        return self.timeline.plan(max(self.now, moment), action, *args)

    def emit(self, event_type: str, leg: Leg, beside: Json | None = None, /, **details: Any) -> Entry:
        """Tell the application something about a leg: its ids and `client_state`, and the event's own details.

        `beside` is what stands beside the payload, in the few events that have something there.
        """
        payload: Json = {
            "call_control_id": leg.call_control_id,
            "call_leg_id": leg.call_leg_id,
            "call_session_id": leg.call_session_id,
            "calling_party_type": leg.party_type,
            "client_state": leg.client_state,
            "connection_id": leg.connection_id,
            **details,
        }
        return self.tell(event_type, payload, leg.route, beside)

    def tell(self, event_type: str, payload: Json, route: Route, beside: Json | None = None) -> Entry:
        """Tell the application something, about the leg in the payload if there is one."""
        data: Json = {
            "event_type": event_type,
            "id": self.ids.uuid(),
            "occurred_at": iso(self.now),
            "payload": payload,
            "record_type": "event",
            **(beside or {}),
        }
        return self.log.append(self.now, "webhook", event_type, payload.get("call_control_id"), data, route)

    def note(self, kind: str, name: str, leg: Leg | None, /, **data: Any) -> Entry:
        """Write to the log what is no webhook: what a person does, a warning."""
        return self.log.append(self.now, kind, name, leg.call_control_id if leg else None, data)

    def warn(self, name: str, leg: Leg | None, text: str) -> Entry:
        """Tell the user, not the application, that something is probably not what was meant."""
        return self.note("warning", name, leg, text=text)

    def advance_to(self, moment: int) -> None:
        """Let everything happen that is due until `moment`, each at its own time."""
        while (plan := self.timeline.take_due(moment)) is not None:
            self.now = max(self.now, plan.at)
            plan.action(*plan.args)
        self.now = max(self.now, moment)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.advance_to(self.now + round(seconds * SECOND))
