"""The life of a leg, from its first webhook to its last: ringing, the answer, the end, and what the person does.

Sources: the published interface for causes; recorded webhooks for the fields that it lacks and the order at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from mockserver.sim import (
    activities,
    bridges,
    conference_life,
    conversations,
    costs,
    deepfakes,
    dialogues,
    digits,
    machines,
    media,
    queues,
    recordings,
    relays,
    streams,
    supervision,
    timings,
    transcription,
    voices,
)
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import ANSWERED, LEG, OVER, step
from mockserver.sim.world import Leg

REFUSALS_BY_PEOPLE = {
    "busy": ("user_busy", "callee", "486"),
    "decline": ("call_rejected", "callee", "603"),
    "unassigned": ("not_found", "callee", "404"),
}
"""What the called person's outcome becomes: cause, source and SIP status of `call.hangup`."""


def person_answers(simulation: Simulation, leg: Leg) -> None:
    """The called person picks up."""
    if leg.state != "ringing":
        return
    leg.state = step(LEG, leg.state, "pick_up")
    simulation.note("person", "answers", leg)
    _answered(simulation, leg)


def person_hangs_up(simulation: Simulation, leg: Leg, outcome: str = "normal") -> None:
    """The person at the other end goes; `outcome` is `normal`, `busy`, `decline` or `no_answer`.

    Before an calls.answer it decides the cause, after one every end is a normal clearing.
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
    cancel(simulation, leg, "gives_up")
    connect(simulation, leg)


def hang_up(simulation: Simulation, leg: Leg, cause: tuple[str, str, str] | None = None) -> None:
    """The platform ends a leg, told to or by itself: the moment after, and with `cause` or that which its state gives.

    GUESS: a leg that goes because the one it was bridged with has gone is reported like one that was hung up.
    """
    if leg.state not in OVER:
        end_soon(simulation, leg, *(cause or _cause(leg)))


def _cause(leg: Leg) -> tuple[str, str, str]:
    """Cause, source and SIP status of a leg that the platform ends, by its state."""
    if leg.state in ANSWERED:
        return ("normal_clearing", "caller" if leg.direction == "outgoing" else "callee", "200")
    if leg.direction == "outgoing":
        return ("originator_cancel", "caller", "487")
    return ("call_rejected", "callee", "603")


def end_leg(simulation: Simulation, leg: Leg, cause: str, source: str, sip_status: str) -> None:
    """The leg is over: `call.hangup`, and around it what ran on the leg has to say: see `BEFORE_HANGUP`."""
    if "initiate" in leg.plans:
        initiate(simulation, leg, leg.to)  # gone before the INVITE was reported: it is reported all the same
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
        **headers(leg),
    )
    for follows in AFTER_HANGUP:
        follows(simulation, leg)
    _forget_the_oldest(simulation, leg)


BEFORE_HANGUP: tuple[Callable[[Simulation, Leg], None], ...] = (
    voices.fall_silent,
    digits.before_hangup,
    media.before_hangup,
    queues.before_hangup,
    streams.before_hangup,
    conference_life.before_hangup,
    activities.before_hangup,
    conversations.before_hangup,
    transcription.before_hangup,
)
"""What ends just before `call.hangup`, in the order of the reports of live calls as far as it is known."""


AFTER_HANGUP: tuple[Callable[[Simulation, Leg], None], ...] = (
    bridges.after_hangup,
    conference_life.after_hangup,
    supervision.after_hangup,
    conversations.after_hangup,
    recordings.after_hangup,
    costs.after_hangup,
)
"""What follows `call.hangup`."""


def initiate(simulation: Simulation, leg: Leg, answering: str) -> None:
    """The INVITE leaves: `call.initiated`, and what the called person will do."""
    cancel(simulation, leg, "initiate")
    leg.state = step(LEG, leg.state, "initiate")
    simulation.emit(
        "call.initiated",
        leg,
        direction="outgoing",
        **{"from": leg.from_},
        state="bridging",
        to=leg.to,
        **headers(leg),
    )
    if leg.state != "ringing":
        return
    options, person = leg.options or {}, leg.person
    timeout = options.get("timeout_secs", timings.RING_TIMEOUT)
    plan(simulation, leg, "timeout", timeout, _rings_out)
    if person.outcome == "answer":
        plan(simulation, leg, "answers", person.answers_after, _picks_up, answering)
    elif person.outcome in REFUSALS_BY_PEOPLE:
        plan(simulation, leg, "answers", turned_down_after(person), _turns_down, REFUSALS_BY_PEOPLE[person.outcome])


def connect(simulation: Simulation, leg: Leg) -> None:
    """The answer of an incoming leg has got through."""
    leg.state = step(LEG, leg.state, "connect")
    _answered(simulation, leg)


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


def _answered(simulation: Simulation, leg: Leg) -> None:
    """What an calls.answer brings about on either kind of leg."""
    options = leg.options or {}
    for name in ("timeout", "answers"):
        cancel(simulation, leg, name)
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
        **streams.of_answer(leg),
        **headers(leg),
    )
    costs.on_answer(simulation, leg)
    recordings.on_answer(simulation, leg)
    transcription.on_answer(simulation, leg)
    streams.on_answer(simulation, leg)
    deepfakes.on_answer(simulation, leg)
    if leg.direction == "outgoing":
        machines.on_answer(simulation, leg)
        limit = options.get("time_limit_secs", timings.CALL_LIMIT)
        leg.plans["limit"] = simulation.after(
            limit, end_leg, simulation, leg, "time_limit", "unknown", "200", backstop=True
        )
        digits.on_answer(simulation, leg)
    if options.get("assistant"):
        dialogues.start(simulation, leg, {"assistant": options["assistant"]})
    relays.on_answer(simulation, leg)
    if leg.person.hangs_up_after is not None:
        plan(simulation, leg, "hangs_up", leg.person.hangs_up_after, person_hangs_up)
    _welcome(simulation, leg)


def _welcome(simulation: Simulation, leg: Leg) -> None:
    """Whoever was called hears what the command plays to them, and then whom they are bridged or in a conference with.

    GUESS: also with `bridge_on_answer` of dial; documented is that of transfer.
    """
    welcome = media.on_answer_of(leg.options or {}) if leg.direction == "outgoing" else None
    if welcome is None:
        bridges.after_answer(simulation, leg)
        conference_life.on_answer(simulation, leg)
    else:
        welcome.then = _welcomed
        media.play(simulation, leg, welcome)


def _welcomed(simulation: Simulation, leg: Leg, status: str) -> None:
    bridges.after_answer(simulation, leg)
    plan(simulation, leg, "conference", 0, _meets_conference)  # not now: a bridge that is just made may have cut it


def _meets_conference(simulation: Simulation, leg: Leg) -> None:
    if leg.bridged_with is None and leg.participation is None:
        conference_life.on_answer(simulation, leg)


def end_soon(simulation: Simulation, leg: Leg, cause: str, source: str, sip_status: str) -> None:
    """End a leg the moment after a command, but never before its `call.initiated`."""
    leg.state = step(LEG, leg.state, "hang_up")
    moment = max(simulation.now, leg.due_at if leg.answered_at is None else 0)
    for name in ("answers", "connect", "gives_up"):
        cancel(simulation, leg, name)
    leg.plans["end"] = simulation.at(
        moment + round(timings.HANGUP_AFTER_COMMAND * SECOND), end_leg, simulation, leg, cause, source, sip_status
    )


def turned_down_after(person: Person) -> float:
    """How long a person who does not calls.answer lets it ring."""
    return {"no_answer": inf, "decline": person.answers_after}.get(person.outcome, 0.0)


def headers(leg: Leg) -> Json:
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


def plan(simulation: Simulation, leg: Leg, name: str, seconds: float, action: Any, *args: Any) -> None:
    """Plan a step of a leg under a name, so that it goes when the leg does."""
    leg.plans[name] = simulation.after(seconds, action, simulation, leg, *args)


def cancel(simulation: Simulation, leg: Leg, name: str) -> None:
    """Void a planned step of a leg, if it stands."""
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
