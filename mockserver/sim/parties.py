"""Whoever calls the application: an inbound call, and the caller who gives up."""

from __future__ import annotations

from typing import Any

from mockserver.sim import errors, legs, numbers, routes, timings
from mockserver.sim.clock import iso
from mockserver.sim.errors import Refusal
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg


def place_call(
    simulation: Simulation,
    from_: str,
    to: str,
    person: Person,
    connection_id: str | None = None,
    webhook_url: str | None = None,
    **carried: Any,
) -> Leg:
    """Somebody calls one of the application's numbers: `call.initiated` at once, then ringing until a command comes.

    `carried` may give `from_display_name`, `custom_headers` and `sip_headers`. Refusals: 90041 (too many calls), 10015
    (an unknown connection).
    """
    now, ids, settings = simulation.now, simulation.ids, simulation.world.settings
    if simulation.world.live_legs >= settings.live_legs:
        raise Refusal(errors.CHANNEL_LIMIT)
    connection_id = connection_id or settings.connection_id
    leg = Leg(
        call_control_id=ids.call_control_id(),
        call_session_id=ids.time_uuid(now - 500),
        call_leg_id=ids.time_uuid(now),
        connection_id=connection_id,
        direction="incoming",
        from_=from_,
        to=to,
        state="parked",
        created_at=now,
        route=routes.of_new_leg(simulation, connection_id, {"webhook_url": webhook_url} if webhook_url else {}),
        person=person,
        goes=legs.person_hangs_up,
        let_go=legs.hang_up,
        party_type="sip" if numbers.SIP.fullmatch(from_) else "pstn",
        due_at=now,
        **carried,
    )
    simulation.world.legs[leg.call_control_id] = leg
    simulation.note("person", "calls", leg, **{"from": from_, "to": to})
    simulation.emit(
        "call.initiated",
        leg,
        caller_id_name=leg.from_display_name or from_,
        connection_codecs="PCMA,PCMU,VP8,H264",
        direction="incoming",
        **{"from": from_},
        from_sip_uri=numbers.sip_uri(from_, from_.removeprefix("+"), "203.0.113.10:5060"),
        offered_codecs="PCMU,G729",
        start_time=iso(now),
        state="parked",
        to=to,
        to_sip_uri=numbers.sip_uri(to, to, "192.0.2.20:5060"),
        **legs.headers(leg),
    )
    if person.gives_up_after is None:
        leg.plans["gives_up"] = simulation.after(timings.CALLER_PATIENCE, _gives_up, simulation, leg, backstop=True)
    else:
        legs.plan(simulation, leg, "gives_up", person.gives_up_after, _gives_up)
    return leg


def _gives_up(simulation: Simulation, leg: Leg) -> None:
    legs.person_hangs_up(simulation, leg)
