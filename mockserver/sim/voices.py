"""Who can be heard on a leg just now. Words are told when they have been said; here is since when they are being said.

`Leg.voice` is the stretch of time in which the person of a leg speaks, or is about to; whoever lets them speak sets it.
Whoever lets something be heard on a leg tells of its end (`sound_ends`), since people may wait for silence.
"""

from __future__ import annotations

from collections.abc import Iterable

from mockserver.sim import supervision, timings
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
    if leg.voice is None or leg.voice[0] == simulation.now:
        return
    was_speaking = person_is_heard(leg, simulation.now)
    leg.voice = (leg.voice[0], min(leg.voice[1], simulation.now))
    if was_speaking:
        sound_ends(simulation, [leg, *_hearers(leg)])


def has_said(simulation: Simulation, leg: Leg, text: str) -> None:
    """Words are told of. Nobody knew of those that came from outside: they are heard from now on.

    Where audio is streamed, time has something to go on for: the speech, and the silence that tells its end.
    """
    if leg.voice is not None and leg.voice[1] == simulation.now:
        sound_ends(simulation, _hearers(leg))
        return
    will_speak(simulation, leg, text)
    sound_ends(simulation, _hearers(leg), timings.speech(text))
    if leg.stream is not None:
        simulation.timeline.cancel(leg.plans.get("is_heard"))
        seconds = timings.speech(text) + timings.STREAM_SILENCE
        leg.plans["is_heard"] = simulation.after(seconds, _was_heard, leg)


def sound_ends(simulation: Simulation, legs: Iterable[Leg], after: float = 0.0) -> None:
    """Something that is heard on legs, and by their supervisors, comes to its end in so many seconds."""
    until = simulation.now + round(after * SECOND)
    for leg in legs:
        for hearer in (leg, *leg.supervisors):
            if hearer.acting is not None:
                hearer.acting.heard(until)


def person_is_heard(leg: Leg, at: int) -> bool:
    """Does the person of a leg speak at a moment?"""
    return leg.voice is not None and leg.voice[0] <= at < leg.voice[1] and not leg.on_hold


def heard_from_person(leg: Leg, at: int) -> int:
    """The pitch of what comes from the telephone of a leg, or 0 for silence."""
    return PERSON if person_is_heard(leg, at) else 0


def heard_by_person(simulation: Simulation, leg: Leg, at: int) -> int:
    """The pitch of what goes to the telephone of a leg, or 0 for silence."""
    if any(person_is_heard(other, at) for other in _others(leg)):
        return OTHER
    return APPLICATION if _is_played_to(leg) or _sent_until(simulation, leg) > at else 0


def heard_until(simulation: Simulation, leg: Leg) -> int | None:
    """Until when the person of a leg has heard something, or speaks: a moment past or to come.

    None while something is heard of which `sound_ends` will tell. A supervisor hears what the supervised leg hears.
    """
    if any(map(_is_played_to, (leg, leg.supervises) if leg.supervises is not None else (leg,))):
        return None
    speakers = (leg, *_others(leg), *supervision.speakers(leg))
    ends = [one.voice[1] for one in speakers if one.voice is not None and one.voice[0] <= simulation.now]
    return max(_sent_until(simulation, leg), *ends, 0)


def _others(leg: Leg) -> list[Leg]:
    """The legs whose people are heard on a leg, across a bridge or in a conference."""
    if leg.bridged_with is not None:
        return [leg.bridged_with]
    return leg.participation.heard if leg.participation is not None else []


def _hearers(leg: Leg) -> list[Leg]:
    """The legs on which the person of a leg is heard."""
    member = leg.participation
    return [*supervision.listeners(leg, "inbound"), *(member.hearers if member is not None else ())]


def _is_played_to(leg: Leg) -> bool:
    """Does the application let something be heard on a leg, or does an assistant speak?"""
    playing, member = leg.playing, leg.participation
    items = (playing.current, playing.overlay) if playing is not None else ()
    plays = any(item is not None and item.begun for item in items)
    return plays or (member is not None and member.is_played_to) or _assistant_speaks(leg.conversation)


def _sent_until(simulation: Simulation, leg: Leg) -> int:
    """Until when something is heard on a leg of what the application has sent over a stream; 0 for never."""
    sent = simulation.world.heard.get(leg.call_control_id)
    return 0 if sent is None else sent.loud_until


def _assistant_speaks(conversation: Conversation | None) -> bool:
    return conversation is not None and conversation.speaking is not None


def _was_heard(leg: Leg) -> None:
    del leg.plans["is_heard"]
