"""Two legs that hear each other: how a bridge comes about, and what becomes of a leg that is left alone.

A leg is bridged with one other at most. A bridge may be asked for while a leg still rings: then the leg keeps a
`Meeting`, and the bridge comes with its answer.

Sources: the published interface for the options, and for who is hung up and who is kept; recorded webhooks for the
fields of `call.bridged`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mockserver.sim import errors, media, queues, recordings, timings
from mockserver.sim.clock import iso
from mockserver.sim.errors import Refusal, Unsupported
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import OVER
from mockserver.sim.world import Leg

WITH_WHAT = ("call_control_id", "queue", "video_room_id")

SPARED = {"none": (False, False), "self": (True, False), "opposite": (False, True), "both": (True, True)}
"""By `mute_dtmf`: is the leg of the command spared the tones of the other one, and the other one those of the leg?

GUESS: `self` is the leg that hears, not the one whose keys are pressed.
"""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two legs that shall be bridged when both are answered.

    `leg` is the one that the command addressed. With `unless_bridged` it is hung up instead when `other` is bridged
    already. `picks_up` answers `leg` when it still rings at the answer of `other`. `options` are the command's, for the
    time when the bridge has come about. `told` is told once whether it has.
    """

    leg: Leg
    other: Leg
    unless_bridged: bool = False
    picks_up: Callable[[Simulation, Leg], None] | None = None
    options: Json = field(default_factory=dict)
    told: Callable[[bool], None] | None = None


