"""Whoever calls the application: an inbound call, and the caller who gives up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.sim import acting, applications, errors, legs, numbers, people, routes, timings
from mockserver.sim.clock import iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call that somebody will make: what `place_call` is given. Without `person` it is who has the number then."""

    from_: str
    to: str
    person: Person | None = None
    connection_id: str | None = None
    webhook_url: str | None = None
    carried: Mapping[str, Any] = field(default_factory=dict)


def call_comes(simulation: Simulation, incoming: Incoming) -> None:
    """A call that was to come does; one that is refused is warned of."""
    from_, to = incoming.from_, incoming.to
    person = incoming.person or people.find(from_, simulation.world.people)
    try:
        place_call(simulation, from_, to, person, incoming.connection_id, incoming.webhook_url, **incoming.carried)
    except Refusal as refusal:
        unknown = refusal.problems[0].problem is errors.INVALID_CONNECTION
        hint = ". Name its connection_id under applications." if unknown else ""
        simulation.warn("scenario", None, f"the call from {from_} to {to} did not come about: {refusal}{hint}")


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

    Without `connection_id` it is the application whose `sip_subdomain` is called, else the world's own. `carried` may
    give `from_display_name`, `custom_headers` and `sip_headers`. Refusals: 90041 (too many calls), 10015 (an unknown
    connection), 10027 (an application that the call does not reach).
    """
    now, ids, world = simulation.now, simulation.ids, simulation.world
    if world.live_legs >= world.settings.live_legs:
        raise Refusal(errors.CHANNEL_LIMIT)
    connection_id = connection_id or applications.of_subdomain(world, to) or world.settings.connection_id
    application = applications.to_call(world, connection_id)
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
        route=routes.of_new_leg(simulation, application, {"webhook_url": webhook_url} if webhook_url else {}),
        application=application,
        person=person,
        goes=legs.person_hangs_up,
        let_go=legs.hang_up,
        party_type="sip" if numbers.SIP.fullmatch(from_) else "pstn",
        due_at=now,
        **carried,
    )
    simulation.world.legs[leg.call_control_id] = leg
    acting.begin(simulation, leg)
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
        **_attested(leg),
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
    within = application.first_command_within if application else None
    if within is not None:
        leg.plans["first_command"] = simulation.after(within, _no_command_came, simulation, leg, backstop=True)
    return leg


def _attested(leg: Leg) -> Json:
    """What the carrier says of a caller's number. GUESS: all numbers are fully attested, SIP addresses are not."""
    if leg.application is None or not leg.application.inbound("shaken_stir_enabled") or leg.party_type != "pstn":
        return {}
    return {"shaken_stir_attestation": "A", "shaken_stir_validated": True}


def _no_command_came(simulation: Simulation, leg: Leg) -> None:
    """`first_command_timeout` of the application. GUESS: cause, source and SIP status; that it ends is documented."""
    legs.hang_up(simulation, leg, ("timeout", "unknown", "480"))


def _gives_up(simulation: Simulation, leg: Leg) -> None:
    legs.person_hangs_up(simulation, leg)
