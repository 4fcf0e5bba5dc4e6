"""Calls: dial, answer, hang up, reject, and what the person at the other end does on the way.

Sources: the published interface for fields, defaults and causes; recorded webhooks for the fields that it lacks.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from math import inf
from typing import Any

from mockserver.sim import bridges, conversations, digits, errors, media, people, recordings, timings, transcription
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.event_types import EVENT_TYPES
from mockserver.sim.events import Json, Route
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import ANSWERED, LEG, OVER, step
from mockserver.sim.world import Leg

E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
SIP = re.compile(r"sips?:\S+", re.ASCII)
DIGITS_AFTER_COMMA = re.compile(r",[0-9A-DwW*#]{1,64}\Z", re.ASCII)

REJECTIONS = {"CALL_REJECTED": ("call_rejected", "603"), "USER_BUSY": ("user_busy", "486")}
"""What `cause` of reject becomes: `hangup_cause` and the SIP status. Documented."""

REFUSALS_BY_PEOPLE = {
    "busy": ("user_busy", "callee", "486"),
    "decline": ("call_rejected", "callee", "603"),
    "unassigned": ("not_found", "callee", "404"),
}
"""What the called person's outcome becomes: cause, source and SIP status of `call.hangup`."""

NEEDED_LATER = (
    "timeout_secs",
    "time_limit_secs",
    "retry_on_timeout",
    "assistant",
    "transcription",
    "transcription_config",
)

NOT_SIMULATED = (
    "answering_machine_detection",
    "audio_url",
    "conference_config",
    "conversation_relay_config",
    "deepfake_detection",
    "enable_dialogflow",
    "media_name",
    "send_digits_on_answer",
    "send_silence_when_idle",
    "stream_url",
    "supervise_call_control_id",
)
"""Options of dial, answer and transfer that are validated and carried, and have no effect yet; using one is a warning.
"""

NEED_A_LINK = ("bridge_intent", "bridge_on_answer", "park_after_unbridge", "prevent_double_bridge")
"""Options of dial that mean nothing without `link_to`. Documented."""


# Commands of the application -----------------------------------------------------------------------------------------


def dial(simulation: Simulation, body: Json) -> Json:
    """`POST /calls`: a new outgoing leg, which `bridge_on_answer` bridges with that of `link_to`.

    Refusals: 10004 (`to` is an empty list), 10016 (a number that is not E.164), 10015 (an unknown connection), 90015
    (`link_to` names no call), 90018 (that call is over), whatever the dialled person is `refused` with, 90041 (too many
    calls, or a loop).
    """
    destinations = [to.strip() for to in (body["to"] if isinstance(body["to"], list) else [body["to"]])]
    if isinstance(body["to"], str):
        destinations = [DIGITS_AFTER_COMMA.sub("", destinations[0])]
    linked = _linked(simulation, body.get("link_to"))
    leg = call_out(
        simulation,
        "dial",
        body,
        destinations=destinations,
        from_=body["from"],
        connection_id=body["connection_id"],
        client_state=body.get("client_state"),
        linked=linked,
    )
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
    destinations: list[str],
    from_: str,
    connection_id: str,
    client_state: str | None,
    linked: Leg | None,
) -> Leg:
    """A new outgoing leg, as dial and transfer make it, in the session of `linked` if there is one.

    Refusals: those of dial but for `link_to`.
    """
    _check_numbers(destinations, from_)
    route = _route(simulation, connection_id, body)
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
        person=person,
        goes=person_hangs_up,
        let_go=hang_up,
        client_state=client_state,
        party_type="sip" if SIP.fullmatch(destinations[0]) else "pstn",
        from_display_name=body.get("from_display_name"),
        custom_headers=body.get("custom_headers"),
        sip_headers=body.get("sip_headers"),
        options=_kept(body),
        due_at=now + round(timings.INITIATED_AFTER_DIAL * SECOND),
    )
    simulation.world.legs[leg.call_control_id] = leg
    leg.plans["initiate"] = simulation.at(leg.due_at, _initiate, simulation, leg, answering)
    _warn_of_unsimulated(simulation, leg, command, body)
    recordings.from_answer(simulation, leg, command, body)
    return leg


