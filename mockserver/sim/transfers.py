"""Passing a call on: transfer, which calls somebody else for it, and refer, which asks the far end to do so itself.

Sources: the published interface for options, events and their order; recorded calls for the timing of a new leg.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sim import bridges, calls, errors, legs, numbers, people, queues, timings
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

MOST_SIP_INFO_BYTES = 1_400

NOTIFIED: Mapping[str, tuple[float | None, int]] = {
    "answer": (None, 200),
    "busy": (0.0, 486),
    "decline": (None, 603),
    "no_answer": (timings.RING_TIMEOUT, 480),
    "unassigned": (0.0, 404),
}
"""When and with which SIP status it is known what came of a referred call; None is when the person acts.

GUESS: the statuses of a failure are those of a call that the platform places itself; 603 is in the published example.
"""


def transfer(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`transfer`: call somebody else, and bridge the two when they answer; if they do not, the leg stays as it is.

    Whoever answers hears the audio of the command first, if it gives some.
    GUESS: a caller whom nobody has answered yet goes on ringing, and is answered when the person called is.
    GUESS: a transfer takes the place of an earlier one that still rings.

    Refusals: those of dial for `to`, `from` and the person called; 90017 for `target_leg_client_state`; 90041 too when
    the legs of one session multiply as if the application transferred its own ones for ever.
    """
    calls.check_client_state(body, "target_leg_client_state")
    target = calls.call_out(
        simulation,
        "transfer",
        body,
        from_=body.get("from") or leg.to,
        connection_id=leg.connection_id,
        client_state=body.get("target_leg_client_state"),
        linked=leg,
    )
    bridges.give_up(simulation, leg)
    leg.after_unbridge = bridges.after_unbridge(body)
    leg.called = target
    mute = {"mute_dtmf": body.get("mute_dtmf")}
    target.meeting = bridges.Meeting(leg, target, picks_up=legs.is_answered_by_itself, options=mute)
    return {"result": "ok"}


def refer(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`refer`: ask the far end to call a SIP address; the person at that address decides what comes of it.

    Refusals: 10004 (no address), 10027 (one that is no SIP URI, or an earlier refer that is still under way; GUESS:
    the code of both).
    """
    address = body["sip_address"].strip()
    if not address:
        raise Refusal(errors.MISSING_PARAMETER, parameter="sip_address")
    if not numbers.SIP.fullmatch(address):
        raise Refusal(errors.UNPROCESSABLE, reason="sip_address is no SIP URI.", at="/sip_address")
    if "refer" in leg.plans:
        raise Refusal(errors.UNPROCESSABLE, reason="The call is being referred already.", at="/sip_address")
    person = people.find(address, simulation.world.people)
    leg.plans["refer"] = simulation.at(_soon(simulation, leg), _refer, simulation, leg, person)
    return {"result": "ok"}


def send_sip_info(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`send_sip_info`: a SIP INFO message to the far end, of at most 1,400 bytes. Refusals: 10025.

    GUESS: nothing is reported of it; `call.sip_info.received` is named in the documentation and nowhere described.
    """
    size = len(body["body"].encode("utf-8", "replace"))
    if size > MOST_SIP_INFO_BYTES:
        raise Refusal(errors.LENGTH_OUT_OF_RANGE, parameter="body", minimum=0, maximum=MOST_SIP_INFO_BYTES, length=size)
    return {"result": "ok"}


def _soon(simulation: Simulation, leg: Leg) -> int:
    """A moment after the command, and after the leg's latest step was reported."""
    return max(simulation.now, leg.due_at) + round(timings.REFER_AFTER_COMMAND * SECOND)


def _refer(simulation: Simulation, leg: Leg, person: Person) -> None:
    queues.leave(simulation, leg, "leave")  # GUESS: the reason; that it leaves is documented
    simulation.emit("call.refer.started", leg, **{"from": leg.from_}, sip_notify_response=100, to=leg.to)
    rings, status = (0.0, 403) if person.refused else NOTIFIED[person.outcome]
    seconds = person.answers_after if rings is None else rings
    leg.plans["refer"] = simulation.after(seconds, _referred, simulation, leg, status)


def _referred(simulation: Simulation, leg: Leg, status: int) -> None:
    """What came of it. GUESS: the platform, having nothing more to do with the call, ends it as a hangup would."""
    leg.plans.pop("refer")
    parties = {"from": leg.from_, "to": leg.to}
    if status != 200:
        simulation.emit("call.refer.failed", leg, **parties, sip_notify_response=status)
        return
    simulation.emit("call.refer.completed", leg, **parties, sip_notify_response=200)
    legs.hang_up(simulation, leg)
