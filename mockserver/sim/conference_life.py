"""How conferences and their members come and go.

A conference is made of an answered leg. It ends when everybody has left, when its time is over, when it is told to, or
when a member leaves whose leaving ends it. Such an end is forced: whoever is still inside is hung up, and so is the leg
that the conference was made of, wherever it is by then. An end by `soft_end_conference_on_exit` hangs up nobody.

Sources: the published interface; recorded calls for the cause of a forced hang-up, for the creator who stays bound, and
for the order `call.hangup`, `conference.participant.left`, `conference.ended`.
"""

from __future__ import annotations

from mockserver.sim import bridges, conference_recordings, errors, media, queues, timings
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.conferences import MOST_MEMBERS, Conference, Participant, find_active, tell, tell_of_member
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import CONFERENCE, OVER, PARTICIPANT, step
from mockserver.sim.world import Leg

FORCED = ("time_limit", "unknown", "200")
"""Cause, source and SIP status of those who are hung up with their conference; the cause is recorded."""

IN_WEBHOOK = {"ended_via_api": "host_left"}
"""GUESS: the published reasons of `conference.ended` have none for an end by command."""


def check_room(conference: Conference) -> None:
    """Refuse whoever would be one too many (90032)."""
    if len(conference.members) >= conference.max_participants:
        raise Refusal(errors.CONFERENCE_FULL, limit=conference.max_participants)


def named(simulation: Simulation, name: str) -> Conference | None:
    """The conference of a name, if it goes on."""
    conference = simulation.world.conference_names.get(name)
    return conference if conference is not None and not conference.is_over else None


def create(simulation: Simulation, leg: Leg, name: str, body: Json, how: Json) -> Conference:
    """A conference as `body` describes it, with its first member, who joins as `how` says."""
    now, world = simulation.now, simulation.world
    lasts = min(timings.CONFERENCE_LIMIT, 60.0 * body.get("duration_minutes", timings.CONFERENCE_LIMIT))
    conference = Conference(
        id=simulation.ids.uuid(),
        name=name,
        creator=leg,
        created_at=now,
        updated_at=now,
        expires_at=now + round(lasts * SECOND),
        max_participants=body.get("max_participants", MOST_MEMBERS),
        region=body.get("region"),
    )
    world.conferences[conference.id] = world.conference_names[name] = conference
    conference.announcing = simulation.at(_soon(simulation, leg), _announce, simulation, conference)
    conference.expiry = simulation.after(lasts, close, simulation, conference, "time_exceeded", backstop=True)
    if body.get("start_conference_on_create") is not False:
        conference.state = step(CONFERENCE, conference.state, "start")
    join(simulation, conference, leg, how)
    return conference


def join(simulation: Simulation, conference: Conference, leg: Leg, how: Json) -> Participant:
    """Bring a leg in. It leaves the conference, the bridge or the queue that it is in (GUESS: with reason `bridged`).

    GUESS: what plays on the leg is cut, as by a bridge; without that, music for the waiting would go on in it.
    """
    media.stop(simulation, leg, "all")
    if leg.participation is not None:
        leave(simulation, leg.participation)
    bridges.part(simulation, leg)
    bridges.give_up(simulation, leg)
    queues.leave(simulation, leg, "bridged")
    now = simulation.now
    member = Participant(
        id=simulation.ids.uuid(),
        conference=conference,
        leg=leg,
        leaves=leave,
        created_at=now,
        updated_at=now,
        muted=bool(how.get("mute")),
        on_hold=bool(how.get("hold")),
        starts=bool(how.get("start_conference_on_enter")),
        ends=bool(how.get("end_conference_on_exit")),
        soft_ends=bool(how.get("soft_end_conference_on_exit")),
        role=how.get("supervisor_role", "none"),
        whispers_to=tuple(how.get("whisper_call_control_ids") or ()),
    )
    conference.members[leg.call_control_id] = leg.participation = member
    conference.updated_at = now
    member.entering = simulation.at(_soon(simulation, leg), _enter, simulation, member)
    return member


def leave(simulation: Simulation, member: Participant) -> None:
    """A member leaves and is parked; who leaves last, or may not leave without ending it, ends the conference.

    GUESS: of one who leaves before `conference.participant.joined` nothing is told.
    """
    conference, leg, joined = member.conference, member.leg, member.state == "joined"
    member.state = step(PARTICIPANT, member.state, "leave")
    member.updated_at = conference.updated_at = simulation.now
    simulation.timeline.cancel(member.entering)
    silence(simulation, member)
    del conference.members[leg.call_control_id]
    leg.participation = None
    if conference.floor is leg:
        conference.floor = None
    _remember(simulation, member)
    if joined:
        tell_of_member(simulation, "conference.participant.left", member)
    if not conference.is_over and (member.ends or member.soft_ends):
        close(simulation, conference, "host_left", leg, keep=not member.ends)
    elif not conference.is_over and not conference.members:
        close(simulation, conference, "all_left", leg)
    elif conference.state == "ending" and not conference.members:
        _end(simulation, conference)


