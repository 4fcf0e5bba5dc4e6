"""Calls: dial, answer, hang up, reject, look at. What follows from them is in `legs`.

Sources: the published interface for fields, defaults and conditions.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from mockserver.sim import (
    acting,
    applications,
    bridges,
    conference_life,
    digits,
    errors,
    legs,
    media,
    numbers,
    people,
    recordings,
    routes,
    streams,
    supervision,
    timings,
)
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import ANSWERED, LEG, OVER, step
from mockserver.sim.world import Leg

REJECTIONS = {"CALL_REJECTED": ("call_rejected", "603"), "USER_BUSY": ("user_busy", "486")}
"""What `cause` of reject becomes: `hangup_cause` and the SIP status. Documented."""


NEEDED_LATER = (
    "answering_machine_detection",
    "answering_machine_detection_config",
    "timeout_secs",
    "time_limit_secs",
    "retry_on_timeout",
    "assistant",
    "conference_config",
    "conversation_relay_config",
    "transcription",
    "transcription_config",
    "audio_url",
    "billing_group_id",
    "deepfake_detection",
    "media_name",
    "send_digits_on_answer",
    *streams.OF_ANSWER,
)


NOT_SIMULATED = ("enable_dialogflow",)
"""Options of dial, answer and transfer that are validated and carried, and have no effect yet; using one is a warning.
"""


NEED_A_LINK = ("bridge_intent", "bridge_on_answer", "park_after_unbridge", "prevent_double_bridge")
"""Options of dial that mean nothing without `link_to`. Documented."""


def dial(simulation: Simulation, body: Json) -> Json:
    """`POST /calls`: a new outgoing leg, which `bridge_on_answer` bridges with that of `link_to`.

    Refusals: 10004 (`to` is an empty list), 10016 (a number that is not E.164), 10015 (a connection that is unknown or
    not active), 90015 (`link_to` or `supervise_call_control_id` names no call), 90018 (that call is over), 10011 (SRTP
    to a number), 90014 and 10025 (`send_digits_on_answer`), 10027 (two files to play), 90043 (the connection's limit),
    whatever the dialled person is `refused` with, 90041 (too many calls, or a loop).
    """
    conference_life.check_config(simulation, body)
    linked = _named(simulation, body, "link_to")
    supervised = _named(simulation, body, "supervise_call_control_id")
    leg = call_out(
        simulation,
        "dial",
        body,
        from_=body["from"],
        connection_id=body["connection_id"],
        client_state=body.get("client_state"),
        linked=linked,
    )
    if supervised is not None:
        supervision.supervise(leg, supervised, body.get("supervisor_role", "barge"))
    if linked is not None:
        leg.from_ = linked.from_ if body.get("bridge_intent") else leg.from_
        leg.after_unbridge = bridges.after_unbridge(body)
        if body.get("bridge_on_answer"):
            leg.meeting = bridges.Meeting(leg, linked, unless_bridged=bool(body.get("prevent_double_bridge")))
    else:
        for name in NEED_A_LINK:
            if body.get(name):
                simulation.warn("dial", leg, f"dial: {name} has no effect without link_to")
    recording_id = leg.recordings[0].id if leg.recordings else None
    return _call(leg, is_alive=False, client_state=leg.client_state, recording_id=recording_id)


def call_out(
    simulation: Simulation,
    command: str,
    body: Json,
    *,
    from_: str,
    connection_id: str,
    client_state: str | None,
    linked: Leg | None,
) -> Leg:
    """A new outgoing leg, as dial and transfer make it, in the session of `linked` if there is one.

    Refusals: those of dial but for the calls that it names.
    """
    destinations, body = _where_to(body)
    numbers.check_numbers(destinations, from_)
    if body.get("media_encryption") == "SRTP" and not all(map(numbers.SIP.fullmatch, destinations)):
        raise Refusal(errors.SRTP_NOT_FOR_PSTN)
    digits.check_on_answer(body)
    media.on_answer_of(body)
    application = applications.to_dial_with(simulation.world, connection_id)
    route = routes.of_new_leg(simulation, application, body)
    answering, person = _who_takes_it(simulation, destinations)
    if person.refused:
        raise Refusal(person.refused)
    _guard(simulation, from_, destinations[0], linked.call_session_id if linked else None)

    now, ids = simulation.now, simulation.ids
    leg = Leg(
        call_control_id=ids.call_control_id(),
        call_session_id=linked.call_session_id if linked else ids.time_uuid(now - 500),
        call_leg_id=ids.time_uuid(now),
        connection_id=connection_id,
        direction="outgoing",
        from_=from_,
        to=destinations[0],
        state="dialed",
        created_at=now,
        route=route,
        application=application,
        person=person,
        goes=legs.person_hangs_up,
        let_go=legs.hang_up,
        client_state=client_state,
        party_type="sip" if numbers.SIP.fullmatch(destinations[0]) else "pstn",
        from_display_name=body.get("from_display_name"),
        custom_headers=body.get("custom_headers"),
        sip_headers=body.get("sip_headers"),
        options=_kept(body),
        due_at=now + round(timings.INITIATED_AFTER_DIAL * SECOND),
    )
    simulation.world.legs[leg.call_control_id] = leg
    acting.begin(simulation, leg)
    leg.plans["initiate"] = simulation.at(leg.due_at, legs.initiate, simulation, leg, answering)
    _warn_of_unsimulated(simulation, leg, command, body)
    recordings.from_answer(simulation, leg, body)
    streams.before_dialling(simulation, leg, body)
    return leg


def answer(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`answer`: accept an incoming call. GUESS: answering again is accepted and does nothing more.

    Refusals: 90102 on an outgoing leg, 90057 for a `webhook_urls` key that is no event.
    """
    leg.route = routes.overridden(leg.route, body)
    if leg.state in ANSWERED:
        return {"result": "ok"}
    leg.state = step(LEG, leg.state, "accept")
    leg.options = _kept(body)
    leg.due_at = simulation.now + round(timings.ANSWERED_AFTER_ANSWER * SECOND)
    legs.cancel(simulation, leg, "gives_up")
    legs.plan(simulation, leg, "connect", timings.ANSWERED_AFTER_ANSWER, legs.connect)
    _warn_of_unsimulated(simulation, leg, "answer", body)
    recording_id = recordings.from_answer(simulation, leg, body)
    return {"result": "ok", "recording_id": recording_id} if recording_id else {"result": "ok"}


def hangup(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`hangup`: end a leg in any state. GUESS: a ringing incoming leg is thereby declined, `call_rejected` and 603."""
    if body.get("custom_headers"):
        leg.custom_headers = body["custom_headers"]
    legs.hang_up(simulation, leg)
    return {"result": "ok"}


def reject(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`reject`: refuse an incoming call that nobody answered yet."""
    cause, sip_status = REJECTIONS[body["cause"]]
    legs.end_soon(simulation, leg, cause, "callee", sip_status)
    return {"result": "ok"}


def client_state_update(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`client_state_update`: change what later webhooks carry. The state itself is stored for every command alike."""
    return {"result": "ok"}


def retrieve_call(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`GET /calls/{call_control_id}`: what is known of a call, until ten minutes after its end."""
    more: Json = {"client_state": leg.client_state, "start_time": iso(leg.created_at)}
    if leg.answered_at is not None:
        more["call_duration"] = leg.duration(simulation.now)
    if leg.ended_at is not None:
        more["end_time"] = iso(leg.ended_at)
    return _call(leg, is_alive=leg.is_alive, **more)


def check_client_state(body: Json, name: str = "client_state") -> None:
    """Refuse a `client_state` that is not Base64 with its padding (90017). GUESS: an empty one is fine."""
    state = body.get(name)
    if state is None:
        return
    try:
        b64decode(state.encode("ascii"), validate=True)
    except (NotBase64, UnicodeEncodeError, ValueError):
        raise Refusal(errors.INVALID_CLIENT_STATE, parameter=name) from None


def _kept(body: Json) -> Json:
    """What of a command is needed later in the life of its leg; the rest is not worth its memory."""
    return {name: body[name] for name in NEEDED_LATER if name in body}


def _where_to(body: Json) -> tuple[list[str], Json]:
    """The destinations, and the body with the keys that stand behind a single one, unless it says otherwise."""
    if isinstance(body["to"], list):
        return [to.strip() for to in body["to"]], body
    to, keys = numbers.without_digits(body["to"])
    if keys and not body.get("send_digits_on_answer"):
        body = {**body, "send_digits_on_answer": keys}
    return [to], body


def _named(simulation: Simulation, body: Json, field: str) -> Leg | None:
    """The other leg that a field of dial names, if it is given."""
    if body.get(field) is None:
        return None
    leg = simulation.world.leg(body[field], simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID, at=f"/{field}")
    if leg.state in OVER:
        raise Refusal(errors.CALL_ENDED)
    return leg


def _who_takes_it(simulation: Simulation, destinations: list[str]) -> tuple[str, Person]:
    """The destination that decides the call, and who is there: the first to answer, else who lets it ring longest.

    GUESS: one leg stands for all destinations; webhooks of those that lose are not documented.
    """
    found = [(to, people.find(to, simulation.world.people)) for to in destinations]
    reached = [pair for pair in found if not pair[1].refused]
    answering = [pair for pair in reached if pair[1].outcome == "answer"]
    if answering:
        return min(answering, key=lambda pair: pair[1].answers_after)
    return max(reached, key=lambda pair: legs.turned_down_after(pair[1]), default=found[0])


def _guard(simulation: Simulation, from_: str, to: str, session: str | None) -> None:
    """Stop an application that calls in circles before it fills the machine."""
    world, now = simulation.world, simulation.now
    settings = world.settings
    if world.live_legs >= settings.live_legs:
        raise Refusal(errors.CHANNEL_LIMIT)
    if not settings.loop_guard:
        return
    circles = {(from_, to): f"from {from_} to {to}"}
    if session is not None:
        circles["session", session] = f"in the session {session}"
    for circle, where in circles.items():
        recent = [at for at in world.recent_dials.get(circle, ()) if now - at < 60 * SECOND]
        if len(recent) >= settings.loop_guard:
            simulation.warn(
                "loop guard",
                None,
                f"{len(recent)} calls {where} within a minute: refused with 90041. Does the application dial or "
                "transfer whenever it hears call.initiated or call.answered, also for legs it made itself? Look at "
                "`direction`. A test that means it raises --loop-guard; 0 switches it off.",
            )
            raise Refusal(errors.CHANNEL_LIMIT)
    for circle in circles:
        recent = [at for at in world.recent_dials.get(circle, ()) if now - at < 60 * SECOND]
        world.recent_dials[circle] = [*recent, now]
        world.recent_dials.move_to_end(circle)
    while len(world.recent_dials) > 1_000:
        world.recent_dials.popitem(last=False)


def _warn_of_unsimulated(simulation: Simulation, leg: Leg, command: str, body: Json) -> None:
    for name in NOT_SIMULATED:
        if body.get(name) not in (None, False, "", "disabled"):
            simulation.warn(command, leg, f"{command}: {name} is accepted and has no effect yet")


def _call(leg: Leg, **more: Any) -> Json:
    known = {key: value for key, value in more.items() if value is not None}
    return {
        "record_type": "call",
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        **known,
    }