def bridge(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`bridge`: let the leg and another one hear each other, now or as soon as the other is answered.

    Refusals: 10004 (nothing to bridge with), 90015 (no such call), 90018 (that call is over), 10027 (several things to
    bridge with, the leg itself, or with `prevent_double_bridge` a leg that is bridged already), those of
    `queues.next_in_line`. A video room is not simulated. GUESS: of a leg that is not answered itself it is refused with
    90034.
    """
    other = _other(simulation, leg, body)
    leg.after_unbridge = after_unbridge(body)
    simulation.timeline.cancel(leg.plans.get("bridge"))
    meeting = Meeting(leg, other, options=kept(body))
    leg.plans["bridge"] = simulation.after(timings.BRIDGED_AFTER_COMMAND, meet, simulation, meeting)
    return {"result": "ok"}


def kept(body: Json) -> Json:
    """What of a command is needed when its bridge comes about."""
    return {name: value for name, value in body.items() if name == "mute_dtmf" or name.startswith("record")}


def after_unbridge(body: Json) -> str:
    """What becomes of the leg that a command addresses when the other one leaves: `hang_up`, `park` or `hold`.

    GUESS: a leg on hold differs from a parked one in nothing that is reported, so `call.hold` is not sent.
    """
    if body.get("park_after_unbridge") == "self":
        return "park"
    return "hold" if body.get("hold_after_unbridge") else "hang_up"


def meet(simulation: Simulation, meeting: Meeting) -> None:
    """Bridge two legs, or wait for the one that is not answered yet.

    GUESS: when one of them is over by then, nothing comes of it and the other one stays up as it is.
    """
    legs = (meeting.leg, meeting.other)
    if any(leg.state in OVER for leg in legs):
        return
    late = next((leg for leg in legs if leg.state != "answered"), None)
    if late is not None:
        late.meeting = meeting
    else:
        _join(simulation, meeting)


def after_answer(simulation: Simulation, leg: Leg) -> None:
    """The leg was answered: whoever waited for it is bridged with it."""
    meeting, leg.meeting = leg.meeting, None
    if meeting is None:
        return
    if meeting.unless_bridged and meeting.other.bridged_with is not None:
        _let_go(simulation, meeting.leg)
        return
    if meeting.picks_up is not None and meeting.leg.state == "parked":
        meeting.picks_up(simulation, meeting.leg)
    meet(simulation, meeting)


def after_hangup(simulation: Simulation, leg: Leg) -> None:
    """The leg is over: whoever was bridged with it, or is called for it, is let go unless it is kept."""
    _forget_meeting(leg)
    part(simulation, leg)
    give_up(simulation, leg)


def give_up(simulation: Simulation, leg: Leg) -> None:
    """Let go whoever is called for the leg and has not come yet."""
    called, leg.called = leg.called, None
    if called is not None:
        _let_go(simulation, called)


def _other(simulation: Simulation, leg: Leg, body: Json) -> Leg:
    """The leg to bridge with, after all that speaks against it."""
    given = [name for name in WITH_WHAT if body.get(name)]
    if not given:
        raise Refusal(errors.MISSING_PARAMETER, parameter="call_control_id")
    if len(given) > 1:  # GUESS: the code; that they exclude each other is documented
        raise Refusal(errors.UNPROCESSABLE, reason="Bridge with one thing, not several.", at=f"/{given[1]}")
    if given == ["queue"]:
        return queues.next_in_line(simulation, body["queue"], leg)
    if given == ["video_room_id"]:
        raise Unsupported("bridge with video_room_id")
    other = simulation.world.leg(body["call_control_id"], simulation.now)
    if other is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID)
    if other.state in OVER:
        raise Refusal(errors.CALL_ENDED)
    if other is leg:  # GUESS: the code
        raise Refusal(errors.UNPROCESSABLE, reason="A call is not bridged with itself.", at="/call_control_id")
    if body.get("prevent_double_bridge") and other.bridged_with is not None:  # GUESS: the code
        raise Refusal(errors.UNPROCESSABLE, reason="That call is bridged already.", at="/call_control_id")
    return other


def _join(simulation: Simulation, meeting: Meeting) -> None:
    """Bridge two answered legs; what either is bridged with, hears, waits for or has called for it, gives way.

    GUESS: legs that are bridged with each other stay so, without another event.
    GUESS: a recording that a bridge wants is one of the leg that its command addresses, until that leg ends.
    """
    leg, other = meeting.leg, meeting.other
    if leg.bridged_with is other:
        return
    for one in (leg, other):
        _forget_meeting(one)
    for one, called in ((leg, other), (other, leg)):
        part(simulation, one)
        if one.called is called:
            one.called = None
        give_up(simulation, one)
        media.stop(simulation, one, "all")
    leg.bridged_with, other.bridged_with = other, leg
    leg.spared_tones, other.spared_tones = SPARED[meeting.options.get("mute_dtmf") or "none"]
    for one in (leg, other):
        queues.leave(simulation, one, "bridged")
        if one.participation is not None:  # GUESS: a leg that is bridged leaves its conference
            one.participation.leaves(simulation, one.participation)
    for one in (leg, other):
        simulation.emit(
            "call.bridged",
            one,
            **{"from": one.from_},
            start_time=iso(one.created_at),
            state="bridged",
            to=one.to,
        )
    recordings.from_now(simulation, leg, meeting.options)
    if meeting.told is not None:
        meeting.told(True)


def _forget_meeting(leg: Leg) -> None:
    """A leg is over, or is bridged otherwise while it hears audio: whoever waited for it does so no longer."""
    meeting, leg.meeting = leg.meeting, None
    if meeting is not None and meeting.leg.called is leg:
        meeting.leg.called = None
    if meeting is not None and meeting.told is not None:
        meeting.told(False)


def part(simulation: Simulation, leg: Leg) -> None:
    """Break the bridge of a leg that goes elsewhere: the other one is hung up unless a command said otherwise."""
    other = leg.bridged_with
    if other is None:
        return
    leg.bridged_with = other.bridged_with = None
    if other.after_unbridge == "hang_up":
        _let_go(simulation, other)


def _let_go(simulation: Simulation, leg: Leg) -> None:
    assert leg.let_go is not None
    leg.let_go(simulation, leg)