def answer(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`answer`: accept an incoming call. GUESS: answering again is accepted and does nothing more.

    Refusals: 90102 on an outgoing leg, 90057 for a `webhook_urls` key that is no event.
    """
    leg.route = _overridden(leg.route, body)
    if leg.state in ANSWERED:
        return {"result": "ok"}
    leg.state = step(LEG, leg.state, "accept")
    leg.options = _kept(body)
    leg.due_at = simulation.now + round(timings.ANSWERED_AFTER_ANSWER * SECOND)
    _cancel(simulation, leg, "gives_up")
    _plan(simulation, leg, "connect", timings.ANSWERED_AFTER_ANSWER, _connect)
    _warn_of_unsimulated(simulation, leg, "answer", body)
    recording_id = recordings.from_answer(simulation, leg, "answer", body)
    return {"result": "ok", "recording_id": recording_id} if recording_id else {"result": "ok"}


def hangup(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`hangup`: end a leg in any state. GUESS: a ringing incoming leg is thereby declined, `call_rejected` and 603."""
    if body.get("custom_headers"):
        leg.custom_headers = body["custom_headers"]
    hang_up(simulation, leg)
    return {"result": "ok"}


def reject(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`reject`: refuse an incoming call that nobody answered yet."""
    cause, sip_status = REJECTIONS[body["cause"]]
    _end_soon(simulation, leg, cause, "callee", sip_status)
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


# What the platform and the people do ---------------------------------------------------------------------------------


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
        route=_route(simulation, connection_id, {"webhook_url": webhook_url} if webhook_url else {}),
        person=person,
        goes=person_hangs_up,
        let_go=hang_up,
        party_type="sip" if SIP.fullmatch(from_) else "pstn",
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
        from_sip_uri=_sip_uri(from_, from_.removeprefix("+"), "203.0.113.10:5060"),
        offered_codecs="PCMU,G729",
        start_time=iso(now),
        state="parked",
        to=to,
        to_sip_uri=_sip_uri(to, to, "192.0.2.20:5060"),
        **_headers(leg),
    )
    if person.gives_up_after is None:
        leg.plans["gives_up"] = simulation.after(
            timings.CALLER_PATIENCE, _caller_gives_up, simulation, leg, backstop=True
        )
    else:
        _plan(simulation, leg, "gives_up", person.gives_up_after, _caller_gives_up)
    return leg


def person_answers(simulation: Simulation, leg: Leg) -> None:
    """The called person picks up."""
    if leg.state != "ringing":
        return
    leg.state = step(LEG, leg.state, "pick_up")
    simulation.note("person", "answers", leg)
    _answered(simulation, leg)


def person_hangs_up(simulation: Simulation, leg: Leg, outcome: str = "normal") -> None:
    """The person at the other end goes; `outcome` is `normal`, `busy`, `decline` or `no_answer`.

    Before an answer it decides the cause, after one every end is a normal clearing.
    """
    if leg.state == "ended":
        return
    simulation.note("person", "hangs_up", leg, outcome=outcome)
    if leg.direction == "incoming":
        if leg.answered_at is None:
            end_leg(simulation, leg, "originator_cancel", "caller", "487")
        else:
            end_leg(simulation, leg, "normal_clearing", "caller", "200")
    elif leg.answered_at is not None:
        end_leg(simulation, leg, "normal_clearing", "callee", "200")
    elif outcome == "no_answer":
        end_leg(simulation, leg, "no_answer", "callee", "480")
    else:
        end_leg(simulation, leg, *REFUSALS_BY_PEOPLE["busy" if outcome == "busy" else "decline"])


def is_answered_by_itself(simulation: Simulation, leg: Leg) -> None:
    """An incoming call is answered without a command, since whoever it was transferred to has answered."""
    leg.state = step(LEG, leg.state, "accept")
    _cancel(simulation, leg, "gives_up")
    _connect(simulation, leg)


def hang_up(simulation: Simulation, leg: Leg) -> None:
    """The platform ends a leg, told to or by itself: the moment after, and with the cause that its state gives.

    GUESS: a leg that goes because the one it was bridged with has gone is reported like one that was hung up.
    """
    if leg.state in OVER:
        return
    if leg.state in ANSWERED:
        cause = ("normal_clearing", "caller" if leg.direction == "outgoing" else "callee", "200")
    elif leg.direction == "outgoing":
        cause = ("originator_cancel", "caller", "487")
    else:
        cause = ("call_rejected", "callee", "603")
    _end_soon(simulation, leg, *cause)


def end_leg(simulation: Simulation, leg: Leg, cause: str, source: str, sip_status: str) -> None:
    """The leg is over: `call.hangup`, and around it what ran on the leg has to say: see `BEFORE_HANGUP`."""
    if "initiate" in leg.plans:
        _initiate(simulation, leg, leg.to)  # gone before the INVITE was reported: it is reported all the same
    for plan in leg.plans.values():
        simulation.timeline.cancel(plan)
    leg.plans.clear()
    leg.ended_at = simulation.now
    for ends in BEFORE_HANGUP:
        ends(simulation, leg)
    leg.state = step(LEG, leg.state, "end")
    simulation.emit(
        "call.hangup",
        leg,
        call_quality_stats=_quality(leg),
        end_time=iso(leg.ended_at),
        **{"from": leg.from_},
        hangup_cause=cause,
        hangup_source=source,
        sip_hangup_cause=sip_status,
        start_time=iso(leg.created_at),
        state="hangup",
        to=leg.to,
        **_headers(leg),
    )
    for follows in AFTER_HANGUP:
        follows(simulation, leg)
    _forget_the_oldest(simulation, leg)


BEFORE_HANGUP: tuple[Callable[[Simulation, Leg], None], ...] = (
    digits.before_hangup,
    media.before_hangup,
    conversations.before_hangup,
    transcription.before_hangup,
)
"""What ends just before `call.hangup`, in the order of the reports of live calls as far as it is known."""

AFTER_HANGUP: tuple[Callable[[Simulation, Leg], None], ...] = (
    bridges.after_hangup,
    conversations.after_hangup,
    recordings.after_hangup,
)
"""What follows `call.hangup`."""


# Steps of a call -----------------------------------------------------------------------------------------------------


def _initiate(simulation: Simulation, leg: Leg, answering: str) -> None:
    _cancel(simulation, leg, "initiate")
    leg.state = step(LEG, leg.state, "initiate")
    simulation.emit(
        "call.initiated",
        leg,
        direction="outgoing",
        **{"from": leg.from_},
        state="bridging",
        to=leg.to,
        **_headers(leg),
    )
    if leg.state != "ringing":
        return
    options, person = leg.options or {}, leg.person
    timeout = options.get("timeout_secs", timings.RING_TIMEOUT)
    _plan(simulation, leg, "timeout", timeout, _rings_out)
    if person.outcome == "answer":
        _plan(simulation, leg, "answers", person.answers_after, _picks_up, answering)
    elif person.outcome in REFUSALS_BY_PEOPLE:
        _plan(simulation, leg, "answers", _turned_down_after(person), _turns_down, REFUSALS_BY_PEOPLE[person.outcome])


def _picks_up(simulation: Simulation, leg: Leg, answering: str) -> None:
    leg.to = answering
    person_answers(simulation, leg)


def _turns_down(simulation: Simulation, leg: Leg, cause: tuple[str, str, str]) -> None:
    simulation.note("person", "turns_down", leg, outcome=leg.person.outcome)
    end_leg(simulation, leg, *cause)


def _rings_out(simulation: Simulation, leg: Leg) -> None:
    if (leg.options or {}).get("retry_on_timeout") is False:
        end_leg(simulation, leg, "no_answer", "callee", "480")
    else:  # GUESS: source and SIP status; the cause alone is documented
        end_leg(simulation, leg, "timeout", "callee", "487")


def _caller_gives_up(simulation: Simulation, leg: Leg) -> None:
    person_hangs_up(simulation, leg)


def _connect(simulation: Simulation, leg: Leg) -> None:
    leg.state = step(LEG, leg.state, "connect")
    _answered(simulation, leg)


def _answered(simulation: Simulation, leg: Leg) -> None:
    """What an answer brings about on either kind of leg."""
    options = leg.options or {}
    for name in ("timeout", "answers"):
        _cancel(simulation, leg, name)
    leg.answered_at = simulation.now
    simulation.emit(
        "call.answered",
        leg,
        codec="PCMU",
        **{"from": leg.from_},
        sampling_rate=8000,
        start_time=iso(leg.created_at),
        state="answered",
        to=leg.to,
        **_headers(leg),
    )
    recordings.on_answer(simulation, leg)
    transcription.on_answer(simulation, leg)
    if leg.direction == "outgoing":
        limit = options.get("time_limit_secs", timings.CALL_LIMIT)
        leg.plans["limit"] = simulation.after(
            limit, end_leg, simulation, leg, "time_limit", "unknown", "200", backstop=True
        )
    if options.get("assistant"):
        conversations.start_dialogue(simulation, leg, {"assistant": options["assistant"]})
    if leg.person.hangs_up_after is not None:
        _plan(simulation, leg, "hangs_up", leg.person.hangs_up_after, person_hangs_up)
    bridges.after_answer(simulation, leg)


def _end_soon(simulation: Simulation, leg: Leg, cause: str, source: str, sip_status: str) -> None:
    """End a leg the moment after a command, but never before its `call.initiated`."""
    leg.state = step(LEG, leg.state, "hang_up")
    moment = max(simulation.now, leg.due_at if leg.answered_at is None else 0)
    for name in ("answers", "connect", "gives_up"):
        _cancel(simulation, leg, name)
    leg.plans["end"] = simulation.at(
        moment + round(timings.HANGUP_AFTER_COMMAND * SECOND), end_leg, simulation, leg, cause, source, sip_status
    )


# Small parts ---------------------------------------------------------------------------------------------------------


def _kept(body: Json) -> Json:
    """What of a command is needed later in the life of its leg; the rest is not worth its memory."""
    return {name: body[name] for name in NEEDED_LATER if name in body}


def _check_numbers(destinations: list[str], from_: str) -> None:
    if not destinations:
        raise Refusal(errors.MISSING_PARAMETER, parameter="to")
    wrong = [errors.NOT_E164.raised(parameter="to") for to in destinations if not is_destination(to)][:1]
    if not E164.fullmatch(from_) and not all(SIP.fullmatch(to) for to in destinations):
        wrong.append(errors.NOT_E164.raised(parameter="from"))
    if wrong:
        raise Refusal.of(wrong)


def is_destination(to: str) -> bool:
    return bool(E164.fullmatch(to) or SIP.fullmatch(to))


def _route(simulation: Simulation, connection_id: str, body: Json) -> Route:
    """Where the webhooks of a new leg go; 10015 where only known connections are good and this one is not known."""
    settings = simulation.world.settings
    if settings.applications is None:
        return _overridden(settings.route, body)
    if connection_id not in settings.applications:
        raise Refusal(errors.INVALID_CONNECTION)
    return _overridden(settings.applications[connection_id], body)


def _overridden(route: Route, body: Json) -> Route:
    """The route with what a command says of it. `webhook_url` is sticky: it holds for all later webhooks of the leg."""
    if not body.keys() & {"webhook_url", "webhook_urls", "webhook_retries_policies"}:
        return route
    policies = body.get("webhook_retries_policies")
    for name in ("webhook_urls", "webhook_retries_policies"):
        for event_type in body.get(name) or ():
            if event_type not in EVENT_TYPES:
                raise Refusal(errors.INVALID_WEBHOOK_EVENT, at=f"/{name}", event_type=event_type)
    return Route(
        url=body.get("webhook_url") or route.url,
        method=body.get("webhook_url_method", "POST") if body.get("webhook_url") else route.method,
        failover_url=route.failover_url,
        urls=body.get("webhook_urls") or route.urls,
        urls_method=body.get("webhook_urls_method", "POST") if body.get("webhook_urls") else route.urls_method,
        retries_ms=(
            {event: tuple(policy.get("retries_ms", ())) for event, policy in policies.items()}
            if policies
            else route.retries_ms
        ),
        timeout_secs=route.timeout_secs,
    )


def _linked(simulation: Simulation, link_to: str | None) -> Leg | None:
    if link_to is None:
        return None
    leg = simulation.world.leg(link_to, simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID, at="/link_to")
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
    return max(reached, key=lambda pair: _turned_down_after(pair[1]), default=found[0])


def _turned_down_after(person: Person) -> float:
    """How long a person who does not answer lets it ring."""
    return {"no_answer": inf, "decline": person.answers_after}.get(person.outcome, 0.0)


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


def _headers(leg: Leg) -> Json:
    """Headers are left out of a webhook when there are none, as recorded."""
    named = {"custom_headers": leg.custom_headers, "sip_headers": leg.sip_headers}
    return {name: headers for name, headers in named.items() if headers}


def _quality(leg: Leg) -> Json | None:
    """Call quality as recorded: numbers in strings, 50 packets a second; null where nobody answered."""
    if leg.answered_at is None or leg.ended_at is None:
        return None
    packets = (leg.ended_at - leg.answered_at) * 50 // SECOND
    return {
        "inbound": {
            "jitter_max_variance": "0.00",
            "jitter_packet_count": "0",
            "mos": "4.50",
            "packet_count": str(packets),
            "skip_packet_count": "0",
        },
        "outbound": {"packet_count": str(packets), "skip_packet_count": "0"},
    }


def _sip_uri(number: str, user: str, host: str) -> str:
    """The address as in SIP: of a SIP URI its own, of a number a gateway's."""
    return number.split(":", 1)[1] if SIP.fullmatch(number) else f"{user}@{host}"


def _plan(simulation: Simulation, leg: Leg, name: str, seconds: float, action: Any, *args: Any) -> None:
    leg.plans[name] = simulation.after(seconds, action, simulation, leg, *args)


def _cancel(simulation: Simulation, leg: Leg, name: str) -> None:
    simulation.timeline.cancel(leg.plans.pop(name, None))


def _forget_the_oldest(simulation: Simulation, leg: Leg) -> None:
    """Drop ended legs whose ten minutes are over, and the oldest where there are too many."""
    world = simulation.world
    world.ended[leg.call_control_id] = simulation.now
    expired = simulation.now - round(timings.STATUS_KEPT * SECOND)
    while world.ended:
        oldest, ended_at = next(iter(world.ended.items()))
        if ended_at >= expired and len(world.ended) <= world.settings.ended_legs:
            return
        del world.ended[oldest], world.legs[oldest]