def close(
    simulation: Simulation, conference: Conference, reason: str, by: Leg | None = None, keep: bool = False
) -> None:
    """The conference takes no more commands, and is over when everybody has gone; `keep` parks them.

    The leg that it was made of is hung up too, wherever it is (GUESS: unless it is the one who left). When all have
    left by themselves nobody is hung up. Recorded.
    """
    conference.state = step(CONFERENCE, conference.state, "close")
    conference.end_reason, conference.updated_at = reason, simulation.now
    if by is not None:
        conference.ended_by = {"call_control_id": by.call_control_id, "call_session_id": by.call_session_id}
    simulation.timeline.cancel(conference.expiry)
    members = list(conference.members.values())
    if keep:
        for member in members:
            leave(simulation, member)
    elif reason != "all_left":
        bound = dict.fromkeys([*(member.leg for member in members), conference.creator])
        for leg in bound:
            if leg is not by and leg.state not in OVER:
                assert leg.let_go is not None
                leg.let_go(simulation, leg, FORCED)
    if not members:
        _end(simulation, conference)


def silence(simulation: Simulation, member: Participant) -> None:
    """What only this member hears is cut."""
    if member.channel is not None:
        member.channel.stop(simulation)
        member.channel = None


# What becomes of a leg -----------------------------------------------------------------------------------------------


def check_audio(body: Json, url: str = "hold_audio_url", name: str = "hold_media_name") -> None:
    """Refuse two things to hear on hold; that they exclude each other is documented. GUESS: with 10027."""
    if body.get(url) and body.get(name):
        raise Refusal(errors.UNPROCESSABLE, reason="Give one thing to play, not several.", at=f"/{name}")


def check_config(simulation: Simulation, body: Json) -> None:
    """Refuse a `conference_config` of dial that cannot be met: 90058, 90019, 90032, 10027.

    GUESS: 10004 for one that names no conference.
    """
    config = body.get("conference_config")
    if config is None:
        return
    check_audio(config)
    if config.get("id"):
        check_room(find_active(simulation, config["id"]))
        return
    name = config.get("conference_name")
    if not name:
        raise Refusal(errors.MISSING_PARAMETER, parameter="conference_name", at="/conference_config/conference_name")
    conference = named(simulation, name)
    if conference is not None:
        check_room(conference)


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """`conference_config` of dial: into the conference, created on demand if it was named.

    GUESS: not before the answer, whatever `early_media` says; `call.answered` comes first in all reports. GUESS: where
    that cannot be any more, since it is over or full by now, the leg stays up, parked.
    """
    config = (leg.options or {}).get("conference_config")
    if not config:
        return
    name = config.get("conference_name") or ""
    conference = simulation.world.conferences.get(config["id"]) if config.get("id") else named(simulation, name)
    if conference is None and not config.get("id"):
        create(simulation, leg, name, config, config)
    elif conference is None or conference.is_over or len(conference.members) >= conference.max_participants:
        simulation.warn("dial", leg, "dial: the conference of conference_config is over or full: the call is parked")
    else:
        join(simulation, conference, leg, config)


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """What the conference plays for a leg ends before its `call.hangup`."""
    if leg.participation is not None:
        silence(simulation, leg.participation)


def after_hangup(simulation: Simulation, leg: Leg) -> None:
    """A leg that is over is in no conference."""
    if leg.participation is not None:
        leave(simulation, leg.participation)


# Small steps ---------------------------------------------------------------------------------------------------------


def _soon(simulation: Simulation, leg: Leg) -> int:
    return max(simulation.now, leg.due_at) + round(timings.CONFERENCE_AFTER_COMMAND * SECOND)


def _announce(simulation: Simulation, conference: Conference) -> None:
    conference.announced = True
    tell(simulation, "conference.created", conference, occurred_at=iso(simulation.now))


def _enter(simulation: Simulation, member: Participant) -> None:
    conference = member.conference
    member.state = step(PARTICIPANT, member.state, "enter")
    member.updated_at = simulation.now
    if member.starts and conference.state == "init":
        conference.state = step(CONFERENCE, conference.state, "start")
        conference.updated_at = simulation.now
    tell_of_member(simulation, "conference.participant.joined", member)


def _end(simulation: Simulation, conference: Conference) -> None:
    """Nobody is left: `conference.ended`, and what was recorded is saved.

    GUESS: of one that ends before `conference.created` nothing is told.
    """
    conference.state = step(CONFERENCE, conference.state, "end")
    conference.updated_at = simulation.now
    simulation.timeline.cancel(conference.announcing)
    if conference.channel is not None:
        conference.channel.stop(simulation)
        conference.channel = None
    if conference.announced:
        assert conference.end_reason is not None
        reason = IN_WEBHOOK.get(conference.end_reason, conference.end_reason)
        tell(simulation, "conference.ended", conference, occurred_at=iso(simulation.now), reason=reason)
    conference_recordings.end_all(simulation, conference)
    _forget_the_oldest(simulation, conference)


def _remember(simulation: Simulation, member: Participant) -> None:
    left = simulation.world.past_participants
    left[member.id] = member
    if len(left) > simulation.world.settings.ended_legs:
        left.popitem(last=False)


def _forget_the_oldest(simulation: Simulation, conference: Conference) -> None:
    world = simulation.world
    world.ended_conferences.append(conference.id)
    while len(world.ended_conferences) > world.settings.ended_legs:
        oldest = world.conferences.pop(world.ended_conferences.popleft())
        if world.conference_names[oldest.name] is oldest:
            del world.conference_names[oldest.name]
