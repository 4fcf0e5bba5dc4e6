"""Who can be heard on a leg just now. Words are told when they have been said; here is since when they are being said.

`Leg.voice` is the stretch of time in which the person of a leg speaks, or is about to; whoever lets them speak sets it.
"""

from __future__ import annotations

from mockserver.sim import timings
from mockserver.sim.clock import SECOND
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Conversation, Leg

PERSON, OTHER, APPLICATION = 400, 500, 600
"""Pitches, in Hz: the person of the leg, the person on the other side of a bridge, and whatever the application lets
be heard."""


def will_speak(simulation: Simulation, leg: Leg, text: str, after: float = 0.0) -> None:
    """The person of a leg begins to say something in so many seconds."""
    begins = simulation.now + round(after * SECOND)
    leg.voice = (begins, begins + round(timings.speech(text) * SECOND))


def fall_silent(simulation: Simulation, leg: Leg) -> None:
    """The person of a leg says no more, unless they have just begun."""
    if leg.voice is not None and leg.voice[0] != simulation.now:
        leg.voice = (leg.voice[0], min(leg.voice[1], simulation.now))


def has_said(simulation: Simulation, leg: Leg, text: str) -> None:
    """Words are told of. Nobody knew of those that came from outside: they are heard from now on.

    Where audio is streamed, time has something to go on for: the speech, and the silence that tells its end.
    """
    if leg.voice is not None and leg.voice[1] == simulation.now:
        return
    will_speak(simulation, leg, text)
    if leg.stream is not None:
        simulation.timeline.cancel(leg.plans.get("is_heard"))
        seconds = timings.speech(text) + timings.STREAM_SILENCE
        leg.plans["is_heard"] = simulation.after(seconds, _was_heard, leg)


def person_is_heard(leg: Leg, at: int) -> bool:
    """Does the person of a leg speak at a moment?"""
    return leg.voice is not None and leg.voice[0] <= at < leg.voice[1] and not leg.on_hold


def heard_from_person(leg: Leg, at: int) -> int:
    """The pitch of what comes from the telephone of a leg, or 0 for silence."""
    return PERSON if person_is_heard(leg, at) else 0


def heard_by_person(simulation: Simulation, leg: Leg, at: int) -> int:
    """The pitch of what goes to the telephone of a leg, or 0 for silence."""
    member = leg.participation
    others = [leg.bridged_with] if leg.bridged_with is not None else member.heard if member is not None else []
    if any(person_is_heard(other, at) for other in others):
        return OTHER
    if member is not None and member.is_played_to:
        return APPLICATION
    playing, sent = leg.playing, simulation.world.heard.get(leg.call_control_id)
    plays = playing is not None and playing.current is not None and playing.current.begun
    is_sent = sent is not None and sent.loud_until > at
    return APPLICATION if plays or is_sent or _assistant_speaks(leg.conversation) else 0


def _assistant_speaks(conversation: Conversation | None) -> bool:
    return conversation is not None and conversation.speaking is not None


def _was_heard(leg: Leg) -> None:
    del leg.plans["is_heard"]
